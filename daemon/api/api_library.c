#include <math.h>
#include <stdlib.h>

#include "api/route.h"
#include "core/json.h"

enum { LIMIT_MAX = 1000 };

static json_t *modes_json(const struct library_entry *e)
{
    json_t *modes = json_array();

    for (size_t i = 0; i < e->n_modes; i++)
        json_array_append_new(modes, json_pack("{s:s, s:i, s:i}", "name", e->modes[i].name, "channels", e->modes[i].channels,
                                               "heads", e->modes[i].heads));
    return modes;
}

static enum lm_err list(struct request *req, struct response *res)
{
    struct problem *p = &res->problem;
    char q[256], manufacturer[256], type[64], cursor[32], next[32];
    double limit, offset = 0;
    struct library_entry *entries = NULL;
    size_t n = 0, total = 0;
    enum lm_err err;

    if ((err = request_query(req, "q", q, sizeof(q), p)) ||
        (err = request_query(req, "manufacturer", manufacturer, sizeof(manufacturer), p)) ||
        (err = request_query(req, "type", type, sizeof(type), p)) ||
        (err = request_query_real(req, "limit", 1, LIMIT_MAX, 100, &limit, p)) ||
        (err = request_query(req, "cursor", cursor, sizeof(cursor), p)))
        return err;
    if (*cursor && ((err = request_query_real(req, "cursor", 0, 1e9, 0, &offset, p)) || offset != floor(offset)))
        return problem_set(p, LM_BAD_REQUEST, "The cursor is none that lumad gave.");

    struct library_query query = {
        .q = *q ? q : NULL,
        .manufacturer = *manufacturer ? manufacturer : NULL,
        .type = *type ? type : NULL,
        .offset = (size_t)offset,
        .limit = (size_t)limit,
    };
    if ((err = library_search(req->lumad->library, &query, &entries, &n, &total)))
        return problem_set(p, err, "The fixture library cannot be read.");
    json_t *items = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(items, json_pack("{s:s, s:s, s:s, s:s, s:o}", "path", entries[i].path, "manufacturer",
                                               entries[i].manufacturer, "model", entries[i].model, "type", entries[i].type,
                                               "modes", modes_json(&entries[i])));
    library_results_free(entries, n);
    snprintf(next, sizeof(next), "%zu", query.offset + n);
    return respond_json(res, json_pack("{s:o, s:o, s:I}", "items", items, "next",
                                       query.offset + n < total ? json_string(next) : json_null(), "total", (json_int_t)total));
}

static enum lm_err reload(struct request *req, struct response *res)
{
    enum { MAX = 64 };
    char (*text)[LIBRARY_PROBLEM] = calloc(MAX, sizeof(*text));
    struct library_entry *entries = NULL;
    size_t n = 0, total = 0;
    enum lm_err err = text ? library_reload(req->lumad->library) : LM_NOMEM;

    if (!err)                           /* a search waits for the new index */
        err = library_search(req->lumad->library, &(struct library_query){ .limit = 1 }, &entries, &n, &total);
    if (err) {
        free(text);
        return problem_set(&res->problem, err, "The fixture library cannot be read.");
    }
    library_results_free(entries, n);
    json_t *problems = json_array();
    n = library_problems(req->lumad->library, text, MAX);
    for (size_t i = 0; i < n; i++)
        json_array_append_new(problems, json_string(text[i]));
    free(text);
    return respond_json(res, json_pack("{s:I, s:o}", "total", (json_int_t)total, "problems", problems));
}

static json_t *ranges_json(const struct definition_channel *c)
{
    json_t *ranges = json_array();

    for (size_t i = 0; i < c->n_ranges; i++) {
        const struct definition_range *r = &c->ranges[i];
        json_t *range = json_pack("{s:i, s:i, s:s, s:s}", "min", r->min, "max", r->max, "name", r->name, "preset", r->preset);
        if (r->n_aliases)
            json_object_set_new(range, "aliases", json_array());
        for (size_t k = 0; k < r->n_aliases; k++)
            json_array_append_new(json_object_get(range, "aliases"), json_pack("{s:s, s:s, s:s}", "mode", r->aliases[k].mode, "channel",
                                                                               r->aliases[k].channel, "with", r->aliases[k].with));
        json_array_append_new(ranges, range);
    }
    return ranges;
}

