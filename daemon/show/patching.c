#include "show/patching.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "db/domain.h"
#include "dmx/universe.h"
#include "show/venue.h"

static const char *const pos_names[] = { "pos_x", "pos_y", "pos_z" };

/* ---- where the next one stands ---- */

struct spot { int universe, address; };

/* What does not fit in the rest of the universe begins the next. */
static void flow(struct spot *s, int channels)
{
    if (s->address + channels - 1 > DMX_SLOTS)
        *s = (struct spot){ s->universe + 1, 1 };
}

static enum lm_err set_spot(json_t *members, const struct spot *s, struct problem *p)
{
    if (s->universe > DMX_MAX_UNIVERSE)
        return problem_add(p, "/universe", "behind universe %d there is no other", DMX_MAX_UNIVERSE);
    if (json_object_set_new(members, "universe", json_integer(s->universe)) || json_object_set_new(members, "address", json_integer(s->address)))
        return problem_set(p, LM_NOMEM, "no memory for a fixture");
    return LM_OK;
}

bool patching_next(const struct patch *patch, int channels, int *universe, int *address)
{
    for (int u = *universe; u <= DMX_MAX_UNIVERSE; u++)
        if ((*address = patch_next_free(patch, u, channels, NULL))) {
            *universe = u;
            return true;
        }
    return false;
}

/* ---- does it fit? ---- */

void patching_tell(struct problem *p, json_t *errors, const char *prefix, const struct problem *of)
{
    char path[PROBLEM_PATH + 32];

    if (!p->n && !p->more)
        problem_set(p, of->err, "%s", of->detail);
    for (size_t i = 0; i < of->n; i++) {
        snprintf(path, sizeof(path), "%s%s", prefix, of->errors[i].path);
        problem_add(p, path, "%s", of->errors[i].message);
        if (errors)
            json_array_append_new(errors, json_pack("{s:s, s:s}", "path", path, "message", of->errors[i].message));
    }
    p->more += of->more;
}

static int by_id(const void *a, const void *b)
{
    return strcmp((*(const struct patch_fixture *const *)a)->row.id, (*(const struct patch_fixture *const *)b)->row.id);
}

static enum lm_err check_one(struct library *l, const struct patch *patch, const struct patch_fixture *f, const json_t *row, struct problem *p)
{
    const struct definition *d = NULL;
    const struct definition_mode *m = NULL;
    enum lm_err err = venue_find_mode(l, json_get_text(row, "fixture_path", ""), f->row.mode_name, &d, &m, p);

    if (!err)
        err = patch_check_address(patch, f->row.universe, f->row.address, (int)m->n_channels, f->row.id, p);
    definition_unref(d);
    return err;
}

enum lm_err patching_check(struct db_conn *c, struct library *l, const char *venue_id, const json_t *rows, const struct patching_origin *from, json_t *errors,
                           struct problem *p)
{
    struct patch *patch = NULL;
    const struct patch_fixture **ids = NULL;
    enum lm_err err = venue_load(c, l, venue_id, &patch, p), first = LM_OK;
    json_t *row;
    size_t i;

    if (!err && !(ids = calloc(patch->n_fixtures + 1, sizeof(*ids))))
        err = problem_set(p, LM_NOMEM, "no memory for a patch");
    for (i = 0; !err && i < patch->n_fixtures; i++)
        ids[i] = &patch->fixtures[i];
    if (!err)
        qsort(ids, patch->n_fixtures, sizeof(*ids), by_id);
    json_array_foreach (rows, i, row) {
        struct patch_fixture key;
        const struct patch_fixture *wanted = &key, **found;
        struct problem one;
        char prefix[32] = "";

        if (err)
            break;
        if (from && !from[i].list)
            continue;
        snprintf(key.row.id, sizeof(key.row.id), "%s", json_get_text(row, "id", ""));
        if (!(found = bsearch(&wanted, ids, patch->n_fixtures, sizeof(*ids), by_id)))
            continue;                   /* a row that names one fixture twice was reported as such */
        problem_clear(&one);
        enum lm_err bad = check_one(l, patch, *found, row, &one);
        if (!bad)
            continue;
        first = first ? first : bad;
        if (from)
            snprintf(prefix, sizeof(prefix), "/%.8s/%zu", from[i].list, from[i].index);
        patching_tell(p, errors, prefix, &one);
        if (!from)
            break;                      /* copies: the first that is in the way says it all */
    }
    free(ids);
    patch_free(patch);
    return err ? err : first;
}

