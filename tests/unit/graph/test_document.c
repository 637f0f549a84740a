#include "../../tap.h"

#include "small.h"

static enum lm_err parse(const char *text, struct problem *p)
{
    struct graph_doc *d = NULL;
    json_t *v = small_json(text);

    problem_clear(p);
    enum lm_err err = graph_parse(v, &d, p);
    json_decref(v);
    graph_doc_free(d);
    return err;
}

TEST(wrong_shapes_are_named_by_pointer)
{
    static const struct { const char *text, *path; } wrong[] = {
        { "{}", "/nodes" },
        { "{'nodes':{},'edges':[]}", "/nodes" },
        { "{'nodes':[]}", "/edges" },
        { "{'nodes':[3],'edges':[]}", "/nodes/0" },
        { "{'nodes':[{'type':'scalar'}],'edges':[]}", "/nodes/0/id" },
        { "{'nodes':[{'id':'','type':'scalar'}],'edges':[]}", "/nodes/0/id" },
        { "{'nodes':[{'id':'a','type':7}],'edges':[]}", "/nodes/0/type" },
        { "{'nodes':[{'id':'a','type':'scalar','params':[]}],'edges':[]}", "/nodes/0/params" },
        { "{'nodes':[{'id':'a','type':'scalar','x':'left'}],'edges':[]}", "/nodes/0/x" },
        { "{'nodes':[{'id':'a','type':'scalar','colour':1}],'edges':[]}", "/nodes/0/colour" },
        { "{'nodes':[],'edges':[{'from_node':'a','from_port':'b','to_node':'c'}]}", "/edges/0/to_port" },
        { "{'nodes':[],'edges':[],'args':[{'id':'a','type':'tensor'}]}", "/args/0/type" },
        { "{'nodes':[],'edges':[],'args':[{'id':'a','type':'choice'}]}", "/args/0/options" },
        { "{'nodes':[],'edges':[],'extra':1}", "/extra" },
    };
    struct problem p;

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK_INT(parse(wrong[i].text, &p), LM_INVALID);
        CHECK_INT(p.err, LM_INVALID);
        CHECK(p.n >= 1);
        CHECK_STR(p.errors[0].path, wrong[i].path);
    }
    CHECK_INT(parse("[]", &p), LM_INVALID);
}

TEST(an_empty_graph_and_the_read_only_members_of_the_api_are_fine)
{
    struct problem p;

    CHECK_INT(parse("{'nodes':[],'edges':[]}", &p), LM_OK);
    CHECK_INT(parse("{'nodes':[],'edges':[],'args':[],'errors':[],'implementation_id':'x','version':3}", &p), LM_OK);
}

TEST(limits_are_errors)
{
    json_t *g = json_pack("{s:[], s:[]}", "nodes", "edges");
    struct graph_doc *d = NULL;
    struct problem p;
    char id[16];

    for (int i = 0; i < 2001; i++) {
        snprintf(id, sizeof id, "n%d", i);
        json_array_append_new(json_object_get(g, "nodes"), json_pack("{s:s, s:s}", "id", id, "type", "scalar"));
    }
    problem_clear(&p);
    CHECK_INT(graph_parse(g, &d, &p), LM_INVALID);
    CHECK_STR(p.errors[0].path, "/nodes");
    json_array_remove(json_object_get(g, "nodes"), 0);
    CHECK_INT(graph_parse(g, &d, NULL), LM_OK);
    graph_doc_free(d);
    json_decref(g);

    char *text = malloc(6000);
    strcpy(text, "{'nodes':[{'id':'");
    memset(text + strlen("{'nodes':[{'id':'"), 'x', 5000);
    strcpy(text + 5017, "','type':'scalar'}],'edges':[]}");
    CHECK_INT(parse(text, &p), LM_INVALID);
    free(text);
}

static uint64_t hash(const char *text)
{
    struct graph_doc *d = small_doc(text);
    uint64_t h = d ? graph_doc_hash(d) : 0;

    graph_doc_free(d);
    return h;
}

TEST(the_hash_is_of_what_runs)
{
    uint64_t h = hash("{'nodes':[{'id':'a','type':'scalar','params':{'value':2}}],'edges':[]}");

    CHECK(h);
    CHECK(h == hash("{'nodes':[{'id':'a','type':'scalar','params':{'value':2},'x':30,'y':-4,'label':'two'}],'edges':[]}"));
    CHECK(h != hash("{'nodes':[{'id':'a','type':'scalar','params':{'value':3}}],'edges':[]}"));
    CHECK(h != hash("{'nodes':[{'id':'b','type':'scalar','params':{'value':2}}],'edges':[]}"));
    CHECK(h != hash("{'nodes':[{'id':'a','type':'scalar','params':{'value':2}}],'edges':[],"
                    "'args':[{'id':'z','type':'scalar','default':1}]}"));
}
