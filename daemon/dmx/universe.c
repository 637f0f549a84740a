#include "dmx/universe.h"

#include <stdlib.h>
#include <string.h>

static int by_number(const void *a, const void *b)
{
    int x = ((const struct universe *)a)->number, y = ((const struct universe *)b)->number;

    return (x > y) - (x < y);
}

struct universes *universes_new(const int *numbers, size_t n)
{
    struct universes *u = calloc(1, sizeof *u);
    struct universe *list = calloc(n ? n : 1, sizeof *list);
    size_t kept = 0;

    if (!u || !list) {
        free(u);
        free(list);
        return NULL;
    }
    for (size_t i = 0; i < n; i++)
        list[i].number = numbers[i];
    qsort(list, n, sizeof *list, by_number);
    for (size_t i = 0; i < n; i++)
        if (!kept || list[kept - 1].number != list[i].number)
            list[kept++].number = list[i].number;
    *u = (struct universes){ list, kept };
    return u;
}

void universes_free(struct universes *u)
{
    if (u)
        free(u->u);
    free(u);
}

int universes_index(const struct universes *u, int number)
{
    const struct universe key = { .number = number };
    const struct universe *found = u->n ? bsearch(&key, u->u, u->n, sizeof *u->u, by_number) : NULL;

    return found ? (int)(found - u->u) : -1;
}
