#include "library/library.h"

#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "core/path.h"
#include "core/str.h"
#include "core/thread.h"
#include "fixtures/definition_private.h"
#include "library/library_private.h"

enum { KEPT_MAX = 128 };

/* --- the scan, in its own thread --- */

bool library_is_stopping(struct library *l)
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

    if ((err = path_join(full, l->folders[folder], path)) || (err = path_read(full, LIBRARY_FILE_MAX, &text, &n)))
        return err;
    err = definition_parse(text, n, d, p);
    free(text);
    return err;
}

/* Files that are as they were come from `old`; the others are read. */
static enum lm_err fill(struct library *l, struct index *x, const struct index *old, size_t *read)
{
    for (size_t i = 0; i < x->n; i++) {
        struct index_item *now = &x->items[i];
        const struct index_item *was = index_find(old, now->path);
        const struct definition *d = NULL;
        struct problem p = { 0 };
        enum lm_err err;

        if (was && was->folder == now->folder && was->mtime_ns == now->mtime_ns && was->size == now->size) {
            if (!index_item_copy(now, was))
                return LM_NOMEM;
            continue;
        }
        if (library_is_stopping(l))
            return LM_BUSY;
        ++*read;
        err = read_file(l, now->folder, now->path, &d, &p);
        if (err == LM_NOMEM)
            return err;
        if (err) {
            log_warn("library", "%s/%s: %s", l->folders[now->folder], now->path, *p.detail ? p.detail : lm_err_text(err));
            err = (now->problem = strdup(*p.detail ? p.detail : lm_err_text(err))) ? LM_OK : LM_NOMEM;
        } else if (!index_item_fill(now, d))
            err = LM_NOMEM;
        definition_unref(d);
        if (err == LM_NOMEM)
            return err;
    }
    return LM_OK;
}

static enum lm_err scan(struct library *l, struct index *result)
{
    struct index x = { 0 }, cached = { 0 };
    const struct index *old = l->was_read ? &l->index : &cached;        /* written by this thread alone */
    enum lm_err err = LM_OK;
    size_t read = 0, had;

