/* The beat grid of a track, and what an operator does to it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/grid_edit.h"
#include "api/crud.h"
#include "core/json.h"
#include "db/domain.h"
#include "db/revisions.h"

#define TRACK_MAX_SECONDS (12 * 3600.0)

/* The grid that counts: the operator's if there is one. */
static enum lm_err beats_json(struct db_conn *c, const char *track, json_t **result, struct problem *p)
{
    static const char *const members[] = { "beats",      "downbeats",   "bpm",      "beats_per_bar",    "confidence",
                                           "source",     "tempo_curve", "analyser", "analyser_version", NULL };
    json_t *analysed, *corrected;
    struct grid g = { 0 };
    int64_t version;
    enum lm_err err = track_grids(c, track, &analysed, &corrected, &version, p);
    const json_t *row = corrected ? corrected : analysed;

    *result = NULL;
    if (!err && !row)
        err = problem_set(p, LM_NOT_FOUND, "This track has no beats yet.");
    if (!err && !(err = grid_read(&g, row)) && !(*result = json_object()))
        err = LM_NOMEM;
    for (const char *const *m = members; !err && *m; m++)
        json_object_set(*result, *m, json_object_get(row, *m));
    if (!err) {
        if (!json_is_array(json_object_get(*result, "tempo_curve")))
            json_object_set_new(*result, "tempo_curve", grid_tempo_curve(&g));
        json_object_set_new(*result, "bars", grid_bars(&g));
        json_object_set_new(*result, "corrected", json_bool(corrected != NULL));
        json_object_set_new(*result, "analysed", json_bool(analysed != NULL));
        json_object_set_new(*result, "version", json_integer(version));
    }
    grid_clear(&g);
    json_decref(analysed);
    json_decref(corrected);
    return err;
}

static enum lm_err get_beats(struct request *req, struct response *res)
{
    enum lm_err err = crud_exists(req->db, &tracks_table, req->arg[0], &res->problem);

    return err ? err : beats_json(req->db, req->arg[0], &res->json, &res->problem);
}

static void check_instants(const json_t *list, const char *name, struct problem *p)
{
    double before = -INFINITY;
    char path[PROBLEM_PATH];
    json_t *v;
    size_t i;

    snprintf(path, sizeof(path), "/%s", name);
    if (!json_is_array(list)) {
        problem_add(p, path, "must be a list of seconds");
        return;
    }
    if (json_array_size(list) > GRID_BEATS_MAX) {
        problem_add(p, path, "may have %d instants", GRID_BEATS_MAX);
        return;
    }
    json_array_foreach (list, i, v) {
        double t = json_number_value(v);
        snprintf(path, sizeof(path), "/%s/%zu", name, i);
        if (!json_is_number(v) || !(t >= 0 && t <= TRACK_MAX_SECONDS))
            problem_add(p, path, "must be seconds from 0 to %g", TRACK_MAX_SECONDS);
        else if (t <= before)
            problem_add(p, path, "must be later than the one before it");
        else
            before = t;
        if (p->more) /* enough said */
            return;
    }
}

/* Both lists ascend: one walk through both. */
static void check_subset(const json_t *beats, const json_t *downbeats, struct problem *p)
{
    char path[PROBLEM_PATH];
    size_t i, b = 0;
    json_t *v;

    json_array_foreach (downbeats, i, v) {
        while (b < json_array_size(beats) && json_number_value(json_array_get(beats, b)) < json_number_value(v))
            b++;
        if (b < json_array_size(beats) && json_number_value(json_array_get(beats, b)) == json_number_value(v))
            continue;
        snprintf(path, sizeof(path), "/downbeats/%zu", i);
        problem_add(p, path, "must be one of the beats");
    }
}

static enum lm_err check_beats(const json_t *body, struct problem *p)
{
    /* What GET gives may be sent back as it is; what lumad knows better is not read. */
    static const char *const known[] = { "beats",    "downbeats",        "bpm",  "beats_per_bar", "confidence", "corrected", "source",
                                         "analyser", "analyser_version", "bars", "tempo_curve",   "analysed",   "version",   NULL };
    const json_t *beats = json_object_get(body, "beats"), *downbeats = json_object_get(body, "downbeats");
    enum lm_err err = body_only(body, known, p);

