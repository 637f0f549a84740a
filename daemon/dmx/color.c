#include "dmx/color.h"

#include <math.h>

#include "dsp/dmath.h"

/* What each additive emitter looks like, as device rgb. */
static const float emitter_rgb[EMITTERS][3] = {
    [EMIT_RED] = { 1, 0, 0 },           [EMIT_GREEN] = { 0, 1, 0 },         [EMIT_BLUE] = { 0, 0, 1 },
    [EMIT_WHITE] = { 1, 1, 1 },         [EMIT_COLD] = { .85f, .92f, 1 },    [EMIT_WARM] = { 1, .75f, .45f },
    [EMIT_AMBER] = { 1, .6f, 0 },       [EMIT_LIME] = { .7f, 1, 0 },        [EMIT_INDIGO] = { .3f, 0, 1 },
    [EMIT_CYAN] = { 0, 1, 1 },          [EMIT_MAGENTA] = { 1, 0, 1 },       [EMIT_YELLOW] = { 1, 1, 0 },
};

#define BIT(e) (1u << (e))
static const uint32_t rgb_mask = BIT(EMIT_RED) | BIT(EMIT_GREEN) | BIT(EMIT_BLUE);
static const uint32_t cmy_mask = BIT(EMIT_CYAN) | BIT(EMIT_MAGENTA) | BIT(EMIT_YELLOW);
static const uint32_t warm_mask = BIT(EMIT_WARM) | BIT(EMIT_AMBER);
static const uint32_t cold_mask = BIT(EMIT_WHITE) | BIT(EMIT_COLD);

static float clamp01(float v)
{
    return v > 0 ? v < 1 ? v : 1 : 0;
}

enum mix mix_choose(uint32_t mask)
{
    uint32_t light = mask & ~BIT(EMIT_UV);

    if (!mask)
        return MIX_NONE;
    if ((mask & rgb_mask) == rgb_mask)
        return MIX_RGB;
    if ((mask & cmy_mask) == cmy_mask)
        return MIX_CMY;
    if (mask & BIT(EMIT_HUE))
        return mask & BIT(EMIT_LIGHTNESS) ? MIX_HSL : MIX_HSV;
    if (!(light & (light - 1)))
        return MIX_ONE;
    if (!(light & ~(warm_mask | cold_mask)) && (light & warm_mask) && (light & cold_mask))
        return MIX_TUNABLE;
    if (!(light & ~cold_mask) || !(light & ~warm_mask))
        return MIX_ONE;         /* whites of one kind: no colour to follow */
    return MIX_PARTIAL;
}

/* The most of emitter e that fits in `rest`. */
static float fit(const float rest[3], enum emitter e)
{
    float most = 1;

    for (int i = 0; i < 3; i++)
        if (emitter_rgb[e][i] > 0 && rest[i] < most * emitter_rgb[e][i])
            most = rest[i] / emitter_rgb[e][i];
    return most > 0 ? most : 0;
}

/* White on hue h with m = min(h), by the fixture's white_mode (light-model 6). Returns W; `rest` becomes what R, G and B still give. */
static float white(enum white_mode mode, float rest[3])
{
    float m = fminf(rest[0], fminf(rest[1], rest[2])), w;

    switch (mode) {
    case WHITE_BRIGHT:
        w = m < .5f ? m / (1 - m) : 1;
        for (int i = 0; i < 3; i++)
            rest[i] = clamp01(rest[i] * (1 + w) - w);
        return w;
    case WHITE_EXTRACT:
        for (int i = 0; i < 3; i++)
            rest[i] -= m;
        return m;
    case WHITE_ADD:
        return m;
    case WHITE_OFF:
        break;
    }
    return 0;
}

static void mix_rgb(uint32_t mask, enum white_mode mode, const float h[3], float k, float out[EMITTERS])
{
    float rest[3] = { h[0], h[1], h[2] };
    bool neutral = mask & (BIT(EMIT_WHITE) | BIT(EMIT_COLD));

    if (neutral)                /* a cold white is the white of fixtures that have no other */
        out[EMIT_WHITE] = white(mode, rest) * k;
    if (mask & BIT(EMIT_COLD))
        out[EMIT_COLD] = out[EMIT_WHITE];
    if ((mask & BIT(EMIT_WARM)) && !neutral)
        out[EMIT_WARM] = white(mode, rest) * k;
    for (int e = neutral ? EMIT_WARM : EMIT_AMBER; e <= EMIT_YELLOW; e++) {
        if (!(mask & BIT(e)))
            continue;
        float a = fit(rest, (enum emitter)e);
        if (e == EMIT_WARM && mode == WHITE_OFF)
            a = 0;
        for (int i = 0; i < 3; i++)
            rest[i] = clamp01(rest[i] - a * emitter_rgb[e][i]);
        out[e] = a * k;
    }
    for (int i = 0; i < 3; i++)
        out[EMIT_RED + i] = rest[i] * k;
}

