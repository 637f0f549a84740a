#pragma once
/*
 * Starts a program that keeps to itself: it gets the files it is given and none of lumad's other ones, standard signals, no blocked ones, and a process group
 * of its own, so that Ctrl-C is for lumad.
 *
 * THREADS  Any non-real-time thread; it waits until the program is in memory (a few ms), not longer.
 */
#include <stddef.h>
#include <sys/types.h>

#include "core/err.h"

enum { CHILD_FILES = 8 };
enum { CHILD_NULL = -1, CHILD_SAME = -2 };      /* instead of a file: /dev/null; what lumad has at this place */

struct child_options {
    const char *path;
    const char *const *argv;                    /* NULL-terminated */
    int files[CHILD_FILES];                     /* files[0] becomes its standard input and so on; they stay the caller's, who wants them close-on-exec */
    size_t n_files;
};

/* *pid: the caller waits for it (waitpid). LM_NOT_FOUND, LM_FORBIDDEN, LM_NOMEM...: errno says why. */
enum lm_err child_start(const struct child_options *o, pid_t *pid);
