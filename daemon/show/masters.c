/*
 * Blackout, freeze, the grand master and the masters of groups. None takes a lock that a loading show holds.
 *
 * Levels survive a restart, as faders of a desk stand where they were left (state.db); a blackout and a freeze do not. The masters of groups are kept by
 * group, so a venue that comes back, a renamed group and one that was deleted by mistake have theirs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/log.h"
#include "show/state.h"

enum { ANSWER_MS = 1500 };              /* a frame is at most 1 s away */

/* Other hands on the same desk see it at once: the state of the show is no row, so no commit announces it. */
static enum lm_err announce(struct show *s, uint64_t ticket)
{
    bool shown = engine_wait(s->engine, ticket, ANSWER_MS);

    event_publish(s->o.bus, &(struct event){ .table = "show", .op = 'u' }, 1);
    return shown ? LM_OK : LM_BUSY;
}

enum lm_err show_blackout(struct show *s, bool on)
{
    atomic_store(&s->blackout, on);
    return announce(s, engine_post_blackout(s->engine, on));
}

enum lm_err show_freeze(struct show *s, bool on)
{
    atomic_store(&s->freeze, on);
    return announce(s, engine_post_freeze(s->engine, on));
}

static enum lm_err check_level(double level, struct problem *p)
{
    return level >= 0 && level <= 1 ? LM_OK : problem_add(p, "/level", "must be 0 to 1");
}

enum lm_err show_master(struct show *s, double level, struct problem *p)
{
    enum lm_err err = check_level(level, p);

    if (err)
        return err;
    atomic_store(&s->master, (float)level);
    atomic_store(&s->levels_changed, true);
    return announce(s, engine_post_master(s->engine, (float)level));
}

/* ---- groups ---- */

/* Under `levels`, as all below. */
static struct group_level *find_level(struct show *s, const char *group_id)
{
    for (size_t i = 0; i < s->n_levels; i++)
        if (!strcmp(s->level[i].group, group_id))
            return &s->level[i];
    return NULL;
}

static float level_of(struct show *s, const char *group_id)
{
    const struct group_level *g = find_level(s, group_id);

    return g ? g->level : 1;
}

/* Full is what a group without an entry has. */
static enum lm_err set_level(struct show *s, const char *group_id, float level)
{
    struct group_level *g = find_level(s, group_id);

    if (level >= 1) {
        if (g)
            *g = s->level[--s->n_levels];
        return LM_OK;
    }
    if (!g) {
        struct group_level *more = realloc(s->level, (s->n_levels + 1) * sizeof(*more));
        if (!more)
            return LM_NOMEM;
        s->level = more;
        g = &s->level[s->n_levels++];
        snprintf(g->group, sizeof(g->group), "%s", group_id);
    }
    g->level = level;
    return LM_OK;
}

static const struct patch *viewed_patch(const struct show *s)
{
    const struct space *space = shared_get(s->viewed_space);

    return space ? shared_get(space->patch) : NULL;
}

static bool has_group(struct show *s, const char *group_id)
{
    bool found = false;

    pthread_mutex_lock(&s->view);
    const struct patch *patch = viewed_patch(s);
    for (size_t i = 0; patch && i < patch->n_groups && !found; i++)
        found = !strcmp(patch->groups[i].id, group_id);
    pthread_mutex_unlock(&s->view);
    return found;
}

enum lm_err show_group_master(struct show *s, const char *group_id, double level, struct problem *p)
{
    enum lm_err err = check_level(level, p);

    if (!err && !has_group(s, group_id))
        err = problem_set(p, LM_CONFLICT, "Only groups of the active venue have a master. Make its venue active first.");
    if (err)
        return err;
    pthread_mutex_lock(&s->levels);
    err = set_level(s, group_id, (float)level);
    uint64_t ticket = err ? 0 : engine_post_group(s->engine, group_id, (float)level);
    pthread_mutex_unlock(&s->levels);
    if (err)
        return err;
    atomic_store(&s->levels_changed, true);
    return announce(s, ticket);
}

