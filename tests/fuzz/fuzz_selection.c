/* Any text as a selection expression over a small venue: heads in order without repeats, or a sentence with a column. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fixtures/selection.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct patch *venue(void)
{
    struct patch_fixture_row rows[6];
    static char ids[6][UUID_SIZE];
    struct patch *p;

    for (int i = 0; i < 6; i++) {
        rows[i] = (struct patch_fixture_row){ .universe = 1, .address = 1 + 20 * i, .definition = definition_generic_dimmer(), .dimmer_max = 1,
                                              .mode_name = "12 Channels", .pos = { i, i % 3, i % 2 } };
        memcpy(rows[i].id, "00000000-0000-4000-8000-000000000000", UUID_SIZE);
        rows[i].id[UUID_LEN - 1] = (char)('0' + i);
        memcpy(ids[i], rows[i].id, UUID_SIZE);
    }
    struct patch_group_row groups[] = {
        { .name = "a", .members = (const char (*)[UUID_SIZE])&ids[0], .n_members = 3 },
        { .name = "b", .members = (const char (*)[UUID_SIZE])&ids[2], .n_members = 4 },
        { .name = "front_wash", .members = (const char (*)[UUID_SIZE])&ids[5], .n_members = 1 },
    };
    if (patch_new(rows, 6, groups, 3, &p))
        abort();
    return p;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct patch *patch;
    struct selection s;
    struct problem p = { 0 };
    char *text = malloc(n + 1);

    if (!patch)
        patch = venue();
    memcpy(text, data, n);
    text[n] = 0;
    if (selection_resolve(patch, text, &s, &p)) {
        if (p.err != LM_INVALID || strncmp(p.detail, "column ", 7) || s.wrong.start < 0 || s.wrong.end < s.wrong.start || s.wrong.end > (int)n)
            abort();
    } else {
        for (size_t i = 0; i < s.n; i++)
            if (s.heads[i] >= patch->n_heads || (i && s.heads[i - 1] >= s.heads[i]))
                abort();
        selection_clear(&s);
    }
    free(text);
    return 0;
}
