#include "audio/stretch.h"

#include <math.h>
#include <rubberband/rubberband-c.h>
#include <stdlib.h>
#include <string.h>

#include "audio/pcm.h"

enum { FEED = 1024, WARM = 2048 };      /* frames fed at once, at most; of the sound before v, besides what Rubber Band asks for: a note in its first ones has its place, too */

struct stretch {
    RubberBandState rubberband;
    double rate;
    int64_t next;                       /* frame of the sound that is fed next */
    int64_t skip;                       /* frames of what comes out that are before v */
    float stereo[2 * FEED], in[2][FEED], out[2][FEED];
};

/* How late (ms) the attack of a note comes out on average, as measured with clicks, by themselves and over steady tones. */
static const struct { double rate, ms; } late[] = {
    { 0.5, -5.9 }, { 0.6, -3.9 }, { 0.7, -2.3 }, { 0.75, -1.7 }, { 0.8, -1.2 }, { 0.85, -0.75 }, { 0.9, -0.41 }, { 0.95, -0.16 },
    { 1, 0 }, { 1.05, 0.13 }, { 1.1, 0.28 }, { 1.2, 0.42 }, { 1.33, 0.5 }, { 1.5, 0.59 }, { 1.75, 0.52 }, { 2, 0.13 },
};

static double lateness(double rate)
{
    size_t n = sizeof(late) / sizeof(*late), i = 1;

    while (i < n - 1 && late[i].rate < rate)
        i++;
    double share = (rate - late[i - 1].rate) / (late[i].rate - late[i - 1].rate);
    return late[i - 1].ms + share * (late[i].ms - late[i - 1].ms);
}

struct stretch *stretch_new(void)
{
    struct stretch *s = calloc(1, sizeof(*s));
    const RubberBandOptions options = RubberBandOptionProcessRealTime | RubberBandOptionEngineFiner | RubberBandOptionThreadingNever
                                    | RubberBandOptionChannelsTogether;

    if (s && !(s->rubberband = rubberband_new(PCM_RATE, 2, options, 1, 1))) {
        free(s);
        return NULL;
    }
    if (s)
        rubberband_set_max_process_size(s->rubberband, FEED);
    return s;
}

void stretch_free(struct stretch *s)
{
    if (s)
        rubberband_delete(s->rubberband);
    free(s);
}

static void feed(struct stretch *s, stretch_fetch *fetch, void *ctx)
{
    unsigned n = rubberband_get_samples_required(s->rubberband);

    n = !n ? 64 : n < FEED ? n : FEED;
    fetch(ctx, s->next, s->stereo, n);
    for (unsigned i = 0; i < n; i++) {
        s->in[0][i] = s->stereo[2 * i];
        s->in[1][i] = s->stereo[2 * i + 1];
    }
    rubberband_process(s->rubberband, (const float *const[]){ s->in[0], s->in[1] }, n, 0);
    s->next += n;
}

/* Up to n frames of what came out, at least one. */
static unsigned take(struct stretch *s, stretch_fetch *fetch, void *ctx, uint32_t n)
{
    int there;

    while ((there = rubberband_available(s->rubberband)) <= 0)
        feed(s, fetch, ctx);
    if (n > FEED)
        n = FEED;
    return rubberband_retrieve(s->rubberband, (float *const[]){ s->out[0], s->out[1] }, (unsigned)there < n ? (unsigned)there : n);
}

void stretch_start(struct stretch *s, double rate, int64_t v, stretch_fetch *fetch, void *ctx)
{
    s->rate = rate;
    rubberband_reset(s->rubberband);
    rubberband_set_time_ratio(s->rubberband, 1 / rate);
    s->next = v - WARM - rubberband_get_preferred_start_pad(s->rubberband);
    s->skip = (int64_t)rubberband_get_start_delay(s->rubberband) + llround(WARM / rate + lateness(rate) * PCM_RATE / 1000);
    while (s->skip > 0)
        s->skip -= take(s, fetch, ctx, s->skip < FEED ? (uint32_t)s->skip : FEED);
}

void stretch_read(struct stretch *s, stretch_fetch *fetch, void *ctx, float *stereo, uint32_t n)
{
    for (uint32_t i = 0; i < n;) {
        unsigned got = take(s, fetch, ctx, n - i);
        for (unsigned k = 0; k < got; k++, i++) {
            stereo[2 * i] = s->out[0][k];
            stereo[2 * i + 1] = s->out[1][k];
        }
    }
}
