/*
 * What holds for each node type: how many heads and channels each of its signals has, between which bounds it stays, that it is the same each time, and that it takes
 * a venue of one head or of none. A type that is not in the table fails: whoever adds one says here what it gives. (What it computes is in test_nodes.c and its like,
 * that pieces make no difference in test_classes.c, that its light keeps its bytes in tests/golden.)
 */
#include "../../tap.h"

#include "every.h"

enum { HEADS = 6 };

/* Fed as every_graph() does: signals of one channel are -1..2, per head and over time. */
static const struct expect { const char *node, *port; bool per_head; int c; double low, high; } table[] = {
    { "scalar", "out", false, 1, 1, 1 },
    { "color", "out", false, 4, 0, 1 },
    { "frequency_amplitude", "amplitude_out", false, 1, 0, 2 },
    { "audio_level", "rms", false, 1, 0, 1 }, { "audio_level", "peak", false, 1, 0, 1 },
    { "beat_envelope", "out", true, 1, 0, 1 },
    { "drum_onsets", "kick", false, 1, 0, 1 }, { "drum_onsets", "snare", false, 1, 0, 1 }, { "drum_onsets", "hihat", false, 1, 0, 1 },
    { "bar_energy", "out", false, 1, 0, 1 },
    { "section_index", "out", false, 1, 0, 2 }, { "section_index", "is_drop", false, 1, 0, 1 },
    { "harmony_analysis", "signal", false, 12, 0, 1 },
    { "harmonic_tension", "tension", false, 1, 0, 1 },
    { "get_attribute", "out", true, 1, 0, HEADS - 1 },
    { "random_select_mask", "out", true, 1, 0, 1 },
    { "mirror", "side", true, 1, -1, 1 },
    { "gradient", "out", true, 4, 0, 1 },
    { "rainbow", "out", true, 4, 0, 1 },
    { "chroma_palette", "out", false, 3, 0, 1 },
    { "spectral_shift", "out", true, 4, 0, 1 },
    { "math", "out", true, 1, -2, 4 },
    { "round", "out", true, 1, -1, 2 },
    { "threshold", "out", true, 1, 0, 1 },
    { "normalize", "out", true, 1, 0, 1 },
    { "falloff", "out", true, 1, 0, 1 },
    { "invert", "out", true, 1, -1, 2 },
    { "remap", "out", true, 1, 0, 270 },
    { "modulo", "out", true, 1, 0, 1 },
    { "time_delay", "out", true, 1, -1, 2 },
    { "smooth", "out", true, 1, -1, 2 },
    { "sample_hold", "out", true, 1, -1, 2 },
    { "ramp", "out", false, 1, 0, 20 },
    { "ramp_between", "out", true, 1, -1, 2 },
    { "sine_wave", "out", true, 1, -1, 1 },
    { "noise", "out", true, 1, 0, 1 },
    { "step_sequencer", "out", false, 1, 0, 1 },
    { "orbit", "x", true, 1, -1, 1 }, { "orbit", "y", true, 1, 0, 0 }, { "orbit", "z", true, 1, -1, 1 },
    { "random_position", "x", true, 1, -4, 4 }, { "random_position", "y", true, 1, -4, 4 }, { "random_position", "z", true, 1, 0, 2 },
    { "circle", "uv", true, 2, -1, 1 },
    { "figure_8", "uv", true, 2, -1, 1 },
    { "sweep", "uv", true, 2, -1, 1 },
    { "wander", "uv", true, 2, -1, 1 },
    { "look_at_position", "pan", true, 1, -180, 180 }, { "look_at_position", "tilt", true, 1, 0, 180 },
    { "smooth_movement", "pan", true, 1, -1, 2 }, { "smooth_movement", "tilt", true, 1, -1, 2 },
};

static const struct expect *expected(const char *node, const char *port)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (!strcmp(table[i].node, node) && !strcmp(table[i].port, port))
            return &table[i];
    return NULL;
}

/* The views of a graph around a node type; NULL: said why. */
static json_t *look(struct every *e, const struct node_desc *d, bool wired)
{
    json_t *graph = every_graph(d, wired, NULL), *result = NULL;
    char *text = graph ? json_dumps(graph, 0) : NULL;
    struct graph_program *g = text ? small_compile(&e->s, text) : NULL;
    struct graph_workspace *w = graph_workspace_new();
    struct problem p;

    problem_clear(&p);
    if (g && graph_run_views(g, w, NULL, &result, &p))
        printf("# %s: %s\n", d->id, p.detail);
    for (size_t i = 0; i < e->s.errors.n; i++)
        if (strcmp(e->s.errors.e[i].code, "warning") || !g)
            printf("# %s: %s\n", d->id, e->s.errors.e[i].message);
    graph_workspace_free(w);
    graph_program_free(g);
    free(text);
    json_decref(graph);
    return result;
}

