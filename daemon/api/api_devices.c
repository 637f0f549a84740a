#include "api/route.h"
#include "core/json.h"

static enum lm_err get_device(struct request *req, struct response *res)
{
    show_look_around(req->lumad->show, false);
    return respond_json(res, show_device(req->lumad->show));
}

static enum lm_err look(struct request *req, struct response *res)
{
    static const char *const known[] = { NULL };
    enum lm_err err = body_only(req->body, known, &res->problem);

    if (err)
        return err;
    show_look_around(req->lumad->show, true);
    return respond_json(res, show_device(req->lumad->show));
}

static enum lm_err get_input(struct request *req, struct response *res)
{
    show_look_around(req->lumad->show, false);
    return respond_json(res, show_input(req->lumad->show));
}

/* {device,api}; device may be null, but must be said. */
static enum lm_err choose(struct request *req, struct response *res, enum lm_err (*set)(struct show *, const char *, const char *, struct problem *))
{
    static const char *const known[] = { "device", "api", NULL };
    struct problem *p = &res->problem;
    enum lm_err err = body_only(req->body, known, p);

    if (err == LM_BAD_REQUEST)
        return err;
    bool is_null = json_is_null(json_object_get(req->body, "device"));
    const char *device = is_null ? NULL : body_text(req->body, "device", true, p), *api = body_text(req->body, "api", false, p);
    return p->err ? p->err : set(req->lumad->show, device, api, p);
}

static enum lm_err put_device(struct request *req, struct response *res)
{
    enum lm_err err = choose(req, res, show_set_device);

    return err ? err : respond_json(res, show_device(req->lumad->show));
}

static enum lm_err put_input(struct request *req, struct response *res)
{
    enum lm_err err = choose(req, res, show_set_input);

    return err ? err : respond_json(res, show_input(req->lumad->show));
}

const struct route api_devices[] = {
    { HTTP_GET, "/host-audio/device", get_device, ROLE_VIEWER, NULL, "Device",
      .doc = "The sound output that is wanted (device), the one in use (active), why not, and those there are." },
    { HTTP_PUT, "/host-audio/device", put_device, ROLE_ADMIN, "DeviceChoice", "Device",
      .doc = "Use another sound output: \"auto\", \"clock\", a name or a part of it, with its host API in front (\"JACK:system\") or as api. The position goes on. "
             "Remembered on this machine and stronger than the configuration; null: the configuration's again.", .flags = ROUTE_SLOW },
    { HTTP_POST, "/host-audio/device/look", look, ROLE_OPERATOR, "Nothing", "Device", .doc = "Look for sound devices now.",
      .flags = ROUTE_SLOW | ROUTE_BODY_OPTIONAL },
    { HTTP_GET, "/host-audio/input", get_input, ROLE_VIEWER, NULL, "AudioInput", .doc = "The sound input whose meters are shown, and those there are." },
    { HTTP_PUT, "/host-audio/input", put_input, ROLE_ADMIN, "InputChoice", "AudioInput",
      .doc = "Listen to this input, for its meters alone; null: to none. Remembered on this machine.", .flags = ROUTE_SLOW },
    { 0 },
};
