#include "htdemucs.h"

#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "audio/pieces.h"
#include "core/path.h"
#include "dsp/demucs.h"
#include "dsp/hash.h"
#include "ort.h"

enum {
    SOURCES = 4, CHANNELS = 2, PLANES = SOURCES * CHANNELS,
    NEED_MB = 2600,                     /* of memory, before it is begun */
    BEAT_S = 5,                         /* how often progress is told while a segment is computed */
    MAX_THREADS = 64,
};

/* In the order of the network. */
static const enum stem sources[SOURCES] = { STEM_DRUMS, STEM_BASS, STEM_OTHER, STEM_VOCALS };

static const struct ort_tensor inputs[] = {
    { { 1, CHANNELS, DEMUCS_SEGMENT }, NULL }, { { 1, 2 * CHANNELS, DEMUCS_BINS, DEMUCS_FRAMES }, NULL }, { { 0 }, NULL },
};
static const struct ort_tensor outputs[] = {
    { { 1, SOURCES, 2 * CHANNELS, DEMUCS_BINS, DEMUCS_FRAMES }, NULL }, { { 1, SOURCES, CHANNELS, DEMUCS_SEGMENT }, NULL }, { { 0 }, NULL },
};

struct htdemucs {
    struct ort_session *session;
    struct ort_tensor in[3], out[3];
    struct demucs_stft *stft;
};

/* --- the installation --- */

static enum lm_err check_hash(const char *path, struct problem *p)
{
    char hash[PATH_HASH];
    enum lm_err err = path_hash(path, hash, NULL);

    if (err == LM_NOMEM)
        return problem_set(p, err, "No memory for the model");
    if (err)
        return problem_set(p, LM_NOT_FOUND, "The model %s cannot be read: %s", path, strerror(errno));
    if (!strcmp(hash, DEMUCS_SHA256))
        return LM_OK;
    return problem_set(p, LM_INVALID, "%s is not the model it should be (its SHA-256 begins with %.12s instead of %.12s): install it again", path, hash, DEMUCS_SHA256);
}

/* A machine that begins to swap does not play light any more, so it is not tried. */
static enum lm_err check_memory(struct problem *p)
{
    FILE *f = fopen("/proc/meminfo", "re");
    char line[128];
    long kb = -1;

    while (f && kb < 0 && fgets(line, sizeof(line), f))
        if (sscanf(line, "MemAvailable: %ld", &kb) != 1)
            kb = -1;
    if (f)
        fclose(f);
    if (kb < 0 || kb >= NEED_MB * 1024L)
        return LM_OK;
    return problem_set(p, LM_NOMEM, "The model needs %d MB of free memory; there are %ld", (int)NEED_MB, kb / 1024);
}

static int cores_but_one(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set);

    return n > 1 ? n - 1 : 1;
}

static enum lm_err make_tensors(struct ort_tensor *to, const struct ort_tensor *from)
{
    for (; from->dims[0]; to++, from++) {
        *to = *from;
        if (!(to->data = malloc(ort_tensor_size(from) * sizeof(float))))
            return LM_NOMEM;
    }
    return LM_OK;
}

void htdemucs_close(struct htdemucs *h)
{
    if (!h)
        return;
    ort_session_free(h->session);
    demucs_stft_free(h->stft);
    for (int i = 0; i < 2; i++) {
        free(h->in[i].data);
        free(h->out[i].data);
    }
    free(h);
}

enum lm_err htdemucs_open(const char *dir, int threads, struct htdemucs **result, struct problem *p)
{
    char model[PATH_SIZE], library[PATH_SIZE];
    struct htdemucs *h = NULL;
    enum lm_err err = path_join(model, dir, DEMUCS_MODEL);

