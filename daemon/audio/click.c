#include "audio/click.h"

#include <math.h>

#include "audio/pcm.h"

enum { ATTACK = PCM_RATE / 1000, RELEASE = 4 * ATTACK };

static const struct { float hz, level, decay_s; } ticks[2] = { { 1000, 0.6f, 0.008f }, { 1600, 1, 0.010f } };     /* a beat, a downbeat */

float click_sample(int64_t i, bool is_downbeat)
{
    if (i < 0 || i >= CLICK_FRAMES)
        return 0;
    float t = (float)i / PCM_RATE;
    float x = ticks[is_downbeat].level * sinf(2 * (float)M_PI * ticks[is_downbeat].hz * t) * expf(-t / ticks[is_downbeat].decay_s);
    if (i < ATTACK)
        x *= (float)(i + 1) / (ATTACK + 1);
    if (i >= CLICK_FRAMES - RELEASE)
        x *= (float)(CLICK_FRAMES - i) / (RELEASE + 1);
    return x;
}

static int64_t beat_frame(const struct click *c, size_t i)
{
    return llround(c->beats[i] * PCM_RATE);
}

/* The first beat that is not before this frame of the track; c->n: none. */
static size_t first_beat(const struct click *c, int64_t frame)
{
    size_t lo = 0, hi = c->n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (beat_frame(c, mid) < frame)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* The tick that begins at frame `first` of the block, which may be before it. */
static void add_one(const struct click *c, int64_t first, bool is_downbeat, float *stereo, uint32_t n)
{
    int64_t end = first + CLICK_FRAMES < (int64_t)n ? first + CLICK_FRAMES : (int64_t)n;

    for (int64_t i = first > 0 ? first : 0; i < end; i++) {
        float x = c->gain * click_sample(i - first, is_downbeat);
        stereo[2 * i] += x;
        stereo[2 * i + 1] += x;
    }
}

void click_add(const struct click *c, const struct run *r, double v, double step, float *stereo, uint32_t n)
{
    if (!c->on || !c->n || !n)
        return;
    int64_t at = (int64_t)floor(v - CLICK_FRAMES * step), end = (int64_t)ceil(v + n * step), length;

    if (r->anchor + at < 0)
        at = -r->anchor;
    /* Piece by piece between two jumps of a loop; v = at lies at `frame` of the track. */
    for (; at < end; at += length) {
        int64_t frame = run_frame(r, at, &length);
        if (length <= 0)
            return;
        for (size_t i = first_beat(c, frame); i < c->n && beat_frame(c, i) < frame + length; i++) {
            int64_t beat = at + beat_frame(c, i) - frame;
            if (beat >= end)
                return;
            /* The millionth of a frame is for what the division leaves of a whole number. */
            add_one(c, (int64_t)ceil(((double)beat - v) / step - 1e-6), c->downbeats && c->downbeats[i], stereo, n);
        }
    }
}
