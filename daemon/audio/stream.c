#include "audio/stream.h"

#include <math.h>
#include <string.h>

#include "audio/chain.h"
#include "audio/meters.h"
#include "audio/stream_private.h"

#define MAGIC 0x31304d5354534d4cULL             /* "LMSTSM01" */

_Static_assert(sizeof(struct heard) <= SHARED_WORDS * 8, "");
_Static_assert(sizeof(struct chain_settings) <= SHARED_WORDS * 8, "");
_Static_assert(sizeof(struct meters_now) <= SHARED_WORDS * 8, "");
_Static_assert((STREAM_BLOCKS & (STREAM_BLOCKS - 1)) == 0 && (STREAM_COMMANDS & (STREAM_COMMANDS - 1)) == 0, "indexes are masked");

enum { LATENCY_MAX_S = 4 };

size_t stream_size(void)
{
    return sizeof(struct stream);
}

void stream_init(struct stream *mem)
{
    memset(mem, 0, sizeof(*mem));
    mem->size = sizeof(*mem);
    atomic_store(&mem->gain, 1);
    mem->magic = MAGIC;
}

bool stream_is_valid(const struct stream *mem, size_t size)
{
    return size >= sizeof(*mem) && mem->magic == MAGIC && mem->size == sizeof(*mem);
}

void stream_reset(struct stream *s)
{
    atomic_store(&s->head, 0);
    atomic_store(&s->tail, 0);
    atomic_store(&s->command_head, 0);
    atomic_store(&s->command_tail, 0);
    atomic_store(&s->is_silent, false);
    atomic_store(&s->generation, 0);
    atomic_store(&s->callbacks, 0);
    atomic_store(&s->frames, 0);
    atomic_store(&s->underruns, 0);
    atomic_store(&s->period, 0);
    atomic_store(&s->latency_ns, 0);
}

/* --- lumad's end: of what the other side writes only the tails are read, and held in bounds --- */

void stream_writer_init(struct stream_writer *w, struct stream *s)
{
    *w = (struct stream_writer){ .s = s };
    w->head = w->plan = atomic_load_explicit(&s->tail, memory_order_acquire);
    w->commands = atomic_load_explicit(&s->command_tail, memory_order_acquire);
    atomic_store_explicit(&s->head, w->head, memory_order_release);
    atomic_store_explicit(&s->command_head, w->commands, memory_order_release);
}

void stream_plan(struct stream_writer *w)
{
    w->plan = w->head;
}

uint32_t stream_ahead(const struct stream_writer *w)
{
    uint64_t n = w->head - atomic_load_explicit(&w->s->tail, memory_order_acquire);

    return n < STREAM_BLOCKS ? (uint32_t)n : STREAM_BLOCKS;
}

struct stream_block *stream_block(struct stream_writer *w)
{
    uint64_t ahead = stream_ahead(w), plan = w->head - w->plan;

    if (ahead >= STREAM_BLOCKS || (ahead < plan ? ahead : plan) >= STREAM_PLAN)
        return NULL;
    return &w->s->blocks[w->head % STREAM_BLOCKS];
}

void stream_push(struct stream_writer *w)
{
    atomic_store_explicit(&w->s->head, ++w->head, memory_order_release);
}

bool stream_command(struct stream_writer *w, const struct stream_command *c)
{
    if (w->commands - atomic_load_explicit(&w->s->command_tail, memory_order_acquire) >= STREAM_COMMANDS)
        return false;
    w->s->commands[w->commands % STREAM_COMMANDS] = *c;
    atomic_store_explicit(&w->s->command_head, ++w->commands, memory_order_release);
    return true;
}

void stream_set_gain(struct stream *s, float gain)
{
    atomic_store(&s->gain, gain);
}

void stream_set_chain(struct stream *s, const struct chain_settings *settings)
{
    shared_write(&s->chain, settings, sizeof(*settings));
}

void stream_silence(struct stream *s)
{
    atomic_store(&s->is_silent, true);
}

/* --- news --- */

uint64_t stream_generation(const struct stream *s)
{
    return atomic_load(&s->generation);
}

bool stream_heard(const struct stream *s, struct heard *h)
{
    static const double FAR = 1e12;             /* frames: 240 days */

    if (!shared_try(&s->heard, h, sizeof(*h)))
        return false;
    return h->v >= 0 && h->v < FAR && h->left_at >= 0 && h->left_at < FAR && h->step >= 0 && h->step <= 4 && h->at_ns >= 0 && h->at_ns < INT64_MAX / 2
        && h->latency_ns >= 0 && h->latency_ns <= LATENCY_MAX_S * 1000000000LL;
}

/* What is no number would make no JSON. */
static bool meters_make_sense(const struct meters_now *m)
{
    const float *levels[] = { m->peak, m->rms, m->true_peak, &m->bands[0][0], &m->lufs, &m->lufs_short, &m->lufs_integrated };
    const int n[] = { METERS_CHANNELS, METERS_CHANNELS, METERS_CHANNELS, METERS_CHANNELS * METERS_BANDS, 1, 1, 1 };

    for (int k = 0; k < 7; k++)
        for (int i = 0; i < n[k]; i++)
            if (!(fabsf(levels[k][i]) < 1000))
                return false;
    return m->seq && m->channels <= METERS_CHANNELS;
}

static bool read_meters(const struct shared *from, struct meters_now *m)
{
    if (shared_try(from, m, sizeof(*m)) && meters_make_sense(m))
        return true;
    meters_now_clear(m);
    return false;
}

bool stream_meters(const struct stream *s, struct meters_now *out, struct meters_now *in)
{
    bool is_measured = out && read_meters(&s->meters_out, out);

    return (in && read_meters(&s->meters_in, in)) || is_measured;
}

void stream_counts(const struct stream *s, struct stream_counts *c)
{
    c->callbacks = atomic_load_explicit(&s->callbacks, memory_order_relaxed);
    c->frames = atomic_load_explicit(&s->frames, memory_order_relaxed);
    c->underruns = atomic_load_explicit(&s->underruns, memory_order_relaxed);
    uint64_t period = atomic_load_explicit(&s->period, memory_order_relaxed);
    c->period = period < 65536 ? (uint32_t)period : 65536;
    uint64_t latency = atomic_load_explicit(&s->latency_ns, memory_order_relaxed);
    c->latency_ns = latency <= LATENCY_MAX_S * 1000000000ULL ? (int64_t)latency : 0;
}