    *result = NULL;
    if (err || (err = path_join(library, dir, DEMUCS_RUNTIME)))
        return problem_set(p, err, "The path of the model is too long");
    if ((err = check_hash(model, p)) || (err = check_memory(p)))
        return err;
    /* What a segment needs is the same for the next one: not given back and mapped anew a thousand times, which is a fifth of the computing time. */
    mallopt(M_MMAP_MAX, 0);
    mallopt(M_TRIM_THRESHOLD, INT_MAX);
    h = calloc(1, sizeof(*h));
    if (!h || !(h->stft = demucs_stft_new()) || make_tensors(h->in, inputs) || make_tensors(h->out, outputs)) {
        htdemucs_close(h);
        return problem_set(p, LM_NOMEM, "No memory for the model");
    }
    threads = threads < 1 ? cores_but_one() : threads > MAX_THREADS ? MAX_THREADS : threads;
    if ((err = ort_session_new(library, model, threads, inputs, outputs, &h->session, p))) {
        htdemucs_close(h);
        return err;
    }
    *result = h;
    return LM_OK;
}

/* --- a sign of life while a segment is computed, which may take a minute where much else is done --- */

struct pulse {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool is_over, has_thread;
    const struct stem_run *run;
    double part;
};

static double cpu_seconds(void)
{
    struct timespec t = { 0 };

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Only while something is computed: a run that hangs must be found out. */
static void *beat(void *arg)
{
    struct pulse *b = arg;
    double before = cpu_seconds();

    pthread_mutex_lock(&b->lock);
    while (!b->is_over) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += BEAT_S;
        if (pthread_cond_timedwait(&b->wake, &b->lock, &until) != ETIMEDOUT)
            continue;
        double now = cpu_seconds();
        if (!b->is_over && now - before > .01)
            b->run->progress(b->part, "separate");
        before = now;
    }
    pthread_mutex_unlock(&b->lock);
    return NULL;
}

static void pulse_start(struct pulse *b, const struct stem_run *run, double part)
{
    pthread_condattr_t monotonic;       /* a clock that is put right in the middle of it must not silence it */

    *b = (struct pulse){ .run = run, .part = part };
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    b->has_thread = !pthread_create(&b->thread, NULL, beat, b);
}

static void pulse_stop(struct pulse *b)
{
    pthread_mutex_lock(&b->lock);
    b->is_over = true;
    pthread_cond_signal(&b->wake);
    pthread_mutex_unlock(&b->lock);
    if (b->has_thread)
        pthread_join(b->thread, NULL);
    pthread_cond_destroy(&b->wake);
    pthread_mutex_destroy(&b->lock);
}

/* --- a segment --- */

static float *plane(const struct ort_tensor *t, size_t i)
{
    return t->data + i * DEMUCS_PLANE;
}

/* h->in -> h->out[1], the parts as [source][channel][sample]. */
static enum lm_err infer(struct htdemucs *h, const struct stem_run *r, double part, struct problem *p)
{
    struct pulse pulse;

    for (size_t c = 0; c < CHANNELS; c++)
        demucs_spectrum(h->stft, h->in[0].data + c * DEMUCS_SEGMENT, plane(&h->in[1], 2 * c), plane(&h->in[1], 2 * c + 1));
    pulse_start(&pulse, r, part);
    enum lm_err err = ort_run(h->session, h->in, h->out, p);
    pulse_stop(&pulse);
    for (size_t i = 0; !err && i < PLANES; i++)
        demucs_add_signal(h->stft, plane(&h->out[0], 2 * i), plane(&h->out[0], 2 * i + 1), h->out[1].data + i * DEMUCS_SEGMENT);
    double sum = 0;
    for (size_t i = 0; !err && i < (size_t)PLANES * DEMUCS_SEGMENT; i++)
        sum += h->out[1].data[i];
    if (!err && !isfinite(sum))
        err = problem_set(p, LM_INVALID, "What the model gives are no numbers");
    return err;
}

/* stereo: interleaved. true: there is something to separate. */
static bool take_sound(struct htdemucs *h, const float *stereo)
{
    float *left = h->in[0].data, *right = left + DEMUCS_SEGMENT;
    bool is_sound = false;

    for (int i = 0; i < DEMUCS_SEGMENT; i++) {
        left[i] = stereo[2 * i];
        right[i] = stereo[2 * i + 1];
        is_sound = is_sound || left[i] != 0 || right[i] != 0;
    }
    return is_sound;
}

