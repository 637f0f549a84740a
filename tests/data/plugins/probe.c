/*
 * For tests: nodes that show what they are given.
 *
 *   probe.around  WINDOW  out = in two samples later minus in three samples before
 *   probe.sum     SCAN    out = the sum of in so far, per head; state: a float for the node (samples counted) and one per head
 *   probe.place   POINT   r, g, b = x, y, z of each head, in tens of metres
 *   probe.beat    POINT   out = musical time
 *   probe.params  POINT   out[0..3] of each kind of param
 */
#include <lumad_node.h>
#include <string.h>

static int32_t around(const struct lumad_io *io)
{
    for (uint32_t n = 0; n < io->out[0].heads; n++)
        for (int32_t i = 0; i < (int32_t)io->count; i++)
            *lumad_at(io, 0, n, (uint32_t)i, 0) = lumad_get(&io->in[0], n, i + 2, 0) - lumad_get(&io->in[0], n, i - 3, 0);
    return 0;
}

static int32_t sum(const struct lumad_io *io)
{
    if (io->state_floats != 1 + io->out[0].heads || (io->is_first && io->state[0] != 0))
        return 1;
    for (uint32_t n = 0; n < io->out[0].heads; n++)
        for (uint32_t i = 0; i < io->count; i++)
            *lumad_at(io, 0, n, i, 0) = io->state[1 + n] += lumad_get(&io->in[0], n, (int32_t)i, 0);
    io->state[0] += (float)io->count;
    return io->state[0] == (float)(io->from + io->count) ? 0 : 2;
}

static int32_t place(const struct lumad_io *io)
{
    for (uint32_t n = 0; n < io->out[0].heads; n++)
        for (uint32_t c = 0; c < 3; c++)
            *lumad_at(io, 0, n, 0, c) = io->in[0].data[3 * n + c] / 10;
    return io->count == 1 ? 0 : 1;
}

static int32_t beat(const struct lumad_io *io)
{
    for (uint32_t i = 0; i < io->count; i++)
        *lumad_at(io, 0, 0, i, 0) = (float)io->beats[i];
    return 0;
}

static int32_t params(const struct lumad_io *io)
{
    const struct lumad_value *p = io->params;

    *lumad_at(io, 0, 0, 0, 0) = (float)p[0].number;
    *lumad_at(io, 0, 0, 0, 1) = (float)(p[1].number + 10 * p[2].number + 100 * p[3].number);
    *lumad_at(io, 0, 0, 0, 2) = p[4].color[0] + 2 * p[4].color[2];
    *lumad_at(io, 0, 0, 0, 3) = (float)strlen(p[5].text);
    return 0;
}

static const struct lumad_port signal_in[] = { { "in", "In", "", LUMAD_PORT_SIGNAL, 1, 0 } };
static const struct lumad_port place_in[] = { { "selection", "Heads", "", LUMAD_PORT_SELECTION, 0, 1 } };
static const struct lumad_port grid_in[] = { { "grid", "Beats", "", LUMAD_PORT_GRID, 0, 0 } };
static const struct lumad_port out1[] = { { "out", "Out", "", LUMAD_PORT_SIGNAL, 1, 0 } };
static const struct lumad_port out3[] = { { "out", "Out", "", LUMAD_PORT_SIGNAL, 3, 0 } };
static const struct lumad_port out4[] = { { "out", "Out", "", LUMAD_PORT_SIGNAL, 4, 0 } };
static const char *const choices[] = { "none", "one", "two", NULL };
static const struct lumad_param all[] = {
    { "f", "F", "", "Hz", LUMAD_PARAM_FLOAT, 0.25, 0, 1, 0.01, NULL, NULL },
    { "i", "I", "", NULL, LUMAD_PARAM_INT, 3, 0, 9, 1, NULL, NULL },
    { "b", "B", "", NULL, LUMAD_PARAM_BOOL, 1, 0, 0, 0, NULL, NULL },
    { "c", "C", "", NULL, LUMAD_PARAM_CHOICE, 2, 0, 0, 0, NULL, choices },
    { "k", "K", "", NULL, LUMAD_PARAM_COLOR, 0, 0, 0, 0, "#ff0080", NULL },
    { "t", "T", "", NULL, LUMAD_PARAM_TEXT, 0, 0, 0, 0, "abc", NULL },
};

static const struct lumad_node nodes[] = {
    { "probe.around", "Around", "Probe", "x", signal_in, 1, out1, 1, NULL, 0, LUMAD_WINDOW, 0, 3, 2, 0, 0, around },
    { "probe.sum", "Sum", "Probe", "x", signal_in, 1, out1, 1, NULL, 0, LUMAD_SCAN, 0, 0, 0, 1, 1, sum },
    { "probe.place", "Place", "Probe", "x", place_in, 1, out3, 1, NULL, 0, LUMAD_POINT, 0, 0, 0, 0, 0, place },
    { "probe.beat", "Beat", "Probe", "x", grid_in, 1, out1, 1, NULL, 0, LUMAD_POINT, 0, 0, 0, 0, 0, beat },
    { "probe.params", "Params", "Probe", "x", NULL, 0, out4, 1, all, 6, LUMAD_POINT, 0, 0, 0, 0, 0, params },
};

LUMAD_PLUGIN = { LUMAD_PLUGIN_SIZES, "1", "test", "", nodes, sizeof nodes / sizeof *nodes };
