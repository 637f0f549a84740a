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

static bool is_of_dj(const char *analyser)
{
    static const char *const programs[] = { "rekordbox", "traktor", "engine", "mixxx", "playlist" };

    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
        if (!strcmp(programs[i], analyser))
            return true;
    return false;
}

static double number_at(const json_t *list, size_t i)
{
    return json_number_value(json_array_get(list, i));
}

/* --- beats --- */

static struct dj_segment *segments_of(const json_t *grid, size_t *n)
{
    struct dj_segment *s = calloc(json_array_size(grid), sizeof(*s));

    *n = s ? json_array_size(grid) : 0;
    for (size_t i = 0; i < *n; i++) {
        const json_t *v = json_array_get(grid, i);
        s[i] = (struct dj_segment){ number_at(v, 0), number_at(v, 1), (int)number_at(v, 2), (int)number_at(v, 3) };
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
        bars[i] = number_at(list, i);
    return bars;
}

static enum lm_err apply_grid(struct db_conn *c, const struct apply *a, const json_t *analysed, struct problem *p)
{
    struct dj_track t = { 0 };
    struct dj_beats b;
    size_t n;
    struct dj_segment *segments = segments_of(json_object_get(a->params, "grid"), &t.n_segments);
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

    if (!json_array_size(json_object_get(a->params, "grid")))
        return LM_OK;
    enum lm_err err = track_grids(c, a->id, &analysed, &corrected, &version, p);
    bool is_operators = corrected && !is_of_dj(json_get_text(corrected, "analyser", ""));
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
static enum lm_err apply_cue(struct db_conn *c, const struct apply *a, const json_t *cue, json_t *markers, struct problem *p)
{
    const char *name = json_string_value(json_array_get(cue, 0));
    const json_t *color = json_array_get(cue, 1), *end = json_array_get(cue, 3);
    double told = number_at(cue, 2), start = told + a->offset;
    char key[512], id[UUID_SIZE];

    snprintf(key, sizeof(key), "%s/%s/%.60s/%.3f", a->id, json_get_text(a->params, "program", ""), name ? name : "", told);
    uuid_from_key("marker", key, id);
    start = start < 0 ? 0 : start;
    if (start > a->duration || is_there(markers, id, name ? name : "", start))
        return LM_OK;
    double last = json_is_number(end) ? json_number_value(end) + a->offset : -1;
    json_t *members = json_pack("{s:s,s:s,s:O,s:f,s:o}", "track_id", a->id, "name", name ? name : "", "color", color ? color : json_null(), "start_time", start, "end_time",
                                last > start ? json_real(last) : json_null());
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
    const json_t *cues = json_object_get(a->params, "cues"), *cue;
    json_t *markers = NULL;
    size_t i;

    if (!json_array_size(cues))
        return LM_OK;
    enum lm_err err = row_all(c, &track_markers_table, "track_id", a->id, &markers, p);
    json_array_foreach(cues, i, cue)
        if (!err)
            err = apply_cue(c, a, cue, markers, p);
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

    if (!json_array_size(json_object_get(params, "grid")) && !json_array_size(json_object_get(params, "cues")))
        return LM_OK;
    return db_write_bulk(db, apply, &a, p);
}
