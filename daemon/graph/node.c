#include "graph/node.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define NODE(name) extern const struct node_desc node_##name;
#include "graph/node_list.h"
#undef NODE

static const struct node_desc *const nodes[] = {
#define NODE(name) &node_##name,
#include "graph/node_list.h"
#undef NODE
    NULL,
};

const char *const port_type_names[] = { "none", "signal", "audio", "grid", "selection", "any" };
const char *const param_type_names[] = { "none", "float", "int", "bool", "choice", "color", "text", "stops",
                                         "selection", "ranges", "palette" };

const struct node_desc *const *node_list(void)
{
    return nodes;
}

const struct node_desc *node_find(const char *id)
{
    for (const struct node_desc *const *n = nodes; *n; n++)
        if (strcmp((*n)->id, id) == 0)
            return *n;
    return NULL;
}

unsigned node_ports(const struct port_desc *ports)
{
    unsigned n = 0;

    while (ports && ports[n].id)
        n++;
    return n;
}

int node_port_find(const struct port_desc *ports, const char *id)
{
    for (int i = 0; ports && ports[i].id; i++)
        if (strcmp(ports[i].id, id) == 0)
            return i;
    return -1;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool color_parse(const char *text, float rgba[4])
{
    size_t len = strlen(text);

    if (text[0] != '#' || (len != 7 && len != 9))
        return false;
    rgba[3] = 1;
    for (size_t i = 1; i < len; i += 2) {
        int high = hex_digit(text[i]), low = hex_digit(text[i + 1]);
        if (high < 0 || low < 0)
            return false;
        rgba[i / 2] = (float)(high * 16 + low) / 255;
    }
    return true;
}

/* "4x600x1" */
static void shape_text(const struct node_setup *s, const struct node_value *v, char *out, size_t size)
{
    snprintf(out, size, "%ux%ux%u", v->n, v->varies ? s->ctx->samples : 1, v->c);
}

static bool is_color(unsigned channels)
{
    return channels == 3 || channels == 4;
}

bool node_channels_fit(unsigned have, unsigned want)
{
    return have == 0 || want == 0 || have == want || (is_color(have) && is_color(want));
}

const char *node_channels_text(unsigned channels)
{
    return channels == 1 ? "a signal of 1 channel" : channels == 2 ? "a direction (2 channels)" : channels == 12 ? "a chroma (12 channels)" : "a colour";
}

bool node_starved(struct node_setup *s)
{
    snprintf(s->message, sizeof s->message, "there is no memory for it");
    s->code = "no_memory";
    s->is_starved = true;
    return false;
}

bool node_not_analysed(struct node_setup *s, const char *what, const char *job)
{
    snprintf(s->message, sizeof s->message, "the track's %s are not there: run the job %s of the track", what, job);
    s->code = "missing_analysis";
    return false;
}

static bool join(uint32_t *into, uint32_t with)
{
    if (*into == 1)
        *into = with;
    return with == 1 || with == *into;
}

static bool broadcast(struct node_setup *s, struct node_value *result, bool channels)
{
    struct node_value sum = { .n = 1, .c = 1 };
    const struct node_value *first = NULL;
    const char *first_port = NULL;

    for (unsigned i = 0; s->desc->in && s->desc->in[i].id; i++) {
        const struct node_input *in = &s->in[i];
        if (!in->wired || s->desc->in[i].type != PORT_SIGNAL)
            continue;
        if (!join(&sum.n, in->value.n) || (channels && !join(&sum.c, in->value.c))) {
            char a[48], b[48];
            shape_text(s, first, a, sizeof a);
            shape_text(s, &in->value, b, sizeof b);
            snprintf(s->message, sizeof s->message, "%s is %s and %s is %s (heads x samples x channels): "
                     "only a 1 spreads over more", first_port, a, s->desc->in[i].id, b);
            s->port = s->desc->in[i].id;
            s->code = "shape_mismatch";
            return false;
        }
        sum.varies |= in->value.varies;
        /* Name the input that brought the larger shape. */
        if (!first || in->value.n > first->n || in->value.c > first->c)
            first = &in->value, first_port = s->desc->in[i].id;
    }
    result->n = sum.n;
    result->varies = sum.varies;
    if (channels)
        result->c = sum.c;
    return true;
}

bool node_broadcast(struct node_setup *s, struct node_value *result)
{
    return broadcast(s, result, true);
}

bool node_broadcast_heads(struct node_setup *s, struct node_value *result)
{
    return broadcast(s, result, false);
}

static void spread(const float *from, size_t step, uint32_t c_from, float *to, uint32_t count, uint32_t c)
{
    for (uint32_t t = 0; t < count; t++, from += step)
        for (uint32_t i = 0; i < c; i++)
            *to++ = c_from == 1 ? from[0] : i < c_from ? from[i] : 1;
}

const float *node_row(const struct node_io *io, unsigned port, uint32_t n, uint32_t c)
{
    const struct node_input *in = &io->in[port];
    struct node_scratch *row = &io->scratch[port];
    const struct node_value *v = &in->value;
    const float *data = in->data + (v->n == 1 ? 0 : (size_t)n * in->t * v->c);

    if (v->varies)
        data += (size_t)(io->from - in->from) * v->c;
    if (v->c == c && (v->varies || io->count == 1))
        return data;
    if (v->n > 1 || !row->is_ready)
        spread(data, v->varies ? v->c : 0, v->c, row->data, io->count, c);
    row->is_ready = true;
    return row->data;
}

const double *node_beats(const struct node_io *io)
{
    struct node_beats *b = io->beats;

    if (b->from != io->from || b->count != io->count)
        beatgrid_beats(io->ctx->grid, io->ctx->start, SAMPLE_RATE, io->from, io->count, b->data);
    b->from = io->from;
    b->count = io->count;
    return b->data;
}

const float *node_row_or(const struct node_io *io, unsigned port, uint32_t n, uint32_t c, float def)
{
    struct node_scratch *row = &io->scratch[port];

    if (io->in[port].wired)
        return node_row(io, port, n, c);
    if (!row->is_ready)
        for (size_t i = 0; i < (size_t)io->count * c; i++)
            row->data[i] = def;
    row->is_ready = true;
    return row->data;
}
