#include "show/track_data.h"

#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/log.h"
#include "db/domain.h"
#include "dsp/hash.h"

enum { SLICE_MS = 250 };                /* when lumad stops, nobody waits for a long track */

static double *numbers(const json_t *list, size_t *n)
{
    double *d = calloc(json_array_size(list) + 1, sizeof *d);

    *n = d ? json_array_size(list) : 0;
    for (size_t i = 0; i < *n; i++)
        d[i] = json_number_value(json_array_get(list, i));
    return d;
}

enum lm_err track_data_grid(struct db_conn *c, const char *track_id, struct beatgrid **result, struct problem *p)
{
    json_t *row = NULL;
    size_t n, n_down;
    enum lm_err err = track_id && *track_id ? track_beats(c, track_id, &row, p) : LM_OK;

    *result = NULL;
    if (err && err != LM_NOT_FOUND)
        return err;
    if (err)
        problem_clear(p);               /* none yet: assumed ones */
    double *beats = numbers(json_object_get(row, "beats"), &n), *downbeats = numbers(json_object_get(row, "downbeats"), &n_down);
    err = beats && downbeats ? beatgrid_new(beats, n, downbeats, n_down, json_get_real(row, "bpm", 0),
                                            (int)json_get_int(row, "beats_per_bar", 4), result)
                             : LM_NOMEM;
    free(beats), free(downbeats);
    json_decref(row);
    return err ? problem_set(p, err, "The beats cannot be read.") : LM_OK;
}

/* ---- what was heard ---- */

enum { ONSETS, ENERGY, SECTIONS, CHROMA, PARTS };
static const char *const part_names[PARTS] = { "onsets", "energy", "sections", "chroma" };

struct parts { json_t *row[CHROMA]; void *chroma; size_t bytes; double rate; };

static enum lm_err read_parts(struct db_conn *c, const char *track_id, struct parts *x, struct problem *p)
{
    enum lm_err err = LM_OK;

    for (int i = 0; i < CHROMA && !err; i++) {
        err = track_feature(c, track_id, part_names[i], &x->row[i], p);
        if (err == LM_NOT_FOUND)
            err = LM_OK;
    }
    if (!err && (err = track_chroma(c, track_id, &x->chroma, &x->bytes, &x->rate, p)) == LM_NOT_FOUND)
        err = LM_OK;
    if (!err)
        problem_clear(p);
    return err;
}

static void parts_drop(struct parts *x, int part)
{
    if (part == CHROMA) {
        free(x->chroma);
        x->chroma = NULL;
    } else {
        json_decref(x->row[part]);
        x->row[part] = NULL;
    }
}

/* The part that a problem is about; PARTS: none. */
static int part_of(const struct problem *p)
{
    const char *path = p->n && *p->errors[0].path ? p->errors[0].path + 1 : "";
    int part = 0;

    while (part < PARTS && strncmp(path, part_names[part], strlen(part_names[part])))
        part++;
    return part;
}

/* One part that cannot be understood does not take the others with it. */
static enum lm_err load_analysis(struct db_conn *c, const char *track_id, struct track_data *t, struct problem *p)
{
    struct parts x = { 0 };
    enum lm_err err = read_parts(c, track_id, &x, p);
    int bad = 0;

    while (!err && bad < PARTS) {
        struct problem why;
        problem_clear(&why);
        if ((err = analysis_new(x.row[ONSETS], x.row[ENERGY], x.row[SECTIONS], x.chroma, x.bytes, x.rate, &t->analysis, &why)) != LM_INVALID)
            break;
        if ((bad = part_of(&why)) < PARTS) {
            log_warn("graph", "track %s: %s cannot be understood and must be analysed again: %s %s", track_id, part_names[bad], why.errors[0].path,
                     why.errors[0].message);
            parts_drop(&x, bad);
            err = LM_OK;
        }
    }
    for (int i = 0; i < PARTS; i++)
        parts_drop(&x, i);
    return err ? problem_set(p, err, "What was heard in the track cannot be read.") : LM_OK;
}

/* ---- sound ---- */

static enum lm_err wait_decoded(const struct track_source *s, char **path, struct problem *p)
{
    enum lm_err err = jobs_decoded(s->jobs, s->db, s->track_id, 0, path, p);

    for (int waited = 0; err == LM_BUSY && waited < s->wait_ms; waited += SLICE_MS) {
        if (s->is_stopping && *s->is_stopping)
            return problem_set(p, LM_BUSY, "lumad is stopping.");
        err = jobs_decoded(s->jobs, s->db, s->track_id, SLICE_MS, path, p);
    }
    return err;
}

