#pragma once
/*
 * Directions about the movement base of a group (light-model 4): uv, -1..1, into pan and tilt in degrees.
 *
 * THREADS  Pure; movement_bases() allocates in the arena.
 */
#include "core/arena.h"
#include "fixtures/patch.h"
#include "graph/node.h"

/* For each head of the selection the group whose base it moves about: of those its expression names the first the head is in; NULL: none, the default base.
 * NULL for all of it: no memory. */
const struct patch_group **movement_bases(struct arena *a, const struct patch *patch, const struct node_selection *s);
/* What a head's base makes of a direction, for PROP_PAN or PROP_TILT: middle + across * u + up * v, in degrees. NULL: the default base. */
struct movement { float middle, across, up; };
struct movement movement_of(const struct patch_group *base, enum property property);
