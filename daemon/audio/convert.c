#include "audio/convert.h"

#include <math.h>
#include <samplerate.h>
#include <stdlib.h>
#include <string.h>

#include "audio/pcm.h"

enum {
    PART = 4096,                        /* frames made at a time */
    REACH = 56,                         /* frames the converter looks ahead at a ratio of 1 and more (its filter is 46 of them wide on each side) */
    NUDGE = 16,
};

struct convert {
    SRC_STATE *src;
    double rate, ratio;                 /* of the device; what comes out for each that goes in */
    int channels;
    uint32_t reach, room, held;         /* frames: looked ahead, of `frames`, in `frames` */
    uint64_t taken, made;
    float *frames;                      /* at 48 kHz */
};

static struct convert *make(double rate, double ratio, int channels, uint32_t room)
{
    struct convert *c = calloc(1, sizeof(*c));
    int e;

    if (!c || !(rate >= 4000 && rate <= 768000) || channels < 1 || channels > 2) {
        free(c);
        return NULL;
    }
    *c = (struct convert){ .rate = rate, .ratio = ratio, .channels = channels, .room = room };
    c->reach = (uint32_t)ceil(REACH / fmin(1, ratio));
    c->frames = calloc(room, (size_t)channels * sizeof(float));
    c->src = src_new(SRC_SINC_MEDIUM_QUALITY, channels, &e);
    if (c->frames && c->src && !src_set_ratio(c->src, ratio))
        return c;
    convert_free(c);
    return NULL;
}

struct convert *convert_new(double rate, int channels)
{
    double ratio = rate / PCM_RATE, reach = REACH / fmin(1, ratio);

    return make(rate, ratio, channels, (uint32_t)fmin(1e6, ceil(PART / ratio + 2 * reach)) + 8 * NUDGE);
}

struct convert *convert_new_input(double rate, int channels)
{
    return make(rate, PCM_RATE / rate, channels, PART);
}

void convert_free(struct convert *c)
{
    if (!c)
        return;
    if (c->src)
        src_delete(c->src);
    free(c->frames);
    free(c);
}

/* Thread: audio (real time). */
static void top_up(struct convert *c, double wanted, void (*fill)(void *, float *, uint32_t, int64_t), void *ctx)
{
    uint32_t n = wanted > 0 ? (uint32_t)ceil(wanted) : 0;
    double ahead = (double)c->taken / PCM_RATE - (double)c->made / c->rate;

    if (n > c->room - c->held)
        n = c->room - c->held;
    if (!n)
        return;
    fill(ctx, c->frames + c->held * (uint32_t)c->channels, n, (int64_t)(ahead * 1e9));
    c->held += n;
    c->taken += n;
}

static uint32_t turn(struct convert *c, float *out, uint32_t n)
{
    SRC_DATA d = { .data_in = c->frames, .input_frames = (long)c->held, .data_out = out, .output_frames = (long)n, .src_ratio = c->ratio };

    if (src_process(c->src, &d) || d.output_frames_gen < 0)
        return 0;
    c->held -= (uint32_t)d.input_frames_used;
    memmove(c->frames, c->frames + (uint32_t)d.input_frames_used * (uint32_t)c->channels, c->held * (size_t)c->channels * sizeof(float));
    c->made += (uint64_t)d.output_frames_gen;
    return (uint32_t)d.output_frames_gen;
}

void convert_run(struct convert *c, float *out, uint32_t n, void (*fill)(void *ctx, float *frames, uint32_t n, int64_t ahead_ns), void *ctx)
{
    for (uint32_t done = 0; done < n;) {
        uint32_t part = n - done < PART ? n - done : PART;
        top_up(c, (double)(c->made + part) / c->ratio + c->reach - (double)c->taken, fill, ctx);
        for (int tries = 0; part && tries < 8; tries++) {
            uint32_t got = turn(c, out + done * (uint32_t)c->channels, part);
            done += got;
            part -= got;
            if (part)
                top_up(c, NUDGE, fill, ctx);
        }
        if (part) {                     /* it refuses to go on: silence rather than a loop without an end */
            memset(out + done * (uint32_t)c->channels, 0, part * (size_t)c->channels * sizeof(float));
            done += part;
        }
    }
}

void convert_push(struct convert *c, const float *in, uint32_t n, void (*take)(void *ctx, const float *frames, uint32_t n), void *ctx)
{
    for (uint32_t done = 0; done < n;) {
        SRC_DATA d = { .data_in = in + done * (uint32_t)c->channels, .input_frames = (long)(n - done), .data_out = c->frames,
                       .output_frames = (long)c->room, .src_ratio = c->ratio };
        if (src_process(c->src, &d) || (!d.input_frames_used && !d.output_frames_gen))
            return;
        done += (uint32_t)d.input_frames_used;
        if (d.output_frames_gen > 0)
            take(ctx, c->frames, (uint32_t)d.output_frames_gen);
    }
}