static void mix_hue(const float h[3], float k, bool lightness, float out[EMITTERS])
{
    float max = fmaxf(h[0], fmaxf(h[1], h[2])), min = fminf(h[0], fminf(h[1], h[2])), c = max - min, hue = 0;

    if (c > 0) {
        if (max == h[0])
            hue = (h[1] - h[2]) / c;
        else if (max == h[1])
            hue = (h[2] - h[0]) / c + 2;
        else
            hue = (h[0] - h[1]) / c + 4;
        hue = hue < 0 ? (hue + 6) / 6 : hue / 6;
    }
    out[EMIT_HUE] = hue;
    out[EMIT_VALUE] = max * k;
    out[EMIT_LIGHTNESS] = (max + min) / 2 * k;
    if (!lightness) {
        out[EMIT_SATURATION] = max > 0 ? c / max : 0;
    } else {                    /* of h * k, so that lightness 0..1 is reached on the way */
        float l = out[EMIT_LIGHTNESS], span = 1 - fabsf(2 * l - 1);
        out[EMIT_SATURATION] = span > 0 ? clamp01(c * k / span) : 0;
    }
}

static void mix_tunable(uint32_t mask, const float h[3], float k, float out[EMITTERS])
{
    float warm = clamp01((h[0] - h[2]) / (emitter_rgb[EMIT_WARM][0] - emitter_rgb[EMIT_WARM][2]));

    for (int e = EMIT_WHITE; e <= EMIT_AMBER; e++)      /* the stronger side full, so that no brightness is lost */
        if (mask & BIT(e))
            out[e] = k * fminf(1, BIT(e) & warm_mask ? 2 * warm : 2 * (1 - warm));
}

void mix_run(enum mix mix, uint32_t mask, enum white_mode mode, const float h[3], float k, float out[EMITTERS])
{
    switch (mix) {
    case MIX_NONE:
        break;
    case MIX_RGB:
        out[EMIT_UV] = 0;       /* ultraviolet is never part of a colour */
        mix_rgb(mask, mode, h, k, out);
        break;
    case MIX_CMY:
        for (int e = 0; e < EMITTERS; e++)
            out[e] = 0;
        for (int i = 0; i < 3; i++)
            out[EMIT_CYAN + i] = 1 - clamp01(h[i] * k);
        break;
    case MIX_HSV:
    case MIX_HSL:
        for (int e = 0; e < EMITTERS; e++)
            out[e] = 0;
        mix_hue(h, k, mix == MIX_HSL, out);
        break;
    case MIX_TUNABLE:
        out[EMIT_UV] = 0;
        mix_tunable(mask, h, k, out);
        break;
    case MIX_ONE:
        for (int e = 0; e < EMITTERS; e++)
            out[e] = k;
        if (mask & ~BIT(EMIT_UV))
            out[EMIT_UV] = 0;
        break;
    case MIX_PARTIAL:
        out[EMIT_UV] = 0;
        for (int e = 0; e <= EMIT_YELLOW; e++)
            out[e] = fit(h, (enum emitter)e) * k;
        break;
    }
}

/* --- and back --- */

static float largest(const float v[3])
{
    return fmaxf(v[0], fmaxf(v[1], v[2]));
}

/* The largest component of what is left beside the white is k in mode `bright`: h = 1 gives 1 * (1 + w) - w. */
static void read_rgb(uint32_t mask, enum white_mode mode, const float in[EMITTERS], float rgb[3])
{
    bool neutral = mask & (BIT(EMIT_WHITE) | BIT(EMIT_COLD));
    float w = neutral ? in[mask & BIT(EMIT_WHITE) ? EMIT_WHITE : EMIT_COLD] : in[EMIT_WARM];

    for (int i = 0; i < 3; i++) {
        rgb[i] = in[EMIT_RED + i];
        for (int e = neutral ? EMIT_WARM : EMIT_AMBER; e <= EMIT_YELLOW; e++)
            if (mask & BIT(e))
                rgb[i] += in[e] * emitter_rgb[e][i];
    }
    float k = largest(rgb), share = k > 0 ? fminf(1, w / k) : 0;
    for (int i = 0; i < 3; i++) {
        if (mode == WHITE_EXTRACT || !(k > 0))
            rgb[i] += w;
        else if (mode == WHITE_BRIGHT)
            rgb[i] = (rgb[i] + share * k) / (1 + share);
    }
}

