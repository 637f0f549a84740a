#include "analysis/steps.h"

#include <errno.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analysis/cache.h"
#include "core/json.h"
#include "core/str.h"
#include "db/domain.h"

enum { WAVEFORM_MAX = 64 << 20 };       /* twelve hours of the full level are 41 MB */

const struct step_result step_results[] = {
    { "beats", "SELECT analyser_version, analyser FROM track_beats WHERE track_id = ?1 AND deleted_at IS NULL ORDER BY source LIMIT 1" },
    { "roots", "SELECT analyser_version, analyser FROM track_roots WHERE track_id = ?1 AND deleted_at IS NULL" },
    { "stems", "SELECT analyser_version, analyser FROM track_stems WHERE track_id = ?1 AND deleted_at IS NULL LIMIT 1" },
    { "waveform", "SELECT analyser_version, analyser FROM track_waveforms WHERE track_id = ?1 AND deleted_at IS NULL" },
    { "features", "SELECT analyser_version, analyser FROM track_features WHERE track_id = ?1 AND deleted_at IS NULL LIMIT 1" },
    { 0 },
};

bool step_result_there(struct db_conn *c, const struct step_result *r, const char *track_id,
                       int64_t *version, char analyser[64])
{
    sqlite3_stmt *s = db_prepare(c, r->sql);

    if (!s)
        return false;
    sqlite3_bind_text(s, 1, track_id, -1, SQLITE_STATIC);
    bool there = sqlite3_step(s) == SQLITE_ROW;
    if (there) {
        const char *name = (const char *)sqlite3_column_text(s, 1);
        *version = sqlite3_column_int64(s, 0);
        str_copy(analyser, 64, name ? name : "");
    }
    sqlite3_reset(s);
    return there;
}

/* Ours of an older version is done again; what another analyser found stays. */
static bool is_stored(struct db_conn *c, const char *data_dir, const struct step *s, const char *track_id)
{
    char analyser[64];
    int64_t version;

    (void)data_dir;
    for (const struct step_result *r = step_results; r->name; r++)
        if (!strcmp(r->name, s->name))
            return step_result_there(c, r, track_id, &version, analyser)
                && (version >= s->version || strcmp(analyser, s->analyser));
    return false;
}

/* --- decode --- */

static bool is_decoded(struct db_conn *c, const char *data_dir, const struct step *s, const char *track_id)
{
    char path[PATH_SIZE];

    (void)c, (void)s;
    return !cache_path(data_dir, track_id, path) && cache_has(path);
}

static void set_args(struct step_run *r, const char *const *args)
{
    int n = 1;

    while (*args && n < STEP_ARGS - 1)
        r->argv[n++] = *args++;
    r->argv[n] = NULL;
}

static enum lm_err prepare_decode(struct step_run *r, struct db_conn *c, struct problem *p)
{
    json_t *row;
    char *file = NULL;
    enum lm_err err = row_get(c, &tracks_table, r->track_id, &row, p);

    if (err)
        return err;
    str_copy(r->hash, sizeof(r->hash), json_get_text(row, "track_hash", ""));
    json_decref(row);
    if ((err = track_file(c, r->track_id, &file, p)))
        return err;
    err = path_join(r->source, r->data_dir, file);
    free(file);
    set_args(r, (const char *[]){ "--decode", r->source, "--out", r->pcm, "--sha256", r->hash, NULL });
    return err;
}

/* Only decoding counts the frames of every format. */
static enum lm_err store_decode(struct db_conn *c, const struct step_run *r, struct problem *p)
{
    json_t *row, *members;
    double seconds = json_get_real(r->result, "duration_seconds", 0);
    enum lm_err err = row_get(c, &tracks_table, r->track_id, &row, p);

    if (err)
        return err;
    bool is_same = fabs(json_get_real(row, "duration_seconds", 0) - seconds) < 0.001;
    json_decref(row);
    if (is_same || !(seconds > 0))
        return LM_OK;
    if (!(members = json_pack("{s:f}", "duration_seconds", seconds)))
        return LM_NOMEM;
    err = row_put(c, &tracks_table, r->track_id, members, p);
    json_decref(members);
    return err;
}

