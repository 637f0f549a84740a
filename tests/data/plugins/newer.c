/*
 * For tests: made with a later header of the same version, whose structs have grown at their ends. Each size is told, and what lumad does not know must not
 * be in its way. "newer.first" passes its second input on times its second param, "newer.second" gives 0.25.
 */
#include <lumad_node.h>
#include <string.h>

struct node { struct lumad_node now; const char *later; };
struct port { struct lumad_port now; double later; };
struct param { struct lumad_param now; const char *later[2]; };
struct value { struct lumad_value now; double later; };
struct input { struct lumad_input now; const void *later[3]; };
struct output { struct lumad_output now; const void *later; };
struct io { struct lumad_io now; uint64_t later; };
struct plugin { struct lumad_plugin now; const char *later; };

static int32_t first(const struct lumad_io *io)
{
    const struct input *in = (const struct input *)(const void *)io->in;
    const struct value *p = (const struct value *)(const void *)io->params;
    const struct output *out = (const struct output *)(const void *)io->out;

    if (io->size != sizeof(struct lumad_io))
        return 1;
    if (((const struct io *)(const void *)io)->later || in[1].later[0] || p[1].later != 0 || out[0].later)
        return 2;                       /* what lumad does not know is zero */
    for (uint32_t n = 0; n < out[0].now.heads; n++)
        for (uint32_t i = 0; i < io->count; i++)
            out[0].now.data[n * io->count + i] = (float)p[1].now.number * lumad_get(&in[1].now, n, (int32_t)i, 0);
    return 0;
}

static int32_t second(const struct lumad_io *io)
{
    *lumad_at(io, 0, 0, 0, 0) = 0.25f;
    return 0;
}

static const struct port in[] = {
    { { "a", "A", "", LUMAD_PORT_SIGNAL, 1, 1 }, 1 }, { { "b", "B", "", LUMAD_PORT_SIGNAL, 1, 0 }, 2 },
};
static const struct port out[] = { { { "out", "Out", "", LUMAD_PORT_SIGNAL, 1, 0 }, 3 } };
static const struct param params[] = {
    { { "x", "X", "", NULL, LUMAD_PARAM_FLOAT, 1, 0, 2, 0, NULL, NULL }, { "later", "more" } },
    { { "y", "Y", "", NULL, LUMAD_PARAM_FLOAT, 0.5, 0, 2, 0, NULL, NULL }, { "later", "more" } },
};
static const struct node nodes[] = {
    { { "newer.first", "First", "Newer", "x", &in[0].now, 2, &out[0].now, 1, &params[0].now, 2, LUMAD_POINT, 0, 0, 0, 0, 0, first }, "later" },
    { { "newer.second", "Second", "Newer", "x", NULL, 0, &out[0].now, 1, NULL, 0, LUMAD_POINT, 0, 0, 0, 0, 0, second }, "later" },
};

extern LUMAD_EXPORT const struct plugin lumad_node_plugin;
const struct plugin lumad_node_plugin = {
    { { LUMAD_NODE_ABI, sizeof(struct plugin), sizeof(struct node), sizeof(struct port), sizeof(struct param), sizeof(struct value), sizeof(struct input),
        sizeof(struct output), sizeof(struct io) }, "9", "test", "", &nodes[0].now, 2 },
    "later",
};
