#include "analysis/batch.h"
#include "api/route.h"

static enum lm_err list(struct request *req, struct response *res)
{
    struct page_query page;
    enum lm_err err = request_page(req, &page, &res->problem);

    return err ? err : batch_page(req->lumad->batches, page.q.limit, &res->json, &res->problem);
}

static enum lm_err get(struct request *req, struct response *res)
{
    return batch_get(req->lumad->batches, req->arg[0], &res->json, &res->problem);
}

static enum lm_err items(struct request *req, struct response *res)
{
    struct page_query page;
    char state[24];
    enum lm_err err;

    if ((err = request_page(req, &page, &res->problem)) ||
        (err = request_query(req, "state", state, sizeof(state), &res->problem)))
        return err;
    return batch_item_page(req->lumad->batches, req->arg[0], *state ? state : NULL, page.q.limit, page.q.cursor, &res->json, &res->problem);
}

static const json_t *body_list(const json_t *body, const char *name, const char *path, struct problem *p)
{
    const json_t *v = json_object_get(body, name);

    if (v && !json_is_null(v) && !json_is_array(v))
        problem_add(p, path, "must be a list, or null");
    return json_is_array(v) ? v : NULL;
}

static enum lm_err create(struct request *req, struct response *res)
{
    static const char *const known[] = { "name", "track_ids", "steps", "force", NULL };
    struct problem *p = &res->problem;
    enum lm_err err = body_only(req->body, known, p);

    if (err == LM_BAD_REQUEST)
        return err;
    const char *name = body_text(req->body, "name", false, p);
    const json_t *ids = body_list(req->body, "track_ids", "/track_ids", p), *steps = body_list(req->body, "steps", "/steps", p);
    bool force = body_bool(req->body, "force", false, false, p);
    if (p->err)
        return p->err;
    err = batch_analyze(req->lumad->batches, name ? name : ids ? "Tracks" : "All tracks", ids, steps, force, &res->json, p);
    if (!err)
        res->status = 202;
    return err;
}

static enum lm_err cancel(struct request *req, struct response *res)
{
    return batch_cancel(req->lumad->batches, req->arg[0], &res->json, &res->problem);
}

static enum lm_err retry(struct request *req, struct response *res)
{
    return batch_retry(req->lumad->batches, req->arg[0], &res->json, &res->problem);
}

static enum lm_err forget(struct request *req, struct response *res)
{
    return batch_delete(req->lumad->batches, req->arg[0], &res->problem);
}

const struct route api_batches[] = {
    { HTTP_GET, "/batches", list, ROLE_VIEWER, NULL, "TrackBatch[]",
      .doc = "Work on many tracks that counts as one: imports and analyses, the newest first.", .query = "limit" },
    { HTTP_POST, "/batches", create, ROLE_OPERATOR, "TrackBatchInput", "TrackBatch",
      .doc = "Analyse these tracks, or with null all of them: what is missing or out of date, or everything with force." },
    { HTTP_GET, "/batches/{id}", get, ROLE_VIEWER, NULL, "TrackBatch", .doc = "One batch, how far it is and how long it will take." },
    { HTTP_GET, "/batches/{id}/items", items, ROLE_VIEWER, NULL, "TrackBatchItem[]",
      .doc = "Its items in order, all or those in one state, each with the reason when it failed.", .query = "state limit cursor" },
    { HTTP_POST, "/batches/{id}/cancel", cancel, ROLE_OPERATOR, NULL, "TrackBatch", .doc = "Stop a batch. What is done stays." },
    { HTTP_POST, "/batches/{id}/retry", retry, ROLE_OPERATOR, NULL, "TrackBatch", .doc = "Take the failed and cancelled items of a batch again." },
    { HTTP_DELETE, "/batches/{id}", forget, ROLE_OPERATOR, NULL, NULL, .doc = "Stop a batch and forget it. Its tracks stay." },
    { 0 },
};
