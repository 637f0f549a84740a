#include "api/crud.h"
#include "db/domain.h"
#include "show/venue.h"

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

const struct route api_venues[] = {
    { HTTP_GET, "/venues", crud_list, ROLE_VIEWER, NULL, "Venue[]", .doc = "Every venue.", .query = "limit cursor q",
      .crud = &crud },
    { HTTP_POST, "/venues", crud_create, ROLE_OPERATOR, "VenueInput", "Venue", .doc = "Make a venue.", .crud = &crud },
    { HTTP_GET, "/venues/{id}", crud_get, ROLE_VIEWER, NULL, "Venue", .doc = "One venue.", .crud = &crud },
    { HTTP_PATCH, "/venues/{id}", crud_patch, ROLE_OPERATOR, "VenuePatch", "Venue", .doc = "Change a venue.", .crud = &crud },
    { HTTP_DELETE, "/venues/{id}", crud_delete, ROLE_OPERATOR, NULL, NULL,
      .doc = "Delete a venue with its fixtures, groups, outputs and scores.", .crud = &crud },
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
