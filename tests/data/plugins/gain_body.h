/* For tests: one node, "swap.gain", whose light is `FACTOR` times its input times its param. Two shared objects of it are swapped. */
#include <lumad_node.h>

static int32_t run(const struct lumad_io *io)
{
    float k = (float)(FACTOR * io->params[0].number);

    for (uint32_t n = 0; n < io->out[0].heads; n++)
        for (uint32_t i = 0; i < io->count; i++)
            for (uint32_t c = 0; c < io->out[0].channels; c++)
                *lumad_at(io, 0, n, i, c) = k * lumad_get(&io->in[0], n, (int32_t)i, c);
    return 0;
}

static const struct lumad_port in[] = { { "in", "In", "", LUMAD_PORT_SIGNAL, 0, 0 } };
static const struct lumad_port out[] = { { "out", "Out", "", LUMAD_PORT_SIGNAL, 0, 0 } };
static const struct lumad_param params[] = { { "gain", "Gain", "", NULL, LUMAD_PARAM_FLOAT, 1, 0, 100, 0.1, NULL, NULL } };
static const struct lumad_node nodes[] = {
    { "swap.gain", "Gain", "Swap", "Times a factor.", in, 1, out, 1, params, 1, LUMAD_POINT, 0, 0, 0, 0, 0, run },
};

LUMAD_PLUGIN = { LUMAD_PLUGIN_SIZES, VERSION, "test", "", nodes, 1 };
