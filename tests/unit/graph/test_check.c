#include "../../tap.h"

#include "small.h"

static struct graph_errors check(const char *nodes, const char *edges, const char *args)
{
    struct graph_errors e = { 0 };
    struct graph_doc *d = NULL;
    json_t *v = small_graph(nodes, edges, args);

    if (!graph_parse(v, &d, NULL))
        graph_check(d, &e);
    graph_doc_free(d);
    json_decref(v);
    return e;
}

#define GRID "clk:beat_clock "

TEST(each_fault_has_its_code_its_node_and_its_port)
{
    static const struct { const char *nodes, *edges, *args, *code, *node, *port; } faults[] = {
        { "a:no_such_node", "", "", "unknown_node", "a", "" },
        { "a:scalar a:color", "", "", "duplicate_node", "a", "" },
        { "a:scalar o:apply_dimmer", "a.value>o.signal", "", "unknown_port", "a", "value" },
        { "a:scalar o:apply_dimmer", "a.out>o.level", "", "unknown_port", "o", "level" },
        { "a:scalar o:apply_dimmer", "x.out>o.signal", "", "unknown_node", "x", "out" },
        { "a:scalar", "a.out>x.in", "", "unknown_node", "x", "in" },
        { GRID "o:apply_dimmer", "clk.grid_out>o.signal", "", "type_mismatch", "o", "signal" },
        { "c:color o:apply_dimmer", "c.out>o.signal", "", "type_mismatch", "o", "signal" },
        { "a:scalar o:apply_color", "a.out>o.signal", "", "type_mismatch", "o", "signal" },
        { "g:pattern_args r:ramp", "g.s>r.grid", "s:selection='all'", "type_mismatch", "r", "grid" },
        { "g:pattern_args o:apply_dimmer", "g.nope>o.signal", "s:selection='all'", "unknown_port", "g", "nope" },
        { "a:scalar b:scalar o:apply_dimmer", "a.out>o.signal b.out>o.signal", "", "two_edges", "o", "signal" },
        { "o:apply_dimmer", "", "", "missing_input", "o", "signal" },
        { "w:sine_wave", "", "", "missing_input", "w", "grid" },
        { "a:scalar{'valeu':1}", "", "", "bad_param", "a", "valeu" },
        { "a:scalar{'value':'x'}", "", "", "bad_param", "a", "value" },
        { "a:scalar{'value':1e9}", "", "", "bad_param", "a", "value" },
        { "a:color{'color':'red'}", "", "", "bad_param", "a", "color" },
        { "s:scalar m:math{'operation':'plus'}", "s.out>m.a", "", "bad_param", "m", "operation" },
        { GRID "e:beat_envelope{'only_downbeats':1}", "clk.grid_out>e.grid", "", "bad_param", "e", "only_downbeats" },
        { GRID "e:step_sequencer{'steps':'10x'}", "clk.grid_out>e.grid", "", "bad_param", "e", "" },
        { "s:scalar g:gradient{'stops':[{'position':2,'color':'#fff'}]}", "s.out>g.in", "", "bad_param", "g", "stops" },
        { "g:pattern_args", "", "x:scalar=1 x:color='#ffffff'", "duplicate_arg", "g", "x" },
        { "g:pattern_args", "", "x:scalar='one'", "bad_default", "g", "x" },
        { "g:pattern_args", "", "x:selection='('", "bad_selection", "g", "x" },
        { "m:math", "m.out>m.a", "", "cycle", "m", "" },
    };

    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        struct graph_errors e = check(faults[i].nodes, faults[i].edges, faults[i].args);
        const struct graph_error *x = small_error(&e, faults[i].code);
        if (!x)
            printf("# %s %s\n", faults[i].nodes, faults[i].edges);
        CHECK(x);
        CHECK_INT(e.n, strcmp(faults[i].port, "level") ? 1 : 2);        /* a misspelt input: the right one is still open */
        CHECK_STR(x->node, faults[i].node);
        CHECK_STR(x->port, faults[i].port);
        CHECK(strlen(x->message) > 5);
        CHECK(strstr(x->message, faults[i].node) || strstr(x->message, faults[i].port));
        graph_errors_clear(&e);
    }
}

TEST(a_cycle_is_told_with_its_nodes_and_not_with_what_follows_it)
{
    struct graph_errors e = check("x:scalar a:math b:math c:math o:apply_dimmer",
                                  "x.out>a.a c.out>a.b a.out>b.a b.out>c.a c.out>o.signal", "");
    const struct graph_error *cycle = small_error(&e, "cycle");

    CHECK(cycle);
    CHECK_INT(e.n, 1);
    CHECK_STR(cycle->message, "The nodes feed each other in a circle: a -> b -> c -> a");
    graph_errors_clear(&e);
    e = check("a:math b:math c:math d:math", "a.out>b.a b.out>a.a c.out>d.a d.out>c.a b.out>c.b", "");
    CHECK_INT(e.n, 2);                  /* two circles, the second fed by the first */
    CHECK_STR(e.e[1].message, "The nodes feed each other in a circle: c -> d -> c");
    graph_errors_clear(&e);
}

TEST(a_sound_graph_has_no_errors)
{
    struct graph_errors e = check("g:pattern_args at:get_attribute c:color grad:gradient o:apply_color v:view_signal en:pattern_entry "
                                  "v2:view_signal",
                                  "g.s>at.selection at.out>grad.in g.c>grad.end_color c.out>grad.start_color grad.out>o.signal "
                                  "g.s>o.selection grad.out>v.in en.audio>v2.in", "s:selection='all' c:color='#102030'");
    CHECK_INT(e.n, 0);
    graph_errors_clear(&e);
    e = check("", "", "");
    CHECK_INT(e.n, 0);
}

TEST(errors_become_json)
{
    struct graph_errors e = check("o:apply_dimmer", "", "");
    json_t *v = graph_errors_json(&e);

    CHECK_INT(json_array_size(v), 1);
    CHECK_STR(json_string_value(json_object_get(json_array_get(v, 0), "code")), "missing_input");
    CHECK_STR(json_string_value(json_object_get(json_array_get(v, 0), "port")), "signal");
    json_decref(v);
    graph_errors_clear(&e);
}
