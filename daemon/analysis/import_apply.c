/*
 * What a DJ program knew of a track: its grid becomes a corrected one, which wins over what is heard; its cues become markers. Neither takes what an operator did: a grid that was
 * corrected here stays, unless "replace" says otherwise, and a marker that was made by an import before is left as it is now.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/grid.h"
#include "analysis/imports_private.h"
#include "core/json.h"
#include "core/uuid.h"
#include "db/domain.h"

enum { VERSION = 1 };
#define SAME_S 0.005                    /* two cues of one name this near are the same one */

struct apply { const char *id; const json_t *params; double duration, offset; };

/* So many numbers of a line; what is behind them. */
static const char *take_numbers(const char *at, double *v, size_t n)
{
    char *behind = (char *)at;

    for (size_t i = 0; i < n; i++)
        v[i] = strtod(behind, &behind);
    return behind;
}

static size_t count_lines(const char *text)
{
    size_t n = 0;

    for (; *text; text++)
        n += *text == '\n';
    return n;
}

/* --- beats --- */

static struct dj_segment *segments_of(const char *grid, size_t *n)
{
    struct dj_segment *s = calloc(count_lines(grid) + 1, sizeof(*s));

    *n = s ? count_lines(grid) : 0;
    for (size_t i = 0; i < *n; i++) {
        double v[4];
        grid = take_numbers(grid, v, 4);
        s[i] = (struct dj_segment){ v[0], v[1], (int)v[2], (int)v[3] };
    }
    return s;
}

static enum lm_err write_grid(struct db_conn *c, const struct apply *a, const struct dj_beats *b, struct problem *p)
{
    struct grid g = { .bpm = b->bpm, .per_bar = b->beats_per_bar };
    enum lm_err err = LM_OK;

    for (size_t i = 0, k = 0; i < b->n_beats && !err; i++) {
        bool is_one = k < b->n_downbeats && b->downbeats[k] == b->beats[i];
        err = grid_add(&g, b->beats[i], is_one);
        k += is_one;
    }
    json_t *beats = err ? NULL : grid_write(&g);
    grid_clear(&g);
    if (!err)
        err = beats ? track_set_beats(c, a->id, beats, true, json_get_text(a->params, "program", "playlist"), VERSION, p) : LM_NOMEM;
    json_decref(beats);
    return err;
}

/* The bars that were heard, for grids that have none. */
static double *heard_bars(const json_t *analysed, size_t *n)
{
    const json_t *list = json_object_get(analysed, "downbeats");
    double *bars = json_array_size(list) ? malloc(json_array_size(list) * sizeof(*bars)) : NULL;

    *n = bars ? json_array_size(list) : 0;
    for (size_t i = 0; i < *n; i++)
        bars[i] = json_number_value(json_array_get(list, i));
    return bars;
}

static enum lm_err apply_grid(struct db_conn *c, const struct apply *a, const json_t *analysed, struct problem *p)
{
    struct dj_track t = { 0 };
    struct dj_beats b;
    size_t n;
    struct dj_segment *segments = segments_of(json_get_text(a->params, "grid", ""), &t.n_segments);
    double *bars = heard_bars(analysed, &n);

    t.segments = segments;
    enum lm_err err = segments ? dj_grid_make(&t, a->duration, a->offset, bars, n, &b) : LM_NOMEM;
    if (!err) {
        err = write_grid(c, a, &b, p);
        dj_beats_clear(&b);
    } else if (err == LM_INVALID) {
        problem_set(p, err, "The track is in the library, but its beat grid makes no sense for its length.");
    }
    free(segments);
    free(bars);
    return err;
}

static enum lm_err apply_beats(struct db_conn *c, const struct apply *a, struct problem *p)
{
    json_t *analysed = NULL, *corrected = NULL;
    int64_t version;

