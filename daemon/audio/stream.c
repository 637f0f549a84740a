#include "audio/stream.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "audio/shared.h"

enum {
    BLOCK = 256, BLOCKS = 128,          /* a lane holds 0.68 s */
    CHANNELS = 2,
    LATENCY_MAX_MS = 2000,              /* devices report 0 and 89478480 ms alike */
    DECAY = 96,                         /* frames in which the last sample dies away after a stop: no click */
};

static const double NS = 1e9 / PCM_RATE;

struct block { uint32_t n; bool is_last; /* the run is over behind it */ float data[BLOCK * CHANNELS]; };

struct lane {
    _Alignas(64) atomic_uint_fast64_t head;     /* blocks ever written */
    _Alignas(64) atomic_uint_fast64_t tail;     /* blocks ever read */
    struct block blocks[BLOCKS];
};

/*
 * The instants at which callbacks are due, smoothed: a delay-locked loop of second order (F. Adriaensen, "Using a DLL to filter time",
 * 2005), since a callback may come milliseconds late and the light should not stumble with it.
 */
struct clock_filter { bool is_running; double due, speed; };     /* ns; ns per frame */

struct stream {
    struct lane lanes[2];
    struct { atomic_uint_fast64_t generation; atomic_bool playing; atomic_int_fast64_t join; } wanted;
    _Atomic float gain_wanted;
    atomic_bool is_silent;

    /* the callback's own */
    uint64_t generation;
    bool playing;
    int64_t v, left_at;
    uint32_t block_at;                  /* frames taken of the block at the tail */
    bool has_sounded, is_over;
    float gain, last[CHANNELS];
    int decay;
    struct clock_filter clock;
    double latency;

    struct shared heard;
    atomic_uint_fast64_t taken_over;    /* generation, for control */
    atomic_uint_fast64_t callbacks, frames, underruns;
};

struct stream *stream_new(void)
{
    size_t size = (sizeof(struct stream) + 63) / 64 * 64;
    struct stream *s = aligned_alloc(64, size);

    if (!s)
        return NULL;
    memset(s, 0, size);                 /* also touches every page */
    s->gain = 1;
    atomic_store(&s->gain_wanted, 1);
    return s;
}

void stream_reset(struct stream *s)
{
    for (int i = 0; i < 2; i++) {
        atomic_store(&s->lanes[i].head, 0);
        atomic_store(&s->lanes[i].tail, 0);
    }
    atomic_store(&s->wanted.generation, 0);
    atomic_store(&s->is_silent, false);
    s->generation = 0;
    s->playing = s->has_sounded = s->is_over = false;
    s->v = s->left_at = 0;
    s->block_at = 0;
    s->decay = 0;
    s->clock = (struct clock_filter){ 0 };
    s->latency = 0;
    atomic_store(&s->taken_over, 0);
    atomic_store(&s->callbacks, 0);
    atomic_store(&s->frames, 0);
    atomic_store(&s->underruns, 0);
}

void stream_free(struct stream *s)
{
    free(s);
}

static struct lane *lane_of(struct stream *s, uint64_t generation)
{
    return &s->lanes[generation & 1];
}

/* --- feeder --- */

static void copy(const struct pcm *pcm, int64_t frame, int64_t n, float *out)
{
    const float *in = pcm->data + frame * pcm->channels;

    if (pcm->channels == CHANNELS)
        memcpy(out, in, (size_t)n * CHANNELS * sizeof(float));
    else
        for (int64_t i = 0; i < n; i++)
            out[2 * i] = out[2 * i + 1] = in[i];
}

static uint32_t fill_block(struct block *b, const struct run *r, const struct pcm *pcm, int64_t v)
{
    int64_t n, frame;

    b->n = 0;
    while (b->n < BLOCK) {
        frame = run_frame(r, v + b->n, &n);
        if (n > BLOCK - b->n)
            n = BLOCK - b->n;
        if (n <= 0 || frame < 0 || frame + n > (int64_t)pcm->frames)
            break;
        copy(pcm, frame, n, b->data + b->n * CHANNELS);
        b->n += (uint32_t)n;
    }
    run_frame(r, v + b->n, &n);
    b->is_last = !n;
    return b->n;
}

