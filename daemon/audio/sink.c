#include "audio/sink.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#ifdef __SSE__
#include <xmmintrin.h>
#endif

#include "audio/chain.h"
#include "audio/meters.h"
#include "audio/pcm.h"
#include "audio/stream_private.h"

enum {
    LATENCY_MAX_MS = 2000,              /* devices report 0 and 89478480 ms alike */
    DECAY = 96,                         /* frames in which the last sample dies away: no click */
    QUIET = 4 * PCM_RATE,               /* meters, which hear 3 s, have come down then */
    METERS_EVERY = PCM_RATE / 50,
    RAMP = STREAM_RAMP, CHANNELS = STREAM_CHANNELS,
};
#define NEVER UINT32_MAX

static const double NS = 1e9 / PCM_RATE;

/*
 * The instants at which callbacks are due, smoothed: a delay-locked loop of second order (F. Adriaensen, "Using a DLL to filter time",
 * 2005), since a callback may come milliseconds late and the light should not stumble with it.
 */
struct clock_filter { bool is_running; double due, speed; };     /* ns; ns per frame */

struct sink {
    struct stream *s;
    uint64_t tail, command_tail;        /* this side's own; the stream has copies */

    uint64_t generation, left;
    bool playing, has_sounded, is_over;
    uint32_t block_at;                  /* frames taken of the block at the tail */
    double v, step, left_at;            /* v: of the next frame */
    float track_gain;

    struct stream_command command;
    bool has_command;
    float fade[RAMP * CHANNELS];        /* what the ramp comes from */
    uint32_t fade_at;                   /* RAMP: none */
    float last[CHANNELS];
    uint32_t decay, quiet;

    float gain;
    uint64_t chain_seen;
    struct clock_filter clock;
    double latency, before;             /* ns; before: when the last buffer was due */
    double due, heard;                  /* of this buffer's first frame */
    uint32_t at;                        /* frames of this buffer that are done */
    uint32_t out_unread, in_unread;     /* frames measured since meters were last told */
    struct meters *meters_out, *meters_in;
    struct chain chain;
};

struct sink *sink_new(struct stream *shared)
{
    struct sink *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    memset(s, 0, sizeof(*s));           /* touches every page */
    s->s = shared;
    s->meters_out = meters_new();
    s->meters_in = meters_new();
    if (!s->meters_out || !s->meters_in) {
        sink_free(s);
        return NULL;
    }
    chain_init(&s->chain, PCM_RATE);
    s->gain = atomic_load(&shared->gain);
    s->track_gain = 1;
    s->quiet = QUIET;
    sink_reset(s);
    return s;
}

void sink_free(struct sink *s)
{
    if (!s)
        return;
    meters_free(s->meters_out);
    meters_free(s->meters_in);
    free(s);
}

void sink_reset(struct sink *s)
{
    s->tail = atomic_load(&s->s->tail);
    s->command_tail = atomic_load(&s->s->command_tail);
    s->generation = s->left = 0;
    s->playing = s->has_sounded = s->is_over = s->has_command = false;
    s->block_at = s->decay = 0;
    s->v = s->left_at = s->latency = 0;
    s->step = 1;
    s->fade_at = RAMP;
    s->clock = (struct clock_filter){ 0 };
}

/* --- blocks --- */

static uint64_t head_of(struct sink *s)
{
    return atomic_load_explicit(&s->s->head, memory_order_acquire);
}

static const struct stream_block *block_at(struct sink *s, uint64_t i)
{
    return &s->s->blocks[i % STREAM_BLOCKS];
}

static void drop_block(struct sink *s)
{
    s->block_at = 0;
    atomic_store_explicit(&s->s->tail, ++s->tail, memory_order_release);
}

static void begin_run(struct sink *s, uint64_t generation)
{
    s->left = s->generation;
    s->left_at = s->v;
    s->generation = generation;
    s->is_over = s->has_sounded = false;
}

