#include "api/route.h"
#include "core/json.h"
#include "db/domain.h"

enum { UPLOAD_MAX_MB = 4096 };

void api_limits_load(struct api_limits *limits, struct db_conn *c)
{
    json_t *mb = NULL;

    if (settings_get_one(c, "upload_max_mb", &mb) || !json_is_number(mb))
        limits->upload_max_bytes = (int64_t)UPLOAD_MAX_MB << 20;
    else
        limits->upload_max_bytes = (int64_t)(json_number_value(mb) * 1048576.0);
    json_decref(mb);
}

static enum lm_err get(struct request *req, struct response *res)
{
    return settings_get(req->db, &res->json, &res->problem);
}

struct write {
    const json_t *patch;
    json_t *settings;
};

static enum lm_err write(struct db_conn *c, void *arg, struct problem *p)
{
    struct write *w = arg;

    return settings_patch(c, w->patch, &w->settings, p);
}

static enum lm_err patch(struct request *req, struct response *res)
{
    struct write w = { .patch = req->body };
    enum lm_err err = db_write(req->lumad->db, write, &w, &res->problem);

    res->json = w.settings;
    if (!err)
        api_limits_load(req->limits, req->db);
    return err;
}

static enum lm_err schema(struct request *req, struct response *res)
{
    (void)req;
    return respond_json(res, json_pack("{s:o, s:n}", "items", settings_schema(), "next"));
}

const struct route api_settings[] = {
    { HTTP_GET, "/settings", get, ROLE_VIEWER, NULL, "Settings", .doc = "Every setting and its value." },
    { HTTP_PATCH, "/settings", patch, ROLE_ADMIN, "Settings", "Settings",
      .doc = "Change settings; null puts one back to its default." },
    { HTTP_GET, "/settings/schema", schema, ROLE_VIEWER, NULL, "Setting[]",
      .doc = "What can be set: type, default, range, unit, help." },
    { 0 },
};
