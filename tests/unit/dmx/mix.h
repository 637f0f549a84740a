#pragma once
/*
 * A large rig of fixtures that there are: in every twenty 12 RGB pars with a dimmer, 5 RGBW washes of 15 channels (16-bit pan, tilt and dimmer) and 3 spots (a
 * colour wheel with a gobo wheel; a beam with an open range in the shutter; CMY, a wheel and an iris).
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/path.h"
#include "fixtures/definition.h"
#include "fixtures/frame.h"
#include "fixtures/patch.h"

#define MIX_LIBRARY "/usr/share/qlcplus/fixtures/"

static const struct { const char *path, *mode; } mix_kinds[] = {
    { MIX_LIBRARY "Generic/Generic-Generic-RGB.qxf", "Dimmer RGB" },
    { MIX_LIBRARY "Chauvet/Chauvet-Rogue-R2-wash.qxf", "15 Channel" },
    { MIX_LIBRARY "Chauvet/Chauvet-Intimidator-Spot-LED-350.qxf", "Advanced" },
    { MIX_LIBRARY "Clay_Paky/Clay-Paky-Sharpy.qxf", "Standard" },
    { MIX_LIBRARY "Martin/Martin-MAC-700-Profile.qxf", "16-bit Basic" },
};
static const unsigned char mix_twenty[20] = { 0, 0, 1, 0, 0, 2, 0, 1, 0, 0, 1, 0, 3, 0, 1, 0, 4, 0, 1, 0 };
enum { MIX_KINDS = sizeof mix_kinds / sizeof *mix_kinds };

static inline bool mix_is_there(void)
{
    for (int i = 0; i < MIX_KINDS; i++)
        if (access(mix_kinds[i].path, R_OK))
            return false;
    return true;
}

static inline const struct definition *mix_definition(int kind)
{
    const struct definition *d = NULL;
    char *text = NULL;
    size_t n;

    if (path_read(mix_kinds[kind].path, 1 << 20, &text, &n) || definition_parse(text, n, &d, NULL))
        d = NULL;
    free(text);
    return d;
}

/* `heads` of one head each; *universes: 1 to that are used. NULL: a definition is not as it should be. */
static inline struct patch *mix_patch(size_t heads, int *universes)
{
    const struct definition *d[MIX_KINDS] = { NULL };
    struct patch_fixture_row *rows = calloc(heads, sizeof *rows);
    struct patch *p = NULL;
    int address = 1;
    bool ok = rows != NULL;

    for (int i = 0; i < MIX_KINDS; i++)
        ok &= (d[i] = mix_definition(i)) != NULL;
    *universes = 1;
    for (size_t n = 0; ok && n < heads; n++) {
        int kind = mix_twenty[n % 20];
        const struct definition_mode *m = definition_mode(d[kind], mix_kinds[kind].mode);
        if (!m || m->n_heads != 1) {
            ok = false;
            break;
        }
        if (address + (int)m->n_channels > 513)
            ++*universes, address = 1;
        rows[n] = (struct patch_fixture_row){ .universe = *universes, .address = address, .definition = d[kind], .mode_name = mix_kinds[kind].mode,
                                              .label = "", .model = "", .dimmer_max = 1, .pos = { (double)(n % 50), (double)(n / 50), 4 } };
        snprintf(rows[n].id, sizeof rows[n].id, "00000000-0000-4000-8000-%012u", (unsigned)n);
        address += (int)m->n_channels;
    }
    if (ok && patch_new(rows, heads, NULL, 0, &p))
        p = NULL;
    free(rows);
    for (int i = 0; i < MIX_KINDS; i++)
        definition_unref(d[i]);
    return p;
}

/* Colour, intensity and position of every head are new in every frame; a tenth of them strobe. */
static inline void mix_animate(struct frame *f, int t)
{
    for (size_t i = 0; i < f->heads; i++) {
        float phase = (float)((t + (int)i * 7) % 100) / 100;
        f->r[i] = 1, f->g[i] = phase, f->b[i] = 1 - phase;
        f->intensity[i] = phase;
        f->strobe[i] = i % 10 == 0 ? .5f : 0;
        f->pan[i] = phase * 360 - 180, f->tilt[i] = phase * 180 - 90;
    }
}
