#pragma once
/*
 * What lumad and the process of a plug-in (workers/node_worker.c) say to each other.
 *
 * A SOCK_SEQPACKET pair carries small messages, a memfd (the arena) the arrays. lumad writes a call into the arena and sends a host_request, the worker
 * computes in place and sends a host_reply. A new arena comes as a descriptor beside a request. The arena is sealed against changes of its
 * size, so that a plug-in cannot take memory away under lumad; whatever is read from it may be any bytes.
 *
 * Fds of the worker: HOST_FD_SOCKET, HOST_FD_IMAGE (the shared object, a sealed memfd). Arguments: the plug-in's name, lumad's process id.
 */
#include <stdint.h>

#include "graph/lumad_node.h"

enum { HOST_FD_SOCKET = 3, HOST_FD_IMAGE = 4 };
enum { HOST_ALIGN = 16 };
enum host_kind { HOST_DESCRIBE = 1, HOST_RUN = 2 };
enum host_status { HOST_OK = 0, HOST_FAILED = 1 };     /* FAILED: the message says why */

#define HOST_ARENA_MIN  (UINT64_C(1) << 20)
#define HOST_ARENA_MAX  (UINT64_C(192) << 20)
#define HOST_MEMORY_MAX (UINT64_C(1) << 30)     /* of the plug-in's own */

struct host_request { uint32_t kind, has_arena; uint64_t arena_bytes; };
/* DESCRIBE: `bytes` of JSON at the start of the arena; the shape is in graph/plugin.h. */
struct host_reply { uint32_t kind, status; uint64_t bytes; char message[256]; };

/* An array in the arena: from `at`, in pages of its own. An input is followed by nothing that may be written, an output by a page that may not. */
struct host_array { uint64_t at, bytes; uint32_t wired, heads, samples, channels; int32_t first; };
struct host_value { double number; float color[4]; uint32_t text; };        /* text: offset in host_call.texts */

struct host_call {                      /* at the start of the arena */
    uint32_t node, count, n_in, n_out, n_params, state_floats, is_first, has_beats;
    int64_t from;
    double start, end, origin;
    uint64_t seed;
    struct host_array in[LUMAD_MAX_INPUTS], out[LUMAD_MAX_OUTPUTS], beats, state;
    struct host_value params[LUMAD_MAX_PARAMS];
    uint32_t texts_bytes;
    char texts[16384];
};