    if (!*json_get_text(a->params, "grid", ""))
        return LM_OK;
    enum lm_err err = track_grids(c, a->id, &analysed, &corrected, &version, p);
    bool is_operators = corrected && !dj_is_program(json_get_text(corrected, "analyser", ""));
    if (!err && (!is_operators || json_get_bool(a->params, "replace", false)))
        err = apply_grid(c, a, analysed, p);
    json_decref(analysed);
    json_decref(corrected);
    return err;
}

/* --- cues --- */

static bool is_there(const json_t *markers, const char *id, const char *name, double start)
{
    const json_t *m;
    size_t i;

    json_array_foreach(markers, i, m)
        if (!strcmp(json_get_text(m, "id", ""), id) || (!strcmp(json_get_text(m, "name", ""), name) && fabs(json_get_real(m, "start_time", -1) - start) < SAME_S))
            return true;
    return false;
}

/* The id is of what the cue is in the other program, so that it is known again when it was moved or renamed here. */
static enum lm_err apply_cue(struct db_conn *c, const struct apply *a, const struct dj_cue *cue, json_t *markers, struct problem *p)
{
    double start = fmax(cue->start + a->offset, 0), end = cue->end + a->offset;
    char key[512], id[UUID_SIZE], color[8];

    snprintf(key, sizeof(key), "%s/%s/%.60s/%.3f", a->id, json_get_text(a->params, "program", ""), cue->name, cue->start);
    uuid_from_key("marker", key, id);
    if (start > a->duration || is_there(markers, id, cue->name, start))
        return LM_OK;
    snprintf(color, sizeof(color), "#%06x", (unsigned)cue->color & 0xffffff);
    json_t *members = json_pack("{s:s,s:s,s:o,s:f,s:o}", "track_id", a->id, "name", cue->name, "color", cue->color < 0 ? json_null() : json_string(color), "start_time",
                                start, "end_time", cue->end > cue->start && end > start ? json_real(end) : json_null());
    enum lm_err err = members ? row_put(c, &track_markers_table, id, members, p) : problem_set(p, LM_NOMEM, "No memory for a marker");
    if (!err) {
        json_object_set_new(members, "id", json_string(id));
        json_array_append(markers, members);
    }
    json_decref(members);
    return err;
}

static enum lm_err apply_cues(struct db_conn *c, const struct apply *a, struct problem *p)
{
    const char *at = json_get_text(a->params, "cues", "");
    json_t *markers = NULL;
    char name[DJ_TEXT_MAX];

    if (!*at)
        return LM_OK;
    enum lm_err err = row_all(c, &track_markers_table, "track_id", a->id, &markers, p);
    for (size_t n = count_lines(at); n && !err; n--) {
        double v[3];
        at = take_numbers(at, v, 3);
        at += *at == ' ';
        size_t length = strcspn(at, "\n");
        snprintf(name, sizeof(name), "%.*s", (int)length, at);
        at += length + (at[length] == '\n');
        err = apply_cue(c, a, &(struct dj_cue){ name, (int)v[2], v[0], v[1] }, markers, p);
    }
    json_decref(markers);
    return err;
}

static enum lm_err apply(struct db_conn *c, void *arg, struct problem *p)
{
    struct apply *a = arg;
    json_t *track = NULL;
    enum lm_err err = row_get(c, &tracks_table, a->id, &track, p);

    a->duration = json_get_real(track, "duration_seconds", 0);
    json_decref(track);
    if (!err && !(err = apply_beats(c, a, p)))
        err = apply_cues(c, a, p);
    return err;
}

enum lm_err import_apply(struct db *db, const char *track_id, const json_t *params, struct problem *p)
{
    struct apply a = { .id = track_id, .params = params, .offset = json_get_real(params, "offset_ms", 0) / 1000 };

    if (!*json_get_text(params, "grid", "") && !*json_get_text(params, "cues", ""))
        return LM_OK;
    return db_write_bulk(db, apply, &a, p);
}