/* --- the track --- */

struct track {
    struct htdemucs *h;
    const struct stem_run *r;
    struct pieces pieces;
    struct demucs_join *join;
    float *stereo;                      /* 2 * DEMUCS_SEGMENT: of the recording */
    float *out[STEMS];                  /* 2 * DEMUCS_SEGMENT each, interleaved */
    uint64_t frames;
    size_t segments;
};

static enum lm_err separate_segment(struct track *t, size_t k, const struct demucs_segment *s, struct problem *p)
{
    float *x = t->h->out[1].data;
    enum lm_err err = stem_source_read(t->r->in, s->from, DEMUCS_SEGMENT, t->stereo);

    if (err)
        return problem_set(p, err, "The recording cannot be resampled: %s", lm_err_text(err));
    if (!take_sound(t->h, t->stereo)) {
        memset(x, 0, PLANES * DEMUCS_SEGMENT * sizeof(*x));
        return LM_OK;
    }
    uint64_t key = hash_bytes(hash_text(HASH_START, DEMUCS_SHA256), t->stereo, 2 * DEMUCS_SEGMENT * sizeof(*t->stereo));
    if (piece_read(&t->pieces, k, key, x))
        return LM_OK;
    if ((err = infer(t->h, t->r, (double)k / (double)t->segments, p)))
        return err;
    return piece_write(&t->pieces, k, key, x, p);
}

static enum lm_err put_out(struct track *t, const float *const done[PLANES], size_t n, struct problem *p)
{
    for (int s = 0; s < SOURCES; s++) {
        const float *left = done[2 * s], *right = done[2 * s + 1];
        float *to = t->out[sources[s]];
        for (size_t i = 0; i < n; i++) {
            to[2 * i] = left[i];
            to[2 * i + 1] = right[i];
        }
    }
    return stem_sink_write(t->r->out, (const float *const *)t->out, n, p);
}

static enum lm_err separate(struct track *t, struct problem *p)
{
    float *x[PLANES];
    const float *done[PLANES];
    enum lm_err err = LM_OK;

    for (size_t i = 0; i < PLANES; i++)
        x[i] = t->h->out[1].data + i * DEMUCS_SEGMENT;
    for (size_t k = 0; !err && k < t->segments; k++) {
        struct demucs_segment s = demucs_segment(t->frames, k);
        t->r->progress((double)k / (double)t->segments, "separate");
        if (!(err = separate_segment(t, k, &s, p)))
            err = put_out(t, done, demucs_join_add(t->join, &s, t->frames, x, done), p);
    }
    return err;
}

static struct pieces pieces_in(const char *dir)
{
    return (struct pieces){ .dir = dir, .name = "htdemucs", .channels = PLANES, .rate = HTDEMUCS_RATE, .frames = DEMUCS_SEGMENT };
}

void htdemucs_forget(const char *dir)
{
    struct pieces pieces = pieces_in(dir);

    pieces_remove(&pieces);
}

enum lm_err htdemucs_separate(struct htdemucs *h, const struct stem_run *r, struct problem *p)
{
    struct track t = { .h = h, .r = r, .pieces = pieces_in(r->dir), .frames = stem_source_frames(r->in) };
    enum lm_err err = LM_OK;

    t.segments = demucs_segments(t.frames);
    t.join = demucs_join_new(PLANES);
    t.stereo = malloc(2 * DEMUCS_SEGMENT * sizeof(*t.stereo));
    bool ok = t.join && t.stereo;
    for (int i = 0; i < STEMS; i++)
        ok = (t.out[i] = malloc(2 * DEMUCS_SEGMENT * sizeof(float))) && ok;
    err = ok ? separate(&t, p) : problem_set(p, LM_NOMEM, "No memory for the stems");
    demucs_join_free(t.join);
    free(t.stereo);
    for (int i = 0; i < STEMS; i++)
        free(t.out[i]);
    return err;
}
