/* Any bytes as a fixture definition; what parses is patched, compiled, run and read back, since that is what a user's file is for. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "dmx/decode.h"
#include "dmx/program.h"
#include "fixtures/definition.h"
#include "fixtures/frame.h"
#include "fixtures/patch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void light(const struct definition *d, const char *mode)
{
    struct patch_fixture_row r = { .id = "00000000-0000-4000-8000-000000000000", .universe = 1, .address = 1, .definition = d, .mode_name = mode,
                                   .dimmer_max = 1 };
    struct patch *p;
    const struct program *program;
    struct universes *u = universes_new((const int[]){ 1 }, 1);

    if (patch_new(&r, 1, NULL, 0, &p))
        abort();
    if (program_new(p, u, &program))
        abort();
    struct frame *f = frame_new(p->n_heads), *back = frame_new(p->n_heads);
    struct program_state *s = program_state_new(program, NULL, NULL);
    for (int i = 0; i < 4; i++) {
        for (size_t h = 0; h < p->n_heads; h++)
            f->intensity[h] = (float)i / 3, f->strobe[h] = (float)(i % 2), f->g[h] = (float)i / 3, f->pan[h] = (float)(i * 200);
        program_run(program, s, f, (int64_t)(i + 1) * 22727272, u);
        program_decode(program, u, back);
        for (size_t h = 0; h < p->n_heads; h++)
            if (!(back->intensity[h] >= 0 && back->intensity[h] <= 1 && back->strobe[h] >= 0 && back->strobe[h] <= 1))
                abort();
    }
    program_state_free(s);
    program_free(program);
    frame_free(f);
    frame_free(back);
    universes_free(u);
    patch_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const struct definition *d;
    struct problem p = { 0 };

    if (definition_parse((const char *)data, n, &d, &p)) {
        if (!*p.detail)
            abort();            /* every refusal has a sentence */
        return 0;
    }
    for (size_t i = 0; i < d->n_modes && i < 4; i++)
        light(d, d->modes[i].name);
    definition_unref(d);
    return 0;
}
