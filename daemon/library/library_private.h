#pragma once
/* The index behind a library: what a search needs to know of every file, and its cache on disk. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "fixtures/definition.h"
#include "library/library.h"

struct index_mode { char *name; int channels, heads; };

struct index_item {
    char *path;                 /* relative to its folder */
    int folder;
    int64_t mtime_ns, size;     /* of the file that was read: another pair means read it again */
    bool is_broken;             /* was read and is no definition: kept so that it is not read at every start */
    char *manufacturer, *model, *type, *qlc_type;
    struct index_mode *modes;
    size_t n_modes;
};

struct index { struct index_item *items; size_t n, cap; };

void index_clear(struct index *x);
/* A new zeroed item that has its path; NULL: no memory. */
struct index_item *index_add(struct index *x, const char *path);
bool index_item_fill(struct index_item *i, const struct definition *d);         /* false: no memory */
struct index_item *index_find(const struct index *x, const char *path);         /* of a sorted index */
void index_sort(struct index *x);                                               /* by path */
/* Everything below `folder` that ends in .qxf. A path already in the index is replaced. Unsorted in between. */
enum lm_err index_scan(struct index *x, const char *folder, int number);
/* `folders` are part of the file: a cache made for others is not used. LM_NOT_FOUND: none, or of another kind. */
enum lm_err index_load(struct index *x, const char *file, const char *const *folders);
enum lm_err index_save(const struct index *x, const char *file, const char *const *folders);
