#include "library/library.h"

#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/log.h"
#include "core/path.h"
#include "core/str.h"
#include "core/thread.h"
#include "library/library_private.h"

enum { DEFINITION_MAX = 4 << 20, KEPT_MAX = 128, WORDS_MAX = 16 };

static const char builtin_path[] = "builtin:generic-dimmer";

struct kept { char *path; const struct definition *d; uint64_t used; };

struct library {
    char **folders;                     /* NULL at the end; a later one wins */
    char *cache_file;                   /* NULL: none */
    pthread_t thread;
    bool has_thread;

    pthread_mutex_t lock;               /* everything below */
    pthread_cond_t news;
    bool stop, wanted, ready;           /* wanted: a scan is to be made or being made */
    struct index index;
    struct kept kept[KEPT_MAX];         /* definitions read, the least recently used goes */
    size_t n_kept;
    uint64_t uses;
};

/* --- the scan, in its own thread --- */

static bool is_stopping(struct library *l)
{
    pthread_mutex_lock(&l->lock);
    bool stop = l->stop;
    pthread_mutex_unlock(&l->lock);
    return stop;
}

static enum lm_err read_file(const struct library *l, int folder, const char *path, const struct definition **d, struct problem *p)
{
    char full[PATH_SIZE], *text = NULL;
    size_t n;
    enum lm_err err;

    if ((err = path_join(full, l->folders[folder], path)) || (err = path_read(full, DEFINITION_MAX, &text, &n)))
        return err;
    err = definition_parse(text, n, d, p);
    free(text);
    return err;
}

static void move_item(struct index_item *to, struct index_item *from)
{
    free(to->path);
    *to = *from;
    *from = (struct index_item){ 0 };
}

/* Files that are as they were come from `old`; the others are read. */
static enum lm_err fill(struct library *l, struct index *x, struct index *old, size_t *read)
{
    for (size_t i = 0; i < x->n; i++) {
        struct index_item *now = &x->items[i], *was = index_find(old, now->path);
        const struct definition *d = NULL;
        struct problem p = { 0 };
        enum lm_err err;

        if (was && was->folder == now->folder && was->mtime_ns == now->mtime_ns && was->size == now->size) {
            char *path = strdup(now->path);
            if (!path)
                return LM_NOMEM;
            move_item(now, was);
            was->path = path;           /* `old` stays searchable */
            continue;
        }
        if (is_stopping(l))
            return LM_BUSY;
        ++*read;
        err = read_file(l, now->folder, now->path, &d, &p);
        if (err == LM_NOMEM)
            return err;
        now->is_broken = err != LM_OK;
        if (err)
            log_warn("library", "%s/%s: %s", l->folders[now->folder], now->path, *p.detail ? p.detail : lm_err_text(err));
        else if (!index_item_fill(now, d))
            err = LM_NOMEM;
        definition_unref(d);
        if (err == LM_NOMEM)
            return err;
    }
    return LM_OK;
}

static enum lm_err scan(struct library *l, struct index *result)
{
    struct index x = { 0 }, old = { 0 };
    enum lm_err err = LM_OK;
    size_t read = 0, had;

    if (l->cache_file)
        index_load(&old, l->cache_file, (const char *const *)l->folders);
    had = old.n;
    for (int i = 0; l->folders[i] && !err; i++)
        err = index_scan(&x, l->folders[i], i);
    if (!err)
        err = fill(l, &x, &old, &read);
    index_clear(&old);
    if (err) {
        index_clear(&x);
        return err;
    }
    if (l->cache_file && (read || had != x.n) && index_save(&x, l->cache_file, (const char *const *)l->folders))
        log_warn("library", "%s cannot be written: the next start reads every definition again", l->cache_file);
    log_info("library", "%zu fixture definitions, %zu of them read anew", x.n, read);
    *result = x;
    return LM_OK;
}

static void *run(void *arg)
{
    struct library *l = arg;

    pthread_mutex_lock(&l->lock);
    while (!l->stop) {
        if (!l->wanted) {
            pthread_cond_wait(&l->news, &l->lock);
            continue;
        }
        pthread_mutex_unlock(&l->lock);
        struct index x = { 0 };
        enum lm_err err = scan(l, &x);
        malloc_trim(0);                 /* a thousand parsed files leave their holes behind */
        if (err && err != LM_BUSY)
            log_error("library", "the fixture library cannot be read: %s", lm_err_text(err));
        pthread_mutex_lock(&l->lock);
        if (!err) {
            index_clear(&l->index);
            l->index = x;
        }
        l->wanted = false, l->ready = true;
        pthread_cond_broadcast(&l->news);
    }
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

/* --- life --- */

enum lm_err library_new(const char *const *folders, const char *cache_file, struct library **result)
{
    struct library *l = calloc(1, sizeof *l);
    enum lm_err err = LM_NOMEM;
    size_t n = 0;

    if (!l)
        return LM_NOMEM;
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->news, NULL);
    while (folders[n])
        n++;
    if (!(l->folders = calloc(n + 1, sizeof *l->folders)))
        goto out;
    for (size_t i = 0; i < n; i++)
        if (!(l->folders[i] = strdup(folders[i])))
            goto out;
    if (cache_file && *cache_file && !(l->cache_file = strdup(cache_file)))
        goto out;
    l->wanted = true;
    if ((err = thread_start(&l->thread, &(struct thread_options){ .name = "library", .nice = 10 }, run, l)))
        goto out;
    l->has_thread = true;
    *result = l;
    return LM_OK;
out:
    library_free(l);
    return err;
}

