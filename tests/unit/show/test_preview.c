/* Whose sockets previews are. What they do to the light is seen on the wire (tests/e2e/test_preview.py). */
#include <string.h>

#include "../../tap.h"
#include "core/json.h"
#include "show/preview.h"
#include "show/state.h"

#define ANNA "11111111-1111-4111-8111-111111111111"
#define BEN "22222222-2222-4222-8222-222222222222"

/* Only as far as it is asked whose it is: the graph's shape is wrong, which is said after that. */
static enum lm_err put(struct show *s, const char *caller, const char *client)
{
    struct problem p;
    json_t *json = NULL, *body = json_pack("{s:s, s:s, s:{s:i, s:[], s:[]}}", "client", client, "annotation_id", ANNA, "graph", "nodes", 3, "edges", "args");

    problem_clear(&p);
    enum lm_err err = show_preview_put(s, caller, body, &json, &p);
    json_decref(body);
    json_decref(json);
    return err == p.err ? err : LM_INTERNAL;            /* it is also said in words */
}

TEST(an_id_is_of_use_to_whoever_it_was_given_to)
{
    struct show s = { .previews = previews_new() };
    struct problem p;

    CHECK(s.previews);
    enum lm_err before = put(&s, "10.0.0.1", ANNA);
    show_client_join(&s, ANNA, "10.0.0.1");
    show_client_join(&s, BEN, "10.0.0.2");
    enum lm_err own = put(&s, "10.0.0.1", ANNA), others = put(&s, "10.0.0.2", ANNA), end_others = show_preview_end(&s, "10.0.0.2", ANNA, NULL, &p),
                end_own = show_preview_end(&s, "10.0.0.2", BEN, NULL, &p);
    show_client_leave(&s, ANNA);
    enum lm_err after = put(&s, "10.0.0.1", ANNA), ben = put(&s, "10.0.0.2", BEN);
    show_client_leave(&s, ANNA);                        /* again: nothing */
    previews_free(s.previews);
    CHECK_INT(before, LM_CONFLICT);
    CHECK_INT(own, LM_INVALID);
    CHECK_INT(others, LM_FORBIDDEN);
    CHECK_INT(end_others, LM_FORBIDDEN);
    CHECK_INT(end_own, LM_OK);
    CHECK_INT(after, LM_CONFLICT);
    CHECK_INT(ben, LM_INVALID);
}

TEST(more_clients_than_places_are_not_a_fault)
{
    struct show s = { .previews = previews_new() };
    char id[UUID_SIZE];

    CHECK(s.previews);
    for (int i = 0; i < 1000; i++) {
        uuid_new(id);
        show_client_join(&s, id, "10.0.0.1");
    }
    enum lm_err last = put(&s, "10.0.0.1", id);
    previews_free(s.previews);
    CHECK_INT(last, LM_CONFLICT);
}
