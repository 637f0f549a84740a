#include "show/scene.h"

#include <stdlib.h>

static bool find_hazards(struct space *s, const struct patch *p)
{
    s->is_laser = calloc(p->n_heads + 1, sizeof(bool));
    s->is_fog = calloc(p->n_heads + 1, sizeof(bool));
    if (!s->is_laser || !s->is_fog)
        return false;
    for (size_t i = 0; i < p->n_heads; i++) {
        const struct definition *d = p->fixtures[p->heads[i].fixture].row.definition;
        s->is_laser[i] = d && d->type == FIXTURE_LASER;
        s->is_fog[i] = d && (d->type == FIXTURE_SMOKE || d->type == FIXTURE_HAZER || d->type == FIXTURE_FAN);
    }
    return true;
}

struct space *space_new(struct shared *patch, const int *universes, size_t n, uint32_t serial)
{
    const struct patch *p = shared_get(patch);
    struct space *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    s->patch = shared_ref(patch);
    s->serial = serial;
    s->universes = universes_new(universes, n);
    s->frame = frame_new(p->n_heads);
    s->held = frame_new(p->n_heads);
    s->last_pan = calloc(p->n_heads + 1, sizeof(float));
    s->last_tilt = calloc(p->n_heads + 1, sizeof(float));
    if (!s->universes || !s->frame || !s->held || !s->last_pan || !s->last_tilt || !find_hazards(s, p) ||
        program_new(p, s->universes, &s->program)) {
        space_free(s);
        return NULL;
    }
    return s;
}

enum lm_err space_take_state(struct space *s, const struct space *old)
{
    program_state_free(s->state);
    s->state = program_state_new(s->program, old ? old->program : NULL, old ? old->state : NULL);
    return s->state ? LM_OK : LM_NOMEM;
}

void space_free(void *space)
{
    struct space *s = space;

    if (!s)
        return;
    program_state_free(s->state);
    program_free(s->program);
    universes_free(s->universes);
    frame_free(s->frame);
    frame_free(s->held);
    free(s->last_pan);
    free(s->last_tilt);
    free(s->is_laser);
    free(s->is_fog);
    shared_unref(s->patch);
    free(s);
}

void scene_free(struct scene *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n; i++)
        show_layer_unref(s->layers[i]);
    free(s->layers);
    free(s->items);
    shared_unref(s->outputs);
    shared_unref(s->space);
    free(s);
}
