/* What a plug-in says of itself becomes node types, or is refused with a sentence that names what is wrong. Sets of them, and who keeps what alive. */
#include "../../tap.h"

#include "small.h"

#include "core/json.h"
#include "graph/plugin.h"

#define GOOD "'id':'acme.gain','label':'Gain','category':'Acme','help':'Louder.','kind':0"
#define PORTS "'inputs':[{'id':'in','label':'In','type':1}],'outputs':[{'id':'out','label':'Out','type':1}]"
#define NODE_TEXT "{" GOOD "," PORTS "}"

static int freed;

static bool is_busy;

static enum lm_err run(void *ctx, const struct plugin_node *node, const struct node_io *io, bool may_wait, char *message, size_t size)
{
    float k = node->desc.params ? *(const float *)io->params : 1;

    if (*(int *)ctx < 0) {
        snprintf(message, size, "it does not feel like it");
        return LM_IO;
    }
    if (is_busy && !may_wait)
        return LM_TIMEOUT;
    for (uint32_t n = 0; n < io->out[0].n; n++) {
        const float *in = node_row(io, 0, n, io->out[0].c);
        float *out = node_out(io, 0, n);
        for (size_t i = 0; i < (size_t)io->count * io->out[0].c; i++)
            out[i] = in[i] * k;
    }
    return LM_OK;
}

static void count_free(void *ctx)
{
    (void)ctx;
    freed++;
}

static const struct node_plugin_ops ops = { .run = run, .free = count_free };

static enum lm_err make(const char *text, void *ctx, struct node_plugin **result, struct problem *p)
{
    json_t *v = small_json(text);
    enum lm_err err = node_plugin_new("acme", 7, v, &ops, ctx, result, p);

    json_decref(v);
    return err;
}

TEST(a_description_becomes_node_types)
{
    struct node_plugin *p = NULL;
    struct problem why = { 0 };
    int mood = 1;

    freed = 0;
    CHECK_INT(make("{'version':'1.2','nodes':[{" GOOD "," PORTS ",'params':[{'id':'k','label':'K','type':1,'default':2,'min':0,'max':9,'step':0.5,'unit':'x'},"
                   "{'id':'c','label':'C','type':4,'default':1,'options':['a','b']},{'id':'t','label':'T','type':6,'text':'hi'}]}]}", &mood, &p, &why), LM_OK);
    CHECK_STR(p->version, "1.2");
    CHECK_INT(p->n_nodes, 1);
    const struct node_desc *d = &p->nodes[0].desc;
    CHECK_STR(d->id, "acme.gain");
    CHECK(d->plugin == p);
    CHECK_STR(d->in[0].id, "in");
    CHECK(!d->in[0].optional && !d->in[1].id && !d->out[1].id);
    CHECK_NEAR(d->params[0].def, 2, 0);
    CHECK_STR(d->params[0].unit, "x");
    CHECK_STR(d->params[1].options[1], "b");
    CHECK(!d->params[1].options[2] && !d->params[3].id);
    CHECK(d->params[1].offset > d->params[0].offset && d->params[2].offset % 8 == 0 && d->params_size > d->params[2].offset);
    node_plugin_unref(p);
    CHECK_INT(freed, 1);
}

