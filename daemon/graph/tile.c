#include "graph/tile.h"

#include <stdlib.h>

void tile_free(struct tile *t)
{
    free(t);
}
