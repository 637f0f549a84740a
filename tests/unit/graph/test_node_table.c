/* Rules every node keeps; a new one is covered the moment it is listed. */
#include "../../tap.h"

#include "graph/node.h"

#include <stdlib.h>

static bool has_run(const struct node_desc *n)
{
    for (const struct port_desc *p = n->out; p && p->id; p++)
        if (p->type == PORT_SIGNAL)
            return n->run;
    return true;
}

TEST(every_node_is_complete)
{
    for (const struct node_desc *const *l = node_list(); *l; l++) {
        const struct node_desc *n = *l;
        CHECK(n->id && n->label && n->category && n->help);
        CHECK(node_find(n->id) == n);           /* ids are unique */
        CHECK(has_run(n));
        CHECK(node_ports(n->in) <= NODE_INPUTS && node_ports(n->out) <= NODE_OUTPUTS);
        CHECK(n->kind != NODE_WINDOW || n->window);
        CHECK(n->kind != NODE_SCAN || n->state_floats);
        CHECK(n->kind != NODE_GLOBAL || (n->begin && n->add && n->global_size));
        CHECK(n->out || n->n_writes || n->is_view || n->is_args);
        for (unsigned i = 0; i < n->n_writes; i++) {
            CHECK(n->writes[i].port < node_ports(n->in));
            CHECK(n->in[0].type == PORT_SELECTION && n->in[0].optional);
        }
        for (const struct port_desc *p = n->in; p && p->id; p++)
            CHECK(p->label && p->help && p->type != PORT_NONE && node_port_find(n->in, p->id) == p - n->in);
        for (const struct port_desc *p = n->out; p && p->id; p++)
            CHECK(p->label && p->help && p->type != PORT_NONE && node_port_find(n->out, p->id) == p - n->out);
    }
}

TEST(every_parameter_is_complete)
{
    float rgba[4];

    for (const struct node_desc *const *n = node_list(); *n; n++)
        for (const struct param_desc *p = (*n)->params; p && p->id; p++) {
            CHECK(p->label && p->help && p->type != PARAM_NONE);
            CHECK(p->offset < (*n)->params_size);
            if (p->type == PARAM_FLOAT || p->type == PARAM_INT)
                CHECK(p->min < p->max && p->min <= p->def && p->def <= p->max);
            CHECK((p->type == PARAM_CHOICE) == (p->options != NULL));
            CHECK(p->type != PARAM_COLOR || color_parse(p->def_text, rgba));
            CHECK(p->type != PARAM_PALETTE || strlen(p->def_text) == NODE_PALETTE * 8 - 1);
        }
}

TEST(the_catalogue_has_the_shape_the_editor_reads)
{
    json_t *list = graph_node_types(), *n, *x;
    size_t i, k, count = 0;

    while (node_list()[count])
        count++;
    CHECK_INT(json_array_size(list), count);
    json_array_foreach(list, i, n) {
        CHECK(json_is_string(json_object_get(n, "id")) && json_is_string(json_object_get(n, "category")));
        CHECK(json_is_string(json_object_get(n, "label")) && json_is_string(json_object_get(n, "help")));
        CHECK(json_is_array(json_object_get(n, "inputs")) && json_is_array(json_object_get(n, "outputs")));
        json_array_foreach(json_object_get(n, "inputs"), k, x)
            CHECK(json_is_string(json_object_get(x, "type")) && json_is_boolean(json_object_get(x, "optional")));
        json_array_foreach(json_object_get(n, "params"), k, x) {
            CHECK(json_object_get(x, "default") && json_object_get(x, "options") && json_object_get(x, "unit"));
            CHECK(json_is_string(json_object_get(x, "type")) && json_is_string(json_object_get(x, "help")));
        }
    }
    json_decref(list);
}

TEST(colours_are_hex_over_255)
{
    float c[4];

    CHECK(color_parse("#ff8000", c));
    CHECK_NEAR(c[0], 1, 0);
    CHECK_NEAR(c[1], 128 / 255.0, 1e-7);
    CHECK_NEAR(c[2], 0, 0);
    CHECK_NEAR(c[3], 1, 0);
    CHECK(color_parse("#00FfAa80", c));
    CHECK_NEAR(c[1], 1, 0);
    CHECK_NEAR(c[3], 128 / 255.0, 1e-7);
    CHECK(!color_parse("ff8000", c) && !color_parse("#ff80", c) && !color_parse("#gg0000", c) && !color_parse("", c));
}
