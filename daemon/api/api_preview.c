/* Graphs on trial on the running show (show/preview.h). */
#include <stdio.h>

#include "api/crud.h"
#include "core/json.h"
#include "core/str.h"
#include "core/uuid.h"

static enum lm_err put(struct request *req, struct response *res)
{
    enum lm_err err = show_preview_put(req->lumad->show, req->caller, req->body, &res->json, &res->problem);

    return err && !res->problem.err ? problem_set(&res->problem, err, "The graph could not be put on.") : err;
}

/* A member of the body or, for clients that send none, of the query; "" when absent. */
static enum lm_err id_of(struct request *req, const char *name, char id[UUID_SIZE], struct problem *p)
{
    const char *text = body_text(req->body, name, false, p);
    char query[80], path[64];
    enum lm_err err = p->err ? p->err : request_query(req, name, query, sizeof(query), p);

    id[0] = '\0';
    if (err)
        return err;
    if (!text)
        text = query;
    snprintf(path, sizeof(path), "/%s", name);
    if (*text && !uuid_valid(text))
        return problem_add(p, path, "must be an id");
    str_copy(id, UUID_SIZE, text);
    return LM_OK;
}

static enum lm_err end(struct request *req, struct response *res)
{
    static const char *const known[] = { "client", "annotation_id", "pattern_id", NULL };
    char client[UUID_SIZE], annotation[UUID_SIZE], pattern[UUID_SIZE];
    struct problem *p = &res->problem;
    enum lm_err err = body_only(req->body, known, p);

    if (err || (err = id_of(req, "client", client, p)) || (err = id_of(req, "annotation_id", annotation, p)) ||
        (err = id_of(req, "pattern_id", pattern, p)))
        return err;
    if (!client[0])
        return problem_add(p, "/client", "is missing: it is in your socket's hello");
    if (annotation[0] && pattern[0])
        return problem_add(p, "/pattern_id", "and annotation_id together name two previews; end one after the other");
    err = show_preview_end(req->lumad->show, req->caller, client, annotation[0] ? annotation : pattern[0] ? pattern : NULL, p);
    res->status = 204;
    return err;
}

static enum lm_err list(struct request *req, struct response *res)
{
    return crud_respond_all(res, show_preview_list(req->lumad->show));
}

const struct route api_preview[] = {
    { HTTP_GET, "/graph/preview", list, ROLE_VIEWER, NULL, "GraphPreviewed[]",
      .doc = "The graphs that are on trial on the running show, the newest first; never paged." },
    { HTTP_PUT, "/graph/preview", put, ROLE_OPERATOR, "GraphPreview", "GraphShown",
      .doc = "Play a graph on the running show instead of the stored one, until the client's socket closes; answers when the engine shows it.",
      .flags = ROUTE_SLOW },
    { HTTP_DELETE, "/graph/preview", end, ROLE_OPERATOR, "GraphPreviewEnd", NULL,
      .doc = "End one's own previews, all of them or one; the body may be the query instead.", .flags = ROUTE_BODY_OPTIONAL | ROUTE_SLOW,
      .query = "client annotation_id pattern_id" },
    { 0 },
};