/* The next block of what plays, or of what joins it; NULL: there is none (yet). */
static const struct stream_block *next_block(struct sink *s)
{
    while (s->playing && s->tail != head_of(s)) {
        const struct stream_block *b = block_at(s, s->tail);
        if (b->generation > s->generation && !b->joins)
            return NULL;                /* waits for its command */
        if (b->generation > s->generation) {
            begin_run(s, b->generation);
            s->v = b->v;
        }
        if (b->generation == s->generation && b->n)
            return b;
        s->is_over |= b->generation == s->generation && b->is_last;
        drop_block(s);
    }
    return NULL;
}

/* Copies up to max frames of sound. */
static uint32_t take_sound(struct sink *s, float *out, uint32_t max)
{
    uint32_t done = 0;

    while (done < max) {
        const struct stream_block *b = next_block(s);
        if (!b)
            break;
        uint32_t left = b->n - s->block_at, n = left < max - done ? left : max - done;
        memcpy(out + done * CHANNELS, b->data + s->block_at * CHANNELS, n * CHANNELS * sizeof(float));
        done += n;
        s->block_at += n;
        s->step = b->step;
        s->v = b->v + s->block_at * b->step;
        s->track_gain = b->track_gain;
        s->has_sounded = true;
        if (s->block_at == b->n) {
            s->is_over = b->is_last;
            drop_block(s);
        }
    }
    return done;
}

/* n frames of what plays and what is being left, as they are to be heard. Returns how many were of a track. */
static uint32_t take(struct sink *s, float *out, uint32_t n)
{
    uint32_t got = take_sound(s, out, n);

    for (uint32_t i = 0; i < got * CHANNELS; i++)
        out[i] = isfinite(out[i]) ? out[i] : 0;
    if (got) {
        memcpy(s->last, out + (got - 1) * CHANNELS, sizeof(s->last));
        s->decay = DECAY;
    }
    for (uint32_t i = got; i < n; i++) {
        float level = s->decay ? (float)--s->decay / DECAY : 0;
        for (int c = 0; c < CHANNELS; c++)
            out[i * CHANNELS + (uint32_t)c] = level > 0 ? s->last[c] * level : 0;
    }
    for (uint32_t i = 0; i < n && s->fade_at < RAMP; i++, s->fade_at++) {
        float g = (float)(s->fade_at + 1) / RAMP;
        for (uint32_t c = 0; c < CHANNELS; c++)
            out[i * CHANNELS + c] = s->fade[s->fade_at * CHANNELS + c] * (1 - g) + out[i * CHANNELS + c] * g;
    }
    return got;
}

/* --- commands --- */

static bool next_command(struct sink *s)
{
    if (s->has_command)
        return true;
    if (s->command_tail == atomic_load_explicit(&s->s->command_head, memory_order_acquire))
        return false;
    s->command = s->s->commands[s->command_tail % STREAM_COMMANDS];
    atomic_store_explicit(&s->s->command_tail, ++s->command_tail, memory_order_release);
    return s->has_command = true;
}

static bool is_there(struct sink *s, uint64_t generation)
{
    uint64_t head = head_of(s);

    for (uint64_t i = s->tail; i != head; i++)
        if (block_at(s, i)->generation == generation)
            return true;
    return false;
}

/* In how many frames from here the command takes effect, by its own clock; negative: it should have. */
static double frames_to(struct sink *s, const struct stream_command *c)
{
    switch (c->when) {
    case WHEN_FRAME:
        if (!s->playing || s->generation > c->of)
            return 0;
        if (s->generation < c->of)
            return NEVER;
        if (!next_block(s))             /* the old run has no more: do not wait for the rest of it */
            return 0;
        if (s->generation != c->of)     /* another has joined it just here */
            return 0;
        return ceil((c->v - s->v) / (s->step > 0 ? s->step : 1) - 1e-9);
    case WHEN_HEARD:
        return round(((double)c->at_ns - s->heard) / NS) - s->at;
    case WHEN_DUE:
        break;
    }
    return round(((double)c->at_ns - s->before) / NS) - s->at;
}

/* Frames that still sound as they do before the change; NEVER: none within n. *late: by how many it should have come sooner. */
static uint32_t frames_to_change(struct sink *s, uint32_t n, uint32_t *late)
{
    if (!next_command(s))
        return NEVER;
    double frames = frames_to(s, &s->command);
    *late = frames < 0 ? (uint32_t)fmin(-frames, STREAM_BLOCK * STREAM_PLAN) : 0;
    if (frames >= n || (s->command.type == COMMAND_CUT && !is_there(s, s->command.generation)))
        return NEVER;
    return frames > 0 ? (uint32_t)frames : 0;
}

