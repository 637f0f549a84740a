#pragma once
/* Files and folders: joining, making, and replacing a file so that a crash leaves the old or the new one, never half. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/err.h"

enum { PATH_SIZE = 4096, PATH_HASH = 65 };

enum lm_err path_join(char out[PATH_SIZE], const char *dir, const char *name);     /* LM_INVALID when too long */
enum lm_err path_make_dirs(const char *dir, mode_t mode);                          /* like mkdir -p */
bool path_exists(const char *path);
void path_remove(const char *path);                                                /* a file, or a folder with all that is in it; links are removed, not followed */
enum lm_err path_sync_dir(const char *dir);                                        /* fsync of the folder: makes a rename last */
enum lm_err path_write(const char *path, const void *data, size_t n, mode_t mode); /* temp file, fsync, rename, fsync of the folder */
enum lm_err path_read(const char *path, size_t max, char **data, size_t *n);       /* NUL added; LM_TOO_LARGE beyond max */
/* SHA-256 of all of a file in hexadecimal, and how long it is (`bytes` may be NULL). errno says why not. */
enum lm_err path_hash(const char *path, char hash[PATH_HASH], uint64_t *bytes);
/*
 * Where read-only data of lumad lies. `name` is its place in the source tree: "migrations", "config/demo", "web/dist".
 * Tried in this order: $LUMAD_SHARE; the source tree the program was built in (the first folder above it that holds both
 * `migrations` and `daemon`); ../share/lumad of the program's folder, so that an installation can be moved; <prefix>/share/lumad.
 * LM_NOT_FOUND with all places tried in p.
 */
enum lm_err path_share(const char *name, char out[PATH_SIZE], struct problem *p);
/* The worker program `name`: in $LUMAD_WORKERS (an absolute path; for another engine that speaks the same JSON lines, and for tests), beside the program or up to three folders above it (a unit test's lie deeper), else in ../libexec/lumad of the
 * program's folder, else in <prefix>/libexec/lumad. LM_FORBIDDEN when it is there and may not be run. */
enum lm_err path_worker(const char *name, char out[PATH_SIZE], struct problem *p);