static void read_hue(uint32_t mask, const float in[EMITTERS], bool lightness, float rgb[3])
{
    float s = mask & BIT(EMIT_SATURATION) ? in[EMIT_SATURATION] : 1, max = mask & BIT(EMIT_VALUE) ? in[EMIT_VALUE] : 1, c = max * s;

    if (lightness) {
        c = s * (1 - fabsf(2 * in[EMIT_LIGHTNESS] - 1));
        max = in[EMIT_LIGHTNESS] + c / 2;
    }
    for (int i = 0; i < 3; i++) {       /* red, green and blue are the peaks at 0, 2 and 4 sixths */
        float away = fabsf(in[EMIT_HUE] * 6 - (float)(2 * i));
        away = away > 3 ? 6 - away : away;
        rgb[i] = max - c * clamp01(away - 1);
    }
}

/* Each emitter as it looks; ultraviolet as the violet that is seen of it. */
static float read_seen(const float in[EMITTERS], float rgb[3])
{
    static const float violet[3] = { .5f, 0, 1 };
    float k = 0;

    rgb[0] = rgb[1] = rgb[2] = 0;
    for (int e = 0; e < EMITTERS; e++) {
        k = fmaxf(k, in[e]);
        for (int i = 0; i < 3; i++)
            rgb[i] += in[e] * (e < EMIT_UV ? emitter_rgb[e][i] : e == EMIT_UV ? violet[i] : 1);
    }
    return k;
}

static float read_tunable(const float in[EMITTERS], float rgb[3])
{
    float cold = fmaxf(in[EMIT_WHITE], in[EMIT_COLD]), warm = fmaxf(in[EMIT_WARM], in[EMIT_AMBER]), k = fmaxf(cold, warm), w;

    if (!(k > 0))
        return 0;
    w = cold >= warm ? warm / (2 * k) : 1 - cold / (2 * k);
    for (int i = 0; i < 3; i++)
        rgb[i] = 1 - w * (1 - emitter_rgb[EMIT_WARM][i]);
    return k;
}

float mix_read(enum mix mix, uint32_t mask, enum white_mode mode, const float in[EMITTERS], float h[3])
{
    float rgb[3] = { 0 }, k = -1, max;

    switch (mix) {
    case MIX_NONE:
        break;
    case MIX_RGB:
        read_rgb(mask, mode, in, rgb);
        break;
    case MIX_CMY:
        for (int i = 0; i < 3; i++)
            rgb[i] = 1 - in[EMIT_CYAN + i];
        break;
    case MIX_HSV:
    case MIX_HSL:
        read_hue(mask, in, mix == MIX_HSL, rgb);
        break;
    case MIX_TUNABLE:
        k = read_tunable(in, rgb);
        break;
    case MIX_ONE:
    case MIX_PARTIAL:
        k = read_seen(in, rgb);
        break;
    }
    max = largest(rgb);
    if (!(max > 0))
        return 0;
    for (int i = 0; i < 3; i++)
        h[i] = clamp01(rgb[i] / max);
    return clamp01(k < 0 ? max : k);
}

static float linear(float v)
{
    return v <= .04045f ? v / 12.92f : dsp_pow((v + .055f) / 1.055f, 2.4f);
}

/* Of amounts of light. Not libm's, which differ in the last bit: a wheel's slot must not. */
static float cube_root(float v)
{
    return dsp_pow(v, 1.f / 3);
}

void color_oklab(const float rgb[3], float lab[3])
{
    float r = linear(rgb[0]), g = linear(rgb[1]), b = linear(rgb[2]);
    float l = cube_root(.4122214708f * r + .5363325363f * g + .0514459929f * b);
    float m = cube_root(.2119034982f * r + .6806995451f * g + .1073969566f * b);
    float s = cube_root(.0883024619f * r + .2817188376f * g + .6299787005f * b);

    lab[0] = .2104542553f * l + .7936177850f * m - .0040720468f * s;
    lab[1] = 1.9779984951f * l - 2.4285922050f * m + .4505937099f * s;
    lab[2] = .0259040371f * l + .7827717662f * m - .8086757660f * s;
}
