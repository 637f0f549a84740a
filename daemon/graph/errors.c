#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/str.h"
#include "graph/document.h"

void graph_error_add(struct graph_errors *e, const char *node, const char *port, const char *code, const char *fmt, ...)
{
    if (!e || e->n >= GRAPH_MAX_ERRORS)
        return;
    if (e->n == e->cap) {
        size_t cap = e->cap ? e->cap * 2 : 8;
        struct graph_error *more = realloc(e->e, cap * sizeof *more);
        if (!more)
            return;
        e->e = more, e->cap = cap;
    }
    struct graph_error *x = &e->e[e->n++];
    char message[512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(message, sizeof message, fmt, ap);
    va_end(ap);
    /* str_copy() cuts between characters: what goes out as JSON must stay UTF-8. */
    str_copy(x->node, sizeof x->node, node ? node : "");
    str_copy(x->port, sizeof x->port, port ? port : "");
    str_copy(x->code, sizeof x->code, code);
    str_copy(x->message, sizeof x->message, message);
}

/* bad_arg: the arg's default is used instead. not_finite: 0 or "hold" is used instead. */
bool graph_error_is_warning(const struct graph_error *e)
{
    static const char *const harmless[] = { "warning", "bad_arg", "not_finite", NULL };

    for (const char *const *h = harmless; *h; h++)
        if (strcmp(e->code, *h) == 0)
            return true;
    return false;
}

size_t graph_errors_fatal(const struct graph_errors *e, size_t from)
{
    size_t n = 0;

    for (size_t i = from; i < e->n; i++)
        n += !graph_error_is_warning(&e->e[i]);
    return n;
}

json_t *graph_errors_json(const struct graph_errors *e)
{
    json_t *l = json_array();

    for (size_t i = 0; l && i < e->n; i++)
        json_array_append_new(l, json_pack("{s:s, s:s, s:s, s:s}", "node", e->e[i].node, "port", e->e[i].port,
                                           "code", e->e[i].code, "message", e->e[i].message));
    return l;
}

bool graph_errors_have(const struct graph_errors *e, const char *code)
{
    for (size_t i = 0; i < e->n; i++)
        if (strcmp(e->e[i].code, code) == 0)
            return true;
    return false;
}

void graph_errors_clear(struct graph_errors *e)
{
    free(e->e);
    *e = (struct graph_errors){ 0 };
}
