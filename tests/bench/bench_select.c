/* A selection expression over 2,000 heads: microseconds from text to heads. Fails beyond a millisecond, which is what an answer may take (JSON apart). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "fixtures/selection.h"

enum { FIXTURES = 500, GROUPS = 20, RUNS = 400 };

static const char *const expressions[] = {
    "all", "g1 | g2 | g3 | g4", "~(g1 | g2) & has:dimmer ^ side:left", "all[::2]", "(g1 | all[1..1500])[::3][2..200] > all",
    "side:left & head:odd | side:right & head:even", "g10 ^ g11 ^ g12 ^ g13 ^ g14 ^ g15 ^ g16 ^ g17 ^ g18 ^ g19", "nobody > nothing > gg1 > g1[1..40]",
};

static struct patch *make_patch(void)
{
    struct patch_fixture_row *rows = calloc(FIXTURES, sizeof *rows);
    char (*ids)[UUID_SIZE] = calloc(FIXTURES, UUID_SIZE), names[GROUPS][16];
    struct patch_group_row groups[GROUPS] = { 0 };
    struct patch *p = NULL;

    for (int i = 0; i < FIXTURES; i++) {
        rows[i] = (struct patch_fixture_row){ .universe = 1 + i / 128, .address = 1 + i % 128 * 4, .definition = definition_generic_dimmer(),
                                              .mode_name = "4 Channels", .model = "Bar", .dimmer_max = 1, .pos = { i % 37 * .5, i / 37, i % 5 } };
        snprintf(rows[i].id, sizeof rows[i].id, "00000000-0000-4000-8000-%012d", i);
        memcpy(ids[i], rows[i].id, UUID_SIZE);
    }
    for (int g = 0; g < GROUPS; g++) {
        snprintf(names[g], sizeof names[g], "g%d", g);
        groups[g] = (struct patch_group_row){ .name = names[g], .members = (const char (*)[UUID_SIZE])&ids[g * 20], .n_members = 120 };
    }
    if (patch_new(rows, FIXTURES, groups, GROUPS, &p))
        abort();
    free(rows);
    free(ids);
    return p;
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

int main(void)
{
    struct patch *p = make_patch();
    static int64_t ns[RUNS];
    int bad = 0;

    printf("selection of %zu heads, microseconds:    p50      p99\n", p->n_heads);
    for (size_t e = 0; e < sizeof expressions / sizeof *expressions; e++) {
        for (int i = 0; i < RUNS; i++) {
            struct selection s;
            int64_t began = clock_mono_ns();
            if (selection_resolve(p, expressions[e], &s, NULL))
                abort();
            ns[i] = clock_mono_ns() - began;
            selection_clear(&s);
        }
        qsort(ns, RUNS, sizeof *ns, by_value);
        printf("  %-36.36s %8.1f %8.1f\n", expressions[e], (double)ns[RUNS / 2] / 1e3, (double)ns[RUNS * 99 / 100] / 1e3);
        bad |= ns[RUNS / 2] > 1000000;
    }
    patch_free(p);
    return bad;
}
