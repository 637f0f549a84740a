/* Searching the index: every word must occur, an exact model stands first. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/str.h"
#include "library/library_private.h"

enum { WORDS_MAX = 16 };

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
    if (i->problem || !has_type(i, q->type) || (q->manufacturer && *q->manufacturer && strcasecmp(i->manufacturer, q->manufacturer)))
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
    struct index_item *own = index_add(&builtin, LIBRARY_BUILTIN);
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
