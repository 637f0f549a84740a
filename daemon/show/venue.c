#include "show/venue.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/clock.h"
#include "core/json.h"
#include "core/log.h"
#include "db/domain.h"
#include "fixtures/selection.h"

static int option_index(const char *const *names, const char *name)
{
    for (int i = 0; names[i]; i++)
        if (!strcmp(names[i], name))
            return i;
    return 0;
}

/* ---- rows -> patch ---- */

static bool fixture_from_row(struct arena *a, const json_t *row, const struct definition *d, struct patch_fixture_row *f)
{
    memset(f, 0, sizeof(*f));
    snprintf(f->id, sizeof(f->id), "%s", json_get_text(row, "id", ""));
    f->universe = (int)json_get_int(row, "universe", 1);
    f->address = (int)json_get_int(row, "address", 1);
    f->definition = d;
    f->mode_name = arena_dup(a, json_get_text(row, "mode_name", ""));
    f->label = arena_dup(a, json_get_text(row, "label", ""));
    f->model = arena_dup(a, json_get_text(row, "model", ""));
    static const char *const pos[] = { "pos_x", "pos_y", "pos_z" }, *const rot[] = { "rot_x", "rot_y", "rot_z" };
    for (int i = 0; i < 3; i++) {
        f->pos[i] = json_get_real(row, pos[i], 0);
        f->rot[i] = json_get_real(row, rot[i], 0);
    }
    f->invert_pan = json_get_bool(row, "invert_pan", false);
    f->invert_tilt = json_get_bool(row, "invert_tilt", false);
    f->swap_pan_tilt = json_get_bool(row, "swap_pan_tilt", false);
    f->curve = (enum dimmer_curve)option_index(dimmer_curve_names, json_get_text(row, "dimmer_curve", "linear"));
    f->dimmer_min = json_get_real(row, "dimmer_min", 0);
    f->dimmer_max = json_get_real(row, "dimmer_max", 1);
    f->white = (enum white_mode)option_index(white_mode_names, json_get_text(row, "white_mode", "bright"));
    return f->mode_name && f->label && f->model;
}

struct fixture_rows { struct arena *a; struct library *library; struct patch_fixture_row *row; size_t n, max; };

static enum lm_err add_fixture(void *ctx, json_t *row, struct problem *p)
{
    struct fixture_rows *f = ctx;
    const struct definition *d = NULL;
    struct problem why;

    if (f->n == f->max) {
        size_t max = f->max ? f->max * 2 : 64;
        struct patch_fixture_row *more = realloc(f->row, max * sizeof(*more));
        if (!more)
            return problem_set(p, LM_NOMEM, "no memory for the patch");
        f->row = more, f->max = max;
    }
    problem_clear(&why);
    if (library_definition(f->library, json_get_text(row, "fixture_path", ""), &d, &why))
        log_warn("patch", "%s: %s", json_get_text(row, "label", ""), why.detail);
    bool ok = fixture_from_row(f->a, row, d, &f->row[f->n++]);
    return ok ? LM_OK : problem_set(p, LM_NOMEM, "no memory for the patch");
}

static enum lm_err group_from_row(struct db_conn *c, struct arena *a, const json_t *row, struct patch_group_row *g, struct problem *p)
{
    static const char *const axes[] = { "axis_lr", "axis_fb", "axis_ab" };
    const json_t *move = json_object_get(row, "movement");
    json_t *ids = NULL;

    memset(g, 0, sizeof(*g));
    snprintf(g->id, sizeof(g->id), "%s", json_get_text(row, "id", ""));
    g->name = json_get_text(row, "name", "");
    g->pan = json_get_real(move, "pan", 0);
    g->tilt = json_get_real(move, "tilt", 0);
    g->pan_range = json_get_real(move, "pan_range", 90);
    g->tilt_range = json_get_real(move, "tilt_range", 45);
    g->rotation_deg = json_get_real(move, "rotation_deg", 0);
    g->color = json_get_text(row, "color", "");
    for (int i = 0; i < 3; i++)
        g->axis[i] = json_get_real(row, axes[i], NAN);

    enum lm_err err = group_members(c, g->id, &ids, p);
    if (err)
        return err;
    size_t n = json_array_size(ids);
    char (*members)[UUID_SIZE] = arena_array(a, n ? n : 1, UUID_SIZE);
    if (members)
        for (size_t i = 0; i < n; i++)
            snprintf(members[i], UUID_SIZE, "%s", json_string_value(json_array_get(ids, i)));
    g->members = (const char (*)[UUID_SIZE])members;
    g->n_members = n;
    json_decref(ids);
    return members ? LM_OK : LM_NOMEM;
}

