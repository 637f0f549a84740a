/* What is heard: sets and the channels they share. Control side. */
#include <stdlib.h>
#include <string.h>

#include "dmx/input_private.h"

enum { DEFAULT_PRIORITY = 100, ARTNET_LAST = 32767 };

static struct channel *channel_new(int universe)
{
    struct channel *c = calloc(1, sizeof *c);

    if (c) {
        c->universe = universe;
        latest_init(&c->latest, &c->buf[0], &c->buf[1], &c->buf[2]);
    }
    return c;
}

static void channel_unref(struct channel *c)
{
    if (!c || --c->refs)
        return;
    for (struct source *x = c->sources, *next; x; x = next) {
        next = x->next;
        free(x);
    }
    free(c);
}

static struct channel *inherit(const struct input_set *old, int universe)
{
    for (size_t i = 0; old && i < old->n; i++)
        if (old->heard[i].channel->universe == universe)
            return old->heard[i].channel;
    return NULL;
}

/* Where universe `heard` is received, from the outputs it has. */
static void add_addresses(struct input_set *s, size_t heard, const struct output_row *rows, size_t n)
{
    struct heard *h = &s->heard[heard];
    int universe = h->channel->universe, priority = -1;

    for (size_t i = 0; i < n; i++) {
        const struct output_row *r = &rows[i];
        if (r->universe != universe || (int)r->protocol >= INPUT_PROTOCOLS)
            continue;
        h->sends[r->protocol] = true;
        if (r->protocol == OUTPUT_ARTNET)
            s->addresses[s->n_addresses++] = (struct address){ OUTPUT_ARTNET, r->port_address < 0 ? universe - 1 : r->port_address, heard };
        else if (r->priority > priority)
            priority = r->priority;
    }
    h->our_priority = priority < 0 ? DEFAULT_PRIORITY : priority;
    if (!h->sends[OUTPUT_ARTNET] && universe - 1 <= ARTNET_LAST)
        s->addresses[s->n_addresses++] = (struct address){ OUTPUT_ARTNET, universe - 1, heard };
    s->addresses[s->n_addresses++] = (struct address){ OUTPUT_SACN, universe, heard };
}

static int by_address(const void *a, const void *b)
{
    const struct address *x = a, *y = b;

    if (x->protocol != y->protocol)
        return x->protocol < y->protocol ? -1 : 1;
    if (x->number != y->number)
        return x->number < y->number ? -1 : 1;
    return (x->heard > y->heard) - (x->heard < y->heard);
}

/* Two outputs of one universe on one port-address hear it once. */
static void sort_addresses(struct input_set *s)
{
    size_t kept = 0;

    qsort(s->addresses, s->n_addresses, sizeof *s->addresses, by_address);
    for (size_t i = 0; i < s->n_addresses; i++)
        if (!kept || by_address(&s->addresses[kept - 1], &s->addresses[i]))
            s->addresses[kept++] = s->addresses[i];
    s->n_addresses = kept;
}

enum lm_err input_set_new(struct input *in, enum input_merge merge, const struct output_row *rows, size_t n, const struct universes *u,
                          const struct input_set *old, struct input_set **result)
{
    struct input_set *s = calloc(1, sizeof *s);

    if (!s)
        return LM_NOMEM;
    s->in = in, s->merge = merge;
    s->heard = calloc(u->n + 1, sizeof *s->heard);
    s->addresses = calloc(2 * u->n + n + 1, sizeof *s->addresses);
    pthread_mutex_lock(&in->lock);
    for (; s->heard && s->addresses && s->n < u->n; s->n++) {
        struct channel *c = inherit(old, u->u[s->n].number);
        if (!c && !(c = channel_new(u->u[s->n].number)))
            break;
        c->refs++;
        s->heard[s->n].channel = c;
        add_addresses(s, s->n, rows, n);
    }
    pthread_mutex_unlock(&in->lock);
    if (!s->heard || !s->addresses || s->n < u->n) {
        input_set_free(s);
        return LM_NOMEM;
    }
    sort_addresses(s);
    *result = s;
    return LM_OK;
}

void input_listen(struct input *in, struct input_set *s)
{
    pthread_mutex_lock(&in->lock);
    in->now = s;
    in->is_new = true;
    for (size_t i = 0; s && i < s->n; i++)
        channel_publish(s, &s->heard[i]);       /* another merge, another priority of ours */
    pthread_mutex_unlock(&in->lock);
}

void input_set_free(struct input_set *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->in->lock);
    if (s->in->now == s)
        s->in->now = NULL, s->in->is_new = true;
    for (size_t i = 0; i < s->n; i++)
        channel_unref(s->heard[i].channel);
    pthread_mutex_unlock(&s->in->lock);
    free(s->heard), free(s->addresses);
    free(s);
}
