#pragma once
/* Inside render/: the blend modes of light-model 5 for one channel. Inline, so that a loop over heads with a
 * constant mode has no branch in it. */
#include "render/layer.h"

/* `opacity` is what the value mode takes of the base: the top layer's intensity. */
static inline float blend_channel(enum blend_mode mode, float base, float top, float opacity)
{
    float sum;

    switch (mode) {
    case BLEND_ADD:
        sum = base + top;
        return sum < 1 ? sum : 1;
    case BLEND_SUBTRACT:
        sum = base - top;
        return sum > 0 ? sum : 0;
    case BLEND_MULTIPLY:
        return base * top;
    case BLEND_SCREEN:
        return 1 - (1 - base) * (1 - top);
    case BLEND_MAX:
    case BLEND_LIGHTEN:
        return base > top ? base : top;
    case BLEND_MIN:
        return base < top ? base : top;
    case BLEND_VALUE:
        return base * (1 - opacity) + top;
    case BLEND_REPLACE:
    case BLEND_MODES:
        break;
    }
    return top;
}