    if (l->cache_file && !l->was_read)
        index_load(&cached, l->cache_file, (const char *const *)l->folders);
    had = old->n;
    for (int i = 0; l->folders[i] && !err; i++)
        err = index_scan(&x, l, i);
    if (!err)
        err = fill(l, &x, old, &read);
    index_clear(&cached);
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

/* What nobody uses is forgotten; the rest is read again when it is asked for. With the lock held. */
static void age(struct library *l)
{
    size_t n = 0;

    for (size_t i = 0; i < l->n_kept; i++) {
        struct kept *k = &l->kept[i];
        if (!definition_is_shared(k->d)) {
            free(k->path);
            definition_unref(k->d);
            continue;
        }
        k->is_old = true;
        l->kept[n++] = *k;
    }
    l->n_kept = n;
}

static void tell(struct library *l)
{
    pthread_mutex_lock(&l->listening);
    if (l->changed)
        l->changed(l->changed_ctx);
    pthread_mutex_unlock(&l->listening);
}

static bool wait_for_work(struct library *l)
{
    pthread_mutex_lock(&l->lock);
    while (!l->stop && !l->wanted) {
        pthread_mutex_unlock(&l->lock);
        bool changed = watch_wait(l->watch);
        pthread_mutex_lock(&l->lock);
        l->wanted |= changed;
    }
    bool stop = l->stop;
    pthread_mutex_unlock(&l->lock);
    return !stop;
}

static void *run(void *arg)
{
    struct library *l = arg;

    while (wait_for_work(l)) {
        struct index x = { 0 };
        enum lm_err err = scan(l, &x);
        malloc_trim(0);                 /* a thousand parsed files leave their holes behind */
        if (err && err != LM_BUSY)
            log_error("library", "the fixture library cannot be read: %s", lm_err_text(err));
        pthread_mutex_lock(&l->lock);
        bool is_news = !err && (!l->was_read || !index_equal(&l->index, &x));
        if (!err) {
            if (is_news && l->was_read)
                age(l);
            index_clear(&l->index);
            l->index = x, l->was_read = true;
        }
        pthread_mutex_unlock(&l->lock);
        if (is_news)
            tell(l);                    /* before anybody who waited for the scan goes on */
        pthread_mutex_lock(&l->lock);
        l->wanted = false, l->ready = true;
        pthread_cond_broadcast(&l->news);
        pthread_mutex_unlock(&l->lock);
    }
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
    pthread_mutex_init(&l->listening, NULL);
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
    if (!(l->watch = watch_new()))
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

void library_free(struct library *l)
{
    if (!l)
        return;
    if (l->has_thread) {
        pthread_mutex_lock(&l->lock);
        l->stop = true;
        pthread_cond_broadcast(&l->news);
        pthread_mutex_unlock(&l->lock);
        watch_wake(l->watch);
        pthread_join(l->thread, NULL);
    }
    watch_free(l->watch);
    for (size_t i = 0; l->folders && l->folders[i]; i++)
        free(l->folders[i]);
    free(l->folders), free(l->cache_file);
    index_clear(&l->index);
    for (size_t i = 0; i < l->n_kept; i++) {
        free(l->kept[i].path);
        definition_unref(l->kept[i].d);
    }
    free(l->kept);
    pthread_cond_destroy(&l->news);
    pthread_mutex_destroy(&l->listening);
    pthread_mutex_destroy(&l->lock);
    free(l);
}

enum lm_err library_reload(struct library *l)
{
    pthread_mutex_lock(&l->lock);
    while (l->wanted && !l->stop)       /* a scan under way may have passed what changed */
        pthread_cond_wait(&l->news, &l->lock);
    age(l);
    l->ready = false, l->wanted = true;
    pthread_cond_broadcast(&l->news);
    pthread_mutex_unlock(&l->lock);
    watch_wake(l->watch);
    return LM_OK;
}

void library_listen(struct library *l, void (*changed)(void *), void *ctx)
{
    pthread_mutex_lock(&l->listening);
    l->changed = changed, l->changed_ctx = ctx;
    pthread_mutex_unlock(&l->listening);
    pthread_mutex_lock(&l->lock);
    bool late = l->was_read;
    pthread_mutex_unlock(&l->lock);
    if (late)
        tell(l);
}

static bool is_in_use(const struct library *l, const char *path)
{
    for (size_t i = 0; i < l->n_kept; i++)
        if (!strcmp(l->kept[i].path, path))
            return l->kept[i].is_old && definition_is_shared(l->kept[i].d);
    return false;
}

size_t library_problems(struct library *l, char (*text)[LIBRARY_PROBLEM], size_t max)
{
    static const char used_on[] = " What was read before is used on.";
    size_t n = 0;

    pthread_mutex_lock(&l->lock);
    for (size_t i = 0; i < l->index.n && n < max; i++) {
        const struct index_item *x = &l->index.items[i];
        if (x->problem) {
            snprintf(text[n], LIBRARY_PROBLEM, "%.70s/%.90s is no fixture definition: %.80s.%s", l->folders[x->folder], x->path, x->problem,
                     is_in_use(l, x->path) ? used_on : "");
            utf8_mend(text[n++]);
        }
    }
    for (size_t i = 0; i < l->n_kept && l->was_read && n < max; i++)
        if (is_in_use(l, l->kept[i].path) && !index_find(&l->index, l->kept[i].path)) {
            snprintf(text[n], LIBRARY_PROBLEM, "%.150s is gone from the fixture library.%s", l->kept[i].path, used_on);
            utf8_mend(text[n++]);
        }
    pthread_mutex_unlock(&l->lock);
    return n;
}

/* --- one definition --- */

bool library_path_is_safe(const char *path)
{
    size_t n = strlen(path);

    if (n < 5 || n >= PATH_SIZE || path[0] == '/' || strcmp(path + n - 4, ".qxf") || strchr(path, '\\') || !utf8_valid(path, n))
        return false;
    for (const char *part = path; part; part = strchr(part, '/') ? strchr(part, '/') + 1 : NULL)
        if (*part == '.' || *part == '/' || !*part)     /* "..", ".", hidden files and empty parts */
            return false;
    return true;
}

static struct kept *kept_find(struct library *l, const char *path)
{
    for (size_t i = 0; i < l->n_kept; i++)
        if (!strcmp(l->kept[i].path, path))
            return &l->kept[i];
    return NULL;
}

/* The one to give up for another; NULL: there is room, or all are in use. */
static struct kept *kept_victim(struct library *l)
{
    struct kept *k = NULL;

    for (size_t i = 0; i < l->n_kept && l->n_kept >= KEPT_MAX; i++)
        if (!definition_is_shared(l->kept[i].d) && (!k || l->kept[i].used < k->used))
            k = &l->kept[i];
    return k;
}

static void keep(struct library *l, const char *path, const struct definition *d)
{
    struct kept *k = kept_victim(l);
    char *copy = strdup(path);

    if (!copy)
        return;
    if (k) {
        free(k->path);
        definition_unref(k->d);
    } else {
        if (l->n_kept == l->cap_kept) {
            size_t cap = l->cap_kept ? l->cap_kept * 2 : KEPT_MAX;
            struct kept *grown = realloc(l->kept, cap * sizeof *grown);
            if (!grown) {
                free(copy);
                return;
            }
            l->kept = grown, l->cap_kept = cap;
        }
        k = &l->kept[l->n_kept++];
    }
    *k = (struct kept){ .path = copy, .d = definition_ref(d), .used = ++l->uses };
}

/* Read by two at once: the first stays. What was kept from before a change is replaced. */
static const struct definition *keep_read(struct library *l, const char *path, const struct definition *d)
{
    struct kept *k = kept_find(l, path);

    if (!k) {
        keep(l, path, d);
    } else if (k->is_old) {
        definition_unref(k->d);
        k->d = definition_ref(d), k->is_old = false;
    } else {
        definition_unref(d);
        d = definition_ref(k->d);
    }
    return d;
}

enum lm_err library_definition(struct library *l, const char *path, const struct definition **d, struct problem *p)
{
    const struct definition *found;
    enum lm_err err = LM_NOT_FOUND;
    size_t n = 0;

    if (!strcmp(path, LIBRARY_BUILTIN)) {
        *d = definition_ref(definition_generic_dimmer());
        return LM_OK;
    }
    if (!library_path_is_safe(path))
        return problem_set(p, LM_INVALID, "\"%.200s\" is no path of the fixture library", path);
    pthread_mutex_lock(&l->lock);
    struct kept *k = kept_find(l, path);
    bool is_old = k && k->is_old;
    const struct definition *kept = k ? definition_ref(k->d) : NULL;
    if (k)
        k->used = ++l->uses;
    pthread_mutex_unlock(&l->lock);
    if (kept && !is_old) {
        *d = kept;
        return LM_OK;
    }
    while (l->folders[n])
        n++;
    while (n-- > 0 && err == LM_NOT_FOUND)
        err = read_file(l, (int)n, path, &found, p);
    if (err && kept) {          /* somebody uses it: a file that is gone or broken takes no light away */
        problem_clear(p);
        *d = kept;
        return LM_OK;
    }
    definition_unref(kept);
    if (err == LM_NOT_FOUND)
        return problem_set(p, err, "\"%.200s\" is not in the fixture library", path);
    if (err == LM_TOO_LARGE)
        return problem_set(p, LM_INVALID, "\"%.200s\" is larger than 4 MiB", path);
    if (err)
        return err;
    pthread_mutex_lock(&l->lock);
    *d = keep_read(l, path, found);
    pthread_mutex_unlock(&l->lock);
    return LM_OK;
}