TEST(what_is_wrong_is_refused_by_name)
{
    static const struct { const char *text, *says; } wrong[] = {
        { "[]", "is none" }, { "{}", "no nodes" }, { "{'nodes':[]}", "no nodes" }, { "{'nodes':7}", "is no list" }, { "{'nodes':[7]}", "an entry that is none" },
        { "{'nodes':[{}]}", "id is missing" },
        { "{'nodes':[{'id':'gain','label':'G','category':'A','help':'h'," PORTS "}]}", "vendor.name" },
        { "{'nodes':[{'id':'a.b.c','label':'G','category':'A','help':'h'," PORTS "}]}", "vendor.name" },
        { "{'nodes':[{'id':'acme.Gain','label':'G','category':'A','help':'h'," PORTS "}]}", "vendor.name" },
        { "{'nodes':[{'id':'acme.gain','label':'G\\n','category':'A','help':'h'," PORTS "}]}", "control characters" },
        { "{'nodes':[" NODE_TEXT "," NODE_TEXT "]}", "twice" },
        { "{'nodes':[{" GOOD ",'inputs':[],'outputs':[]}]}", "no output" },
        { "{'nodes':[{" GOOD ",'inputs':[],'outputs':[{'id':'o','label':'O','type':2}]}]}", "type is out of range" },
        { "{'nodes':[{" GOOD ",'inputs':[{'id':'o','label':'O','type':1,'channels':5}],'outputs':[]}]}", "channels is out of range" },
        { "{'nodes':[{" GOOD ",'outputs':[{'id':'o','label':'O','type':1},{'id':'o','label':'O','type':1}]}]}", "two ports" },
        { "{'nodes':[{" GOOD ",'inputs':[{},{},{},{},{},{},{}],'outputs':[]}]}", "too many" },
        { "{'nodes':[{" GOOD "," PORTS ",'params':[{'id':'k','label':'K','type':1,'default':10,'min':0,'max':9}]}]}", "default is out of range" },
        { "{'nodes':[{" GOOD "," PORTS ",'params':[{'id':'k','label':'K','type':1,'default':0,'min':1,'max':0}]}]}", "max is out of range" },
        { "{'nodes':[{" GOOD "," PORTS ",'params':[{'id':'k','label':'K','type':2,'default':0.5,'min':0,'max':1}]}]}", "whole numbers" },
        { "{'nodes':[{" GOOD "," PORTS ",'params':[{'id':'k','label':'K','type':4}]}]}", "without options" },
        { "{'nodes':[{" GOOD "," PORTS ",'params':[{'id':'k','label':'K','type':4,'default':2,'options':['a','b']}]}]}", "default is out of range" },
        { "{'nodes':[{" GOOD "," PORTS ",'params':[{'id':'k','label':'K','type':5,'text':'red'}]}]}", "no colour" },
        { "{'nodes':[{" GOOD "," PORTS ",'params':[{'id':'k','label':'K','type':7}]}]}", "type is out of range" },
        { "{'nodes':[{" GOOD "," PORTS ",'before':3}]}", "before is out of range" },
        { "{'nodes':[{'id':'acme.gain','label':'G','category':'A','help':'h','kind':3," PORTS "}]}", "kind is out of range" },
        { "{'nodes':[{'id':'acme.gain','label':'G','category':'A','help':'h','kind':2,'state_floats':1e9," PORTS "}]}", "state_floats is out of range" },
    };
    struct node_plugin *p;
    struct problem why;

    freed = 0;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        problem_clear(&why);
        CHECK_INT(make(wrong[i].text, NULL, &p, &why), LM_INVALID);
        if (!strstr(why.detail, wrong[i].says))
            printf("# %s: %s\n", wrong[i].text, why.detail);
        CHECK(strstr(why.detail, wrong[i].says));
        CHECK(!p);
        CHECK_INT(freed, i + 1);
    }
}

TEST(programs_keep_what_they_were_made_of)
{
    struct small s;
    struct node_plugin *p = NULL;
    int mood = 1;

    small_init(&s, 3);
    freed = 0;
    CHECK_INT(make("{'nodes':[{" GOOD "," PORTS ",'params':[{'id':'k','label':'K','type':1,'default':2,'min':0,'max':9}]}]}", &mood, &p, NULL), LM_OK);
    node_set_publish(node_set_new(&p, 1));
    node_plugin_unref(p);
    struct graph_program *g = small_make(&s, "k:beat_clock r:ramp a:acme.gain{'k':3} o:apply_position", "k.grid_out>r.grid r.out>a.in a.out>o.pan", "");
    CHECK(g);
    json_t *types = graph_node_types(), *last = json_array_get(types, json_array_size(types) - 1);
    CHECK_STR(json_string_value(json_object_get(last, "plugin")), "acme");
    json_decref(types);
    node_set_publish(NULL);
    CHECK_INT(freed, 0);
    struct tile *t = small_tile(&s, g, 0);
    CHECK(t);
    CHECK_NEAR(tile_at(t, 0, 0, 60, 0), 6, 1e-5);       /* 2 beats in a second, times 3 */
    tile_free(t);
    graph_program_free(g);
    CHECK_INT(freed, 1);
    CHECK(!small_make(&s, "k:beat_clock r:ramp a:acme.gain o:apply_position", "k.grid_out>r.grid r.out>a.in a.out>o.pan", ""));
    CHECK(small_error(&s.errors, "unknown_node"));
    small_clear(&s);
}