static void forget(struct library *l)
{
    for (size_t i = 0; i < l->n_kept; i++) {
        free(l->kept[i].path);
        definition_unref(l->kept[i].d);
    }
    l->n_kept = 0;
}

void library_free(struct library *l)
{
    if (!l)
        return;
    if (l->has_thread) {
        pthread_mutex_lock(&l->lock);
        l->stop = true;
        pthread_cond_broadcast(&l->news);
        pthread_mutex_unlock(&l->lock);
        pthread_join(l->thread, NULL);
    }
    for (size_t i = 0; l->folders && l->folders[i]; i++)
        free(l->folders[i]);
    free(l->folders), free(l->cache_file);
    index_clear(&l->index);
    forget(l);
    pthread_cond_destroy(&l->news);
    pthread_mutex_destroy(&l->lock);
    free(l);
}

enum lm_err library_reload(struct library *l)
{
    pthread_mutex_lock(&l->lock);
    while (l->wanted && !l->stop)       /* a scan under way may have passed what changed */
        pthread_cond_wait(&l->news, &l->lock);
    forget(l);
    l->ready = false, l->wanted = true;
    pthread_cond_broadcast(&l->news);
    pthread_mutex_unlock(&l->lock);
    return LM_OK;
}

/* --- one definition --- */

static bool path_is_safe(const char *path)
{
    size_t n = strlen(path);

    if (n < 5 || n >= PATH_SIZE || path[0] == '/' || strcmp(path + n - 4, ".qxf") || strchr(path, '\\') || !utf8_valid(path, n))
        return false;
    for (const char *part = path; part; part = strchr(part, '/') ? strchr(part, '/') + 1 : NULL)
        if (*part == '.' || *part == '/' || !*part)     /* "..", ".", hidden files and empty parts */
            return false;
    return true;
}

static const struct definition *kept_find(struct library *l, const char *path)
{
    for (size_t i = 0; i < l->n_kept; i++)
        if (!strcmp(l->kept[i].path, path)) {
            l->kept[i].used = ++l->uses;
            return definition_ref(l->kept[i].d);
        }
    return NULL;
}

static void keep(struct library *l, const char *path, const struct definition *d)
{
    struct kept *k = &l->kept[0];
    char *copy = strdup(path);

    if (!copy)
        return;
    if (l->n_kept < KEPT_MAX) {
        k = &l->kept[l->n_kept++];
    } else {
        for (size_t i = 1; i < KEPT_MAX; i++)
            k = l->kept[i].used < k->used ? &l->kept[i] : k;
        free(k->path);
        definition_unref(k->d);
    }
    k->path = copy;
    k->d = definition_ref(d);
    k->used = ++l->uses;
}

enum lm_err library_definition(struct library *l, const char *path, const struct definition **d, struct problem *p)
{
    const struct definition *found;
    enum lm_err err = LM_NOT_FOUND;
    size_t n = 0;

    if (!strcmp(path, builtin_path)) {
        *d = definition_ref(definition_generic_dimmer());
        return LM_OK;
    }
    if (!path_is_safe(path))
        return problem_set(p, LM_INVALID, "\"%.200s\" is no path of the fixture library", path);
    pthread_mutex_lock(&l->lock);
    found = kept_find(l, path);
    pthread_mutex_unlock(&l->lock);
    if (found) {
        *d = found;
        return LM_OK;
    }
    while (l->folders[n])
        n++;
    while (n-- > 0 && err == LM_NOT_FOUND)
        err = read_file(l, (int)n, path, &found, p);
    if (err == LM_NOT_FOUND)
        return problem_set(p, err, "\"%.200s\" is not in the fixture library", path);
    if (err == LM_TOO_LARGE)
        return problem_set(p, LM_INVALID, "\"%.200s\" is larger than 4 MiB", path);
    if (err)
        return err;
    pthread_mutex_lock(&l->lock);
    const struct definition *other = kept_find(l, path);        /* read by two at once: one is kept */
    if (other) {
        definition_unref(found);
        found = other;
    } else {
        keep(l, path, found);
    }
    pthread_mutex_unlock(&l->lock);
    *d = found;
    return LM_OK;
}

/* --- search --- */

struct needle { char text[256]; const char *words[WORDS_MAX]; size_t n; const char *whole; };

