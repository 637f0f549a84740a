#pragma once
/* What the parts of a library share: the index (what a search needs to know of every file, and its cache on disk), and the library itself. */
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "fixtures/definition.h"
#include "library/library.h"
#include "library/library_watch.h"

struct index_mode { char *name; int channels, heads; };

struct index_item {
    char *path;                 /* relative to its folder */
    int folder;
    int64_t mtime_ns, size;     /* of the file that was read: another pair means read it again */
    char *problem;              /* was read and is no definition: why. Kept so that it is not read at every start; NULL: it is one */
    char *manufacturer, *model, *type, *qlc_type;
    struct index_mode *modes;
    size_t n_modes;
};

struct index { struct index_item *items; size_t n, cap; };

void index_clear(struct index *x);
/* A new zeroed item that has its path; NULL: no memory. */
struct index_item *index_add(struct index *x, const char *path);
bool index_item_fill(struct index_item *i, const struct definition *d);         /* false: no memory */
bool index_item_copy(struct index_item *to, const struct index_item *from);     /* all but the path; false: no memory */
struct index_item *index_find(const struct index *x, const char *path);         /* of a sorted index */
void index_sort(struct index *x);                                               /* by path */
struct library;
/* Everything below the library's folder of this number that ends in .qxf. A path already in the index is replaced. Unsorted in between. */
/* Every folder it comes through is watched from then on (before it is read, so that nothing is missed). LM_BUSY: the library is being stopped. */
enum lm_err index_scan(struct index *x, struct library *l, int number);
bool library_is_stopping(struct library *l);
bool library_path_is_safe(const char *path);    /* relative, of a .qxf, without "..", "." and hidden parts */
bool index_equal(const struct index *a, const struct index *b); /* the same files in the same state; both sorted */
/* `folders` are part of the file: a cache made for others is not used. LM_NOT_FOUND: none, or of another kind. */
enum lm_err index_load(struct index *x, const char *file, const char *const *folders);
enum lm_err index_save(const struct index *x, const char *file, const char *const *folders);

#define LIBRARY_BUILTIN "builtin:generic-dimmer"

enum { LIBRARY_FILE_MAX = 4 << 20 };

struct kept {
    char *path;
    const struct definition *d;
    uint64_t used;
    bool is_old;                        /* read before a folder changed: read again when asked for, and used on if that fails */
};

struct library {
    char **folders;                     /* NULL at the end; a later one wins */
    char *cache_file;                   /* NULL: none */
    pthread_t thread;
    bool has_thread;
    struct watch *watch;

    pthread_mutex_t lock;               /* everything below */
    pthread_cond_t news;
    bool stop, wanted, ready;           /* wanted: a scan is to be made or being made */
    bool was_read;                      /* the index is of a scan, not the empty one of the beginning */
    struct index index;
    struct kept *kept;                  /* definitions read. Beyond KEPT_MAX the least recently used goes that nobody else has */
    size_t n_kept, cap_kept;
    uint64_t uses;

    pthread_mutex_t listening;          /* held while told; the listener may ask the library */
    void (*changed)(void *);
    void *changed_ctx;
};