/* ---- copies ---- */

/* "Par 9" and 1 -> "Par 10", "Par 09" -> "Par 10", "Par" -> "Par 2"; nothing stays nothing. */
static void count_label(const char *base, size_t by, char *out, size_t size)
{
    size_t n = strlen(base), digits = 0;

    while (digits < n && digits < 9 && base[n - digits - 1] >= '0' && base[n - digits - 1] <= '9')
        digits++;
    if (digits)
        snprintf(out, size, "%.*s%0*lu", (int)(n - digits), base, (int)digits, strtoul(base + n - digits, NULL, 10) + by);
    else if (n)
        snprintf(out, size, "%s %zu", base, by + 1);
    else
        *out = '\0';
}

/* Numbers move by the offset; anything else is left for row_create() to refuse. */
static void move(json_t *members, const struct patching_copies *k, double times)
{
    for (int i = 0; i < 3; i++) {
        json_t *v = json_object_get(members, pos_names[i]);
        if (k->offset[i] != 0 && (!v || json_is_number(v)))
            json_object_set_new(members, pos_names[i], json_real(json_number_value(v) + times * k->offset[i]));
    }
}

static void relabel(json_t *members, size_t by)
{
    const char *label = json_get_text(members, "label", NULL);
    char text[1200];

    if (!label)
        return;
    count_label(label, by, text, sizeof(text));
    json_object_set_new(members, "label", json_string(text));
}

/* `from`: how many steps the first is away from `members`. */
static enum lm_err make_copies(struct db_conn *c, struct library *l, const char *venue_id, const json_t *members, const struct patching_copies *k, size_t from,
                               const struct spot *start, int channels, json_t **rows, struct problem *p)
{
    struct spot at = *start;
    int step = k->step ? k->step : channels;
    enum lm_err err = (*rows = json_array()) ? LM_OK : problem_set(p, LM_NOMEM, "no memory for fixtures");

    for (size_t i = 0; !err && i < (size_t)k->count; i++) {
        json_t *one = json_deep_copy(members), *row = NULL;
        if (!one) {
            err = problem_set(p, LM_NOMEM, "no memory for a fixture");
            break;
        }
        if (i || from) {                /* the first is as it was sent, right or wrong */
            if (i)
                flow(&at, channels);
            err = set_spot(one, &at, p);
        }
        move(one, k, (double)(i + from));
        if (k->count > 1 || from)
            relabel(one, i + from);
        if (!err && !(err = row_create(c, &fixtures_table, venue_id, one, &row, NULL, p)) && json_array_append_new(*rows, row))
            err = problem_set(p, LM_NOMEM, "no memory for fixtures");
        json_decref(one);
        at.address += step;
    }
    return err ? err : patching_check(c, l, venue_id, *rows, NULL, NULL, p);
}

void patching_name(json_t *members, const struct definition *d)
{
    if (!*json_get_text(members, "manufacturer", "") && !json_object_get(members, "manufacturer"))
        json_object_set_new(members, "manufacturer", json_string(d->manufacturer));
    if (!*json_get_text(members, "model", "") && !json_object_get(members, "model"))
        json_object_set_new(members, "model", json_string(d->model));
}

enum lm_err patching_array(struct db_conn *c, struct library *l, const char *venue_id, const json_t *fixture, const struct patching_copies *k,
                           json_t **rows, struct problem *p)
{
    const struct definition *d = NULL;
    const struct definition_mode *m = NULL;
    struct spot start = { (int)json_get_int(fixture, "universe", 1), (int)json_get_int(fixture, "address", 1) };
    json_t *members = json_copy((json_t *)fixture), *venue = NULL;
    enum lm_err err = members ? row_get(c, &venues_table, venue_id, &venue, p) : problem_set(p, LM_NOMEM, "no memory for a fixture");

    if (!err && json_object_get(members, "id"))
        err = problem_add(p, "/id", "several fixtures cannot have one id");
    if (!err && !(err = venue_find_mode(l, json_get_text(members, "fixture_path", ""), json_get_text(members, "mode_name", ""), &d, &m, p))) {
        patching_name(members, d);
        err = make_copies(c, l, venue_id, members, k, 0, &start, (int)m->n_channels, rows, p);
    }
    definition_unref(d);
    json_decref(members), json_decref(venue);
    return err;
}

