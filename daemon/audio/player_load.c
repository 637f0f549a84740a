/* Tracks, and what belongs to them: the next one, stems, beats. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audio/chain.h"
#include "audio/player_private.h"

enum { GAIN_MAX = 60, STEM_GAIN_MAX = 4, CLICK_MIN = -60, BEATS_MAX = 1000000 };
enum { STEM_FRAMES_APART = PCM_RATE / 100 };    /* a model works at 44.1 kHz: the way there and back may cost a frame */

static void close_pcms(struct pcm *pcm, int n)
{
    for (int i = 0; i < n; i++)
        pcm_close(&pcm[i]);
}

/* Opens the track and makes the run that would play it from its start on. */
static enum lm_err open_track(const struct player_track *t, struct track_sound **sound, struct run *r, struct problem *p)
{
    double start = t->start, end = t->end;
    struct pcm pcm;

    if (!(fabs(t->gain_db) <= GAIN_MAX))
        return problem_set(p, LM_INVALID, "%g dB is no gain of a track (-%d to %d)", t->gain_db, GAIN_MAX, GAIN_MAX);
    enum lm_err err = pcm_open(t->pcm_path, &pcm, p);
    if (err)
        return err;
    double duration = (double)pcm.frames / PCM_RATE;
    *r = (struct run){ .serial = t->serial, .frames = (int64_t)pcm.frames, .segment_end = (int64_t)pcm.frames };
    bool is_part = start >= 0 && start < duration && isfinite(end);
    if (is_part) {
        r->segment_start = llround(start * PCM_RATE);
        if (end > 0 && end < duration)
            r->segment_end = llround(end * PCM_RATE);
    }
    if (!is_part || (end > 0 && end <= start) || r->segment_end <= r->segment_start) { /* at least one sample */
        pcm_close(&pcm);
        return problem_set(p, LM_INVALID, "%.3f to %.3f s is no part of a track of %.3f s", start,
                           end, duration);
    }
    r->anchor = r->segment_start;
    if (!(*sound = track_sound_new(&pcm))) {
        pcm_close(&pcm);
        return LM_NOMEM;
    }
    (*sound)->gain = (float)pow(10, t->gain_db / 20);
    return LM_OK;
}

static void forget_wishes(struct player *pl)
{
    track_sound_unref(pl->next.sound);
    pl->next = (struct following){ 0 };
    pl->view.crossfade = 0;
    pl->view.has_pending = false;
}

static void stop_and_swap(struct player *pl, struct track_sound *sound, struct run r)
{
    struct plan p = { .course.n = 1, .command = player_command(true, 0), .sounds[0] = sound };
    struct track_sound *was;

    r.jumps = player_here(pl, &was).run.jumps + 1;
    r.rate = pl->rate;
    r.keep_pitch = pl->keep_pitch;
    p.course.legs[0] = (struct leg){ .run = r, .gain = sound ? sound->gain : 1 };
    forget_wishes(pl);
    player_tell(pl, TRANSPORT_LOAD);
    player_begin(pl, &p, false);
}

enum lm_err player_load(struct player *pl, const struct player_track *track, struct problem *p)
{
    struct track_sound *sound = NULL;
    struct run r;
    enum lm_err err = open_track(track, &sound, &r, p);

    if (err)
        return err;
    pthread_mutex_lock(&pl->control);
    stop_and_swap(pl, sound, r);
    pthread_mutex_unlock(&pl->control);
    track_sound_unref(sound);
    return LM_OK;
}

enum lm_err player_unload(struct player *pl)
{
    pthread_mutex_lock(&pl->control);
    if (pl->view.course.legs[pl->view.course.at].run.serial)
        stop_and_swap(pl, NULL, (struct run){ 0 });
    pthread_mutex_unlock(&pl->control);
    return LM_OK;
}

enum lm_err player_next(struct player *pl, const struct player_track *track, double crossfade_s, struct problem *p)
{
    struct following next = { .crossfade = round(crossfade_s * PCM_RATE) }, old;
    enum lm_err err = LM_OK;

    if (!(crossfade_s >= 0 && crossfade_s <= PLAYER_CROSSFADE_MAX))
        return problem_set(p, LM_INVALID, "A crossfade is 0 to %g s long", PLAYER_CROSSFADE_MAX);
    if (track && (err = open_track(track, &next.sound, &next.run, p)))
        return err;
    pthread_mutex_lock(&pl->control);
    bool news = false;
    player_promote(pl, &news);
    old = pl->next;
    if (!pl->view.course.legs[pl->view.course.at].run.serial) {
        err = track ? problem_set(p, LM_CONFLICT, "No track is loaded") : LM_OK;
        old = next;
    } else if (track || old.sound) {
        pl->next = next;
        pl->view.crossfade = track ? crossfade_s : 0;
        player_refollow(pl);
    }
    pthread_mutex_unlock(&pl->control);
    track_sound_unref(old.sound);
    return err;
}

