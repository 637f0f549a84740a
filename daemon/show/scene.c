#include "show/scene.h"

#include <stdlib.h>
#include <string.h>

#include "fixtures/classify.h"

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

static bool make_guard(struct space *s, const struct patch *p)
{
    bool *is_light = calloc(p->n_heads + 1, sizeof(bool)), *is_gated = calloc(p->n_heads + 1, sizeof(bool));
    uint32_t *with = calloc(p->n_heads + 1, sizeof(*with));

    if (is_light && is_gated && with) {
        for (size_t i = 0; i < p->n_heads; i++)
            is_light[i] = !s->is_fog[i];
        program_get_shutters(s->program, with, is_gated);
        s->guard = guard_new(p->n_heads, is_light, with, is_gated);
    }
    free(is_light), free(is_gated), free(with);
    return s->guard != NULL;
}

static bool is_hazardous(const struct definition_channel *c)
{
    for (size_t i = 0; i < c->n_ranges; i++)
        if (range_kind(&c->ranges[i]) == RANGE_HAZARD)
            return true;
    return c->class == CH_MAINTENANCE;
}

/* Pan and tilt, what switches a lamp or resets, and whole machines that may hurt. */
static void mark_spared(struct space *s, const struct patch *p)
{
    program_mark_positions(s->program, s->spared);
    for (size_t i = 0; i < p->n_fixtures; i++) {
        const struct patch_fixture *f = &p->fixtures[i];
        const struct definition *d = f->row.definition;
        int universe = universes_index(s->spared, f->row.universe);
        if (universe < 0 || !d || !f->mode)
            continue;
        bool all = d->type == FIXTURE_LASER || d->type == FIXTURE_SMOKE || d->type == FIXTURE_HAZER || d->type == FIXTURE_FAN;
        for (int k = 0; k < f->channels && f->row.address + k <= DMX_SLOTS; k++)
            if (all || is_hazardous(&d->channels[f->mode->channels[k]]))
                s->spared->u[universe].slots[f->row.address - 1 + k] = 1;
    }
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
    s->own = universes_new(universes, n);
    s->steady = universes_new(universes, n);
    s->spared = universes_new(universes, n);
    s->frame = frame_new(p->n_heads);
    s->held = frame_new(p->n_heads);
    s->look = frame_new(p->n_heads);
    s->last_pan = calloc(p->n_heads + 1, sizeof(float));
    s->last_tilt = calloc(p->n_heads + 1, sizeof(float));
    s->limit = calloc(p->n_heads + 1, sizeof(float));
    s->identify_until = calloc(p->n_heads + 1, sizeof(*s->identify_until));
    if (!s->universes || !s->own || !s->steady || !s->spared || !s->frame || !s->held || !s->look || !s->last_pan || !s->last_tilt || !find_hazards(s, p) ||
        !s->limit || !s->identify_until || program_new(p, s->universes, &s->program) || !make_guard(s, p)) {
        space_free(s);
        return NULL;
    }
    program_mark_positions(s->program, s->steady);
    mark_spared(s, p);
    return s;
}

static void head_copy(struct frame *to, size_t i, const struct frame *from, size_t k)
{
    to->r[i] = from->r[k], to->g[i] = from->g[k], to->b[i] = from->b[k];
    to->intensity[i] = from->intensity[k], to->strobe[i] = from->strobe[k], to->speed[i] = from->speed[k];
    to->pan[i] = from->pan[k], to->tilt[i] = from->tilt[k];
}

/* Patches are in address order, so what follows an equal fixture is most often its follower: the search starts there. */
static const struct patch_fixture *find_fixture(const struct patch *p, const char *id, size_t *from)
{
    for (size_t k = 0; k < p->n_fixtures; k++) {
        size_t i = (*from + k) % p->n_fixtures;
        if (!strcmp(p->fixtures[i].row.id, id)) {
            *from = i + 1;
            return &p->fixtures[i];
        }
    }
    return NULL;
}