enum lm_err patching_clone(struct db_conn *c, struct library *l, const char *fixture_id, const json_t *changes, const struct patching_copies *k,
                           json_t **rows, struct problem *p)
{
    static const char *const own[] = { "id", "venue_id", "created_at", "updated_at", "version" };
    const struct definition *d = NULL;
    const struct definition_mode *m = NULL;
    json_t *row = NULL, *members = NULL;
    char venue[UUID_SIZE];
    enum lm_err err = row_get(c, &fixtures_table, fixture_id, &row, p);

    if (err)
        return err;
    snprintf(venue, sizeof(venue), "%s", json_get_text(row, "venue_id", ""));
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        json_object_del(row, own[i]);
    if (json_object_get(changes, "id"))
        err = problem_add(p, "/id", "copies have ids of their own");
    else if (!(members = json_copy(row)) || json_object_update(members, (json_t *)changes))
        err = problem_set(p, LM_NOMEM, "no memory for a fixture");
    if (!err && !(err = venue_find_mode(l, json_get_text(members, "fixture_path", ""), json_get_text(members, "mode_name", ""), &d, &m, p))) {
        struct spot at = { (int)json_get_int(members, "universe", 1), (int)json_get_int(members, "address", 1) };
        bool is_placed = json_object_get(changes, "universe") || json_object_get(changes, "address");
        if (!is_placed) {
            at.address += k->step ? k->step : (int)m->n_channels;
            flow(&at, (int)m->n_channels);
        }
        if (is_placed && (!json_is_integer(json_object_get(members, "universe")) || !json_is_integer(json_object_get(members, "address")) || at.address < 1 ||
                          at.address > DMX_SLOTS || at.universe < 1 || at.universe > DMX_MAX_UNIVERSE))
            err = problem_add(p, json_object_get(changes, "address") ? "/address" : "/universe", "must be a universe of 1 to %d and an address of 1 to %d",
                              DMX_MAX_UNIVERSE, DMX_SLOTS);
        else
            err = make_copies(c, l, venue, members, k, 1, &at, (int)m->n_channels, rows, p);
    }
    definition_unref(d);
    json_decref(row), json_decref(members);
    return err;
}

/* ---- renumbering ---- */

/* The rows of `ids` out of all of the venue. */
static enum lm_err pick(const json_t *all, const json_t *ids, json_t **picked, struct problem *p)
{
    json_t *by = json_object(), *row, *id;
    char path[PROBLEM_PATH];
    size_t i;

    *picked = json_array();
    json_array_foreach (all, i, row) {
        json_object_set(by, json_get_text(row, "id", ""), row);
    }
    json_array_foreach (ids, i, id) {
        const char *text = json_string_value(id);
        snprintf(path, sizeof(path), "/fixture_ids/%zu", i);
        if (!text || !(row = json_object_get(by, text))) {
            problem_add(p, path, "is no fixture of this venue, or named twice");
        } else {
            json_array_append(*picked, row);
            json_object_del(by, text);
        }
    }
    json_decref(by);
    return p->err;
}

/* How many slots a fixture takes is known to its definition alone: without it nothing can be packed behind it. */
static enum lm_err say_whose(const json_t *row, enum lm_err err, struct problem *p)
{
    char message[PROBLEM_MESSAGE];

    if (!p->n)
        return err;
    snprintf(message, sizeof(message), "%s", p->errors[0].message);
    problem_clear(p);
    p->err = err;
    return problem_add(p, "/fixture_ids", "%.80s at %d.%d: %.150s", json_get_text(row, "label", ""), (int)json_get_int(row, "universe", 1),
                       (int)json_get_int(row, "address", 1), message);
}

