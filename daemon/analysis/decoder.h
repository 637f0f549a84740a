#pragma once
/*
 * Which of the programs in workers/ decodes a file, by what is in it (audio/container.h).
 *
 * THREADS  Any non-real-time.
 */
#include "core/err.h"
#include "core/path.h"

/* LM_MEDIA_TYPE: no audio, or of a kind for which nothing is installed: `p` says what to install; LM_INVALID: cut off or lying. */
enum lm_err decoder_find(const char *file, char program[PATH_SIZE], struct problem *p);
