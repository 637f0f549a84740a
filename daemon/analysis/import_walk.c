/* The audio files of a folder, in the order of their names, each folder once however symbolic links lead to it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/imports_private.h"
#include "audio/container.h"
#include "core/str.h"

struct walk {
    const struct imports *im;
    bool is_recursive;
    bool (*is_stopping)(void *ctx);
    void *ctx;
    json_t *items;
    struct problem *p;
    void *seen;                         /* tree of struct place */
    struct folder { char *path; int deep; } *waiting;
    size_t n, room;
};

struct place { dev_t dev; ino_t ino; };

static int compare_places(const void *a, const void *b)
{
    const struct place *x = a, *y = b;

    return x->dev != y->dev ? (x->dev > y->dev ? 1 : -1) : (x->ino > y->ino) - (x->ino < y->ino);
}

/* false: it was here before, or there is no memory to know. */
static bool is_new(struct walk *w, const struct stat *st)
{
    struct place *place = malloc(sizeof(*place)), **at;

    if (!place)
        return false;
    *place = (struct place){ st->st_dev, st->st_ino };
    at = tsearch(place, &w->seen, compare_places);
    if (at && *at == place)
        return true;
    free(place);
    return false;
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
    int d = strcasecmp((*a)->d_name, (*b)->d_name);

    return d ? d : strcmp((*a)->d_name, (*b)->d_name);
}

/* Hidden ones, and what systems put on sticks ("$RECYCLE.BIN"). */
static int is_wanted(const struct dirent *e)
{
    return *e->d_name != '.' && *e->d_name != '$';
}

/* Without a suffix the content says what it is. */
static bool is_audio(const char *path, const char *name)
{
    struct container c;
    struct stat st;
    bool is = false;

    if (import_is_audio_name(name))
        return true;
    if (strchr(name, '.'))
        return false;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode))
        is = container_check(fd, (uint64_t)st.st_size, &c, NULL) != LM_MEDIA_TYPE;
    if (fd >= 0)
        close(fd);
    return is;
}

static enum lm_err add(struct walk *w, const char *path)
{
    json_t *item;

    if (json_array_size(w->items) >= IMPORT_FILES_MAX)
        return problem_set(w->p, LM_TOO_LARGE, "There are more than %d audio files in the folder; import the folders in it one by one.", IMPORT_FILES_MAX);
    if (utf8_valid(path, strlen(path))) {
        item = json_pack("{s:s}", "path", path);
    } else {                            /* JSON cannot name it: it is listed and fails */
        char shown[PATH_SIZE];
        utf8_tidy(shown, path, strlen(path) + 1);
        item = json_pack("{s:s,s:{s:s}}", "path", shown, "params", "refuse", "The name of the file is not UTF-8. Rename it and import it again.");
    }
    if (!item || json_array_append_new(w->items, item))
        return problem_set(w->p, LM_NOMEM, "No memory for a list of files");
    return LM_OK;
}

/* A folder below that cannot be read is an item that fails, so that nobody believes it was empty. */
static enum lm_err add_unread(struct walk *w, const char *dir, int e)
{
    char shown[PATH_SIZE], why[200];

    utf8_tidy(shown, dir, strlen(dir) + 1);
    snprintf(why, sizeof(why), "The folder cannot be read: %s.", strerror(e));
    if (json_array_size(w->items) < IMPORT_FILES_MAX)
        json_array_append_new(w->items, json_pack("{s:s,s:{s:s}}", "path", shown, "params", "refuse", why));
    return LM_OK;
}

/* Folders wait in a list: those of one folder in the order of their names, before those that waited already. */
static enum lm_err push(struct walk *w, const char *path, int deep)
{
    if (w->n == w->room) {
        struct folder *more = reallocarray(w->waiting, w->room = w->room ? 2 * w->room : 64, sizeof(*more));
        if (!more)
            return problem_set(w->p, LM_NOMEM, "No memory for a list of folders");
        w->waiting = more;
    }
    if (!(w->waiting[w->n].path = strdup(path)))
        return problem_set(w->p, LM_NOMEM, "No memory for a list of folders");
    w->waiting[w->n++].deep = deep;
    return LM_OK;
}

static enum lm_err visit(struct walk *w, const char *dir, const char *name, int deep)
{
    char path[PATH_SIZE], real[PATH_SIZE];
    struct stat st;

    if (path_join(path, dir, name) || stat(path, &st))
        return LM_OK;                   /* gone meanwhile, or a link into nothing */
    if (S_ISREG(st.st_mode))
        return is_audio(path, name) ? add(w, path) : LM_OK;
    if (!S_ISDIR(st.st_mode) || !w->is_recursive || deep >= IMPORT_FOLDERS_DEEP)
        return LM_OK;
    if (!realpath(path, real) || !imports_is_inside(w->im, real) || !is_new(w, &st))
        return LM_OK;
    return push(w, path, deep + 1);
}

static enum lm_err read_folder(struct walk *w, const char *dir, int deep)
{
    struct dirent **found = NULL;
    int n = scandir(dir, &found, is_wanted, compare_names);
    size_t first = w->n;
    enum lm_err err = LM_OK;

    if (n < 0)
        return deep ? add_unread(w, dir, errno) : problem_set(w->p, lm_err_from_errno(errno), "%.300s cannot be read: %s.", dir, strerror(errno));
    for (int i = 0; i < n; i++) {
        if (!err && w->is_stopping && w->is_stopping(w->ctx))
            err = problem_set(w->p, LM_BUSY, "Nobody waits for the list of files any more.");
        if (!err)
            err = visit(w, dir, found[i]->d_name, deep);
        free(found[i]);
    }
    free(found);
    for (size_t a = first, b = w->n; a + 1 < b; a++) {     /* the last one is taken first */
        struct folder swap = w->waiting[a];
        w->waiting[a] = w->waiting[--b];
        w->waiting[b] = swap;
    }
    return err;
}

enum lm_err import_walk(const struct imports *im, const char *dir, bool is_recursive, bool (*is_stopping)(void *ctx), void *ctx, json_t *items, struct problem *p)
{
    struct walk w = { .im = im, .is_recursive = is_recursive, .is_stopping = is_stopping, .ctx = ctx, .items = items, .p = p };
    struct stat st;
    enum lm_err err = push(&w, dir, 0);

    if (!stat(dir, &st))
        is_new(&w, &st);
    while (w.n) {
        struct folder f = w.waiting[--w.n];
        if (!err)
            err = read_folder(&w, f.path, f.deep);
        free(f.path);
    }
    free(w.waiting);
    tdestroy(w.seen, free);
    return err;
}