static void needle_init(struct needle *q, const char *text)
{
    char *save = NULL;

    *q = (struct needle){ .whole = text ? text : "" };
    str_copy(q->text, sizeof q->text, q->whole);
    for (char *w = strtok_r(q->text, " \t\r\n", &save); w && q->n < WORDS_MAX; w = strtok_r(NULL, " \t\r\n", &save))
        q->words[q->n++] = w;
}

static bool has_type(const struct index_item *i, const char *type)
{
    return !type || !*type || !strcasecmp(i->type, type) || !strcasecmp(i->qlc_type, type);
}

static bool matches(const struct index_item *i, const struct library_query *q, const struct needle *needle)
{
    if (i->is_broken || !has_type(i, q->type) || (q->manufacturer && *q->manufacturer && strcasecmp(i->manufacturer, q->manufacturer)))
        return false;
    for (size_t w = 0; w < needle->n; w++)
        if (!strcasestr(i->manufacturer, needle->words[w]) && !strcasestr(i->model, needle->words[w]) && !strcasestr(i->path, needle->words[w]))
            return false;
    return true;
}

/* "MAC Aura" and "Martin MAC Aura" both mean exactly this one. */
static bool is_exact(const struct index_item *i, const char *whole)
{
    size_t n = strlen(i->manufacturer);

    return *whole && (!strcasecmp(i->model, whole) ||
                      (!strncasecmp(whole, i->manufacturer, n) && whole[n] == ' ' && !strcasecmp(whole + n + 1, i->model)));
}

struct hit { const struct index_item *item; bool exact; };

static int by_name(const void *a, const void *b)
{
    const struct hit *x = a, *y = b;
    int c = y->exact - x->exact;

    c = c ? c : strcasecmp(x->item->manufacturer, y->item->manufacturer);
    c = c ? c : strcasecmp(x->item->model, y->item->model);
    return c ? c : strcmp(x->item->path, y->item->path);
}

static char *put_text(char **at, const char *s)
{
    char *text = *at;

    *at = stpcpy(text, s) + 1;
    return text;
}

/* One block: entries, then modes, then the strings. */
static struct library_entry *copy_hits(const struct hit *hits, size_t n)
{
    size_t modes = 0, text = 0;
    struct library_entry *e = NULL;

    for (size_t i = 0; i < n; i++) {
        const struct index_item *x = hits[i].item;
        modes += x->n_modes;
        text += strlen(x->path) + strlen(x->manufacturer) + strlen(x->model) + strlen(x->type) + 4;
        for (size_t k = 0; k < x->n_modes; k++)
            text += strlen(x->modes[k].name) + 1;
    }
    if (!(e = malloc(n * sizeof *e + modes * sizeof *e->modes + text + 1)))
        return NULL;
    char *mode = (char *)(e + n), *at = mode + modes * sizeof *e->modes;
    for (size_t i = 0; i < n; i++) {
        const struct index_item *x = hits[i].item;
        e[i].path = put_text(&at, x->path);
        e[i].manufacturer = put_text(&at, x->manufacturer);
        e[i].model = put_text(&at, x->model);
        e[i].type = put_text(&at, x->type);
        e[i].modes = (void *)mode, e[i].n_modes = x->n_modes;
        mode += x->n_modes * sizeof *e->modes;
        for (size_t k = 0; k < x->n_modes; k++) {
            e[i].modes[k].name = put_text(&at, x->modes[k].name);
            e[i].modes[k].channels = x->modes[k].channels, e[i].modes[k].heads = x->modes[k].heads;
        }
    }
    return e;
}

enum lm_err library_search(struct library *l, const struct library_query *q, struct library_entry **entries, size_t *n, size_t *total)
{
    struct index builtin = { 0 };
    struct needle needle;
    struct hit *hits = NULL;
    enum lm_err err = LM_NOMEM;
    size_t found = 0;

    needle_init(&needle, q->q);
    struct index_item *own = index_add(&builtin, builtin_path);
    if (!own || !index_item_fill(own, definition_generic_dimmer()))
        goto out;
    pthread_mutex_lock(&l->lock);
    while (!l->ready)
        pthread_cond_wait(&l->news, &l->lock);
    if ((hits = calloc(l->index.n + 1, sizeof *hits))) {
        for (size_t i = 0; i <= l->index.n; i++) {
            const struct index_item *x = i < l->index.n ? &l->index.items[i] : own;
            if (matches(x, q, &needle))
                hits[found++] = (struct hit){ x, is_exact(x, needle.whole) };
        }
        qsort(hits, found, sizeof *hits, by_name);
        size_t first = q->offset < found ? q->offset : found, count = found - first;
        count = q->limit && count > q->limit ? q->limit : count;
        if ((*entries = copy_hits(hits + first, count))) {
            *n = count, *total = found;
            err = LM_OK;
        }
    }
    pthread_mutex_unlock(&l->lock);
out:
    free(hits);
    index_clear(&builtin);
    return err;
}

void library_results_free(struct library_entry *e, size_t n)
{
    (void)n;
    free(e);
}