/* How many of a view's columns leave the bounds or hold no numbers at all. */
static int outside(const json_t *view, const struct expect *x)
{
    const json_t *row;
    size_t i, k;
    int bad = 0;

    json_array_foreach(json_object_get(view, "rows"), i, row) {
        const json_t *low = json_object_get(row, "min"), *high = json_object_get(row, "max");
        for (k = 0; k < json_array_size(low); k++) {
            double a = json_number_value(json_array_get(low, k)), b = json_number_value(json_array_get(high, k));
            bool good = json_is_number(json_array_get(low, k)) && a >= x->low - 1e-5 && b <= x->high + 1e-5;
            if (!good && !bad++)
                printf("# %s.%s: %g to %g\n", x->node, x->port, a, b);
        }
    }
    return bad;
}

static int dimension(const json_t *view, size_t i)
{
    return (int)json_integer_value(json_array_get(json_object_get(view, "shape"), i));
}

TEST(each_signal_has_its_shape_and_keeps_its_bounds)
{
    struct every e;

    every_init(&e, HEADS);
    for (const struct node_desc *const *d = node_list(); *d; d++) {
        if ((*d)->is_args || (*d)->is_view || (*d)->n_writes)
            continue;
        json_t *seen = look(&e, *d, true);
        CHECK(seen);
        for (unsigned k = 0; k < node_ports((*d)->out); k++) {
            const struct port_desc *port = &(*d)->out[k];
            char id[32];
            snprintf(id, sizeof id, "view%u", k);
            const json_t *view = json_object_get(json_object_get(seen, "views"), id);
            if (port->type != PORT_SIGNAL)
                continue;
            const struct expect *x = expected((*d)->id, port->id);
            if (!x)
                printf("# %s.%s is not in the table\n", (*d)->id, port->id);
            CHECK(x && view);
            if (dimension(view, 0) != (x->per_head ? HEADS : 1) || dimension(view, 2) != x->c)
                printf("# %s.%s is %dx%dx%d\n", x->node, x->port, dimension(view, 0), dimension(view, 1), dimension(view, 2));
            CHECK_INT(dimension(view, 0), x->per_head ? HEADS : 1);
            CHECK_INT(dimension(view, 2), x->c);
            CHECK(json_array_size(json_object_get(view, "rows")) > 0);
            CHECK_INT(outside(view, x), 0);
        }
        json_decref(seen);
    }
    every_clear(&e);
}

TEST(each_node_is_the_same_each_time)
{
    struct every e;

    every_init(&e, HEADS);
    for (const struct node_desc *const *d = node_list(); *d; d++) {
        json_t *a = look(&e, *d, true), *b = look(&e, *d, true);
        CHECK(a && b && json_equal(a, b));
        json_decref(a), json_decref(b);
    }
    every_clear(&e);
}

/* Also with nothing but what it must have, in a venue of any size: no error, and no number out of bounds. */
TEST(each_node_takes_one_head_and_none)
{
    for (size_t heads = 0; heads < 3; heads++) {
        struct every e;
        every_init(&e, heads);
        for (const struct node_desc *const *d = node_list(); *d; d++)
            for (int wired = 0; wired < 2; wired++) {
                json_t *seen = look(&e, *d, wired), *view;
                const char *id;
                if (!seen)
                    printf("# %s with %zu heads\n", (*d)->id, heads);
                CHECK(seen);
                json_object_foreach(json_object_get(seen, "views"), id, view) {
                    int k = 0;
                    const struct expect *x = sscanf(id, "view%d", &k) == 1 && (*d)->out && (*d)->out[k].type == PORT_SIGNAL ? expected((*d)->id, (*d)->out[k].id) : NULL;
                    bool is_bounded = x && heads > 1 && wired;
                    if (is_bounded)
                        CHECK_INT(outside(view, x), 0);
                    if (x && wired)
                        CHECK_INT(dimension(view, 0), x->per_head ? (int)heads : 1);
                }
                json_decref(seen);
            }
        every_clear(&e);
    }
}
