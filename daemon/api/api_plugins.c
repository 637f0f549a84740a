#include <string.h>

#include "api/crud.h"
#include "plugins/plugins.h"

static enum lm_err list(struct request *req, struct response *res)
{
    return crud_respond_all(res, plugins_json(req->lumad->plugins));
}

/* Its state after it was read again: that it was refused is an answer, too. */
static enum lm_err reload(struct request *req, struct response *res)
{
    const char *name = req->arg[0];
    enum lm_err err = plugins_reload(req->lumad->plugins, name, &res->problem);
    json_t *all = err ? NULL : plugins_json(req->lumad->plugins), *one = NULL, *v;
    size_t i;

    json_array_foreach (all, i, v) {
        if (json_object_get(v, "name") && !strcmp(json_string_value(json_object_get(v, "name")), name))
            one = json_incref(v);
    }
    json_decref(all);
    if (err)
        return err;
    return one ? respond_json(res, one) : problem_set(&res->problem, LM_NOT_FOUND, "The plug-in went away.");
}

const struct route api_plugins[] = {
    { HTTP_GET, "/plugins", list, ROLE_VIEWER, NULL, "Plugin[]", .doc = "Plug-ins that bring nodes, and how they do; never paged." },
    { HTTP_POST, "/plugins/{name}/reload", reload, ROLE_ADMIN, "Nothing", "Plugin",
      .doc = "Read a plug-in's file again, now; the folder is also watched. One that was given up is tried again.", .flags = ROUTE_SLOW | ROUTE_BODY_OPTIONAL },
    { 0 },
};
