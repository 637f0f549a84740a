/* What is received, merged: of many sources one snapshot (receiver thread), of the snapshot and lumad's own slots what is sent (engine). */
#include <string.h>

#include "dmx/input_private.h"

/* ---- the receiver thread, with the lock held ---- */

static int top_priority(const struct channel *c)
{
    int top = -1;

    for (const struct source *x = c->sources; x; x = x->next)
        if (x->priority > top)
            top = x->priority;
    return top;
}

bool source_counts(const struct input_set *s, const struct heard *h, const struct source *x)
{
    int top = top_priority(h->channel);

    if (s->merge == INPUT_OFF)
        return false;
    return x->protocol == OUTPUT_SACN ? x->priority == top && top >= h->our_priority : top <= h->our_priority;
}

static void add(struct received *r, const struct source *x)
{
    for (size_t i = 0; i < x->n; i++) {
        bool wins = r->merge == INPUT_HTP ? x->slots[i] > r->slots[i] : x->changed[i] > r->changed[i];
        if (wins) {
            r->slots[i] = x->slots[i];
            r->changed[i] = x->changed[i];
        }
    }
    if (x->n > r->n)
        r->n = x->n;
    if (x->seen_ns > r->seen_ns)
        r->seen_ns = x->seen_ns;
}

void channel_publish(const struct input_set *s, struct heard *h)
{
    struct received *r = latest_back(&h->channel->latest);

    *r = (struct received){ .merge = INPUT_OFF };
    for (const struct source *x = h->channel->sources; x; x = x->next)
        if (source_counts(s, h, x)) {
            r->merge = s->merge;
            r->takes_all |= x->priority > h->our_priority;
            add(r, x);
        }
    latest_publish(&h->channel->latest);
}

/* ---- the engine (real time) ---- */

static void note_own(struct channel *c, const uint8_t *own, int64_t now)
{
    if (c->has_own)
        for (size_t i = 0; i < DMX_SLOTS; i++)
            if (own[i] != c->own[i])
                c->own_changed[i] = now;
    memcpy(c->own, own, DMX_SLOTS);
    c->has_own = true;
}

static void merge(const struct channel *c, const struct received *r, const uint8_t *own, const uint8_t *steady, uint8_t *out)
{
    for (size_t i = 0; i < r->n; i++) {
        bool wins = r->takes_all || (r->merge == INPUT_HTP ? r->slots[i] > own[i] : r->changed[i] > c->own_changed[i]);
        if (wins && (!steady || steady[i]))
            out[i] = r->slots[i];
    }
}

void input_set_merge(struct input_set *s, const struct universes *own, const struct universes *steady, struct universes *out, int64_t mono_ns)
{
    for (size_t i = 0; i < out->n; i++) {
        memcpy(out->u[i].slots, own->u[i].slots, DMX_SLOTS);
        if (s->merge == INPUT_OFF || i >= s->n)
            continue;
        struct channel *c = s->heard[i].channel;
        const struct received *r = latest_front(&c->latest);
        if (s->merge == INPUT_LTP)
            note_own(c, own->u[i].slots, mono_ns);
        /* The receiver takes silent sources away; this is for a receiver that does not get to run. */
        if (r->merge != INPUT_OFF && mono_ns - r->seen_ns <= INPUT_TIMEOUT_MS * INT64_C(1000000))
            merge(c, r, own->u[i].slots, steady ? steady->u[i].slots : NULL, out->u[i].slots);
    }
}
