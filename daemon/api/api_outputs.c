#include <stdlib.h>
#include <string.h>

#include "api/crud.h"
#include "db/domain.h"
#include "dmx/universe.h"
#include "show/venue_file.h"

static enum lm_err check(struct db_conn *c, const struct lumad *l, const json_t *row, struct problem *p)
{
    (void)c, (void)l;
    return venue_check_output(row, p);
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

static enum lm_err test(struct request *req, struct response *res)
{
    json_t *row = NULL;
    enum lm_err err = row_get(req->db, &outputs_table, req->arg[0], &row, &res->problem);

    if (!err)
        err = show_test_output(req->lumad->show, req->caller, row, req->body, &res->json, &res->problem);
    json_decref(row);
    return err;
}

static enum lm_err tests(struct request *req, struct response *res)
{
    return respond_json(res, json_pack("{s:o, s:n}", "items", show_tests(req->lumad->show), "next"));
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
    { HTTP_PUT, "/outputs/{id}/test", test, ROLE_OPERATOR, "OutputTest", "OutputTested",
      .doc = "A pattern on the whole universe of this output, to find its wire: full, chase (one slot after the other, 25 a second), blink (once a second); null "
             "ends it. As PUT /fixtures/{id}/test; pan and tilt, lamp and reset channels, lasers, smoke and fans are left alone." },
    { HTTP_GET, "/dmx/tests", tests, ROLE_VIEWER, NULL, "DmxTest[]", .doc = "What is under test now, the newest last; never paged." },
    { HTTP_GET, "/dmx/universes", universes, ROLE_VIEWER, NULL, "UniverseNumber[]", .doc = "The universes of the active venue." },
    { HTTP_GET, "/dmx/universes/{n}", universe, ROLE_VIEWER, NULL, "Universe",
      .doc = "The 512 slots as the engine has them now, which of them are not lumad's own (`origins`: received, parked, under test), the outputs they go "
             "to, and who else sends this universe." },
    { HTTP_GET, "/dmx/nodes", nodes, ROLE_VIEWER, NULL, "Node[]",
      .doc = "Art-Net devices that answered one of the last three polls, one entry for each of their bind indexes; never paged. "
             "An output port takes what is sent to its port-address; status silent: it missed the last poll." },
    { 0 },
};
