/* The table of effects: what there is, and what each can be told. */
#include "audio/chain.h"

#include <string.h>

#include "audio/pcm.h"

#define HZ(def_) { "hz", "Frequency", "Hz", "Where it works.", 20, 20000, def_, 1, false }
#define SHELF_Q { "q", "Steepness", "", "0.71 is the steepest slope that does not overshoot.", 0.3, 1.5, 0.71, 0.01, false }
#define BOOST { "gain_db", "Gain", "dB", "Louder or quieter there.", -24, 24, 0, 0.1, false }
#define SLOPE { "slope_db", "Slope", "dB/octave", "How steeply it falls (Butterworth).", 12, 24, 12, 12, true }

const struct effect_info effect_types[EFFECT_TYPES] = {
    [EFFECT_GAIN] = { "gain", "Gain", "Louder or quieter.", { { "gain_db", "Gain", "dB", "How much.", -60, 24, 0, 0.1, false } } },
    [EFFECT_LOW_SHELF] = { "low_shelf", "Low shelf", "Raises or lowers everything below a frequency.", { HZ(100), BOOST, SHELF_Q } },
    [EFFECT_HIGH_SHELF] = { "high_shelf", "High shelf", "Raises or lowers everything above a frequency.", { HZ(8000), BOOST, SHELF_Q } },
    [EFFECT_PARAMETRIC] = { "parametric", "Parametric EQ", "Raises or lowers what is around a frequency.",
        { HZ(1000), BOOST, { "q", "Q", "", "How narrow: the frequency divided by the width.", 0.1, 20, 1, 0.01, false } } },
    [EFFECT_HIGH_PASS] = { "high_pass", "High-pass", "Takes away what is below a frequency.", { HZ(30), SLOPE } },
    [EFFECT_LOW_PASS] = { "low_pass", "Low-pass", "Takes away what is above a frequency.", { HZ(18000), SLOPE } },
    [EFFECT_COMPRESSOR] = { "compressor", "Compressor", "Makes what is loud quieter, both channels alike.", {
        { "threshold_db", "Threshold", "dBFS", "Peaks above it are turned down.", -60, 0, -18, 0.1, false },
        { "ratio", "Ratio", ":1", "How many dB more come in for one that goes out.", 1, 20, 2, 0.1, false },
        { "knee_db", "Knee", "dB", "Width of the bend around the threshold.", 0, 24, 6, 0.1, false },
        { "attack_ms", "Attack", "ms", "Time constant of turning down.", 0.1, 200, 10, 0.1, false },
        { "release_ms", "Release", "ms", "Time constant of coming back.", 5, 2000, 150, 1, false },
        { "makeup_db", "Makeup", "dB", "Louder behind it.", 0, 24, 0, 0.1, false } } },
    [EFFECT_LOUDNESS] = { "loudness", "Loudness", "Plays every track as loud as the others, by the loudness measured when it came in.", {
        { "target_lufs", "Target", "LUFS", "Integrated loudness (ITU-R BS.1770-4) of every track.", -36, -6, CHAIN_LUFS, 0.5, false } } },
    [EFFECT_LIMITER] = { "limiter", "True-peak limiter", "Holds peaks below a ceiling, those between samples too; late by its look-ahead.", {
        { "ceiling_db", "Ceiling", "dBTP", "Nothing comes out above it.", -24, 0, -1, 0.1, false },
        { "release_ms", "Release", "ms", "Time constant of coming back.", 10, 1000, 100, 1, false },
        { "look_ahead_ms", "Look-ahead", "ms", "How long before a peak it begins to turn down.", 1.5, 5, 2, 0.1, false } } },
};

void effects_print_md(FILE *f)
{
    fputs("# Effects of an audio output\n\n"
          "A chain (`audio_chains`) is a list of at most 16 of these, in the order in which sound passes them: `{\"type\": \"limiter\", \"bypass\": false, \"ceiling_db\": -1}`. Each output may have "
          "its own; one without a device holds for the outputs that have none. Where there is no chain lumad uses `loudness` and `limiter` as they stand here.\n\n"
          "Changes are heard at once and do not click. What is bypassed passes samples on bit for bit and takes no time; the limiter's look-ahead counts as latency, which light allows for.\n", f);
    for (int t = 0; t < EFFECT_TYPES; t++) {
        const struct effect_info *e = &effect_types[t];
        fprintf(f, "\n## %s: `%s`\n\n%s\n\n| parameter | | unit | from | to | as it comes | |\n|---|---|---|---|---|---|---|\n", e->label, e->id, e->doc);
        for (int k = 0; k < CHAIN_PARAMS && e->params[k].id; k++) {
            const struct effect_param *p = &e->params[k];
            fprintf(f, "| %s | `%s` | %s | %g | %g | %g | %s%s |\n", p->label, p->id, p->unit, p->min, p->max, p->def, p->doc, p->is_stepped ? " In steps." : "");
        }
    }
}

/* ---- settings ---- */

static float held(const struct effect_param *p, float value)
{
    double v = isfinite(value) ? fmin(fmax((double)value, p->min), p->max) : p->def;

    return (float)(p->is_stepped ? p->min + p->step * round((v - p->min) / p->step) : v);
}

void chain_settings_clean(const struct chain_settings *s, struct chain_settings *clean)
{
    uint32_t n = s->n < CHAIN_EFFECTS ? s->n : CHAIN_EFFECTS;

    memset(clean, 0, sizeof *clean);
    clean->is_enabled = s->is_enabled;
    for (uint32_t i = 0; i < n; i++) {
        const struct chain_effect *from = &s->effects[i];
        if (from->type >= EFFECT_TYPES)
            continue;
        struct chain_effect *to = &clean->effects[clean->n++];
        const struct effect_param *p = effect_types[from->type].params;
        to->type = from->type;
        to->is_bypassed = from->is_bypassed;
        for (int k = 0; k < CHAIN_PARAMS && p[k].id; k++)
            to->params[k] = held(&p[k], from->params[k]);
    }
}

struct chain_effect effect_default(enum effect_type type)
{
    struct chain_effect e = { .type = (uint8_t)type };

    for (int k = 0; k < CHAIN_PARAMS && effect_types[type].params[k].id; k++)
        e.params[k] = (float)effect_types[type].params[k].def;
    return e;
}

void chain_default(struct chain_settings *s)
{
    memset(s, 0, sizeof *s);
    s->is_enabled = true;
    s->effects[s->n++] = effect_default(EFFECT_LOUDNESS);
    s->effects[s->n++] = effect_default(EFFECT_LIMITER);
}

uint32_t chain_latency_frames(const struct chain_settings *s)
{
    struct chain_settings clean;
    uint32_t frames = 0;

    chain_settings_clean(s, &clean);
    for (uint32_t i = 0; i < clean.n && clean.is_enabled; i++)
        if (clean.effects[i].type == EFFECT_LIMITER && !clean.effects[i].is_bypassed)
            frames += fx_limiter_latency((double)clean.effects[i].params[LIMITER_LOOK_AHEAD_MS], PCM_RATE);
    return frames;
}