TEST(a_node_that_fails_is_an_error_of_its_graph)
{
    struct small s;
    struct node_plugin *p = NULL;
    int mood = -1;

    small_init(&s, 3);
    CHECK_INT(make("{'nodes':[" NODE_TEXT "]}", &mood, &p, NULL), LM_OK);
    node_set_publish(node_set_new(&p, 1));
    node_plugin_unref(p);
    struct graph_program *g = small_make(&s, "k:beat_clock r:ramp a:acme.gain o:apply_position", "k.grid_out>r.grid r.out>a.in a.out>o.pan", "");
    CHECK(g && s.errors.n == 0);
    CHECK(!small_tile(&s, g, 0));
    const struct graph_error *e = small_error(&s.errors, "plugin_failed");
    CHECK(e);
    CHECK_STR(e->node, "a");
    CHECK(strstr(e->message, "does not feel like it"));
    graph_program_free(g);
    /* What does not vary is computed when it is compiled. */
    CHECK(!small_make(&s, "v:scalar a:acme.gain o:apply_dimmer", "v.out>a.in a.out>o.signal", ""));
    CHECK(small_error(&s.errors, "plugin_failed"));
    node_set_publish(NULL);
    small_clear(&s);
}

static bool never(void *ctx)
{
    (void)ctx;
    return false;
}

TEST(who_shares_a_thread_does_not_wait_for_a_busy_one)
{
    struct small s;
    struct node_plugin *p = NULL;
    struct graph_workspace *w = graph_workspace_new();
    struct tile *t = NULL;
    int mood = 1;

    small_init(&s, 3);
    CHECK_INT(make("{'nodes':[" NODE_TEXT "]}", &mood, &p, NULL), LM_OK);
    node_set_publish(node_set_new(&p, 1));
    node_plugin_unref(p);
    struct graph_program *g = small_make(&s, "k:beat_clock r:ramp a:acme.gain m:normalize f:smooth o:apply_dimmer",
                                         "k.grid_out>r.grid r.out>a.in a.out>m.in m.out>f.in f.out>o.signal", "");
    CHECK(g);
    is_busy = true;
    graph_workspace_set_pause(w, never, NULL);
    CHECK_INT(graph_run_tile(g, w, 1, &t, &s.errors), LM_TIMEOUT);
    CHECK(!t && s.errors.n == 0);
    graph_workspace_set_pause(w, NULL, NULL);
    CHECK_INT(graph_run_tile(g, w, 1, &t, &s.errors), LM_OK);
    struct graph_program *again = small_make(&s, "k:beat_clock r:ramp a:acme.gain m:normalize f:smooth o:apply_dimmer",
                                             "k.grid_out>r.grid r.out>a.in a.out>m.in m.out>f.in f.out>o.signal", "");
    struct tile *same = small_tile(&s, again, 1);
    CHECK(tile_equal(t, same));                         /* what was broken off left nothing behind */
    is_busy = false;
    tile_free(t), tile_free(same);
    graph_program_free(g), graph_program_free(again);
    graph_workspace_free(w);
    node_set_publish(NULL);
    small_clear(&s);
}

TEST(inputs_of_other_shapes_are_refused)
{
    struct small s;
    struct node_plugin *p = NULL;
    int mood = 1;

    small_init(&s, 4);
    CHECK_INT(make("{'nodes':[{" GOOD ",'inputs':[{'id':'a','label':'A','type':1},{'id':'s','label':'S','type':3}],'outputs':[{'id':'out','label':'O','type':1}]}]}",
                   &mood, &p, NULL), LM_OK);
    node_set_publish(node_set_new(&p, 1));
    node_plugin_unref(p);
    CHECK(!small_make(&s, "q:pattern_args g:get_attribute{'attribute':'index'} a:acme.gain o:apply_dimmer", "q.l>g.selection g.out>a.a q.all>a.s a.out>o.signal",
                      "all:selection='all' l:selection='left'"));
    CHECK(small_error(&s.errors, "shape_mismatch"));
    struct graph_program *g = small_make(&s, "v:scalar a:acme.gain o:apply_dimmer", "v.out>a.a a.out>o.signal", "");
    CHECK(g && s.errors.n == 0);
    graph_program_free(g);
    node_set_publish(NULL);
    small_clear(&s);
}
