#include "api/route.h"
#include "core/json.h"

static enum lm_err get_device(struct request *req, struct response *res)
{
    return respond_json(res, show_device(req->lumad->show));
}

static enum lm_err put_device(struct request *req, struct response *res)
{
    static const char *const known[] = { "device", NULL };
    struct problem *p = &res->problem;
    enum lm_err err = body_only(req->body, known, p);

    if (err == LM_BAD_REQUEST)
        return err;
    const char *device = body_text(req->body, "device", true, p);
    if (p->err)
        return p->err;
    if ((err = show_set_device(req->lumad->show, device, p)))
        return err;
    return get_device(req, res);
}

const struct route api_devices[] = {
    { HTTP_GET, "/host-audio/device", get_device, ROLE_VIEWER, NULL, "Device",
      .doc = "The sound output in use and those there are." },
    { HTTP_PUT, "/host-audio/device", put_device, ROLE_ADMIN, "DeviceChoice", "Device",
      .doc = "Use another sound output; the position goes on.", .flags = ROUTE_SLOW },
    { 0 },
};
