#pragma once
/*
 * The shared memory of a plug-in's process, and how a call is laid out in it (protocol.h): the call, the inputs, then each output and the state in pages
 * of their own with a page between. An array ends where its last page ends, so that what writes past it meets the page that may not be written to.
 */
#include <stdbool.h>
#include <stddef.h>

#include "graph/plugin.h"
#include "plugins/protocol.h"

struct host_arena { int fd; char *map; uint64_t bytes; bool is_new; };     /* is_new: the process has not been told of it */

bool host_arena_reserve(struct host_arena *a, uint64_t bytes);      /* false: no memory; what was there is there still */
void host_arena_clear(struct host_arena *a);
/* Lays the call out and copies inputs, params and state. false: `message` says why not. */
bool host_arena_fill(struct host_arena *a, const struct plugin_node *node, const struct node_io *io, char *message, size_t size);
/* Outputs and state back from it. */
void host_arena_take(const struct host_arena *a, const struct plugin_node *node, const struct node_io *io);