void stream_feed(struct stream *s, const struct run *r, const struct pcm *pcm, int64_t *v,
                 int64_t max)
{
    struct lane *l = lane_of(s, r->generation);

    for (int64_t done = 0; done < max;) {
        uint64_t head = atomic_load_explicit(&l->head, memory_order_relaxed);
        if (head - atomic_load_explicit(&l->tail, memory_order_acquire) >= BLOCKS)
            return;
        uint32_t n = fill_block(&l->blocks[head % BLOCKS], r, pcm, *v);
        if (!n)
            return;
        atomic_store_explicit(&l->head, head + 1, memory_order_release);
        *v += n;
        done += n;
    }
}

/* --- control --- */

void stream_want(struct stream *s, const struct run *r, int64_t join)
{
    atomic_store(&s->wanted.playing, r->playing);
    atomic_store(&s->wanted.join, join);
    atomic_store(&s->wanted.generation, r->generation);
}

uint64_t stream_generation(const struct stream *s)
{
    return atomic_load(&s->taken_over);
}

void stream_heard(const struct stream *s, struct heard *h)
{
    shared_read(&s->heard, h, sizeof(*h));
}

void stream_set_gain(struct stream *s, float gain)
{
    atomic_store(&s->gain_wanted, gain);
}

void stream_silence(struct stream *s)
{
    atomic_store(&s->is_silent, true);
}

void stream_counts(const struct stream *s, struct stream_counts *c)
{
    c->callbacks = atomic_load_explicit(&s->callbacks, memory_order_relaxed);
    c->frames = atomic_load_explicit(&s->frames, memory_order_relaxed);
    c->underruns = atomic_load_explicit(&s->underruns, memory_order_relaxed);
}

/* --- callback; thread: audio (real time) --- */

static double clock_filter_run(struct clock_filter *f, double now, uint32_t n)
{
    enum { FAR_NS = 50000000 };
    double late = now - f->due, w = 2 * M_PI * 0.5 * n / PCM_RATE;     /* 0.5 Hz: settles in a second */

    if (!f->is_running || fabs(late) > FAR_NS + n * NS || w > 0.5) {
        *f = (struct clock_filter){ .is_running = true, .due = now, .speed = NS };
        late = 0;
    }
    double at = f->due;
    f->due += n * f->speed + M_SQRT2 * w * late;
    f->speed += w * w * late / n;
    return at;
}

static void publish(struct stream *s, int64_t at_ns)
{
    struct heard h = { .generation = s->generation, .v = s->v, .at_ns = at_ns,
                       .latency_ns = (int64_t)s->latency, .left_at = s->left_at };

    shared_write(&s->heard, &h, sizeof(h));
}

static bool lane_is_empty(struct lane *l)
{
    return atomic_load_explicit(&l->head, memory_order_acquire)
        == atomic_load_explicit(&l->tail, memory_order_relaxed);
}

static void lane_drop(struct lane *l)
{
    atomic_store_explicit(&l->tail, atomic_load_explicit(&l->head, memory_order_acquire),
                          memory_order_release);
}

/* How many frames may still be taken of the present run before the wanted one takes over; -1: no other is wanted or ready. */
static int64_t frames_to_change(struct stream *s)
{
    uint64_t wanted = atomic_load(&s->wanted.generation);
    int64_t join = atomic_load(&s->wanted.join);

    if (wanted == s->generation)
        return -1;
    if (atomic_load(&s->wanted.playing) && lane_is_empty(lane_of(s, wanted)))
        return -1;
    return s->playing && join > s->v ? join - s->v : 0;
}

static void change_over(struct stream *s)
{
    lane_drop(lane_of(s, s->generation));
    if (s->playing)
        s->decay = DECAY;
    s->generation = atomic_load(&s->wanted.generation);
    s->playing = atomic_load(&s->wanted.playing);
    s->left_at = s->v;
    s->v = 0;
    s->block_at = 0;
    s->has_sounded = s->is_over = false;
}

