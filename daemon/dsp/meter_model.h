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
        [CUE_KICK] = { 1.71f, -0.67f, 1.83f, -2.87f },
        [CUE_SNARE] = { -0.29f, 1.31f, -2.45f, 1.43f },
        [CUE_LEVEL] = { 0.54f, -0.27f, -0.20f, -0.07f },
        [CUE_LOW] = { 0.24f, 0.14f, 1.64f, -2.02f },
        [CUE_TREBLE] = { 4.59f, -2.03f, -2.72f, 0.16f },
        [CUE_BASS] = { 2.73f, -1.49f, -1.19f, -0.05f },
        [CUE_TREBLE2] = { 2.80f, -0.64f, -3.83f, 1.66f },
        [CUE_TREBLE4] = { 1.64f, 0.00f, -1.74f, 0.10f },
        [CUE_SOUND] = { 0.79f, 0.77f, -0.67f, -0.89f },
        [CUE_HIGH] = { 0.76f, 1.57f, -3.77f, 1.44f },
        [CUE_MID_KICK] = { -2.15f, 1.41f, 0.14f, 0.60f },
        [CUE_MID_SNARE] = { -1.24f, -1.17f, 2.58f, -0.17f },
        [CUE_MID_LEVEL] = { -3.29f, 2.70f, 0.47f, 0.11f },
    },
    .three = {
        [CUE_KICK] = { 2.74f, -1.48f, -1.25f },
        [CUE_SNARE] = { -0.04f, 0.17f, -0.13f },
        [CUE_LEVEL] = { -0.77f, 0.10f, 0.67f },
        [CUE_LOW] = { 0.26f, -1.60f, 1.35f },
        [CUE_TREBLE] = { 1.96f, -1.41f, -0.55f },
        [CUE_BASS] = { -0.09f, -1.10f, 1.19f },
        [CUE_TREBLE2] = { 2.12f, -1.41f, -0.70f },
        [CUE_TREBLE4] = { 0.51f, -0.19f, -0.32f },
        [CUE_SOUND] = { 0.10f, 0.30f, -0.40f },
        [CUE_HIGH] = { 0.72f, 0.32f, -1.04f },
        [CUE_MID_KICK] = { 0.49f, -1.15f, 0.66f },
        [CUE_MID_SNARE] = { -0.71f, -0.22f, 0.93f },
        [CUE_MID_LEVEL] = { -0.73f, -0.40f, 1.13f },
    },
    .trait = {
        [TRAIT_TEMPO] = 0.477f,
        [TRAIT_TEMPO2] = -1.037f,
        [TRAIT_FAST] = -0.184f,
        [TRAIT_LEVEL] = 0.715f,
        [TRAIT_MID_LEVEL] = 0.192f,
        [TRAIT_KICK] = 0.886f,
        [TRAIT_MID_KICK] = -0.530f,
        [TRAIT_SNARE] = 0.833f,
        [TRAIT_MID_SNARE] = -0.126f,
        [TRAIT_LOW] = 0.762f,
        [TRAIT_MID_LOW] = 0.057f,
        [TRAIT_TREBLE] = 0.302f,
        [TRAIT_BASS] = 0.212f,
        [TRAIT_START] = 0.873f,
        [TRAIT_OFF] = -0.091f,
        [TRAIT_DOUBLE] = -0.180f,
        [TRAIT_HALF] = 0.009f,
        [TRAIT_TERNARY] = -1.278f,
    },
    .is_three = -0.190f, .repeats = 0.601f,
};
