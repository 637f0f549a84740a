#pragma once
/* A shared object's bytes, as they were at one moment: read into a sealed memfd, with their hash. */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "core/err.h"

enum { IMAGE_MAX_BYTES = 64 << 20 };

struct image { int fd; uint64_t hash; };

/* Who wrote the file when: equal stamps, equal bytes. */
struct stamp { dev_t dev; ino_t ino; off_t size; mode_t mode; uid_t uid; struct timespec modified, changed; };

/* LM_NOT_FOUND: no such file. LM_FORBIDDEN: not a regular file, or one that others than root and this user may write to; `stamp` is set. */
enum lm_err image_open(const char *path, struct image *image, struct stamp *stamp, struct problem *p);
enum lm_err image_stamp(const char *path, struct stamp *stamp);
bool stamp_equal(const struct stamp *a, const struct stamp *b);
void image_close(struct image *image);
