#pragma once
/*
 * What the demo's instruments are made of: buses, noise, oscillator, filter; echo, reverb and limiter over a whole bus. For demo_worker.c alone, one
 * thread, offline.
 */
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define RATE 48000.0
#define TWO_PI 6.283185307179586

struct bus { float *l, *r; };           /* one sample per frame */

static size_t frames;                   /* length of the track */
static struct bus drums, music, echo, room;
static float *duck;                     /* side-chain gain of the music */
static uint32_t noise_state = 0x2545F491u;

static float noise(void)                /* xorshift32, -1..1 */
{
    noise_state ^= noise_state << 13;
    noise_state ^= noise_state >> 17;
    noise_state ^= noise_state << 5;
    return (float)((double)noise_state / 2147483648.0 - 1.0);
}

static double midi_hz(double midi) { return 440.0 * pow(2.0, (midi - 69.0) / 12.0); }
static double clamp01(double v) { return v < 0 ? 0 : v > 1 ? 1 : v; }

static void bus_add(struct bus *b, size_t i, double v, double pan)       /* pan -1..1 */
{
    b->l[i] += (float)(v * (1 - pan) * 0.5 * 1.414);
    b->r[i] += (float)(v * (1 + pan) * 0.5 * 1.414);
}

/* First and last frame of a sound, kept inside the track. */
static size_t frame_at(double seconds)
{
    double f = seconds * RATE + 0.5;
    return f < 0 ? 0 : f > (double)frames ? frames : (size_t)f;
}

/* Band-limited saw (polyBLEP); `phase` 0..1 runs on. */
static double saw(double *phase, double hz)
{
    double dt = hz / RATE, p = *phase, v = 2 * p - 1;
    if (p < dt) {
        double x = p / dt;
        v -= x + x - x * x - 1;
    } else if (p > 1 - dt) {
        double x = (p - 1) / dt;
        v -= x * x + x + x + 1;
    }
    if ((*phase += dt) >= 1)
        *phase -= 1;
    return v;
}

/* State-variable filter (Zavalishin's trapezoidal form): stable while the cutoff moves. */
struct svf { double s1, s2, low, band, high; };
static void svf_run(struct svf *f, double in, double hz, double damping)
{
    double g = tan(TWO_PI / 2 * fmin(hz, 20000.0) / RATE), h = 1 / (1 + g * (g + damping));
    f->high = h * (in - (damping + g) * f->s1 - f->s2);
    f->band = g * f->high + f->s1;
    f->s1 = g * f->high + f->band;
    f->low = g * f->band + f->s2;
    f->s2 = g * f->band + f->low;
}

static bool bus_new(struct bus *b)
{
    b->l = calloc(frames + 4, sizeof *b->l);
    b->r = calloc(frames + 4, sizeof *b->r);
    return b->l && b->r;
}

static void bus_clear(struct bus *b)
{
    free(b->l);
    free(b->r);
}

static void run_echo(double seconds)    /* left and right in turn */
{
    size_t d = (size_t)(seconds * RATE);
    for (size_t i = d; i < frames; i++) {
        float l = echo.l[i], r = echo.r[i];
        echo.l[i] = l + 0.48f * echo.r[i - d];
        echo.r[i] = r + 0.48f * echo.l[i - d];
        music.l[i] += echo.l[i] - l;
        music.r[i] += echo.r[i] - r;
    }
}

/* One channel of a Schroeder-Moorer reverb: eight damped combs in parallel, four all-passes in series; lengths as in Jezar's Freeverb, for 48 kHz. */
static bool run_room(float *x, size_t spread)
{
    static const size_t comb_len[8] = { 1215, 1293, 1390, 1476, 1548, 1623, 1695, 1760 }, pass_len[4] = { 605, 480, 371, 245 };
    float *mem = calloc(8 * 2048 + 4 * 1024, sizeof *mem), damp[8] = { 0 };
    size_t comb_at[8] = { 0 }, pass_at[4] = { 0 };
    if (!mem)
        return false;
    for (size_t i = 0; i < frames; i++) {
        float sum = 0;
        for (int c = 0; c < 8; c++) {
            float *cell = &mem[c * 2048 + comb_at[c]];
            damp[c] = 0.72f * *cell + 0.28f * damp[c];
            sum += *cell;
            *cell = x[i] + 0.86f * damp[c];
            comb_at[c] = (comb_at[c] + 1) % (comb_len[c] + spread);
        }
        for (int a = 0; a < 4; a++) {
            float *cell = &mem[8 * 2048 + a * 1024 + pass_at[a]], was = *cell;
            *cell = sum + 0.5f * was;
            sum = was - 0.5f * *cell;
            pass_at[a] = (pass_at[a] + 1) % (pass_len[a] + spread);
        }
        x[i] = 0.18f * sum;
    }
    free(mem);
    return true;
}

/* Buses -> drums bus. Peaks are held under -1 dBFS by a limiter that looks 2 to 3 ms ahead. */
static void master(void)
{
    enum { BLOCK = 48 };
    const double ceiling = 0.89;
    double gain = 1, low_l = 0, low_r = 0, k = TWO_PI * 24 / RATE;
    for (size_t i = 0; i < frames; i++) {
        double g = duck[i], l = drums.l[i] + g * (music.l[i] + room.l[i]), r = drums.r[i] + g * (music.r[i] + room.r[i]);
        double fade = clamp01((double)(frames - i) / RATE / 1.2);
        low_l += k * (l - low_l), low_r += k * (r - low_r);
        drums.l[i] = (float)(1.30 * fade * (l - low_l));
        drums.r[i] = (float)(1.30 * fade * (r - low_r));
    }
    float *peak = music.l;                      /* of each block; the bus has been mixed */
    size_t blocks = (frames + BLOCK - 1) / BLOCK;
    memset(peak, 0, (blocks + 3) * sizeof *peak);
    for (size_t i = 0; i < frames; i++)
        peak[i / BLOCK] = fmaxf(peak[i / BLOCK], fmaxf(fabsf(drums.l[i]), fabsf(drums.r[i])));
    for (size_t i = 0; i < frames; i++) {
        const float *p = &peak[i / BLOCK];
        double loud = fmaxf(fmaxf(p[0], p[1]), p[2]), want = loud > ceiling ? ceiling / loud : 1;
        gain += (want - gain) * (want < gain ? 0.06 : 0.0002);
        drums.l[i] = (float)fmax(-ceiling, fmin(ceiling, gain * drums.l[i]));
        drums.r[i] = (float)fmax(-ceiling, fmin(ceiling, gain * drums.r[i]));
    }
}