/* The waveform is as it was when the cache only had dropped what it was drawn from; what reads the sound can have it now. */
static void tell_decode(const struct step_run *r, struct event_bus *bus)
{
    struct event e = { .table = "track_waveforms", .op = 'u' };

    uuid_from_key("waveform", r->track_id, e.id);
    event_publish(bus, &e, 1);
}

/* --- the stems of a track --- */

static bool are_stems_decoded(struct db_conn *c, const char *data_dir, const struct step *s, const char *track_id)
{
    struct track_stem stems[TRACK_STEMS];
    char path[PATH_SIZE];
    size_t n = 0;
    bool there = !track_stem_files(c, track_id, stems, &n, NULL);

    (void)s;
    for (size_t i = 0; i < n && there; i++)
        there = !cache_stem_path(data_dir, track_id, stems[i].name, path) && cache_has_of(path, stems[i].hash);
    track_stems_free(stems, n);
    return there;
}

/* One run for all of them; those that are there already are left alone. Mono: nodes hear stems, nobody plays them. */
static enum lm_err prepare_stems(struct step_run *r, struct db_conn *c, struct problem *p)
{
    const char *args[STEP_ARGS] = { "--mono", "yes" };
    size_t n = 2;
    enum lm_err err = track_stem_files(c, r->track_id, r->stems, &r->n_stems, p);

    for (size_t i = 0; i < r->n_stems && !err; i++) {
        const struct track_stem *s = &r->stems[i];
        if ((err = path_join(r->stem[i].source, r->data_dir, s->path)) || (err = cache_stem_path(r->data_dir, r->track_id, s->name, r->stem[i].pcm))
            || cache_has_of(r->stem[i].pcm, s->hash))
            continue;
        const char *file[] = { "--decode", r->stem[i].source, "--out", r->stem[i].pcm, "--sha256", s->hash };
        memcpy(args + n, file, sizeof file);
        n += sizeof file / sizeof *file;
    }
    if (!err && !r->n_stems)
        err = problem_set(p, LM_NOT_FOUND, "The track has no stems here: run the job stems of the track");
    set_args(r, args);
    return err;
}

static enum lm_err store_nothing(struct db_conn *c, const struct step_run *r, struct problem *p)
{
    (void)c, (void)r, (void)p;
    return LM_OK;
}

/* Their rows are as they were, but what reads them can have them now. */
static void tell_stems(const struct step_run *r, struct event_bus *bus)
{
    struct event e = { .table = "track_stems", .op = 'u' };

    for (size_t i = 0; i < r->n_stems; i++) {
        str_copy(e.id, sizeof(e.id), r->stems[i].id);
        event_publish(bus, &e, 1);
    }
}

/* --- waveform --- */

static enum lm_err prepare_waveform(struct step_run *r, struct db_conn *c, struct problem *p)
{
    (void)c, (void)p;
    if (snprintf(r->preview, PATH_SIZE, "%s/cache/%s.preview.wave", r->data_dir, r->track_id) >= PATH_SIZE
        || snprintf(r->full, PATH_SIZE, "%s/cache/%s.full.wave", r->data_dir, r->track_id) >= PATH_SIZE)
        return LM_INVALID;
    set_args(r, (const char *[]){ "--waveform", r->pcm, "--waveform-preview", r->preview, "--waveform-full", r->full, NULL });
    return LM_OK;
}

static enum lm_err collect_waveform(struct step_run *r, struct problem *p)
{
    enum lm_err err = path_read(r->preview, WAVEFORM_MAX, &r->preview_data, &r->preview_n);

    if (!err)
        err = path_read(r->full, WAVEFORM_MAX, &r->full_data, &r->full_n);
    return err ? problem_set(p, err, "The waveform cannot be read: %s", lm_err_text(err)) : LM_OK;
}