enum lm_err show_group_masters_full(struct show *s)
{
    char (*ids)[UUID_SIZE] = NULL;
    size_t n = 0;

    pthread_mutex_lock(&s->view);
    const struct patch *patch = viewed_patch(s);
    if (patch && (ids = calloc(patch->n_groups + 1, sizeof(*ids))))
        for (; n < patch->n_groups; n++)
            memcpy(ids[n], patch->groups[n].id, UUID_SIZE);
    pthread_mutex_unlock(&s->view);
    if (patch && !ids)
        return LM_NOMEM;
    pthread_mutex_lock(&s->levels);
    for (size_t i = 0; i < n; i++)
        set_level(s, ids[i], 1);
    uint64_t ticket = engine_post_group(s->engine, "", 1);
    pthread_mutex_unlock(&s->levels);
    free(ids);
    atomic_store(&s->levels_changed, true);
    return announce(s, ticket);
}

json_t *show_group_masters(struct show *s, const struct patch *patch)
{
    json_t *list = json_array();

    pthread_mutex_lock(&s->levels);
    for (size_t i = 0; patch && i < patch->n_groups; i++) {
        const struct patch_group *g = &patch->groups[i];
        json_array_append_new(list, json_pack("{s:s, s:s, s:s?, s:f, s:I}", "group_id", g->id, "name", g->name, "color", *g->color ? g->color : NULL,
                                              "level", (double)level_of(s, g->id), "heads", (json_int_t)g->n_heads));
    }
    pthread_mutex_unlock(&s->levels);
    return list;
}

void show_fill_levels(struct show *s, struct scene *scene)
{
    const struct patch *patch = shared_get(((const struct space *)shared_get(scene->space))->patch);

    for (size_t i = 0; i < patch->n_groups; i++)
        scene->group_level[i] = level_of(s, patch->groups[i].id);
}

/* ---- kept over a restart ---- */

void show_load_levels(struct show *s)
{
    char *text = NULL;
    const char *id;
    json_t *v = NULL, *groups, *level;

    if (db_state_get(s->o.db, "levels", &text))
        return;
    if (json_parse(text, strlen(text), &v, NULL))
        v = NULL;
    double master = json_get_real(v, "master", 1);
    atomic_store(&s->master, (float)(master >= 0 && master <= 1 ? master : 1));
    engine_post_master(s->engine, atomic_load(&s->master));
    groups = json_object_get(v, "groups");
    pthread_mutex_lock(&s->levels);
    json_object_foreach (groups, id, level) {
        double x = json_number_value(level);
        if (json_is_number(level) && uuid_valid(id) && x >= 0 && x < 1 && set_level(s, id, (float)x))
            break;
    }
    bool held_down = master < 1 || s->n_levels;
    pthread_mutex_unlock(&s->levels);
    if (held_down)
        log_info("show", "masters stand where they were left: grand master %.0f %%, %zu group%s below full", master * 100, s->n_levels, s->n_levels == 1 ? "" : "s");
    json_decref(v);
    free(text);
}

/* What is set while this runs is written the next time. False: not written, still to do. */
bool show_save_levels(struct show *s)
{
    if (!atomic_exchange(&s->levels_changed, false))
        return true;
    json_t *groups = json_object(), *v = json_pack("{s:f, s:o}", "master", (double)atomic_load(&s->master), "groups", groups);

    pthread_mutex_lock(&s->levels);
    for (size_t i = 0; v && i < s->n_levels; i++)
        json_object_set_new(groups, s->level[i].group, json_real((double)s->level[i].level));
    pthread_mutex_unlock(&s->levels);
    char *text = v ? json_text(v) : NULL;
    bool saved = text && !db_state_set(s->o.db, "levels", text);
    if (!saved)
        atomic_store(&s->levels_changed, true);
    free(text);
    json_decref(v);
    return saved;
}
