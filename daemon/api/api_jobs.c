#include "api/route.h"
#include "core/uuid.h"

static enum lm_err list(struct request *req, struct response *res)
{
    struct page_query page;
    char track[UUID_SIZE];
    enum lm_err err;

    if ((err = request_page(req, &page, &res->problem)) ||
        (err = request_query(req, "track_id", track, sizeof(track), &res->problem)))
        return err;
    return jobs_page(req->lumad->jobs, *track ? track : NULL, page.q.limit, &res->json, &res->problem);
}

static enum lm_err get(struct request *req, struct response *res)
{
    return jobs_get(req->lumad->jobs, req->arg[0], &res->json, &res->problem);
}

static enum lm_err cancel(struct request *req, struct response *res)
{
    return jobs_cancel(req->lumad->jobs, req->arg[0], &res->json, &res->problem);
}

static enum lm_err retry(struct request *req, struct response *res)
{
    return jobs_retry(req->lumad->jobs, req->arg[0], &res->json, &res->problem);
}

const struct route api_jobs[] = {
    { HTTP_GET, "/jobs", list, ROLE_VIEWER, NULL, "Job[]", .doc = "Work in the background, the newest first.",
      .query = "track_id limit" },
    { HTTP_GET, "/jobs/{id}", get, ROLE_VIEWER, NULL, "Job", .doc = "One job, with its log." },
    { HTTP_POST, "/jobs/{id}/cancel", cancel, ROLE_OPERATOR, NULL, "Job", .doc = "Stop a job." },
    { HTTP_POST, "/jobs/{id}/retry", retry, ROLE_OPERATOR, NULL, "Job", .doc = "Queue a failed or cancelled job again." },
    { 0 },
};