static enum lm_err store_waveform(struct db_conn *c, const struct step_run *r, struct problem *p)
{
    char id[UUID_SIZE];
    enum lm_err err = track_set_waveform(c, r->track_id, r->preview_data, r->preview_n, r->full_data, r->full_n, p);
    json_t *members = json_pack("{s:s,s:i}", "analyser", r->step->analyser, "analyser_version", r->step->version);

    uuid_from_key("waveform", r->track_id, id);
    if (!err)
        err = members ? row_put(c, &track_waveforms_table, id, members, p) : LM_NOMEM;
    json_decref(members);
    return err;
}

/* --- beats --- */

static enum lm_err prepare_beats(struct step_run *r, struct db_conn *c, struct problem *p)
{
    (void)c, (void)p;
    set_args(r, (const char *[]){ r->pcm, NULL });
    return LM_OK;
}

static enum lm_err store_beats(struct db_conn *c, const struct step_run *r, struct problem *p)
{
    static const char *const members[] = { "beats", "downbeats", "bpm", "beats_per_bar", "confidence", NULL };
    json_t *beats = json_object();

    if (!beats)
        return LM_NOMEM;
    for (int i = 0; members[i]; i++)
        if (json_object_get(r->result, members[i]))
            json_object_set(beats, members[i], json_object_get(r->result, members[i]));
    enum lm_err err = track_set_beats(c, r->track_id, beats, false, json_get_text(r->result, "analyser", r->step->analyser),
                                      (int)json_get_int(r->result, "version", r->step->version), p);
    json_decref(beats);
    return err;
}

const struct step steps[] = {
    { .name = "decode", .worker = "decode_worker", .version = 1, .is_there = is_decoded,
      .makes_pcm = true, .prepare = prepare_decode, .store = store_decode, .tell = tell_decode },
    { .name = "decode_stems", .worker = "decode_worker", .version = 1, .is_there = are_stems_decoded, .makes_pcm = true, .is_on_demand = true,
      .prepare = prepare_stems, .store = store_nothing, .tell = tell_stems },
    { .name = "waveform", .worker = "decode_worker", .analyser = "lumad-waveform", .version = 1, .needs_pcm = true, .is_there = is_stored,
      .prepare = prepare_waveform, .collect = collect_waveform, .store = store_waveform },
    { .name = "beats", .worker = "beat_worker", .analyser = "lumad-beats", .version = 1, .needs_pcm = true, .is_there = is_stored,
      .prepare = prepare_beats, .store = store_beats },
    { 0 },
};

const struct step *step_find(const char *name)
{
    for (const struct step *s = steps; s->name; s++)
        if (!strcmp(s->name, name))
            return s;
    return NULL;
}

enum lm_err step_prepare(struct step_run *r, const struct step *s, const char *data_dir, const char *track_id,
                         struct db_conn *c, struct problem *p)
{
    enum lm_err err;

    memset(r, 0, sizeof(*r));
    r->step = s;
    r->data_dir = data_dir;
    str_copy(r->track_id, sizeof(r->track_id), track_id);
    if ((err = path_worker(s->worker, r->program, p)) || (err = cache_path(data_dir, track_id, r->pcm)))
        return err;
    r->argv[0] = r->program;
    return s->prepare(r, c, p);
}

void step_clear(struct step_run *r)
{
    char part[PATH_SIZE];

    /* What a decoder that was cancelled or crashed could not take away itself. */
    if (r->pcm[0] && r->step->makes_pcm && !r->n_stems && snprintf(part, sizeof(part), "%s.part", r->pcm) < (int)sizeof(part))
        unlink(part);
    for (size_t i = 0; i < r->n_stems; i++)
        if (r->stem[i].pcm[0] && snprintf(part, sizeof(part), "%s.part", r->stem[i].pcm) < (int)sizeof(part))
            unlink(part);
    track_stems_free(r->stems, r->n_stems);
    if (r->preview[0])
        unlink(r->preview);
    if (r->full[0])
        unlink(r->full);
    free(r->preview_data);
    free(r->full_data);
}