    if (err == LM_BAD_REQUEST)
        return err;
    check_instants(beats, "beats", p);
    if (downbeats)
        check_instants(downbeats, "downbeats", p);
    if (!p->err && downbeats)
        check_subset(beats, downbeats, p);
    body_real(body, "bpm", false, 0, GRID_BPM_MIN, GRID_BPM_MAX, p);
    double per_bar = body_real(body, "beats_per_bar", false, 4, 1, GRID_BAR_MAX, p);
    if (per_bar != floor(per_bar))
        problem_add(p, "/beats_per_bar", "must be a whole number");
    const char *analyser = body_text(body, "analyser", false, p);
    if (analyser && strlen(analyser) > 64)
        problem_add(p, "/analyser", "may have 64 bytes");
    return p->err;
}

struct correction {
    const struct request *req;
    json_t *beats;                      /* PUT: what to store; NULL: none of it */
    const char *analyser;
    const struct grid_change *change;   /* POST edit; NULL: none */
    json_t *result;                     /* the grid that counts now; with LM_STALE too */
};

/* Is the grid that counts the one If-Match names? While there is none, none is. */
static enum lm_err check_version(struct db_conn *c, struct correction *w, struct problem *p)
{
    enum lm_err err = crud_exists(c, &tracks_table, w->req->arg[0], p);

    if (err || w->req->if_match == ETAG_ANY)
        return err;
    err = beats_json(c, w->req->arg[0], &w->result, NULL);
    if (err && err != LM_NOT_FOUND)
        return problem_set(p, err, "The beats cannot be read.");
    if (json_get_int(w->result, "version", -1) != w->req->if_match)
        return problem_set(p, LM_STALE, "The beat grid was changed by someone else meanwhile.");
    json_decref(w->result);
    w->result = NULL;
    return LM_OK;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Kick and snare, one list; NULL with *n 0: not known. */
static double *drums_of(struct db_conn *c, const char *track, size_t *n)
{
    static const char *const kinds[] = { "kick", "snare" };
    json_t *data = NULL, *v;
    double *at = NULL;
    size_t i;

    *n = 0;
    if (track_feature(c, track, "onsets", &data, NULL))
        return NULL;
    size_t room = json_array_size(json_object_get(data, kinds[0])) + json_array_size(json_object_get(data, kinds[1]));
    if (room && (at = malloc(room * sizeof(*at))))
        for (int k = 0; k < 2; k++)
            json_array_foreach (json_object_get(data, kinds[k]), i, v)
                if (json_is_number(json_array_get(v, 0)))
                    at[(*n)++] = json_number_value(json_array_get(v, 0));
    json_decref(data);
    if (at)
        qsort(at, *n, sizeof(*at), compare);
    return at;
}

static enum lm_err make_edit(struct db_conn *c, struct correction *w, json_t **beats, struct problem *p)
{
    const char *track = w->req->arg[0];
    json_t *analysed, *corrected, *row = NULL;
    struct grid g = { .per_bar = 4 }, heard = { .per_bar = 4 };
    struct grid_heard h = { .analysed = &heard };
    int64_t version;
    enum lm_err err = track_grids(c, track, &analysed, &corrected, &version, p);
    double *drums = NULL;

    if (!err && !(err = row_get(c, &tracks_table, track, &row, p)) && !(err = grid_read(&heard, analysed)) &&
        !(err = grid_read(&g, corrected ? corrected : analysed))) {
        h.duration = json_get_real(row, "duration_seconds", 0);
        h.onsets = drums = drums_of(c, track, &h.n_onsets);
        err = grid_edit(&g, w->change, &h, p);
    }
    if (!err && !(*beats = grid_write(&g)))
        err = LM_NOMEM;
    if (!err)
        json_object_set_new(*beats, "confidence", json_real(1));
    free(drums);
    grid_clear(&g);
    grid_clear(&heard);
    json_decref(row);
    json_decref(analysed);
    json_decref(corrected);
    return err;
}

static enum lm_err write_correction(struct db_conn *c, void *arg, struct problem *p)
{
    struct correction *w = arg;
    json_t *beats = json_incref(w->beats);
    enum lm_err err = check_version(c, w, p);

    if (!err && w->change)
        err = make_edit(c, w, &beats, p);
    if (!err && !(err = track_set_beats(c, w->req->arg[0], beats, true, w->analyser, 1, p)))
        err = beats_json(c, w->req->arg[0], &w->result, p);
    json_decref(beats);
    return err;
}

static enum lm_err correct(struct correction *w, struct response *res)
{
    enum lm_err err = db_write(w->req->lumad->db, write_correction, w, &res->problem);