enum lm_err venue_load(struct db_conn *c, struct library *l, const char *venue_id, struct patch **patch, struct problem *p)
{
    json_t *venue = NULL, *groups = NULL;
    struct fixture_rows f = { .a = arena_new(), .library = l };
    struct patch_group_row *group_rows = NULL;
    size_t n_groups = 0;
    enum lm_err err = f.a ? LM_OK : LM_NOMEM;

    if (err || (err = row_get(c, &venues_table, venue_id, &venue, p)) || (err = row_each(c, &fixtures_table, "venue_id", venue_id, add_fixture, &f, p)) ||
        (err = row_all(c, &fixture_groups_table, "venue_id", venue_id, &groups, p)))
        goto out;
    n_groups = json_array_size(groups);
    group_rows = arena_array(f.a, n_groups + 1, sizeof(*group_rows));
    if (!group_rows)
        err = LM_NOMEM;
    for (size_t i = 0; i < n_groups && !err; i++)
        err = group_from_row(c, f.a, json_array_get(groups, i), &group_rows[i], p);
    if (!err)
        err = patch_new(f.row, f.n, group_rows, n_groups, patch);
out:
    for (size_t i = 0; i < f.n; i++)        /* the patch holds its own references */
        definition_unref(f.row[i].definition);
    json_decref(venue), json_decref(groups);
    free(f.row);
    arena_free(f.a);
    return err;
}

/* ---- what REST shows of a patch ---- */

static void head_id(const struct patch *patch, size_t head, char out[UUID_SIZE + 12])
{
    const struct patch_head *h = &patch->heads[head];
    snprintf(out, UUID_SIZE + 12, "%s:%u", patch->fixtures[h->fixture].row.id, h->index);
}

/* Positions are floats inside; on the wire a tenth of a millimetre is enough, and 0.3 stays 0.3. */
static double metres(float v)
{
    return round((double)v * 1e4) / 1e4;
}

json_t *venue_heads_json(const struct patch *patch)
{
    json_t *items = json_array();

    for (size_t i = 0; i < patch->n_heads; i++) {
        const struct patch_head *h = &patch->heads[i];
        const struct patch_fixture *f = &patch->fixtures[h->fixture];
        json_t *caps = json_array();
        char id[UUID_SIZE + 12];

        head_id(patch, i, id);
        for (unsigned bit = 1; bit <= CAP_ZOOM; bit <<= 1)
            if (h->capabilities & bit)
                json_array_append_new(caps, json_string(capability_name((enum capability)bit)));
        json_array_append_new(items, json_pack("{s:s, s:s, s:i, s:s, s:s, s:f, s:f, s:f, s:f, s:f, s:f, s:o, s:f, s:f}", "id", id, "fixture_id",
                f->row.id, "index", (int)h->index, "label", f->row.label ? f->row.label : "", "type",
                fixture_type_name(f->row.definition ? f->row.definition->type : FIXTURE_OTHER), "x", metres(h->pos[0]), "y", metres(h->pos[1]),
                "z", metres(h->pos[2]), "rot_x", f->row.rot[0], "rot_y", f->row.rot[1], "rot_z", f->row.rot[2], "capabilities", caps, "pan_max",
                f->mode ? f->mode->pan_max : 0.0, "tilt_max", f->mode ? f->mode->tilt_max : 0.0));
    }
    return json_pack("{s:o, s:n}", "items", items, "next");
}

static json_t *free_ranges(const struct patch *patch, int universe)
{
    unsigned char used[513] = { 0 };
    json_t *list = json_array();

    for (size_t i = 0; i < patch->n_fixtures; i++) {
        const struct patch_fixture *f = &patch->fixtures[i];
        for (int k = 0; f->row.universe == universe && k < f->channels && f->row.address + k <= 512; k++)
            used[f->row.address + k] = 1;
    }
    for (int a = 1; a <= 512; a++) {
        int from = a;
        while (a <= 512 && !used[a])
            a++;
        if (a > from)
            json_array_append_new(list, json_pack("{s:i, s:i}", "address", from, "channels", a - from));
    }
    return list;
}

json_t *venue_patch_json(const struct patch *patch)
{
    json_t *universes = json_array(), *used = NULL, *warnings = json_array();
    int universe = 0;

    for (size_t i = 0; i < patch->n_fixtures; i++) {            /* sorted by universe, address */
        const struct patch_fixture *f = &patch->fixtures[i];
        if (f->row.universe != universe) {
            universe = f->row.universe;
            used = json_array();
            json_array_append_new(universes, json_pack("{s:i, s:o, s:o}", "universe", universe, "used", used, "free", free_ranges(patch, universe)));
        }
        json_array_append_new(used, json_pack("{s:s, s:s, s:i, s:i}", "fixture_id", f->row.id, "label", f->row.label ? f->row.label : "",
                                              "address", f->row.address, "channels", f->channels));
    }
    for (size_t i = 0; i < patch->n_warnings; i++)
        json_array_append_new(warnings, json_string(patch->warnings[i]));
    return json_pack("{s:o, s:o}", "universes", universes, "warnings", warnings);
}