static void change(struct sink *s, uint32_t late)
{
    const struct stream_command *c = &s->command;
    double left_at = s->v;
    uint64_t left = s->generation;
    uint64_t head = head_of(s);
    float old[RAMP * CHANNELS];

    if (c->ramp) {
        take(s, old, RAMP);
        memcpy(s->fade, old, sizeof(old));
        s->fade_at = 0;
        s->decay = 0;
    }
    while (s->tail != head && block_at(s, s->tail)->generation < c->generation)
        drop_block(s);
    s->generation = left;               /* the ramp took of what comes behind the change */
    s->v = left_at;
    begin_run(s, c->generation);
    s->playing = c->type == COMMAND_CUT;
    s->has_command = false;
    const struct stream_block *b = next_block(s);
    s->v = b ? b->v : 0;
    if (c->when != WHEN_DUE)            /* keeps in step with what it was to begin at */
        for (float skipped[STREAM_BLOCK * CHANNELS]; late;) {
            uint32_t n = take_sound(s, skipped, late < STREAM_BLOCK ? late : STREAM_BLOCK);
            if (!n)
                break;
            late -= n;
        }
}

/* --- a part of a buffer --- */

static void publish(struct sink *s, uint32_t at)
{
    struct heard h = { .generation = s->generation, .v = s->v, .step = s->step, .left = s->left, .left_at = s->left_at,
                       .latency_ns = (int64_t)(s->heard - s->due), .at_ns = (int64_t)(s->heard + (s->at + at) * NS) };

    shared_write(&s->s->heard, &h, sizeof(h));
    atomic_store(&s->s->generation, s->generation);
}

/* n <= STREAM_BLOCK frames, through changes where they fall. Returns whether anything may be heard. */
static bool collect(struct sink *s, float *out, uint32_t n)
{
    uint64_t before = s->generation;
    uint32_t done = 0, at = 0, late = 0;        /* at: behind the last frame of a track */
    bool has_news = false, sounds = s->fade_at < RAMP || s->decay;

    while (done < n) {
        uint32_t until = frames_to_change(s, n - done, &late);
        if (!until) {
            change(s, late);
            at = done;
            has_news = sounds = true;
            continue;
        }
        uint32_t part = until < n - done ? until : n - done;
        uint32_t got = take(s, out + done * CHANNELS, part);
        if (got)
            at = done + got;
        has_news |= got > 0;
        if (got < part && s->playing && s->has_sounded && !s->is_over)
            atomic_fetch_add_explicit(&s->s->underruns, 1, memory_order_relaxed);
        done += part;
        s->at += part;
    }
    s->at -= n;
    if (has_news || s->generation != before)
        publish(s, at);
    return sounds || has_news;
}

static void apply_gain(struct sink *s, float *out, uint32_t n)
{
    float target = atomic_load_explicit(&s->s->gain, memory_order_relaxed);

    if (s->gain == 1 && target == 1)
        return;
    for (uint32_t i = 0; i < n; i++) {
        if (s->gain != target) {
            s->gain += (target - s->gain) * 0.005f;
            if (fabsf(s->gain - target) < 1e-5f)
                s->gain = target;
        }
        for (uint32_t c = 0; c < CHANNELS; c++)
            out[i * CHANNELS + c] *= s->gain;
    }
}

static void tell_meters(struct meters *m, struct shared *to, uint32_t *unread, uint32_t n)
{
    struct meters_now now;

    if ((*unread += n) < METERS_EVERY)
        return;
    *unread = 0;
    meters_read(m, &now);
    shared_write(to, &now, sizeof(now));
}

static void put_out(float *out, const float *stereo, uint32_t n, int channels)
{
    if (channels == CHANNELS) {
        memcpy(out, stereo, n * CHANNELS * sizeof(float));
        return;
    }
    for (uint32_t i = 0; i < n; i++)
        for (int c = 0; c < channels; c++)
            out[i * (uint32_t)channels + (uint32_t)c] = channels == 1 ? (stereo[2 * i] + stereo[2 * i + 1]) / 2 : c < 2 ? stereo[2 * i + (uint32_t)c] : 0;
}