    if (!err || err == LM_STALE)
        res->json = w->result;
    else
        json_decref(w->result);
    return err;
}

/* Beats a minute over the whole grid, for an operator who only moves beats. */
static double mean_bpm(const json_t *beats)
{
    size_t n = json_array_size(beats);

    if (n < 2)
        return 0;
    double span = json_number_value(json_array_get(beats, n - 1)) - json_number_value(json_array_get(beats, 0));
    return 60.0 * (double)(n - 1) / span;
}

static enum lm_err put_beats(struct request *req, struct response *res)
{
    enum revision_step step = STEP_SAVE;
    char as[16];
    enum lm_err err = crud_exists(req->db, &tracks_table, req->arg[0], &res->problem);

    if (err || (err = request_query(req, "as", as, sizeof(as), &res->problem)) || (*as && (err = revision_step_find(as, &step, &res->problem))) ||
        (err = check_beats(req->body, &res->problem)))
        return err;
    const json_t *b = req->body;
    /* What another program knew is replaced by its next import, what an operator says is not: a grid is another's only where it is put back as it was. */
    const char *analyser = step == STEP_SAVE ? "operator" : json_get_text(b, "analyser", "operator");
    double bpm = json_get_real(b, "bpm", mean_bpm(json_object_get(b, "beats")));
    json_t *downbeats = json_object_get(b, "downbeats");
    json_t *beats = json_pack("{s:O, s:o, s:o, s:I, s:f}", "beats", json_object_get(b, "beats"), "downbeats",
                              downbeats ? json_incref(downbeats) : json_array(), "bpm", bpm > 0 ? json_number(bpm) : json_null(),
                              "beats_per_bar", json_get_int(b, "beats_per_bar", 4), "confidence", 1.0);
    struct grid g = { 0 };
    if (beats && !grid_read(&g, beats))
        json_object_set_new(beats, "tempo_curve", grid_tempo_curve(&g));
    grid_clear(&g);
    struct correction w = { .req = req, .beats = beats, .analyser = analyser };
    err = beats ? correct(&w, res) : LM_NOMEM;
    json_decref(beats);
    return err;
}

static enum lm_err edit_beats(struct request *req, struct response *res)
{
    struct grid_change change;
    double *taps = NULL;
    enum lm_err err = grid_change_read(req->body, &change, &taps, &res->problem);

    if (!err) {
        struct correction w = { .req = req, .analyser = "operator", .change = &change };
        err = correct(&w, res);
    }
    free(taps);
    return err;
}

static enum lm_err drop_correction(struct db_conn *c, void *arg, struct problem *p)
{
    struct correction *w = arg;
    json_t *analysed, *corrected, *none = json_null();
    int64_t version;
    enum lm_err err = check_version(c, w, p);

    if (err || (err = track_grids(c, w->req->arg[0], &analysed, &corrected, &version, p)))
        return err;
    err = corrected ? track_set_beats(c, w->req->arg[0], none, true, NULL, 0, p)
                    : problem_set(p, LM_NOT_FOUND, "The beats of this track are not corrected.");
    json_decref(analysed);
    json_decref(corrected);
    return err;
}

static enum lm_err delete_beats(struct request *req, struct response *res)
{
    struct correction w = { .req = req };
    enum lm_err err = db_write(req->lumad->db, drop_correction, &w, &res->problem);

    if (err == LM_STALE)
        res->json = w.result;
    else
        json_decref(w.result);
    if (!err)
        res->status = 204;
    return err;
}

const struct route api_beats[] = {
    { HTTP_GET, "/tracks/{id}/beats", get_beats, ROLE_VIEWER, NULL, "Beats",
      .doc = "The beat grid: the operator's if there is one, else the analysed one." },
    { HTTP_PUT, "/tracks/{id}/beats", put_beats, ROLE_OPERATOR, "BeatsInput", "Beats",
      .doc = "Correct the beat grid; analysing again does not touch it. As an undo or a redo it is whose it was (analyser), else the operator's.", .query = "as" },
    { HTTP_DELETE, "/tracks/{id}/beats", delete_beats, ROLE_OPERATOR, NULL, NULL,
      .doc = "Drop the correction: what the analysis found counts again." },
    { HTTP_POST, "/tracks/{id}/beats/edit", edit_beats, ROLE_OPERATOR, "BeatsEdit", "Beats",
      .doc = "Correct the grid that counts: double, halve, shift_half, shift (seconds), set_downbeat (at, whole), set_meter (beats_per_bar), set_tempo (bpm, at), "
             "tap (taps: 4 to 1,000 instants), move (from, to, reach: beats that follow on either side)." },
    { 0 },
};