/* --- stems, beats --- */

static struct track_sound *sound_of(struct player *pl, bool is_next)
{
    bool news = false;

    player_promote(pl, &news);
    return is_next ? pl->next.sound : pl->sounds[pl->view.course.at];
}

/* What is heard differently is begun anew where the device has not got to yet. */
static void sounds_differently(struct player *pl, bool is_next)
{
    player_replan(pl, NULL, NULL, !is_next);
}

static enum lm_err open_stems(const char *const paths[PLAYER_STEMS], struct pcm stems[SOURCE_STEMS], struct problem *p)
{
    enum lm_err err = LM_OK;

    for (int i = 0; i < SOURCE_STEMS; i++)
        if ((err = pcm_open(paths[i], &stems[i], p))) {
            close_pcms(stems, i);
            return err;
        }
    return LM_OK;
}

enum lm_err player_set_stems(struct player *pl, bool is_next, const char *const paths[PLAYER_STEMS], const float gains[PLAYER_STEMS], struct problem *p)
{
    struct pcm stems[SOURCE_STEMS] = { 0 }, old[SOURCE_STEMS] = { 0 };
    int n = paths ? SOURCE_STEMS : 0, had = 0;
    enum lm_err err = LM_OK;

    for (int i = 0; i < PLAYER_STEMS && gains; i++)
        if (!(gains[i] >= 0 && gains[i] <= STEM_GAIN_MAX))
            return problem_set(p, LM_INVALID, "The gain of a stem is 0 to %d", STEM_GAIN_MAX);
    if (paths && (err = open_stems(paths, stems, p)))
        return err;
    pthread_mutex_lock(&pl->control);
    struct track_sound *t = sound_of(pl, is_next);
    if (!t)
        err = problem_set(p, LM_CONFLICT, is_next ? "No track follows" : "No track is loaded");
    for (int i = 0; i < n && !err; i++)
        if (llabs((int64_t)stems[i].frames - (int64_t)t->sound.mix.frames) > STEM_FRAMES_APART)
            err = problem_set(p, LM_INVALID, "The stems are not as long as the track");
    if (!err) {
        pthread_mutex_lock(&pl->feed_lock);
        had = t->sound.n_stems;
        memcpy(old, t->sound.stems, sizeof(old));
        memcpy(t->sound.stems, stems, sizeof(stems));
        t->sound.n_stems = n;
        for (int i = 0; i < SOURCE_STEMS; i++)
            t->sound.stem_gain[i] = gains ? gains[i] : 1;
        pthread_mutex_unlock(&pl->feed_lock);
        n = 0;
        sounds_differently(pl, is_next);
    }
    pthread_mutex_unlock(&pl->control);
    close_pcms(stems, n);
    close_pcms(old, had);
    return err;
}

enum lm_err player_set_click(struct player *pl, bool on, double db, struct problem *p)
{
    if (!(db >= CLICK_MIN && db <= 0))
        return problem_set(p, LM_INVALID, "The metronome is %d to 0 dB", CLICK_MIN);
    pthread_mutex_lock(&pl->control);
    float gain = (float)pow(10, db / 20);
    bool differs = on != pl->click_on || (on && gain != pl->click_gain);
    pl->click_on = on;
    pl->click_gain = gain;
    if (differs)
        sounds_differently(pl, false);
    pthread_mutex_unlock(&pl->control);
    return LM_OK;
}

enum lm_err player_set_beats(struct player *pl, bool is_next, const double *beats, const bool *downbeats, size_t n, struct problem *p)
{
    double *b = NULL;
    bool *d = NULL;
    enum lm_err err = LM_OK;

    if (n > BEATS_MAX)
        return problem_set(p, LM_INVALID, "More than %d beats", BEATS_MAX);
    if (n && (!(b = malloc(n * sizeof(*b))) || !(d = calloc(n, sizeof(*d))))) {
        free(b);
        return LM_NOMEM;
    }
    if (n) {
        memcpy(b, beats, n * sizeof(*b));
        if (downbeats)
            memcpy(d, downbeats, n * sizeof(*d));
    }
    pthread_mutex_lock(&pl->control);
    struct track_sound *t = sound_of(pl, is_next);
    if (!t) {
        err = problem_set(p, LM_CONFLICT, is_next ? "No track follows" : "No track is loaded");
    } else {
        pthread_mutex_lock(&pl->feed_lock);
        double *old_b = t->beats;
        bool *old_d = t->downbeats;
        t->sound.click.beats = t->beats = b;
        t->sound.click.downbeats = t->downbeats = d;
        t->sound.click.n = n;
        b = old_b;
        d = old_d;
        pthread_mutex_unlock(&pl->feed_lock);
        if (pl->click_on)
            sounds_differently(pl, is_next);
    }
    pthread_mutex_unlock(&pl->control);
    free(b);
    free(d);
    return err;
}
