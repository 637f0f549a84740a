#include <stdio.h>

#include "api/crud.h"
#include "db/domain.h"
#include "show/venue.h"
#include "show/venue_file.h"

static const struct crud crud = { .table = &venues_table };

/* The patch of the venue in the path, counted. */
static enum lm_err load(struct request *req, struct response *res, struct shared **patch)
{
    return patches_get(req->lumad->patches, req->db, req->arg[0], patch, &res->problem);
}

static enum lm_err heads(struct request *req, struct response *res)
{
    struct shared *patch = NULL;
    enum lm_err err = load(req, res, &patch);

    if (!err)
        err = respond_json(res, venue_heads_json(shared_get(patch)));
    shared_unref(patch);
    return err;
}

static enum lm_err slots(struct request *req, struct response *res)
{
    struct shared *patch = NULL;
    enum lm_err err = load(req, res, &patch);

    if (!err)
        err = respond_json(res, venue_patch_json(shared_get(patch)));
    shared_unref(patch);
    return err;
}

static enum lm_err select_heads(struct request *req, struct response *res)
{
    static const char *const known[] = { "expression", "spatial_reference", NULL };
    struct shared *patch = NULL;
    struct problem *p = &res->problem;
    enum lm_err err = body_only(req->body, known, p);

    if (err == LM_BAD_REQUEST)
        return err;
    const char *expression = body_text(req->body, "expression", true, p),
               *reference = body_text(req->body, "spatial_reference", false, p);
    if (p->err)
        return p->err;
    if (!(err = load(req, res, &patch)))
        err = venue_select(shared_get(patch), expression, reference ? reference : "global", &res->json, &res->errors, p);
    shared_unref(patch);
    return err;
}

/* Apart from the rows: what a venue has changes without it. */
static enum lm_err counts(struct request *req, struct response *res)
{
    json_t *list = NULL;
    enum lm_err err = venues_count(req->db, &list, &res->problem);

    return err ? err : crud_respond_all(res, list);
}

/* ---- as a file ---- */

static enum lm_err export_venue(struct request *req, struct response *res)
{
    snprintf(res->disposition, sizeof(res->disposition), "attachment; filename=\"venue.json\"");
    res->is_more = true;                /* of many rows: none of their versions is its own */
    return venue_export(req->db, req->lumad->library, req->arg[0], &res->json, &res->problem);
}

static enum lm_err answer(struct request *req, struct response *res, enum lm_err err)
{
    if (err)
        return err;
    res->status = 201;
    return crud_respond(req, res, &crud, res->json);
}

static enum lm_err import_venue(struct request *req, struct response *res)
{
    char name[1001];
    enum lm_err err = request_query(req, "name", name, sizeof(name), &res->problem);

    return answer(req, res, err ? err : venue_import(req->lumad->db, req->lumad->library, req->body, name, &res->json, &res->problem));
}

static enum lm_err duplicate(struct request *req, struct response *res)
{
    static const char *const known[] = { "name", NULL };
    struct problem *p = &res->problem;
    enum lm_err err = body_only(req->body, known, p);
    const char *name = err ? NULL : body_text(req->body, "name", false, p);

    return answer(req, res, p->err ? p->err : venue_duplicate(req->lumad->db, req->lumad->library, req->arg[0], name ? name : "", &res->json, p));
}

const struct route api_venues[] = {
    { HTTP_GET, "/venues", crud_list, ROLE_VIEWER, NULL, "Venue[]", .doc = "Every venue.", .query = "limit cursor q",
      .crud = &crud },
    { HTTP_POST, "/venues", crud_create, ROLE_OPERATOR, "VenueInput", "Venue", .doc = "Make a venue.", .crud = &crud },
    { HTTP_GET, "/venues/{id}", crud_get, ROLE_VIEWER, NULL, "Venue", .doc = "One venue.", .crud = &crud },
    { HTTP_PATCH, "/venues/{id}", crud_patch, ROLE_OPERATOR, "VenuePatch", "Venue", .doc = "Change a venue.", .crud = &crud },
    { HTTP_DELETE, "/venues/{id}", crud_delete, ROLE_OPERATOR, NULL, NULL,
      .doc = "Delete a venue with its fixtures, groups, outputs and scores.", .crud = &crud },
    { HTTP_GET, "/venue-counts", counts, ROLE_VIEWER, NULL, "VenueCounts[]", .doc = "What each venue has: fixtures, universes, groups, outputs, scores; never paged." },
    { HTTP_GET, "/venues/{id}/export", export_venue, ROLE_VIEWER, NULL, "VenueFile",
      .doc = "The venue as a file: its values, fixtures, groups, outputs, parked channels, and the definitions that are not of the distribution.",
      .flags = ROUTE_SLOW },
    { HTTP_POST, "/venues/import", import_venue, ROLE_OPERATOR, "VenueFile", "Venue",
      .doc = "A venue from such a file, with new ids: all of it or nothing. Definitions that are not here come into the folder \"fixtures\" of the data directory.",
      .flags = ROUTE_SLOW, .query = "name" },
    { HTTP_POST, "/venues/{id}/duplicate", duplicate, ROLE_OPERATOR, "VenueDuplicate", "Venue",
      .doc = "The venue once more, with its fixtures, groups, outputs and parked channels; without scores.", .flags = ROUTE_SLOW | ROUTE_BODY_OPTIONAL },
    { HTTP_GET, "/venues/{id}/heads", heads, ROLE_VIEWER, NULL, "Head[]",
      .doc = "Every head of the venue in the order of the socket's frames; never paged." },
    { HTTP_GET, "/venues/{id}/patch", slots, ROLE_VIEWER, NULL, "Patch",
      .doc = "Used slots and free ranges of each universe, and what is odd about the patch." },
    { HTTP_POST, "/venues/{id}/select", select_heads, ROLE_VIEWER, "Selection", "Selected",
      .doc = "The heads a selection expression picks, with group_local also those of each group it names; took_us is the time for reading it. An "
             "expression that cannot be read has `start` and `end` of what is wrong in `errors`, in characters.",
      .flags = ROUTE_ASKS },
    { 0 },
};
