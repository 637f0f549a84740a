#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/crud.h"
#include "core/json.h"
#include "core/str.h"
#include "db/domain.h"
#include "dmx/output.h"

static enum lm_err check(struct db_conn *c, const struct lumad *l, const json_t *row, struct problem *p)
{
    struct output_row o = { 0 };
    const char *protocol = json_get_text(row, "protocol", "");

    (void)c, (void)l;
    for (int i = 0; output_protocol_names[i]; i++)
        if (!strcmp(protocol, output_protocol_names[i]))
            o.protocol = (enum output_protocol)i;
    str_copy(o.id, sizeof(o.id), json_get_text(row, "id", ""));
    o.universe = (int)json_get_int(row, "universe", 1);
    if (!str_copy(o.destination, sizeof(o.destination), json_get_text(row, "destination", "")))
        return problem_add(p, "/destination", "is too long for an address");
    if (!str_copy(o.interface, sizeof(o.interface), json_get_text(row, "interface", "")))
        return problem_add(p, "/interface", "is too long for the name of an interface");
    o.port_address = (int)json_get_int(row, "port_address", -1);
    o.priority = (int)json_get_int(row, "priority", 100);
    o.sync = (int)json_get_int(row, "sync", 0);
    o.on_change = !strcmp(json_get_text(row, "transmit", ""), "on_change");
    o.preview = !strcmp(json_get_text(row, "transmit", ""), "preview");
    return output_check(&o, p);
}

static const struct crud crud = { .table = &outputs_table, .check = check };

static enum lm_err universes(struct request *req, struct response *res)
{
    return respond_json(res, json_pack("{s:o, s:n}", "items", show_universe_numbers(req->lumad->show), "next"));
}

static enum lm_err universe(struct request *req, struct response *res)
{
    const char *n = req->arg[0];

    if (!*n || strspn(n, "0123456789") != strlen(n) || strlen(n) > 5)
        return problem_set(&res->problem, LM_NOT_FOUND, "A universe is a number from 1 to %d.", DMX_MAX_UNIVERSE);
    return show_universe(req->lumad->show, atoi(n), &res->json, &res->problem);
}

static enum lm_err nodes(struct request *req, struct response *res)
{
    return respond_json(res, json_pack("{s:o, s:n}", "items", show_nodes(req->lumad->show), "next"));
}

const struct route api_outputs[] = {
    { HTTP_GET, "/venues/{id}/outputs", crud_list, ROLE_VIEWER, NULL, "Output[]",
      .doc = "Where the universes of a venue are sent.", .query = "limit cursor", .crud = &crud },
    { HTTP_POST, "/venues/{id}/outputs", crud_create, ROLE_OPERATOR, "OutputInput", "Output", .doc = "Send a universe somewhere.",
      .crud = &crud },
    { HTTP_GET, "/outputs/{id}", crud_get, ROLE_VIEWER, NULL, "Output", .doc = "One output.", .crud = &crud },
    { HTTP_PATCH, "/outputs/{id}", crud_patch, ROLE_OPERATOR, "OutputPatch", "Output",
      .doc = "Change an output; it takes effect at once.", .crud = &crud },
    { HTTP_DELETE, "/outputs/{id}", crud_delete, ROLE_OPERATOR, NULL, NULL, .doc = "Send there no longer.", .crud = &crud },
    { HTTP_GET, "/dmx/universes", universes, ROLE_VIEWER, NULL, "UniverseNumber[]", .doc = "The universes of the active venue." },
    { HTTP_GET, "/dmx/universes/{n}", universe, ROLE_VIEWER, NULL, "Universe",
      .doc = "The 512 slots as the engine has them now, the outputs they go to, and who else sends this universe." },
    { HTTP_GET, "/dmx/nodes", nodes, ROLE_VIEWER, NULL, "Node[]",
      .doc = "Art-Net devices that answered one of the last three polls, one entry for each of their bind indexes; never paged. "
             "An output port takes what is sent to its port-address; status silent: it missed the last poll." },
    { 0 },
};
