#pragma once
/* What lies in the memory of a stream: for its two ends, stream.c (lumad writes) and sink.c (the callback reads), and for nobody else. */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "audio/shared.h"
#include "audio/stream.h"

enum {
    STREAM_BLOCKS = 256,                /* 1.37 s */
    STREAM_PLAN = 128,                  /* what one plan may hold of it: the next always finds room */
    STREAM_COMMANDS = 64,
};

struct stream {
    uint64_t magic, size;
    _Alignas(64) atomic_uint_fast64_t head;             /* blocks ever written */
    _Alignas(64) atomic_uint_fast64_t tail;             /* ... and read */
    _Alignas(64) atomic_uint_fast64_t command_head, command_tail;
    struct stream_command commands[STREAM_COMMANDS];
    _Atomic float gain;
    atomic_bool is_silent;
    struct shared chain;                                /* struct chain_settings, written by lumad */

    /* the callback's side */
    _Alignas(64) struct shared heard;                   /* struct heard */
    struct shared meters_out, meters_in;                /* struct meters_now */
    atomic_uint_fast64_t generation, callbacks, frames, underruns, period, latency_ns;

    struct stream_block blocks[STREAM_BLOCKS];
};
