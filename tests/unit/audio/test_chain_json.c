/* Chains as they are sent and stored: what is read of them, what is refused and where. */
#include "audio/chain_json.h"

#include "core/json.h"

#include "../../tap.h"

static struct problem problem;

static json_t *parse(const char *text)
{
    json_t *v = NULL;

    problem_clear(&problem);
    return json_parse(text, strlen(text), &v, NULL) ? NULL : v;
}

static enum lm_err read_chain(const char *text, struct chain_settings *s)
{
    json_t *v = parse(text);
    enum lm_err err = chain_from_json(v, true, s, &problem);

    json_decref(v);
    return err;
}

TEST(what_is_left_out_is_the_default)
{
    struct chain_settings s;

    CHECK_INT(read_chain("[{\"type\":\"limiter\"},{\"type\":\"parametric\",\"gain_db\":-4.5,\"bypass\":true}]", &s), LM_OK);
    CHECK_INT(s.n, 2);
    CHECK(s.is_enabled);
    CHECK_INT(s.effects[0].type, EFFECT_LIMITER);
    CHECK(!s.effects[0].is_bypassed && s.effects[1].is_bypassed);
    CHECK_NEAR(s.effects[0].params[LIMITER_CEILING_DB], -1, 0);
    CHECK_NEAR(s.effects[0].params[LIMITER_LOOK_AHEAD_MS], 2, 0);
    CHECK_NEAR(s.effects[1].params[FILTER_GAIN_DB], -4.5, 0);
    CHECK_NEAR(s.effects[1].params[FILTER_HZ], 1000, 0);
    CHECK_INT(read_chain("[]", &s), LM_OK);
    CHECK_INT(s.n, 0);
}

TEST(every_effect_goes_out_and_comes_back)
{
    struct chain_settings s = { .is_enabled = true }, back;

    for (int t = 0; t < EFFECT_TYPES; t++) {
        struct chain_effect *e = &s.effects[s.n++];
        *e = effect_default((enum effect_type)t);
        e->is_bypassed = t & 1;
        for (int k = 0; k < CHAIN_PARAMS && effect_types[t].params[k].id; k++)
            e->params[k] = (float)(effect_types[t].params[k].is_stepped ? effect_types[t].params[k].max : effect_types[t].params[k].min + effect_types[t].params[k].step);
    }
    json_t *v = chain_to_json(&s), *whole = chain_complete(v);
    char *text = json_text(json_object_get(json_array_get(v, EFFECT_COMPRESSOR), "attack_ms"));
    enum lm_err err = chain_from_json(v, true, &back, &problem);
    bool same = json_equal(v, whole);
    json_decref(v);
    json_decref(whole);
    CHECK_INT(err, LM_OK);
    CHECK(same);                                        /* nothing was left out */
    CHECK(!memcmp(&s, &back, sizeof s));
    CHECK_STR(text, "0.2");
    free(text);
}

TEST(what_is_wrong_has_a_place)
{
    static const struct { const char *text, *path, *second; } cases[] = {
        { "{}", "/effects", NULL }, { "\"limiter\"", "/effects", NULL }, { "[1]", "/effects/0", NULL }, { "[{\"type\":\"gain\"},{}]", "/effects/1/type", NULL },
        { "[{\"type\":7}]", "/effects/0/type", NULL }, { "[{\"type\":\"gain\",\"bypass\":\"no\"}]", "/effects/0/bypass", NULL },
        { "[{\"type\":\"gain\",\"gain_db\":null}]", "/effects/0/gain_db", NULL }, { "[{\"type\":\"gain\",\"gain_db\":24.01}]", "/effects/0/gain_db", NULL },
        { "[{\"type\":\"gain\",\"gain\":1}]", "/effects/0/gain", NULL }, { "[{\"type\":\"low_pass\",\"slope_db\":13}]", "/effects/0/slope_db", NULL },
        { "[{\"type\":\"limiter\",\"ceiling_db\":1,\"release_ms\":0}]", "/effects/0/ceiling_db", "/effects/0/release_ms" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct chain_settings s;
        CHECK_INT(read_chain(cases[i].text, &s), LM_INVALID);
        CHECK_STR(problem.errors[0].path, cases[i].path);
        CHECK_INT(problem.n, cases[i].second ? 2 : 1);
        if (cases[i].second)
            CHECK_STR(problem.errors[1].path, cases[i].second);
    }
}

TEST(the_rest_of_a_chain_nobody_understands_is_used)
{
    struct chain_settings s;

    CHECK_INT(read_chain("[{\"type\":\"tape\"},{\"type\":\"gain\",\"gain_db\":99},{\"type\":\"limiter\",\"ceiling_db\":-3,\"colour\":1}]", &s), LM_INVALID);
    CHECK_INT(s.n, 2);
    CHECK_INT(s.effects[0].type, EFFECT_GAIN);
    CHECK_NEAR(s.effects[0].params[GAIN_DB], 0, 0);
    CHECK_NEAR(s.effects[1].params[LIMITER_CEILING_DB], -3, 0);
    problem_clear(&problem);
    CHECK_INT(chain_from_json(NULL, true, &s, NULL), LM_INVALID);
    CHECK_INT(s.n, 0);
    CHECK(s.is_enabled);
}

TEST(a_chain_takes_sixteen)
{
    json_t *list = json_array();
    struct chain_settings s;

    problem_clear(&problem);
    for (int i = 0; i < CHAIN_EFFECTS; i++)
        json_array_append_new(list, json_pack("{s:s}", "type", "gain"));
    enum lm_err some = chain_from_json(list, false, &s, &problem);
    json_array_append_new(list, json_pack("{s:s}", "type", "limiter"));
    enum lm_err more = chain_from_json(list, false, &s, &problem);
    json_decref(list);
    CHECK_INT(some, LM_OK);
    CHECK_INT(more, LM_INVALID);
    CHECK_STR(problem.errors[0].path, "/effects");
    CHECK_INT(s.n, CHAIN_EFFECTS);
    CHECK(!s.is_enabled);
}

TEST(the_list_of_effects_is_the_table)
{
    json_t *list = effect_types_json(), *params = json_object_get(json_array_get(list, EFFECT_HIGH_PASS), "params");
    size_t n = json_array_size(list), n_params = json_array_size(params);
    double step = json_get_real(json_array_get(params, FILTER_SLOPE_DB), "step", 0);

    json_decref(list);
    CHECK_INT(n, EFFECT_TYPES);
    CHECK_INT(n_params, 2);
    CHECK_NEAR(step, 12, 0);
}