static json_t *heads_of(const struct patch *patch, const struct selection *s, uint32_t group, bool all)
{
    json_t *list = json_array();
    char id[UUID_SIZE + 12];

    for (size_t i = 0; i < s->n; i++)
        if (all || s->group[i] == group) {
            head_id(patch, s->heads[i], id);
            json_array_append_new(list, json_string_nocheck(id));
        }
    return list;
}

enum lm_err venue_select(const struct patch *patch, const char *expression, const char *reference, json_t **answer, json_t **errors,
                         struct problem *p)
{
    struct selection s = { 0 };
    int64_t began = clock_mono_ns();
    bool local = !strcmp(reference, "group_local");

    if (!local && strcmp(reference, "global"))
        return problem_add(p, "/spatial_reference", "is \"%.40s\", must be global or group_local", reference);
    enum lm_err err = selection_resolve(patch, expression, &s, p);
    double took_us = (double)(clock_mono_ns() - began) / 1e3;
    if (err == LM_INVALID)
        *errors = json_pack("[{s:s, s:s, s:i, s:i}]", "path", "/expression", "message", p->detail, "start", s.wrong.start, "end", s.wrong.end);
    if (err)
        return err;
    json_t *warnings = json_array();
    for (size_t i = 0; i < s.n_warnings; i++)
        json_array_append_new(warnings, json_string(s.warnings[i]));
    *answer = json_pack("{s:o, s:o, s:f}", "heads", heads_of(patch, &s, 0, true), "warnings", warnings, "took_us", round(took_us * 10) / 10);
    if (local) {
        json_t *lists = json_array();
        for (size_t i = 0; i < s.n_groups_named; i++)
            json_array_append_new(lists, json_pack("{s:s, s:o}", "group", patch->groups[s.groups_named[i]].name, "heads",
                                                   heads_of(patch, &s, s.groups_named[i], false)));
        json_object_set_new(*answer, "groups", lists);
    }
    selection_clear(&s);
    return LM_OK;
}

/* ---- may it stand there? ---- */

static enum lm_err unknown_mode(const struct definition *d, const char *mode, struct problem *p)
{
    char names[200] = "";

    for (size_t i = 0; i < d->n_modes && strlen(names) < 150; i++) {
        size_t at = strlen(names);
        snprintf(names + at, sizeof(names) - at, "%s\"%s\"", i ? ", " : "", d->modes[i].name);
    }
    return problem_add(p, "/mode_name", "\"%.60s\" is no mode of the %.60s; it has %s", mode, d->model, names);
}

enum lm_err venue_find_mode(struct library *l, const char *path, const char *mode_name, const struct definition **d, const struct definition_mode **m,
                            struct problem *p)
{
    enum lm_err err = library_definition(l, path, d, p);

    if (err == LM_NOT_FOUND || err == LM_INVALID) {
        problem_clear(p);
        return problem_add(p, "/fixture_path", "there is no definition \"%.100s\" in the fixture library", path);
    }
    return err || (*m = definition_mode(*d, mode_name)) ? err : unknown_mode(*d, mode_name, p);
}

enum lm_err venue_check_fixture(struct db_conn *c, struct library *l, const char *fixture_id, struct problem *p)
{
    json_t *row = NULL;
    struct patch *patch = NULL;
    const struct definition *d = NULL;
    const struct definition_mode *m;
    enum lm_err err = row_get(c, &fixtures_table, fixture_id, &row, p);

    if (err || (err = venue_find_mode(l, json_get_text(row, "fixture_path", ""), json_get_text(row, "mode_name", ""), &d, &m, p)))
        goto out;
    if (!*json_get_text(row, "manufacturer", "") || !*json_get_text(row, "model", "")) {
        json_t *names = json_pack("{s:s, s:s}", "manufacturer", d->manufacturer, "model", d->model);
        err = row_put(c, &fixtures_table, fixture_id, names, p);
        json_decref(names);
        if (err)
            goto out;
    }
    if ((err = venue_load(c, l, json_get_text(row, "venue_id", ""), &patch, p)))
        goto out;
    err = patch_check_address(patch, (int)json_get_int(row, "universe", 1), (int)json_get_int(row, "address", 1), (int)m->n_channels, fixture_id, p);
out:
    patch_free(patch);
    definition_unref(d);
    json_decref(row);
    return err;
}
