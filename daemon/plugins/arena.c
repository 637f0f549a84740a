#include "plugins/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static uint64_t up(uint64_t n, uint64_t to)
{
    return (n + to - 1) / to * to;
}

void host_arena_clear(struct host_arena *a)
{
    if (a->map)
        munmap(a->map, a->bytes);
    if (a->fd >= 0)
        close(a->fd);
    *a = (struct host_arena){ .fd = -1 };
}

bool host_arena_reserve(struct host_arena *a, uint64_t bytes)
{
    struct host_arena next = { .fd = -1, .bytes = HOST_ARENA_MIN, .is_new = true };

    if (bytes <= a->bytes)
        return true;
    while (next.bytes < bytes)
        next.bytes *= 2;
    next.fd = memfd_create("lumad-plugin-arena", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (next.fd < 0)
        return false;
    void *map = MAP_FAILED;
    /* Sealed: memory that the other side made smaller would end lumad (SIGBUS). */
    if (!ftruncate(next.fd, (off_t)next.bytes) && !fcntl(next.fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
        map = mmap(NULL, next.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, next.fd, 0);
    if (map == MAP_FAILED) {
        close(next.fd);
        return false;
    }
    next.map = map;
    host_arena_clear(a);
    *a = next;
    return true;
}

/* The samples of an input that the node may look at. */
static void range_of(const struct plugin_node *node, const struct node_io *io, const struct node_input *in, int64_t *from, int64_t *to)
{
    int64_t end = in->from + in->t;

    *from = io->from - node->before;
    *to = io->from + io->count + node->after;
    if (*from < in->from)
        *from = in->from;
    if (*to > end)
        *to = end;
    if (*to < *from)
        *to = *from;
}

static void shape_input(const struct plugin_node *node, const struct node_io *io, unsigned i, struct host_array *a)
{
    const struct node_input *in = &io->in[i];

    *a = (struct host_array){ .wired = in->wired };
    if (node->desc.in[i].type == PORT_SELECTION && in->value.selection) {
        *a = (struct host_array){ .wired = 1, .heads = in->value.selection->n, .samples = 1, .channels = 3 };
    } else if (node->desc.in[i].type == PORT_SIGNAL && in->wired) {
        int64_t from = 0, to = 1;
        if (in->value.varies) {
            range_of(node, io, in, &from, &to);
            a->first = (int32_t)(from - io->from);
        }
        a->heads = in->value.n, a->channels = in->value.c, a->samples = (uint32_t)(to - from);
    }
    a->bytes = (uint64_t)a->heads * a->samples * a->channels * sizeof(float);
}

/* Where everything lies; the bytes of it all. */
static uint64_t lay_out(const struct plugin_node *node, const struct node_io *io, struct host_call *c, size_t state)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), at = up(sizeof *c, page);
    struct host_array *writable[LUMAD_MAX_OUTPUTS + 1];
    uint32_t n = 0;

    memset(c, 0, offsetof(struct host_call, texts));
    c->n_in = node_ports(node->desc.in);
    c->n_out = node_ports(node->desc.out);
    for (uint32_t i = 0; i < c->n_in; i++) {
        shape_input(node, io, i, &c->in[i]);
        c->has_beats |= node->desc.in[i].type == PORT_GRID && io->in[i].wired;
        c->in[i].at = at;
        at += up(c->in[i].bytes, 64);
    }
    c->beats = (struct host_array){ .at = at, .bytes = c->has_beats ? io->count * sizeof(double) : 0 };
    at = up(at + c->beats.bytes, page);
    for (; n < c->n_out; n++) {
        const struct node_output *out = &io->out[n];
        c->out[n] = (struct host_array){ .wired = 1, .heads = out->n, .channels = out->c, .samples = io->count,
                                         .bytes = (uint64_t)out->n * out->c * io->count * sizeof(float) };
        writable[n] = &c->out[n];
    }
    c->state.bytes = state * sizeof(float);
    if (state)
        writable[n++] = &c->state;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t pages = up(writable[i]->bytes, page);
        writable[i]->at = at + pages - up(writable[i]->bytes, HOST_ALIGN);
        at += pages + page;
    }
    return at;
}

