/* One item of a batch of imports: its file comes in, or its track is found; then what the other program knew is applied. */
#include <math.h>
#include <string.h>

#include "analysis/import.h"
#include "analysis/imports_private.h"
#include "core/json.h"
#include "core/log.h"
#include "core/str.h"
#include "core/uuid.h"
#include "db/domain.h"

/* DJ programs write whole seconds, and count silence that encoders add. */
#define LENGTH_WITHIN_S 1.0
#define SAME_LENGTH_S 2.0               /* of a file that was found by its path; lengths of an MP3 are guessed by some */

struct run {
    struct imports *im;
    const char *path;
    const json_t *params;
    bool (*is_stopping)(void *ctx);
    void *ctx;
    json_t *track;
    bool is_created;
    struct problem *p;
};

static enum lm_err match(struct run *r)
{
    const char *name = strrchr(r->path, '/') ? strrchr(r->path, '/') + 1 : r->path;
    char id[UUID_SIZE];
    struct db_conn *c = db_reader_take(r->im->db);
    enum lm_err err = track_match(c, name, json_get_real(r->params, "duration", 0), LENGTH_WITHIN_S, id, r->p);

    if (!err)
        err = row_get(c, &tracks_table, id, &r->track, r->p);
    db_reader_put(r->im->db, c);
    return err;
}

/* Says why the file did not come in, and that no track is like it either. */
static enum lm_err not_found(struct run *r, enum lm_err why, const struct problem *said)
{
    if (why == LM_NOT_FOUND)
        return problem_set(r->p, why, "There is no such file on this machine, and no track of the library has its name and length.");
    return problem_set(r->p, why, "%s%s", said->detail, why == LM_FORBIDDEN ? " No track of the library has its name and length either." : "");
}

static enum lm_err find_known(struct run *r)
{
    char real[PATH_SIZE];
    enum lm_err err = *r->path == '/' ? imports_allow(r->im, r->path, real, r->p) : LM_NOT_FOUND;

    if (!err)
        err = import_find(r->im->db, real, r->is_stopping, r->ctx, &r->track, r->p);
    if (!err || err == LM_BUSY)
        return err;
    problem_clear(r->p);
    err = match(r);
    return err == LM_NOT_FOUND ? problem_set(r->p, err, "It is not in the library, and only tracks that are there were asked for.") : err;
}

static enum lm_err bring(struct run *r)
{
    char real[PATH_SIZE];
    struct problem said = { 0 };
    enum lm_err err, matched;

    if (dj_is_stream(r->path))
        return problem_set(r->p, LM_INVALID, "It is a stream on the network and no file.");
    if (json_get_bool(r->params, "only_known", false))
        return find_known(r);
    err = *r->path == '/' ? imports_allow(r->im, r->path, real, &said) : LM_NOT_FOUND;
    if (!err)
        return import_path(r->im->db, r->im->data_dir, real, r->is_stopping, r->ctx, &r->track, &r->is_created, r->p);
    matched = match(r);
    if (matched == LM_NOT_FOUND) {
        problem_clear(r->p);
        return not_found(r, err, &said);
    }
    return matched;
}

/* A grid of another recording would be worse than none. */
static enum lm_err check_length(struct run *r)
{
    double here = json_get_real(r->track, "duration_seconds", 0), there = json_get_real(r->params, "duration", 0);
    bool has_times = json_object_get(r->params, "grid") || json_object_get(r->params, "cues");

    if (!has_times || there <= 0 || fabs(here - there) <= SAME_LENGTH_S)
        return LM_OK;
    return problem_set(r->p, LM_INVALID, "The track is in lumad, but it is another recording than the library knows: it lasts %.0f s here and %.0f s there. Beats and cues are left out.",
                       here, there);
}

/* A file without tags takes what the library calls it. */
struct naming { const char *id; const json_t *params; };

static enum lm_err put_names(struct db_conn *c, void *arg, struct problem *p)
{
    static const char *const names[] = { "title", "artist", "album" };
    const struct naming *n = arg;
    json_t *members = json_object();
    enum lm_err err = LM_OK;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (*json_get_text(n->params, names[i], ""))
            json_object_set(members, names[i], json_object_get(n->params, names[i]));
    if (json_object_size(members))
        err = row_put(c, &tracks_table, n->id, members, p);
    json_decref(members);
    return err;
}

static enum lm_err name_track(struct run *r, const char *id)
{
    bool has_tags = *json_get_text(r->track, "artist", "") || *json_get_text(r->track, "album", "");

    if (!r->is_created || has_tags || !*json_get_text(r->params, "title", ""))
        return LM_OK;
    return db_write_bulk(r->im->db, put_names, &(struct naming){ id, r->params }, r->p);
}

enum lm_err imports_run(void *ctx, const char *path, const json_t *params, bool (*is_stopping)(void *stop_ctx), void *stop_ctx, char track_id[UUID_SIZE],
                        bool *is_duplicate, struct problem *p)
{
    struct problem own = { 0 };
    struct run r = { .im = ctx, .path = path, .params = params, .is_stopping = is_stopping, .ctx = stop_ctx, .p = p ? p : &own };
    const char *refuse = json_get_text(params, "refuse", ""), *trouble = json_get_text(params, "trouble", "");

    track_id[0] = '\0';
    *is_duplicate = false;
    if (*refuse)
        return problem_set(r.p, LM_INVALID, "%s", refuse);
    enum lm_err err = bring(&r);
    if (!err) {
        str_copy(track_id, UUID_SIZE, json_get_text(r.track, "id", ""));
        *is_duplicate = !r.is_created;
        if (*trouble)
            log_info("import", "%s: %s", path, trouble);
        if (!(err = name_track(&r, track_id)) && !(err = check_length(&r)))
            err = import_apply(r.im->db, track_id, params, r.p);
    }
    json_decref(r.track);
    return err;
}
