/* The newest frame's universes read back. One thread: the WebSocket's. */
#include <stdlib.h>
#include <string.h>

#include "dmx/decode.h"
#include "show/live.h"
#include "show/scene.h"
#include "show/state.h"

struct wire {
    struct shared *space;               /* whose program decodes; NULL none yet */
    struct universes *universes;        /* a copy of the bytes */
    struct frame *frame;                /* dark heads keep their last hue here */
    struct show_live live;
};

static void wire_clear(struct wire *w)
{
    universes_free(w->universes);
    frame_free(w->frame);
    free(w->live.head);
    shared_unref(w->space);
    *w = (struct wire){ 0 };
}

void wire_free(struct wire *w)
{
    if (!w)
        return;
    wire_clear(w);
    free(w);
}

static bool is_of(const struct shared *space, const struct show_live *live)
{
    return space && ((const struct space *)space->obj)->serial == live->patch;
}

/* Takes the reference. false: no memory, and everything is given back. */
static bool wire_begin(struct wire *w, struct shared *space, const struct show_live *live)
{
    int *numbers = malloc((live->universes + 1) * sizeof(*numbers));

    wire_clear(w);
    w->space = space;
    for (size_t i = 0; numbers && i < live->universes; i++)
        numbers[i] = live->universe[i].number;
    w->universes = numbers ? universes_new(numbers, live->universes) : NULL;
    w->frame = frame_new(live->heads);
    w->live.head = calloc(live->heads + 1, sizeof(*w->live.head));
    free(numbers);
    if (w->universes && w->frame && w->live.head)
        return true;
    wire_clear(w);
    return false;
}

/* The program that made this frame: what is here already, or what went to the engine last. */
static bool wire_follow(struct show *s, struct wire *w, const struct show_live *live)
{
    if (is_of(w->space, live))
        return true;
    pthread_mutex_lock(&s->view);
    struct shared *space = is_of(s->viewed_space, live) ? shared_ref(s->viewed_space) : NULL;
    pthread_mutex_unlock(&s->view);
    return space && wire_begin(w, space, live);
}

const struct show_live *show_wire(struct show *s)
{
    const struct show_live *live = s->seen;
    struct wire *w = s->wire;

    if (!live || (!w && !(w = s->wire = calloc(1, sizeof(*w)))) || !wire_follow(s, w, live))
        return NULL;
    if (w->live.seq == live->seq)
        return &w->live;                /* read already; the first frame has number 1 */
    const struct universes none = { 0 };
    for (size_t i = 0; i < w->universes->n; i++)
        memcpy(w->universes->u[i].slots, live->universe[i].slots, DMX_SLOTS);
    program_decode(((const struct space *)w->space->obj)->program, w->universes, w->frame);
    live_fill(&w->live, w->frame, w->frame->pan, w->frame->tilt, &none);
    w->live.seq = live->seq;
    w->live.patch = live->patch;
    w->live.time = live->time;
    return &w->live;
}
