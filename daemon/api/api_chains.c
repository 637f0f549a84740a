/* What is between the player and the loudspeakers. */
#include "api/crud.h"
#include "audio/chain_json.h"
#include "core/json.h"
#include "db/domain.h"
#include "show/chains.h"

/* What was left out is written: a chain stays as it was made, whatever later versions begin with. */
static enum lm_err check(struct db_conn *c, const struct lumad *l, const json_t *row, struct problem *p)
{
    const json_t *effects = json_object_get(row, "effects");
    struct chain_settings s;

    (void)l;
    if (chain_from_json(effects, true, &s, p))
        return p->err;
    json_t *whole = chain_complete(effects), *members = NULL;
    enum lm_err err = whole ? LM_OK : problem_set(p, LM_NOMEM, "no memory for a chain");
    if (!err && !json_equal(whole, effects)) {
        members = json_pack("{s:O}", "effects", whole);
        err = members ? row_put(c, &audio_chains_table, json_get_text(row, "id", ""), members, p) : problem_set(p, LM_NOMEM, "no memory for a chain");
    }
    json_decref(members);
    json_decref(whole);
    return err;
}

static const struct crud crud = { .table = &audio_chains_table, .check = check };

/* It sounds before the answer is sent. The one thing a chain can be in conflict with is another of the same output. */
static enum lm_err after(const struct request *req, struct response *res, enum lm_err err)
{
    if (!err)
        show_chain_load(req->lumad->show);
    if (err == LM_CONFLICT && !res->problem.n) {
        problem_set(&res->problem, err, "There is already a chain for this output.");
        problem_add(&res->problem, "/device", "has a chain: change that one");
    }
    return err;
}

static enum lm_err create(struct request *req, struct response *res)
{
    return after(req, res, crud_create(req, res));
}

static enum lm_err patch(struct request *req, struct response *res)
{
    return after(req, res, crud_patch(req, res));
}

static enum lm_err remove_one(struct request *req, struct response *res)
{
    return after(req, res, crud_delete(req, res));
}

static enum lm_err effects(struct request *req, struct response *res)
{
    (void)req;
    return respond_json(res, json_pack("{s:o, s:n}", "items", effect_types_json(), "next"));
}

static enum lm_err in_force(struct request *req, struct response *res)
{
    return respond_json(res, show_chain_json(req->lumad->show));
}

const struct route api_chains[] = {
    { HTTP_GET, "/audio-effects", effects, ROLE_VIEWER, NULL, "AudioEffect[]", .doc = "What a chain can be made of, with the parameters of each and their ranges; never paged." },
    { HTTP_GET, "/audio-chains", crud_list, ROLE_VIEWER, NULL, "AudioChain[]", .doc = "The chains of effects.", .query = "limit cursor q", .crud = &crud },
    { HTTP_POST, "/audio-chains", create, ROLE_OPERATOR, "AudioChainInput", "AudioChain",
      .doc = "Make the chain of an output (its name as GET /host-audio/device lists it), or with device null of every output that has none. Effects work in their order; "
             "parameters that are left out are written with their defaults.", .crud = &crud },
    { HTTP_GET, "/audio-chains/{id}", crud_get, ROLE_VIEWER, NULL, "AudioChain", .doc = "One chain.", .crud = &crud },
    { HTTP_PATCH, "/audio-chains/{id}", patch, ROLE_OPERATOR, "AudioChainPatch", "AudioChain",
      .doc = "Change a chain: parameters, order, what is bypassed. It is heard at once, without a click; `effects` is the whole list.", .crud = &crud },
    { HTTP_DELETE, "/audio-chains/{id}", remove_one, ROLE_OPERATOR, NULL, NULL, .doc = "Back to the chain of every output, or to lumad's own.", .crud = &crud },
    { HTTP_GET, "/host-audio/chain", in_force, ROLE_VIEWER, NULL, "HostChain",
      .doc = "The chain that sounds now and by how much it is late, which the lights allow for. chain_id null: no chain was made for this output, and lumad does what "
             "suits most: all tracks as loud as each other at -14 LUFS, no true peak above -1 dBTP." },
    { 0 },
};