static void take_looks(struct space *s, const struct space *old)
{
    const struct patch *now = shared_get(s->patch), *before = shared_get(old->patch);
    size_t from = 0;

    for (size_t i = 0; i < now->n_fixtures; i++) {
        const struct patch_fixture *f = &now->fixtures[i], *was = find_fixture(before, f->row.id, &from);
        for (size_t h = 0; was && h < f->head_count && h < was->head_count; h++) {
            head_copy(s->held, f->head_first + h, old->held, was->head_first + h);
            head_copy(s->look, f->head_first + h, old->look, was->head_first + h);
            guard_take(s->guard, f->head_first + h, old->guard, was->head_first + h);
            s->has_kin = true;
        }
    }
    s->has_look = old->has_look && s->has_kin;
    guard_take_room(s->guard, old->guard);
}

enum lm_err space_take_state(struct space *s, const struct space *old)
{
    program_state_free(s->state);
    s->state = program_state_new(s->program, old ? old->program : NULL, old ? old->state : NULL);
    if (!s->state)
        return LM_NOMEM;
    if (old)
        take_looks(s, old);
    return LM_OK;
}

void space_free(void *space)
{
    struct space *s = space;

    if (!s)
        return;
    program_state_free(s->state);
    program_free(s->program);
    universes_free(s->universes);
    universes_free(s->own);
    universes_free(s->steady);
    universes_free(s->spared);
    frame_free(s->frame);
    frame_free(s->held);
    frame_free(s->look);
    free(s->last_pan);
    free(s->last_tilt);
    free(s->is_laser);
    free(s->is_fog);
    free(s->limit);
    free(s->identify_until);
    guard_free(s->guard);
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
    free(s->parks);
    free(s->group_level);
    shared_unref(s->outputs);
    shared_unref(s->input);
    shared_unref(s->space);
    free(s);
}

/* ---- Thread: engine (real time). ---- */

/* A head in several groups obeys the lowest of their masters. */
void scene_limit_heads(const struct scene *s)
{
    const struct space *space = s->space->obj;
    const struct patch *patch = space->patch->obj;

    for (size_t i = 0; i < patch->n_heads; i++)
        space->limit[i] = 1;
    for (size_t g = 0; g < patch->n_groups; g++)
        for (size_t i = 0; i < patch->groups[g].n_heads && s->group_level[g] < 1; i++) {
            float *limit = &space->limit[patch->groups[g].heads[i]];
            *limit = s->group_level[g] < *limit ? s->group_level[g] : *limit;
        }
}

void scene_set_group(const struct scene *s, const char *id, float level)
{
    const struct patch *patch = ((const struct space *)s->space->obj)->patch->obj;

    for (size_t g = 0; g < patch->n_groups; g++)
        if (!*id || !memcmp(patch->groups[g].id, id, UUID_SIZE))
            s->group_level[g] = level;
    scene_limit_heads(s);
}

/* Who asks for a group means its lights: a hazer or a laser in it is not set off by the way. */
void scene_identify(const struct scene *s, const char *group_id, size_t first, size_t n, int64_t until_ns)
{
    const struct space *space = s->space->obj;
    const struct patch *patch = space->patch->obj;

    for (size_t i = first; !*group_id && i < first + n && i < patch->n_heads; i++)
        space->identify_until[i] = until_ns;
    for (size_t g = 0; *group_id && g < patch->n_groups; g++)
        for (size_t k = 0; k < patch->groups[g].n_heads && !memcmp(patch->groups[g].id, group_id, UUID_SIZE); k++) {
            uint32_t i = patch->groups[g].heads[k];
            if (!space->is_fog[i] && !space->is_laser[i])
                space->identify_until[i] = until_ns;
        }
}

void space_darken_lasers(const struct space *s, struct frame *f)
{
    for (size_t i = 0; i < f->heads; i++)
        if (s->is_laser[i])
            f->intensity[i] = f->strobe[i] = 0;
}

/* What an operator holds wins over all that was computed, a blackout too. */
void scene_park(const struct scene *s, struct universes *u)
{
    for (size_t i = 0; i < s->n_parks; i++)
        u->u[s->parks[i].universe].slots[s->parks[i].slot] = s->parks[i].value;
}