static uint32_t take(struct stream *s, float *out, uint32_t max)
{
    struct lane *l = lane_of(s, s->generation);
    uint32_t done = 0;

    while (done < max && !lane_is_empty(l)) {
        uint64_t tail = atomic_load_explicit(&l->tail, memory_order_relaxed);
        const struct block *b = &l->blocks[tail % BLOCKS];
        uint32_t n = b->n - s->block_at < max - done ? b->n - s->block_at : max - done;
        memcpy(out + done * CHANNELS, b->data + s->block_at * CHANNELS,
               n * CHANNELS * sizeof(float));
        done += n;
        if ((s->block_at += n) == b->n) {
            s->is_over = b->is_last;
            s->block_at = 0;
            atomic_store_explicit(&l->tail, tail + 1, memory_order_release);
        }
    }
    s->v += done;
    s->has_sounded |= done > 0;
    return done;
}

static void fill_silence(struct stream *s, float *out, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        float level = s->decay > 0 ? (float)s->decay-- / DECAY : 0;
        for (int c = 0; c < CHANNELS; c++)
            out[i * CHANNELS + (uint32_t)c] = s->last[c] * level;
    }
}

/* Takes what there is of the present and the next run; the rest is silence. Returns how many frames were of a track. */
static uint32_t collect(struct stream *s, float *out, uint32_t n)
{
    uint32_t done = 0;

    while (done < n) {
        int64_t left = frames_to_change(s);
        if (!left) {
            change_over(s);
            continue;
        }
        if (!s->playing)
            break;
        uint32_t want = left > 0 && left < n - done ? (uint32_t)left : n - done;
        uint32_t got = take(s, out + done * CHANNELS, want);
        done += got;
        if (got == want)
            continue;
        if (left > 0)                   /* the old run ends before the join: do not wait for it */
            atomic_store(&s->wanted.join, -1);
        else
            break;
    }
    if (done) {
        memcpy(s->last, out + (done - 1) * CHANNELS, sizeof(s->last));
        s->decay = DECAY;
    }
    fill_silence(s, out + done * CHANNELS, n - done);
    return done;
}

static void apply_gain(struct stream *s, float *out, uint32_t n)
{
    float target = atomic_load_explicit(&s->gain_wanted, memory_order_relaxed);

    for (uint32_t i = 0; i < n; i++) {
        if (s->gain != target) {
            s->gain += (target - s->gain) * 0.005f;
            if (fabsf(s->gain - target) < 1e-5f)
                s->gain = target;
        }
        for (int c = 0; c < CHANNELS; c++)
            out[i * CHANNELS + (uint32_t)c] =
                fmaxf(-1, fminf(1, out[i * CHANNELS + (uint32_t)c] * s->gain));
    }
}

/* Up to BLOCK frames; at_ns: when the first of them is heard. */
static void render_part(struct stream *s, float *out, uint32_t n, int channels, int64_t at_ns)
{
    float stereo[BLOCK * CHANNELS];
    uint64_t before = s->generation;
    uint32_t done = collect(s, stereo, n);

    if (s->playing && done < n && s->has_sounded && !s->is_over)
        atomic_fetch_add_explicit(&s->underruns, 1, memory_order_relaxed);
    if (done || s->generation != before) {
        publish(s, at_ns + (int64_t)(done * NS));
        atomic_store(&s->taken_over, s->generation);
    }
    apply_gain(s, stereo, n);
    if (channels == CHANNELS)
        memcpy(out, stereo, n * CHANNELS * sizeof(float));
    else
        for (uint32_t i = 0; i < n; i++)
            out[i] = (stereo[2 * i] + stereo[2 * i + 1]) / 2;
}

void stream_render(struct stream *s, float *out, uint32_t n, int channels, int64_t now_ns,
                   int64_t latency_ns)
{
    if (atomic_load(&s->is_silent) || !n) {
        memset(out, 0, n * (size_t)channels * sizeof(float));
        return;
    }
    double latency = fmax(0, fmin(LATENCY_MAX_MS * 1e6, (double)latency_ns));
    double at = clock_filter_run(&s->clock, (double)now_ns, n);

    s->latency = s->latency > 0 ? s->latency + (latency - s->latency) * 0.02 : latency;
    for (uint32_t done = 0; done < n;) {
        uint32_t part = n - done < BLOCK ? n - done : BLOCK;
        render_part(s, out + done * (uint32_t)channels, part, channels,
                    (int64_t)(at + s->latency + done * NS));
        done += part;
    }
    atomic_fetch_add_explicit(&s->frames, n, memory_order_relaxed);
    atomic_fetch_add_explicit(&s->callbacks, 1, memory_order_relaxed);
}
