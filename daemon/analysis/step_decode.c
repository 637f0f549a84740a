/* Audio files to what lumad plays: the track, and its stems for the nodes that hear them. */
#include "analysis/steps_private.h"

#include <math.h>
#include <string.h>

#include "analysis/cache.h"
#include "analysis/decoder.h"
#include "core/json.h"
#include "core/str.h"

/* --- the track --- */

static bool is_decoded(struct db_conn *c, const char *data_dir, const struct step *s, const char *track_id)
{
    char path[PATH_SIZE];

    (void)c, (void)s;
    return !cache_path(data_dir, track_id, path) && cache_has(path);
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
    if (!(err = path_join(r->source, r->data_dir, file)) && !path_exists(r->source))
        err = problem_set(p, LM_NOT_FOUND, "The audio file of this track is not on this machine any more: %s", r->source);
    free(file);
    if (!err)
        err = decoder_find(r->source, r->program, p);
    step_set_args(r, (const char *[]){ "--decode", r->source, "--out", r->pcm, "--sha256", r->hash, NULL });
    return err;
}

/* The same as last time, but for what is stored of a number? Then the row keeps its version. */
static bool is_as_loud(const json_t *row, const json_t *result)
{
    static const char *const members[] = { "loudness_lufs", "true_peak_db" };
    bool same = true;

    for (int i = 0; i < 2; i++) {
        const json_t *now = json_object_get(result, members[i]), *before = json_object_get(row, members[i]);
        same = same && json_is_number(now) == json_is_number(before) && !(fabs(json_number_value(now) - json_number_value(before)) > 0.001);
    }
    return same;
}

/* Only decoding counts the frames of every format. */
static enum lm_err store_decode(struct db_conn *c, const struct step_run *r, struct problem *p)
{
    json_t *row, *members;
    double seconds = json_get_real(r->result, "duration_seconds", 0);
    enum lm_err err = row_get(c, &tracks_table, r->track_id, &row, p);

    if (err)
        return err;
    bool is_same = fabs(json_get_real(row, "duration_seconds", 0) - seconds) < 0.001 && is_as_loud(row, r->result);
    json_decref(row);
    if (is_same || !(seconds > 0))
        return LM_OK;
    if (!(members = json_pack("{s:f, s:O?, s:O?}", "duration_seconds", seconds, "loudness_lufs", json_object_get(r->result, "loudness_lufs"), "true_peak_db",
                              json_object_get(r->result, "true_peak_db"))))
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

    for (size_t i = 0; i < n && there; i++)
        there = !cache_stem_path(data_dir, track_id, stems[i].name, s == &step_decode_stems_stereo, path) && cache_has_of(path, stems[i].hash);
    track_stems_free(stems, n);
    return there;
}

/* One run for all of them; those that are there already are left alone. What nodes hear is mono; what is played, as it was recorded. */
static enum lm_err prepare_stems(struct step_run *r, struct db_conn *c, struct problem *p)
{
    bool is_stereo = r->step == &step_decode_stems_stereo;
    const char *args[STEP_ARGS] = { "--mono", is_stereo ? "no" : "yes" };
    size_t n = 2;
    enum lm_err err = track_stem_files(c, r->track_id, r->stems, &r->n_stems, p);

    for (size_t i = 0; i < r->n_stems && !err; i++) {
        const struct track_stem *s = &r->stems[i];
        if ((err = path_join(r->stem[i].source, r->data_dir, s->path)) || (err = cache_stem_path(r->data_dir, r->track_id, s->name, is_stereo, r->stem[i].pcm))
            || cache_has_of(r->stem[i].pcm, s->hash))
            continue;
        if (!path_exists(r->stem[i].source))
            return problem_set(p, LM_NOT_FOUND, "The stem %s of this track is not on this machine any more: %s", s->name, r->stem[i].source);
        const char *file[] = { "--decode", r->stem[i].source, "--out", r->stem[i].pcm, "--sha256", s->hash };
        memcpy(args + n, file, sizeof file);
        n += sizeof file / sizeof *file;
    }
    if (!err && !r->n_stems)
        err = problem_set(p, LM_NOT_FOUND, "The track has no stems here: run the job stems of the track");
    step_set_args(r, args);
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

const struct step step_decode = {
    .name = "decode", .worker = "decode_worker", .version = 1, .makes_pcm = true, .cost = 0.3,
    .is_there = is_decoded, .prepare = prepare_decode, .store = store_decode, .tell = tell_decode,
};

const struct step step_decode_stems = {
    .name = "decode_stems", .worker = "decode_worker", .version = 1, .makes_pcm = true, .is_on_demand = true, .cost = 1, .after = { "stems" },
    .is_there = are_stems_decoded, .prepare = prepare_stems, .store = store_nothing, .tell = tell_stems,
};

/* After nothing: who listens hears the stems that are there now, also while they are separated anew. */
const struct step step_decode_stems_stereo = {
    .name = "decode_stems_stereo", .worker = "decode_worker", .version = 1, .makes_pcm = true, .is_on_demand = true, .cost = 1,
    .is_there = are_stems_decoded, .prepare = prepare_stems, .store = store_nothing, .tell = tell_stems,
};