static enum lm_err load_audio(const struct track_source *s, struct track_data *t, struct problem *p)
{
    char *path = NULL;
    struct problem why;

    problem_clear(&why);
    enum lm_err err = wait_decoded(s, &path, &why);
    if (!err)
        err = pcm_open(path, &t->audio, &why);
    free(path);
    return err && s->wait_ms > 0 ? problem_set(p, err, "%s", why.detail) : LM_OK;
}

/* In the order of enum graph_stem. */
static enum lm_err wait_stems(const struct track_source *s, char *path[JOBS_STEMS], struct problem *p)
{
    enum lm_err err = jobs_stems(s->jobs, s->db, s->track_id, 0, path, p);

    for (int waited = 0; err == LM_BUSY && waited < s->wait_ms; waited += SLICE_MS) {
        if (s->is_stopping && *s->is_stopping)
            return problem_set(p, LM_BUSY, "lumad is stopping.");
        err = jobs_stems(s->jobs, s->db, s->track_id, SLICE_MS, path, p);
    }
    return err;
}

static enum lm_err load_stems(const struct track_source *s, struct track_data *t, struct problem *p)
{
    _Static_assert((int)JOBS_STEMS == (int)GRAPH_STEMS && STEM_DRUMS == 0 && STEM_BASS == 1 && STEM_VOCALS == 2 && STEM_OTHER == 3, "jobs_stem_names");
    char *path[JOBS_STEMS] = { 0 };
    struct problem why;

    problem_clear(&why);
    enum lm_err err = wait_stems(s, path, &why);
    for (int i = 0; i < JOBS_STEMS && !err; i++)
        if (path[i])
            err = pcm_open(path[i], &t->stems[i], &why);
    for (int i = 0; i < JOBS_STEMS; i++)
        free(path[i]);
    t->has_stems = true;
    return err && s->wait_ms > 0 ? problem_set(p, err, "%s", why.detail) : LM_OK;
}

enum lm_err track_data_load(const struct track_source *s, struct track_data **result, struct problem *p)
{
    struct track_data *t = calloc(1, sizeof *t);
    enum lm_err err = t ? LM_OK : LM_NOMEM;
    bool has_track = s->track_id && *s->track_id;

    *result = NULL;
    if (!err && has_track && s->jobs)
        err = load_audio(s, t, p);
    if (!err && has_track && s->jobs && s->with_stems)
        err = load_stems(s, t, p);
    if (!err)
        err = track_data_grid(s->db, s->track_id, &t->grid, p);
    if (!err && has_track)
        err = load_analysis(s->db, s->track_id, t, p);
    if (!err)
        *result = t, t = NULL;
    track_data_free(t);
    return err;
}

void track_data_free(struct track_data *t)
{
    if (!t)
        return;
    beatgrid_free(t->grid);
    analysis_free(t->analysis);
    if (t->audio.map)
        pcm_close(&t->audio);
    for (int i = 0; i < GRAPH_STEMS; i++)
        if (t->stems[i].map)
            pcm_close(&t->stems[i]);
    free(t);
}

static struct graph_audio audio_of(const struct pcm *pcm)
{
    return (struct graph_audio){ pcm->data, pcm->frames, pcm->channels, pcm->rate };
}

void track_data_env(const struct track_data *t, struct graph_env *env)
{
    env->grid = t->grid;
    env->analysis = t->analysis;
    env->audio = audio_of(&t->audio);
    for (int i = 0; i < GRAPH_STEMS; i++)
        env->stems[i] = audio_of(&t->stems[i]);
}

/* Of the file it was decoded from: decoding gives the same again. */
static uint64_t hash_pcm(uint64_t h, const struct pcm *pcm)
{
    const struct pcm_header *file = pcm->map;

    h = hash_bytes(h, &pcm->frames, sizeof pcm->frames);
    h = hash_bytes(h, &pcm->channels, sizeof pcm->channels);
    return file ? hash_bytes(h, file->source_sha256, sizeof file->source_sha256) : h;
}

uint64_t track_data_hash(const struct track_data *t, unsigned reads)
{
    uint64_t h = hash_bytes(HASH_START, &t->grid->hash, sizeof t->grid->hash);

    if (reads & READS_AUDIO)
        h = hash_pcm(h, &t->audio);
    for (int i = 0; reads & READS_STEMS && i < GRAPH_STEMS; i++)
        h = hash_pcm(h, &t->stems[i]);
    if (reads & READS_ANALYSIS && t->analysis)
        h = hash_bytes(h, &t->analysis->hash, sizeof t->analysis->hash);
    return hash_mix(h);
}
