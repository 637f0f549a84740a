/* Corrections of a beat grid: whatever is asked for, what comes out is a grid, or the one that was there. */
#include <stdint.h>
#include <stdlib.h>

#include "analysis/grid_edit.h"
#include "core/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be_grid(const struct grid *g, double duration)
{
    for (size_t i = 0; i < g->n; i++)
        if (!(g->at[i] >= 0) || g->at[i] > duration + 1e-3 || (i && !(g->at[i] > g->at[i - 1])))
            abort();
}

/* Two documents, a zero between them: the stored grid and the edit. The lengths of both choose what else is known of the track. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t half = 0;
    json_t *stored = NULL, *body = NULL;
    struct grid g = { 0 }, heard = { .per_bar = 4, .bpm = 120 };
    struct problem p = { 0 };
    struct grid_change change;
    double *taps = NULL, drums[64], duration = 20;

    while (half < size && data[half])
        half++;
    for (int i = 0; i < 64; i++)
        drums[i] = i * .31 + (i % 5) * .004;
    for (int i = 0; i < 40; i++)
        if (grid_add(&heard, i * .5, i % 4 == 0))
            abort();
    if (half < size && !json_parse((const char *)data, half, &stored, NULL) &&
        !json_parse((const char *)data + half + 1, size - half - 1, &body, NULL) && !grid_read(&g, stored) &&
        !(g.n && g.at[g.n - 1] > duration) && !grid_change_read(body, &change, &taps, &p)) {
        struct grid_heard h = { .duration = duration, .analysed = half % 2 ? &heard : NULL, .onsets = drums, .n_onsets = size % 2 ? 64 : 0 };
        size_t n = g.n;
        if (grid_edit(&g, &change, &h, &p) && g.n != n)
            abort();
        must_be_grid(&g, duration);
        json_decref(grid_write(&g));
        json_decref(grid_bars(&g));
    }
    free(taps);
    grid_clear(&g);
    grid_clear(&heard);
    json_decref(stored);
    json_decref(body);
    return 0;
}