static void run_part(struct sink *s, float *out, uint32_t n, int channels)
{
    float stereo[STREAM_BLOCK * CHANNELS];

    bool was_asleep = s->quiet >= QUIET;

    s->quiet = collect(s, stereo, n) ? 0 : s->quiet < QUIET ? s->quiet + n : QUIET;
    if (was_asleep && !s->quiet)
        meters_restart(s->meters_out);
    if (s->quiet < QUIET) {
        chain_run(&s->chain, stereo, n, s->track_gain);
        apply_gain(s, stereo, n);
        meters_run(s->meters_out, stereo, n, CHANNELS);
        tell_meters(s->meters_out, &s->s->meters_out, &s->out_unread, n);
    } else {
        s->gain = atomic_load_explicit(&s->s->gain, memory_order_relaxed);     /* nothing sounds that could click, and what begins is not as loud as it was before */
    }
    put_out(out, stereo, n, channels);
}

/* --- a buffer --- */

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

static void set_chain(struct sink *s)
{
    struct chain_settings wanted;
    uint64_t written = atomic_load_explicit(&s->s->chain.written, memory_order_acquire);

    if (written == s->chain_seen || !shared_try(&s->s->chain, &wanted, sizeof(wanted)))
        return;
    s->chain_seen = written;
    chain_set(&s->chain, &wanted);
}

/* Filters that die away would end in numbers so small that processors take a hundred times as long for them. */
static unsigned flush_denormals(void)
{
#if defined(__SSE__)
    unsigned was = _mm_getcsr();
    _mm_setcsr(was | 0x8040);           /* FTZ, DAZ */
    return was;
#elif defined(__aarch64__)
    uint64_t was;
    __asm__ volatile("mrs %0, fpcr" : "=r"(was));
    __asm__ volatile("msr fpcr, %0" : : "r"(was | 1u << 24));
    return (unsigned)was;
#else
    return 0;
#endif
}

static void restore_denormals(unsigned was)
{
#if defined(__SSE__)
    _mm_setcsr(was);
#elif defined(__aarch64__)
    __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)was));
#else
    (void)was;
#endif
}

void sink_run(struct sink *s, float *out, uint32_t n, int channels, int64_t now_ns, int64_t latency_ns)
{
    if (atomic_load(&s->s->is_silent) || !n) {
        memset(out, 0, n * (size_t)channels * sizeof(float));
        return;
    }
    unsigned fp = flush_denormals();
    double latency = fmax(0, fmin(LATENCY_MAX_MS * 1e6, (double)latency_ns));
    bool is_first = !s->clock.is_running;

    s->before = s->due;
    s->due = clock_filter_run(&s->clock, (double)now_ns, n);
    if (is_first)
        s->before = s->due - n * NS;
    s->latency = s->latency > 0 ? s->latency + (latency - s->latency) * 0.02 : latency;
    set_chain(s);
    s->heard = s->due + s->latency + chain_latency(&s->chain) * NS;
    for (s->at = 0; s->at < n;) {
        uint32_t part = n - s->at < STREAM_BLOCK ? n - s->at : STREAM_BLOCK;
        run_part(s, out + s->at * (uint32_t)channels, part, channels);
        s->at += part;
    }
    atomic_store_explicit(&s->s->period, n, memory_order_relaxed);
    atomic_store_explicit(&s->s->latency_ns, (uint64_t)(s->heard - s->due), memory_order_relaxed);
    atomic_fetch_add_explicit(&s->s->frames, n, memory_order_relaxed);
    atomic_fetch_add_explicit(&s->s->callbacks, 1, memory_order_relaxed);
    restore_denormals(fp);
}

void sink_input(struct sink *s, const float *in, uint32_t n, int channels)
{
    unsigned fp = flush_denormals();

    meters_run(s->meters_in, in, n, channels);
    tell_meters(s->meters_in, &s->s->meters_in, &s->in_unread, n);
    restore_denormals(fp);
}
