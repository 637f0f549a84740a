#pragma once
/*
 * Weights of the log-linear model of dsp/meter.c: how much each cue (dsp/readings.h) speaks for each beat of a bar, and each trait for a reading. Found by
 * maximum likelihood with a quadratic prior on rendered music of some sixty styles, whose beats and bars are known; a style the model has not seen is read right
 * nearly as often as one it has. tests/tools/meter_samples.c and meter_train.py make them.
 */
#include "dsp/readings.h"

static const struct {
    float four[READING_CUES][4], three[READING_CUES][3], trait[READING_TRAITS], is_three, repeats;
} meter_model = {
    .four = {
        [CUE_KICK] = { 1.97f, -0.56f, 1.79f, -3.20f },
        [CUE_SNARE] = { -0.86f, 1.23f, -2.24f, 1.87f },
        [CUE_LEVEL] = { 0.16f, -0.11f, 0.56f, -0.62f },
        [CUE_LOW] = { -0.59f, 0.81f, 1.85f, -2.08f },
        [CUE_TREBLE] = { 4.37f, -1.96f, -2.99f, 0.57f },
        [CUE_BASS] = { 1.97f, -1.28f, -0.60f, -0.09f },
        [CUE_TREBLE2] = { 1.64f, -0.16f, -3.79f, 2.31f },
        [CUE_TREBLE4] = { 0.90f, 0.27f, -1.20f, 0.04f },
        [CUE_SOUND] = { 0.88f, 1.49f, -1.13f, -1.25f },
        [CUE_HIGH] = { 1.93f, 1.28f, -4.48f, 1.27f },
        [CUE_MID_KICK] = { -1.74f, 1.26f, 0.15f, 0.32f },
        [CUE_MID_SNARE] = { -1.13f, -1.57f, 2.39f, 0.31f },
        [CUE_MID_LEVEL] = { -2.92f, 2.71f, 0.56f, -0.35f },
    },
    .three = {
        [CUE_KICK] = { 2.84f, -1.16f, -1.68f },
        [CUE_SNARE] = { -0.18f, 0.40f, -0.22f },
        [CUE_LEVEL] = { -1.28f, 0.50f, 0.78f },
        [CUE_LOW] = { -0.22f, -1.11f, 1.33f },
        [CUE_TREBLE] = { 1.77f, -1.70f, -0.08f },
        [CUE_BASS] = { -0.11f, -0.74f, 0.85f },
        [CUE_TREBLE2] = { 2.20f, -1.40f, -0.80f },
        [CUE_TREBLE4] = { 0.27f, 0.18f, -0.45f },
        [CUE_SOUND] = { 0.33f, 0.21f, -0.54f },
        [CUE_HIGH] = { 2.90f, -0.73f, -2.17f },
        [CUE_MID_KICK] = { 0.79f, -1.41f, 0.61f },
        [CUE_MID_SNARE] = { -0.62f, -0.27f, 0.89f },
        [CUE_MID_LEVEL] = { -0.74f, -0.39f, 1.14f },
    },
    .trait = {
        [TRAIT_TEMPO] = 0.296f,
        [TRAIT_TEMPO2] = -1.177f,
        [TRAIT_FAST] = -0.163f,
        [TRAIT_LEVEL] = 0.702f,
        [TRAIT_MID_LEVEL] = 0.168f,
        [TRAIT_KICK] = 1.093f,
        [TRAIT_MID_KICK] = -0.692f,
        [TRAIT_SNARE] = 0.847f,
        [TRAIT_MID_SNARE] = -0.238f,
        [TRAIT_LOW] = 0.819f,
        [TRAIT_MID_LOW] = -0.044f,
        [TRAIT_TREBLE] = 0.381f,
        [TRAIT_BASS] = 0.287f,
        [TRAIT_START] = 0.789f,
        [TRAIT_OFF] = 0.199f,
        [TRAIT_DOUBLE] = -0.162f,
        [TRAIT_HALF] = 0.043f,
        [TRAIT_TERNARY] = -1.049f,
        [TRAIT_THIRD] = 0.152f,
        [TRAIT_WITHIN] = -0.490f,
    },
    .is_three = 0.133f, .repeats = 0.907f,
};
