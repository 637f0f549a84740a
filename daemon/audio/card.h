#pragma once
/*
 * One process of workers/audio_worker.c, as lumad sees it: started, heard, ended. What it prints may be anything.
 *
 * THREADS  One: the supervisor's (audio/output.c). Nothing here waits for the process.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/err.h"
#include "core/str.h"

enum {
    CARD_LINE = 256 << 10, CARD_SAID = 160,
    CARD_HEARD = 256 << 10,             /* bytes at a time, more than a pipe holds: one that talks without end is mad, and keeps the supervisor from nothing else */
};

struct card {
    pid_t pid;                          /* 0: there is none */
    int in, out, err;                   /* our ends; -1: closed */
    struct str line;                    /* what has come of one */
    char said[CARD_SAID];               /* the last line of its stderr */
    int status;                         /* of waitpid(), once it is gone */
};

void card_init(struct card *c);
/* mode: "--list", "--play", "--listen"; wish: what follows, or NULL; memory: a memfd it gets as descriptor 3, or -1. */
enum lm_err card_start(struct card *c, const char *mode, const char *wish, int memory, struct problem *p);
/* Whole lines that are there, as far as CARD_HEARD goes, each an object, to `take`. false: it says nothing more, or nonsense (*is_mad). */
bool card_read(struct card *c, void (*take)(void *ctx, const json_t *line), void *ctx, bool *is_mad);
void card_end(struct card *c);          /* lets it end by itself: it has to within 0.3 s */
void card_kill(struct card *c);
/* Is it gone? Then everything of it is given back, and `why` says in words how it ended; it may be started again. */
bool card_is_gone(struct card *c, char *why, size_t size);
