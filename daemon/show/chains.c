/* The chain of effects in force, and the gain of a track. */
#include "show/chains.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "audio/chain_json.h"
#include "audio/pcm.h"
#include "core/json.h"
#include "core/log.h"
#include "core/str.h"
#include "db/domain.h"
#include "show/state.h"

enum { MEASURE_MS = 2000, LOOK_MS = 20 };

/*
 * A quiet track with high peaks would spend its time in the limiter: it is made louder only until its true peaks are this far above full scale, where the limiter takes
 * away up to 7 dB of the highest ones. The others are played by hand as anybody would.
 */
#define PEAK_MAX 6.0
#define GAIN_MAX 40.0                   /* of anything: what needs more is a recording of silence */

static void device_in_use(struct show *s, char name[SHOW_DEVICE_NAME])
{
    struct player_device d;

    player_get_device(s->player, &d);
    str_copy(name, SHOW_DEVICE_NAME, d.name);
}

/* NULL: none is for this device. A new reference. */
static json_t *find_row(struct show *s, const char *device)
{
    struct db_conn *c = db_reader_take(s->o.db);
    json_t *rows = NULL, *row, *own = NULL, *any = NULL;
    size_t i;

    if (row_all(c, &audio_chains_table, NULL, NULL, &rows, NULL))
        log_warn("show", "the chains of effects cannot be read: lumad's own is used");
    db_reader_put(s->o.db, c);
    json_array_foreach(rows, i, row) {
        const char *of = json_get_text(row, "device", NULL);
        if (!of)
            any = row;
        else if (!strcmp(of, device))
            own = row;
    }
    row = json_incref(own ? own : any);
    json_decref(rows);
    return row;
}

void show_chain_load(struct show *s)
{
    struct show_chain chain = { .id = "" };
    struct problem p;

    problem_clear(&p);
    pthread_mutex_lock(&s->chains);
    device_in_use(s, chain.device);
    json_t *row = find_row(s, chain.device);
    if (!row) {
        chain_default(&chain.settings);
    } else {
        str_copy(chain.id, sizeof(chain.id), json_get_text(row, "id", ""));
        str_copy(chain.name, sizeof(chain.name), json_get_text(row, "name", ""));
        /* One that was made by a newer lumad may have effects this one does not know. */
        if (chain_from_json(json_object_get(row, "effects"), json_get_bool(row, "is_enabled", true), &chain.settings, &p))
            log_warn("show", "chain %s: %s %s; the rest of it is used", chain.id, p.n ? p.errors[0].path : "", p.n ? p.errors[0].message : "");
        json_decref(row);
    }
    pthread_mutex_lock(&s->view);
    s->chain = chain;
    pthread_mutex_unlock(&s->view);
    player_set_chain(s->player, &chain.settings);
    pthread_mutex_unlock(&s->chains);
}

void show_chain_follow(struct show *s)
{
    char device[SHOW_DEVICE_NAME];

    device_in_use(s, device);
    pthread_mutex_lock(&s->view);
    bool is_same = !strcmp(device, s->chain.device);
    pthread_mutex_unlock(&s->view);
    if (!is_same)
        show_chain_load(s);
}

static void view_chain(struct show *s, struct show_chain *chain)
{
    pthread_mutex_lock(&s->view);
    *chain = s->chain;
    pthread_mutex_unlock(&s->view);
}

json_t *show_chain_json(struct show *s)
{
    struct show_chain chain;

    view_chain(s, &chain);
    return json_pack("{s:o, s:s, s:s, s:b, s:o, s:f}", "chain_id", *chain.id ? json_string(chain.id) : json_null(), "name", chain.name, "device", chain.device,
                     "is_enabled", (int)chain.settings.is_enabled, "effects", chain_to_json(&chain.settings), "latency_ms",
                     chain_latency_frames(&chain.settings) * 1000.0 / PCM_RATE);
}

/* ---- as loud as the others ---- */

/* Where the chain does not do it, the effect is not there to use the gain either. */
static double target_of(const struct chain_settings *s)
{
    for (uint32_t i = 0; i < s->n; i++)
        if (s->effects[i].type == EFFECT_LOUDNESS && !s->effects[i].is_bypassed)
            return (double)s->effects[i].params[LOUDNESS_TARGET_LUFS];
    return CHAIN_LUFS;
}

static bool is_being_decoded(struct show *s, const char *track_id)
{
    json_t *page = NULL, *job;
    bool is = false;
    size_t i;

    if (jobs_page(s->o.jobs, track_id, 100, &page, NULL))
        return false;
    json_array_foreach(json_object_get(page, "items"), i, job) {
        const char *state = json_get_text(job, "state", "");
        is = is || (!strcmp(json_get_text(job, "kind", ""), "decode") && (!strcmp(state, "running") || !strcmp(state, "queued")));
    }
    json_decref(page);
    return is;
}

/* The sound is there a moment before what was measured of it is stored. */
static bool find_measured(struct show *s, const char *track_id, double *lufs, double *peak_db)
{
    for (int ms = 0;; ms += LOOK_MS) {
        struct db_conn *c = db_reader_take(s->o.db);
        json_t *row = NULL;
        enum lm_err err = row_get(c, &tracks_table, track_id, &row, NULL);
        db_reader_put(s->o.db, c);
        *lufs = json_get_real(row, "loudness_lufs", NAN);
        *peak_db = json_get_real(row, "true_peak_db", NAN);
        json_decref(row);
        if (!err && isfinite(*peak_db))
            return isfinite(*lufs);
        if (err || ms >= MEASURE_MS || atomic_load(&s->stop) || !is_being_decoded(s, track_id))
            return false;
        nanosleep(&(struct timespec){ .tv_nsec = LOOK_MS * 1000000L }, NULL);
    }
}

double show_track_gain(struct show *s, const char *track_id)
{
    struct show_chain chain;
    double lufs, peak_db;

    view_chain(s, &chain);
    if (!find_measured(s, track_id, &lufs, &peak_db))
        return 0;
    double target = target_of(&chain.settings), gain = fmin(target - lufs, PEAK_MAX - peak_db);
    return fmax(-GAIN_MAX, fmin(GAIN_MAX, gain)) - (target - CHAIN_LUFS);
}
