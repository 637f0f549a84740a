#pragma once
/* The bytes: the universes of a venue, 512 slots each, found by number without searching in the engine. */
#include <stddef.h>
#include <stdint.h>

enum { DMX_SLOTS = 512, DMX_MAX_UNIVERSE = 63999 };

struct universe { int number; uint8_t slots[DMX_SLOTS]; };
struct universes { struct universe *u; size_t n; };              /* sorted by number */

struct universes *universes_new(const int *numbers, size_t n);   /* copies, sorts, drops repeats */
void universes_free(struct universes *u);
int universes_index(const struct universes *u, int number);      /* -1: not there */
