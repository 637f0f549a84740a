#include "api/route.h"
#include "core/json.h"
#include "core/uuid.h"
#include "show/demo.h"

static enum lm_err get(struct request *req, struct response *res)
{
    return show_get(req->lumad->show, &res->json, &res->problem);
}

static enum lm_err put(struct request *req, struct response *res)
{
    return show_put(req->lumad->show, req->body, &res->json, &res->problem);
}

static bool is_gone(void *ctx)
{
    return request_is_gone(ctx);
}

/* Like any venue and score that are put on; what starts by itself stays as it was. */
static enum lm_err demo(struct request *req, struct response *res)
{
    static const char *const known[] = { NULL };
    const struct lumad *l = req->lumad;
    struct problem *p = &res->problem;
    char venue[UUID_SIZE], score[UUID_SIZE];
    struct demo_how how = { .is_gone = is_gone, .ctx = req };
    enum lm_err err = body_only(req->body, known, p);

    if (err || (err = demo_install(l->db, l->jobs, l->library, l->data_dir, &how, venue, score, p)))
        return err;
    json_t *body = json_pack("{s:s, s:s, s:s}", "venue_id", venue, "score_id", score, "mode", "score");
    err = body ? show_put(l->show, body, &res->json, p) : LM_NOMEM;
    json_decref(body);
    return err;
}

/* The one member of blackout and freeze. */
static enum lm_err on_of(struct request *req, struct response *res, bool *on)
{
    static const char *const known[] = { "on", NULL };
    enum lm_err err = body_only(req->body, known, &res->problem);

    if (err == LM_BAD_REQUEST)
        return err;
    *on = body_bool(req->body, "on", true, false, &res->problem);
    return res->problem.err;
}

static enum lm_err blackout(struct request *req, struct response *res)
{
    bool on;
    enum lm_err err = on_of(req, res, &on);

    if (!err)
        err = show_blackout(req->lumad->show, on);
    return err ? err : get(req, res);
}

static enum lm_err freeze(struct request *req, struct response *res)
{
    bool on;
    enum lm_err err = on_of(req, res, &on);

    if (!err)
        err = show_freeze(req->lumad->show, on);
    return err ? err : get(req, res);
}

static enum lm_err master(struct request *req, struct response *res)
{
    static const char *const known[] = { "level", NULL };
    struct problem *p = &res->problem;
    enum lm_err err = body_only(req->body, known, p);

    if (err == LM_BAD_REQUEST)
        return err;
    double level = body_real(req->body, "level", true, 0, 0, 1, p);
    if (p->err)
        return p->err;
    if ((err = show_master(req->lumad->show, level, p)))
        return err;
    return get(req, res);
}

static enum lm_err group_master(struct request *req, struct response *res)
{
    static const char *const known[] = { "group_id", "level", NULL };
    struct problem *p = &res->problem;
    enum lm_err err = body_only(req->body, known, p);

    if (err == LM_BAD_REQUEST)
        return err;
    const char *id = body_text(req->body, "group_id", true, p);
    double level = body_real(req->body, "level", true, 0, 0, 1, p);
    if (p->err)
        return p->err;
    if ((err = show_group_master(req->lumad->show, id, level, p)))
        return err;
    return get(req, res);
}

static enum lm_err group_masters_full(struct request *req, struct response *res)
{
    enum lm_err err = show_group_masters_full(req->lumad->show);

    return err ? err : get(req, res);
}

static enum lm_err get_autoplay(struct request *req, struct response *res)
{
    return show_autoplay_get(req->lumad->show, &res->json, &res->problem);
}

static enum lm_err put_autoplay(struct request *req, struct response *res)
{
    return show_autoplay_put(req->lumad->show, req->body, &res->json, &res->problem);
}

static enum lm_err layer_errors(struct request *req, struct response *res)
{
    return respond_json(res, json_pack("{s:o, s:n}", "items", show_layer_errors(req->lumad->show), "next"));
}

const struct route api_show[] = {
    { HTTP_GET, "/show", get, ROLE_VIEWER, NULL, "Show", .doc = "The active venue and score, the masters." },
    { HTTP_PUT, "/show", put, ROLE_OPERATOR, "ShowInput", "Show",
      .doc = "Put a venue and a score on; answers when the engine shows it.", .flags = ROUTE_SLOW },
    { HTTP_POST, "/show/demo", demo, ROLE_OPERATOR, "Nothing", "Show",
      .doc = "Put the demo show on: its track, venue, patterns and score are made if they are not there, which takes seconds the first time. Nothing plays "
             "until it is told to.",
      .flags = ROUTE_SLOW | ROUTE_BODY_OPTIONAL },
    { HTTP_POST, "/show/blackout", blackout, ROLE_OPERATOR, "Switch", "Show", .doc = "All light off, or back." },
    { HTTP_POST, "/show/freeze", freeze, ROLE_OPERATOR, "Switch", "Show", .doc = "Hold the look, or let it go on." },
    { HTTP_POST, "/show/master", master, ROLE_OPERATOR, "Master", "Show", .doc = "The grand master, 0 to 1." },
    { HTTP_POST, "/show/group-master", group_master, ROLE_OPERATOR, "GroupMasterInput", "Show",
      .doc = "The master of one group of the active venue, 0 to 1. Heads in several groups obey the lowest." },
    { HTTP_POST, "/show/group-master/full", group_masters_full, ROLE_OPERATOR, NULL, "Show", .doc = "All group masters of the active venue to full." },
    { HTTP_GET, "/show/autoplay", get_autoplay, ROLE_VIEWER, NULL, "Autoplay", .doc = "What starts by itself." },
    { HTTP_PUT, "/show/autoplay", put_autoplay, ROLE_OPERATOR, "Autoplay", "Autoplay",
      .doc = "Say what starts by itself when lumad does." },
    { HTTP_GET, "/show/layer-errors", layer_errors, ROLE_VIEWER, NULL, "LayerError[]",
      .doc = "Annotations of the active score that give no light, and why." },
    { 0 },
};