static enum lm_err pack(struct db_conn *c, struct library *l, const json_t *rows, const void *how, json_t *moved, struct problem *p)
{
    struct spot at = *(const struct spot *)how;
    enum lm_err err = LM_OK;
    const json_t *row;
    size_t i;

    json_array_foreach (rows, i, row) {
        const struct definition *d = NULL;
        const struct definition_mode *m = NULL;
        json_t *members = json_object(), *now = NULL;
        if ((err = venue_find_mode(l, json_get_text(row, "fixture_path", ""), json_get_text(row, "mode_name", ""), &d, &m, p))) {
            err = say_whose(row, err, p);
        } else {
            flow(&at, (int)m->n_channels);
            err = set_spot(members, &at, p);
            at.address += (int)m->n_channels;
        }
        if (!err && !(err = row_patch(c, &fixtures_table, json_get_text(row, "id", ""), members, -1, &now, p)))
            json_array_append_new(moved, now);
        definition_unref(d);
        json_decref(members);
        if (err)
            break;
    }
    return err;
}

/* What `each` makes of the rows of `ids` (all: NULL), and whether it fits. */
static enum lm_err rewrite(struct db_conn *c, struct library *l, const char *venue_id, const json_t *ids,
                           enum lm_err (*each)(struct db_conn *c, struct library *l, const json_t *rows, const void *how, json_t *changed, struct problem *p),
                           const void *how, json_t **rows, struct problem *p)
{
    json_t *all = NULL, *venue = NULL, *picked = NULL;
    enum lm_err err = row_get(c, &venues_table, venue_id, &venue, p);

    if (!err && !(err = row_all(c, &fixtures_table, "venue_id", venue_id, &all, p)) && ids)
        err = pick(all, ids, &picked, p);
    if (!err && !(*rows = json_array()))
        err = problem_set(p, LM_NOMEM, "no memory for a patch");
    if (!err && !(err = each(c, l, ids ? picked : all, how, *rows, p)))
        err = patching_check(c, l, venue_id, *rows, NULL, NULL, p);
    json_decref(all), json_decref(venue), json_decref(picked);
    return err;
}

enum lm_err patching_renumber(struct db_conn *c, struct library *l, const char *venue_id, const json_t *ids, int universe, int address, json_t **rows,
                              struct problem *p)
{
    return rewrite(c, l, venue_id, ids, pack, &(struct spot){ universe, address }, rows, p);
}

/* ---- moving ---- */

static enum lm_err shift(struct db_conn *c, struct library *l, const json_t *rows, const void *how, json_t *moved, struct problem *p)
{
    const struct patching_move *by = how;
    const struct patching_copies place = { .offset = { by->offset[0], by->offset[1], by->offset[2] } };
    enum lm_err err = LM_OK;
    const json_t *row;
    size_t i;

    (void)l;
    json_array_foreach (rows, i, row) {
        struct spot at = { (int)json_get_int(row, "universe", 1) + by->universes, (int)json_get_int(row, "address", 1) + by->slots };
        json_t *members = json_object(), *now = NULL;
        for (int k = 0; k < 3; k++)
            json_object_set(members, pos_names[k], json_object_get(row, pos_names[k]));
        move(members, &place, 1);
        if (at.universe < 1 || at.address < 1 || at.address > DMX_SLOTS)
            err = problem_add(p, at.universe < 1 ? "/universe_offset" : "/address_offset", "%.80s would stand at %d.%d, which is no address",
                              json_get_text(row, "label", ""), at.universe, at.address);
        else if (!(err = set_spot(members, &at, p)) && !(err = row_patch(c, &fixtures_table, json_get_text(row, "id", ""), members, -1, &now, p)))
            json_array_append_new(moved, now);
        json_decref(members);
        if (err)
            break;
    }
    return err;
}

enum lm_err patching_move(struct db_conn *c, struct library *l, const char *venue_id, const json_t *ids, const struct patching_move *by, json_t **rows,
                          struct problem *p)
{
    return rewrite(c, l, venue_id, ids, shift, by, rows, p);
}
