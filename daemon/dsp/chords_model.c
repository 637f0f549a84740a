/*
 * What was learnt; see chords.h. The weights are those under which the true chords of rendered music are likeliest (logistic regression with a price on large ones); those of
 * no chord tell its drums alone from its mix. tests/tools/chords_samples.c and chords_train.py make them.
 */
#include "dsp/chords_private.h"

const float chord_weight[CHORD_QUALITIES][2][12] = {
    {
        { 3.32f, -1.23f, 0.56f, -2.99f, 3.54f, -1.19f, -1.48f, 3.08f, -1.05f, -1.72f, -1.87f, -0.67f },
        { 3.91f, -0.30f, -0.82f, -0.80f, 0.45f, 0.28f, -0.83f, 1.21f, -1.07f, -0.25f, -1.59f, 0.27f },
    },
    {
        { 3.33f, -1.59f, 0.68f, 3.59f, -1.27f, -1.49f, -1.64f, 3.30f, -1.82f, -1.49f, -0.58f, -1.11f },
        { 3.80f, -0.42f, -0.89f, 0.87f, -1.16f, 0.56f, -1.09f, 1.23f, 0.06f, -1.21f, -0.72f, 0.32f },
    },
    {
        { 2.05f, -1.73f, -0.16f, -1.58f, 2.22f, -0.97f, -1.59f, 1.68f, -1.11f, -1.39f, 2.59f, -1.36f },
        { 1.69f, -0.53f, -2.72f, -0.25f, 1.84f, -0.94f, -0.94f, 1.33f, -1.65f, -0.07f, 1.01f, -1.44f },
    },
    {
        { 1.95f, -1.32f, 0.88f, -0.94f, 2.03f, -0.59f, -0.87f, 1.56f, -1.86f, -1.01f, -1.55f, 2.26f },
        { 1.79f, -0.05f, -1.47f, -0.00f, 0.41f, -0.54f, -0.79f, 1.87f, -0.30f, -0.02f, -0.23f, -0.21f },
    },
    {
        { 2.46f, -0.48f, 0.52f, 2.41f, -0.65f, -0.60f, -1.26f, 1.94f, -1.75f, -1.12f, 2.54f, -1.43f },
        { 1.97f, -0.29f, -1.34f, 1.21f, -0.62f, -1.14f, -0.41f, 1.70f, -0.56f, -0.08f, -0.04f, -0.02f },
    },
};
const float chord_bias[CHORD_QUALITIES] = { 0.06f, -0.46f, 0.96f, -0.07f, -0.49f };

const float chord_none_weight[4] = { -5.87f, 5.71f, .2f, -11.89f };
