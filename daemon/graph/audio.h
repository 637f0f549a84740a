#pragma once
/*
 * Sound between nodes: no samples, but where they come from and which filters they pass, put together when the graph is compiled. What needs samples reads them
 * then: mono, at the source's rate, sample i at the instant i / rate of the track.
 *
 * A sample has one value, whoever asks and for whichever stretch: filters start anew every AUDIO_BLOCK_S seconds of the track, warmed up by what comes before
 * (half a second, longer where a filter rings longer). So tiles do not depend on each other.
 *
 * RANGES   Before the track and after it there is silence. A sample that is no number is 0, one beyond +-8 is held there.
 * THREADS  A chain is immutable; a reader belongs to one thread.
 * MEMORY   Chains live in the program's arena; reading allocates nothing.
 */
#include <stdbool.h>
#include <stdint.h>

#include "dsp/biquad.h"
#include "graph/node.h"

enum { AUDIO_SECTIONS = 16, AUDIO_BLOCK_S = 2, AUDIO_MIX = -1 };
#define AUDIO_MIN_RATE 1000.0
#define AUDIO_MAX_RATE 1e6

struct audio_section { double b0, b1, b2, a1, a2; };

struct audio_chain {
    const struct graph_audio *source;   /* its frames may be NULL: audio_expect() says so */
    int stem;                           /* enum graph_stem, or AUDIO_MIX */
    uint32_t n, warm_up;                /* warm_up: samples */
    bool is_silent;                     /* nothing passes */
    struct audio_section section[AUDIO_SECTIONS];
};

/* --- for shape(); false: the message is set --- */
/* Output `out` carries a sound of the program, unfiltered. */
bool audio_source(struct node_setup *s, unsigned out, int stem);
/* Output `out` carries what comes in at port 0, from another source but through the same filters. A used output whose source is not there is an error. */
bool audio_replace(struct node_setup *s, unsigned out, int stem);
/* Output `out` carries what comes in at port 0, behind filters; what a frequency beyond the sound's own leaves out is left out. */
enum audio_pass { AUDIO_LOW_PASS, AUDIO_HIGH_PASS };
struct audio_filter { enum audio_pass pass; double hz, q; };
bool audio_filter(struct node_setup *s, unsigned out, const struct audio_filter *filters, uint32_t n);
/* The sound at an input can be read; else the error says which job has to be run. */
bool audio_expect(struct node_setup *s, unsigned port);
bool audio_is_there(const struct audio_chain *chain);
/* Nanoseconds that `filters` cost for each of 60 samples a second; for effort(). */
uint32_t audio_effort(const struct audio_chain *chain);

/* --- for run() --- */
struct audio_reader {
    const struct audio_chain *chain;
    int64_t at, end;                    /* the next sample the state is ready for; where its block ends. end 0 and at 0: nowhere */
    bool is_on;
    double past[AUDIO_SECTIONS + 1][2]; /* what went into each section, and out of the last: one and two samples ago */
};

static inline struct audio_reader audio_open(const struct audio_chain *chain)
{
    return (struct audio_reader){ .chain = chain };
}
/* Samples from .. from + n. Forward is cheap, back within a block is not: behind filters the block begins again. */
void audio_read(struct audio_reader *r, int64_t from, uint32_t n, float *out);

/* A stretch that moves forward: neighbours share most of their sound. */
struct audio_window {
    struct audio_reader sound;
    uint32_t size;
    float *samples;                     /* [size]; the caller's */
    int64_t from; bool is_filled;
};
void audio_window_move(struct audio_window *w, int64_t from);
