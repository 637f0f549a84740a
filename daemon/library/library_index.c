#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/json.h"
#include "core/path.h"
#include "core/str.h"
#include "library/library_private.h"

enum { MAX_DEPTH = 8, MAX_FILES = 100000, CACHE_FORMAT = 2, CACHE_MAX = 64 << 20 };

static void item_clear(struct index_item *i)
{
    for (size_t k = 0; k < i->n_modes; k++)
        free(i->modes[k].name);
    free(i->modes), free(i->path), free(i->manufacturer), free(i->model), free(i->type), free(i->qlc_type), free(i->problem);
    *i = (struct index_item){ 0 };
}

void index_clear(struct index *x)
{
    for (size_t i = 0; i < x->n; i++)
        item_clear(&x->items[i]);
    free(x->items);
    *x = (struct index){ 0 };
}

struct index_item *index_add(struct index *x, const char *path)
{
    if (x->n == x->cap) {
        size_t cap = x->cap ? x->cap * 2 : 256;
        struct index_item *grown = realloc(x->items, cap * sizeof *grown);
        if (!grown)
            return NULL;
        x->items = grown, x->cap = cap;
    }
    struct index_item *i = &x->items[x->n];
    *i = (struct index_item){ .path = strdup(path) };
    if (!i->path)
        return NULL;
    x->n++;
    return i;
}

bool index_item_fill(struct index_item *i, const struct definition *d)
{
    i->manufacturer = strdup(d->manufacturer);
    i->model = strdup(d->model);
    i->type = strdup(fixture_type_name(d->type));
    i->qlc_type = strdup(d->qlc_type);
    i->modes = calloc(d->n_modes + 1, sizeof *i->modes);
    if (!i->manufacturer || !i->model || !i->type || !i->qlc_type || !i->modes)
        return false;
    for (size_t k = 0; k < d->n_modes; k++, i->n_modes++) {
        const struct definition_mode *m = &d->modes[k];
        i->modes[k] = (struct index_mode){ strdup(m->name), (int)m->n_channels, (int)m->n_heads };
        if (!i->modes[k].name)
            return false;
    }
    return true;
}

static bool copy_text(char **to, const char *from)
{
    return !from || (*to = strdup(from));
}

bool index_item_copy(struct index_item *to, const struct index_item *from)
{
    to->folder = from->folder, to->mtime_ns = from->mtime_ns, to->size = from->size;
    if (!copy_text(&to->problem, from->problem) || !copy_text(&to->manufacturer, from->manufacturer) || !copy_text(&to->model, from->model) ||
        !copy_text(&to->type, from->type) || !copy_text(&to->qlc_type, from->qlc_type) || !(to->modes = calloc(from->n_modes + 1, sizeof *to->modes)))
        return false;
    for (; to->n_modes < from->n_modes; to->n_modes++) {
        to->modes[to->n_modes] = from->modes[to->n_modes];
        if (!(to->modes[to->n_modes].name = strdup(from->modes[to->n_modes].name)))
            return false;
    }
    return true;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct index_item *)a)->path, ((const struct index_item *)b)->path);
}

void index_sort(struct index *x)
{
    if (x->n)
        qsort(x->items, x->n, sizeof *x->items, by_path);
}

struct index_item *index_find(const struct index *x, const char *path)
{
    const struct index_item key = { .path = (char *)path };

    return x->n ? bsearch(&key, x->items, x->n, sizeof *x->items, by_path) : NULL;
}

/* --- the folders --- */

struct walk {
    struct index *x;
    const char *folder;
    int number;
    struct watch *watch;
    struct library *library;
};

struct above { /* the folders one is in: a link to one of them leads round in circles */
    const struct above *up;
    dev_t dev;
    ino_t ino;
};

static bool is_above(const struct above *a, const struct stat *st)
{
    for (; a; a = a->up)
        if (a->dev == st->st_dev && a->ino == st->st_ino)
            return true;
    return false;
}

static enum lm_err scan_dir(const struct walk *w, const char *below, int depth, const struct above *up)
{
    char dir[PATH_SIZE], path[PATH_SIZE], full[PATH_SIZE];
    enum lm_err err = LM_OK;
    struct dirent *e;
    struct stat st;
    DIR *d;

    if (library_is_stopping(w->library))
        return LM_BUSY;                 /* a link may lead to all there is */
    if (*below ? path_join(dir, w->folder, below) : !str_copy(dir, sizeof dir, w->folder))
        return LM_OK;
    watch_folder(w->watch, dir);
    if (!(d = opendir(dir)))
        return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? LM_OK : lm_err_from_errno(errno);
    struct above here = { .up = up };
    if (!fstat(dirfd(d), &st))
        here.dev = st.st_dev, here.ino = st.st_ino;
    while (!err && (e = readdir(d))) {
        size_t n = strlen(e->d_name);
        if (e->d_name[0] == '.' || !utf8_valid(e->d_name, n))
            continue;
        if ((*below ? path_join(path, below, e->d_name) : !str_copy(path, sizeof path, e->d_name)) || path_join(full, dir, e->d_name) ||
            stat(full, &st))
            continue;
        if (S_ISDIR(st.st_mode)) {
            if (depth < MAX_DEPTH && !is_above(&here, &st))
                err = scan_dir(w, path, depth + 1, &here);
        } else if (S_ISREG(st.st_mode) && n > 4 && !strcmp(e->d_name + n - 4, ".qxf") && w->x->n < MAX_FILES) {
            struct index_item *i = index_add(w->x, path);
            if (!i) {
                err = LM_NOMEM;
                break;
            }
            i->folder = w->number, i->size = st.st_size;
            i->mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
        }
    }
    closedir(d);
    return err;
}

