#pragma once
/*
 * A hue into the emitters, filters and wheels that fixtures have (light-model 6). Pure and real-time safe.
 *
 * A hue is device-linear rgb with the largest component 1. Everything here is continuous in the hue, so fades do not flash.
 */
#include <stdbool.h>
#include <stdint.h>

#include "fixtures/patch.h"

enum emitter {
    EMIT_RED, EMIT_GREEN, EMIT_BLUE,
    EMIT_WHITE, EMIT_COLD, EMIT_WARM,           /* from here to EMIT_YELLOW: fitted one after the other, in this order */
    EMIT_AMBER, EMIT_LIME, EMIT_INDIGO, EMIT_CYAN, EMIT_MAGENTA, EMIT_YELLOW,
    EMIT_UV,
    EMIT_HUE, EMIT_SATURATION, EMIT_VALUE, EMIT_LIGHTNESS,
    EMITTERS
};

enum mix {                      /* how a set of emitters makes a colour */
    MIX_NONE,
    MIX_RGB,                    /* additive, with any of the others fitted in */
    MIX_CMY,                    /* filters: 1 - rgb */
    MIX_HSV, MIX_HSL,
    MIX_TUNABLE,                /* warm and cold white only: the colour temperature is followed */
    MIX_ONE,                    /* a single emitter: intensity alone */
    MIX_PARTIAL                 /* some primaries are missing: each emitter gives what it has */
};

enum mix mix_choose(uint32_t mask);             /* of 1 << enum emitter */
/* The level of every emitter in `mask` for hue h times k (0..1); others are left untouched. */
void mix_run(enum mix mix, uint32_t mask, enum white_mode white, const float h[3], float k, float out[EMITTERS]);

/* The inverse, from the level of every emitter (0 for those not in `mask`): the k it was sent with, as far as these emitters can tell, and the hue
 * they show, largest component 1. 0: dark, and h is left alone. */
float mix_read(enum mix mix, uint32_t mask, enum white_mode white, const float in[EMITTERS], float h[3]);

void color_oklab(const float rgb[3], float lab[3]);     /* sRGB 0..1 -> OKLab (Ottosson 2020) */