static json_t *mode_json(const struct definition *d, const struct definition_mode *m)
{
    static const enum capability all[] = { CAP_DIMMER, CAP_COLOR, CAP_MOVEMENT, CAP_STROBE, CAP_GOBO, CAP_ZOOM };
    json_t *channels = json_array(), *heads = json_array();

    for (size_t i = 0; i < m->n_channels; i++) {
        const struct definition_channel *c = &d->channels[m->channels[i]];
        json_t *channel = json_pack("{s:s, s:s, s:s, s:i, s:i, s:o}", "name", c->name, "preset", c->preset, "group", c->group, "byte",
                                    c->byte, "default", c->default_value, "ranges", ranges_json(c));
        if (m->acts_on && m->acts_on[i] >= 0)
            json_object_set_new(channel, "acts_on", json_integer(m->acts_on[i]));
        json_array_append_new(channels, channel);
    }
    for (size_t h = 0; h < m->n_heads; h++) {
        unsigned has = definition_head_capabilities(d, m, h);
        json_t *names = json_array(), *slots = json_array();
        for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
            if (has & all[i])
                json_array_append_new(names, json_string(capability_name(all[i])));
        for (size_t i = 0; i < m->heads[h].n; i++)
            json_array_append_new(slots, json_integer(m->heads[h].channels[i]));
        json_array_append_new(heads, json_pack("{s:o, s:o}", "channels", slots, "capabilities", names));
    }
    return json_pack("{s:s, s:o, s:o, s:f, s:f}", "name", m->name, "channels", channels, "heads", heads, "pan_max", m->pan_max,
                     "tilt_max", m->tilt_max);
}

static enum lm_err definition(struct request *req, struct response *res)
{
    const struct definition *d = NULL;
    const struct definition_mode *only = NULL;
    char path[1024], mode[256];
    enum lm_err err = request_query(req, "path", path, sizeof(path), &res->problem);

    err = err ? err : request_query(req, "mode", mode, sizeof(mode), &res->problem);

    if (!err && !*path)
        err = problem_set(&res->problem, LM_BAD_REQUEST, "Say which: ?path=, as GET /fixture-library gives it.");
    if (!err)
        err = library_definition(req->lumad->library, path, &d, &res->problem);
    if (!err && *mode && !(only = definition_mode(d, mode))) {
        err = problem_set(&res->problem, LM_NOT_FOUND, "It has no mode \"%.100s\".", mode);
        definition_unref(d);
    }
    if (err)
        return err;
    json_t *modes = json_array(), *warnings = json_array();
    for (size_t i = 0; i < d->n_modes; i++)
        if (!only || only == &d->modes[i])
            json_array_append_new(modes, mode_json(d, &d->modes[i]));
    for (size_t i = 0; i < d->n_warnings; i++)
        json_array_append_new(warnings, json_string(d->warnings[i]));
    err = respond_json(res, json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "path", path, "manufacturer", d->manufacturer, "model",
                                      d->model, "type", fixture_type_name(d->type), "modes", modes, "warnings", warnings));
    definition_unref(d);
    return err;
}

const struct route api_library[] = {
    { HTTP_GET, "/fixture-library", list, ROLE_VIEWER, NULL, "LibraryItem[]",
      .doc = "Fixture definitions: every word of q must occur; an exact model first.",
      .query = "q manufacturer type limit cursor", .flags = ROUTE_SLOW },
    { HTTP_POST, "/fixture-library/reload", reload, ROLE_OPERATOR, NULL, "LibraryState",
      .doc = "Read the folders of definitions again, now; they are also watched. What is patched follows; files that are none are named.",
      .flags = ROUTE_SLOW },
    { HTTP_GET, "/fixture-library/definition", definition, ROLE_VIEWER, NULL, "Definition",
      .doc = "One definition: modes, channels, ranges, heads; with `mode` that one alone.", .query = "path mode" },
    { 0 },
};