/* Of equal paths the one from the later folder stays. */
static void drop_shadowed(struct index *x)
{
    size_t kept = 0;

    index_sort(x);
    for (size_t i = 0; i < x->n; i++) {
        if (kept && !strcmp(x->items[kept - 1].path, x->items[i].path)) {
            size_t loser = x->items[kept - 1].folder < x->items[i].folder ? kept - 1 : i;
            item_clear(&x->items[loser]);
            if (loser == kept - 1)
                x->items[kept - 1] = x->items[i];
            continue;
        }
        x->items[kept++] = x->items[i];
    }
    x->n = kept;
}

enum lm_err index_scan(struct index *x, struct library *l, int number)
{
    struct walk w = { x, l->folders[number], number, l->watch, l };
    enum lm_err err = scan_dir(&w, "", 0, NULL);

    drop_shadowed(x);
    return err;
}

bool index_equal(const struct index *a, const struct index *b)
{
    for (size_t i = 0; i < a->n && a->n == b->n; i++) {
        const struct index_item *x = &a->items[i], *y = &b->items[i];
        if (strcmp(x->path, y->path) || x->folder != y->folder || x->mtime_ns != y->mtime_ns || x->size != y->size)
            return false;
    }
    return a->n == b->n;
}

/* --- the cache --- */

static json_t *folders_json(const char *const *folders)
{
    json_t *a = json_array();

    for (; *folders; folders++)
        json_array_append_new(a, json_string(*folders));
    return a;
}

static json_t *item_json(const struct index_item *i)
{
    json_t *modes = json_array();

    for (size_t k = 0; k < i->n_modes; k++)
        json_array_append_new(modes, json_pack("[sii]", i->modes[k].name, i->modes[k].channels, i->modes[k].heads));
    if (i->problem) {
        json_decref(modes);
        return json_pack("[siIIs]", i->path, i->folder, (json_int_t)i->mtime_ns, (json_int_t)i->size, i->problem);
    }
    return json_pack("[siIIsssso]", i->path, i->folder, (json_int_t)i->mtime_ns, (json_int_t)i->size, i->manufacturer, i->model, i->type,
                     i->qlc_type, modes);
}

enum lm_err index_save(const struct index *x, const char *file, const char *const *folders)
{
    json_t *items = json_array(), *root;
    enum lm_err err = LM_NOMEM;
    char *text = NULL;

    for (size_t i = 0; i < x->n; i++)
        json_array_append_new(items, item_json(&x->items[i]));
    root = json_pack("{sisoso}", "lumad_library", CACHE_FORMAT, "folders", folders_json(folders), "items", items);
    if (root && (text = json_text(root)))
        err = path_write(file, text, strlen(text), 0644);
    free(text);
    json_decref(root);
    return err;
}

static bool load_item(struct index *x, json_t *j)
{
    const char *path, *problem = NULL, *manufacturer = NULL, *model = NULL, *type = NULL, *qlc_type = NULL;
    json_int_t mtime, size;
    json_t *modes = NULL;
    struct index_item *i;
    int folder;

    if (json_array_size(j) == 5) {
        if (json_unpack(j, "[siIIs]", &path, &folder, &mtime, &size, &problem))
            return false;
    } else if (json_unpack(j, "[siIIsssso]", &path, &folder, &mtime, &size, &manufacturer, &model, &type, &qlc_type, &modes)) {
        return false;
    }
    if (!(i = index_add(x, path)))
        return false;
    i->folder = folder, i->mtime_ns = mtime, i->size = size;
    if (problem)
        return (i->problem = strdup(problem)) != NULL;
    i->manufacturer = strdup(manufacturer), i->model = strdup(model), i->type = strdup(type), i->qlc_type = strdup(qlc_type);
    i->modes = calloc(json_array_size(modes) + 1, sizeof *i->modes);
    if (!i->manufacturer || !i->model || !i->type || !i->qlc_type || !i->modes)
        return false;
    for (size_t k = 0; k < json_array_size(modes); k++) {
        const char *name;
        struct index_mode *m = &i->modes[k];
        if (json_unpack(json_array_get(modes, k), "[sii]", &name, &m->channels, &m->heads) || !(m->name = strdup(name)))
            return false;
        i->n_modes++;
    }
    return true;
}

enum lm_err index_load(struct index *x, const char *file, const char *const *folders)
{
    char *text = NULL;
    size_t n;
    json_t *root = NULL, *want = NULL;
    enum lm_err err = path_read(file, CACHE_MAX, &text, &n);

    if (err)
        return err;
    err = LM_NOT_FOUND;
    root = json_loadb(text, n, 0, NULL);
    want = folders_json(folders);
    if (json_get_int(root, "lumad_library", 0) == CACHE_FORMAT && json_equal(json_object_get(root, "folders"), want)) {
        json_t *items = json_object_get(root, "items");
        err = LM_OK;
        for (size_t i = 0; i < json_array_size(items) && !err; i++)
            if (!load_item(x, json_array_get(items, i)))
                err = LM_NOT_FOUND;
    }
    free(text);
    json_decref(root);
    json_decref(want);
    if (err)
        index_clear(x);
    index_sort(x);
    return err;
}