static bool put_params(const struct plugin_node *node, const struct node_io *io, struct host_call *c)
{
    c->texts[c->texts_bytes++] = '\0';          /* of what is no text */
    for (const struct param_desc *p = node->desc.params; p && p->id; p++) {
        struct host_value *v = &c->params[c->n_params++];
        const void *at = (const char *)io->params + p->offset;
        const char *s;
        size_t n;
        switch (p->type) {
        case PARAM_FLOAT:
            v->number = *(const float *)at;
            break;
        case PARAM_BOOL:
            v->number = *(const bool *)at;
            break;
        case PARAM_COLOR:
            memcpy(v->color, at, sizeof v->color);
            break;
        case PARAM_TEXT:
            s = *(const char *const *)at;
            n = strlen(s) + 1;
            if (n > sizeof c->texts - c->texts_bytes)
                return false;
            v->text = c->texts_bytes;
            memcpy(c->texts + c->texts_bytes, s, n);
            c->texts_bytes += (uint32_t)n;
            break;
        default:
            v->number = *(const int *)at;
            break;
        }
    }
    return true;
}

static void put_input(const struct node_io *io, unsigned i, const struct host_array *a, float *to)
{
    const struct node_input *in = &io->in[i];
    const struct node_selection *s = in->value.selection;
    size_t row = (size_t)a->samples * a->channels;

    if (!a->bytes)
        return;
    if (s) {
        for (uint32_t n = 0; n < s->n; n++, to += 3)
            memcpy(to, io->ctx->patch->heads[s->heads[n]].pos, 3 * sizeof *to);
        return;
    }
    const float *from = in->data;
    size_t stride = row;
    if (in->value.varies) {
        from += (size_t)(io->from + a->first - in->from) * a->channels;
        stride = (size_t)in->t * a->channels;
    }
    for (uint32_t n = 0; n < a->heads; n++)
        memcpy(to + n * row, from + n * stride, row * sizeof *to);
}

bool host_arena_fill(struct host_arena *a, const struct plugin_node *node, const struct node_io *io, char *message, size_t size)
{
    struct host_call *c = (void *)a->map;
    size_t state = 0;

    if (node->desc.kind == NODE_SCAN)
        state = node->state_floats + (size_t)node->state_per_head * io->out[0].n;
    uint64_t need = lay_out(node, io, c, state);
    if (need > HOST_ARENA_MAX) {
        snprintf(message, size, "so many heads and samples at once are too much for a plug-in");
        return false;
    }
    if (need > a->bytes) {
        if (!host_arena_reserve(a, need)) {
            snprintf(message, size, "no memory to share with it: %s", strerror(errno));
            return false;
        }
        c = (void *)a->map;
        lay_out(node, io, c, state);
    }
    if (!put_params(node, io, c)) {
        snprintf(message, size, "its texts are too long together");
        return false;
    }
    c->node = node->number, c->count = io->count, c->from = io->from, c->seed = io->seed, c->is_first = io->is_first;
    c->start = io->ctx->start, c->end = io->ctx->end, c->origin = io->ctx->origin;
    c->state_floats = (uint32_t)state;
    for (uint32_t i = 0; i < c->n_in; i++)
        put_input(io, i, &c->in[i], (float *)(void *)(a->map + c->in[i].at));
    double *beats = (double *)(void *)(a->map + c->beats.at);
    for (uint32_t i = 0; c->has_beats && i < io->count; i++)
        beats[i] = node_beat(io->ctx, io->from + i);
    for (uint32_t i = 0; i < c->n_out; i++)
        memset(a->map + c->out[i].at, 0, c->out[i].bytes);
    if (state)
        memcpy(a->map + c->state.at, io->state, state * sizeof(float));
    return true;
}

/* Where things lie is worked out again: what stands in the arena may have been written by the plug-in, were it to break out of its own rules. */
void host_arena_take(const struct host_arena *a, const struct plugin_node *node, const struct node_io *io)
{
    struct host_call c;
    size_t state = node->desc.kind == NODE_SCAN ? node->state_floats + (size_t)node->state_per_head * io->out[0].n : 0;

    lay_out(node, io, &c, state);
    for (uint32_t i = 0; i < c.n_out; i++) {
        const float *from = (const float *)(void *)(a->map + c.out[i].at);
        size_t row = (size_t)io->count * io->out[i].c;
        for (uint32_t n = 0; n < io->out[i].n; n++)
            memcpy(node_out(io, i, n), from + n * row, row * sizeof *from);
    }
    if (state)
        memcpy(io->state, a->map + c.state.at, state * sizeof(float));
}
