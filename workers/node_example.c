/*
 * An example of a plug-in (lumad_node.h is the manual). Two nodes, one of each kind most will need:
 *
 *   example.mix    POINT: two signals mixed by a third. Looks at nothing but the sample it computes
 *   example.ember  SCAN: glowing embers. Each head flares up by chance and cools down; the state is how warm it is
 *
 *     cc -std=c11 -O2 -fPIC -shared -fvisibility=hidden -ffp-contract=off example_plugin.c -o example.so
 *
 * and example.so goes into the folder `plugin_dir` of lumad.conf.
 */
#include <lumad_node.h>

/* ---- mix ---- */

static int32_t mix(const struct lumad_io *io)
{
    const struct lumad_input *a = &io->in[0], *b = &io->in[1], *amount = &io->in[2];
    float fixed = (float)io->params[0].number;

    for (uint32_t n = 0; n < io->out[0].heads; n++)
        for (uint32_t i = 0; i < io->count; i++)
            for (uint32_t c = 0; c < io->out[0].channels; c++) {
                float x = lumad_get(a, n, (int32_t)i, c), y = lumad_get(b, n, (int32_t)i, c);
                float k = amount->wired ? lumad_get(amount, n, (int32_t)i, 0) : fixed;
                *lumad_at(io, 0, n, i, c) = x + (y - x) * k;
            }
    return 0;
}

static const struct lumad_port mix_in[] = {
    { "a", "A", "what is there at 0", LUMAD_PORT_SIGNAL, 0, 0 },
    { "b", "B", "what is there at 1", LUMAD_PORT_SIGNAL, 0, 0 },
    { "amount", "Amount", "how much of B; unwired, the parameter counts", LUMAD_PORT_SIGNAL, 1, 1 },
};
static const struct lumad_port mix_out[] = {
    { "out", "Out", "A and B mixed", LUMAD_PORT_SIGNAL, 0, 0 },
};
static const struct lumad_param mix_params[] = {
    { "amount", "Amount", "how much of B", NULL, LUMAD_PARAM_FLOAT, 0.5, 0, 1, 0.01, NULL, NULL },
};

/* ---- ember ---- */

/* Of the seed, the head and the sample alone: whichever piece is computed first, the same chance. The finaliser is that of splitmix64. */
static double chance(uint64_t seed, uint64_t head, uint64_t sample)
{
    uint64_t h = seed ^ (head * UINT64_C(0x9e3779b97f4a7c15)) ^ (sample * UINT64_C(0xd1b54a32d192ed03));

    h = (h ^ (h >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    h = (h ^ (h >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (double)((h ^ (h >> 31)) >> 11) / 9007199254740992.0;
}

static int32_t ember(const struct lumad_io *io)
{
    double rate = io->params[0].number / 60, cooling = 1 - 1 / (60 * io->params[1].number);
    const float *rgb = io->params[2].color;

    for (uint32_t n = 0; n < io->out[0].heads; n++) {
        float warm = io->state[n];
        for (uint32_t i = 0; i < io->count; i++) {
            int64_t s = io->from + (int64_t)i;
            warm = chance(io->seed, n, (uint64_t)s) < rate ? 1 : warm * (float)cooling;
            for (uint32_t c = 0; c < 3; c++)
                *lumad_at(io, 0, n, i, c) = rgb[c] * warm;
            *lumad_at(io, 0, n, i, 3) = 1;
        }
        io->state[n] = warm;
    }
    return 0;
}

static const struct lumad_port ember_in[] = {
    { "selection", "Heads", "which glow", LUMAD_PORT_SELECTION, 0, 1 },
};
static const struct lumad_port ember_out[] = {
    { "out", "Colour", "of each head", LUMAD_PORT_SIGNAL, 4, 0 },
};
static const struct lumad_param ember_params[] = {
    { "rate", "Rate", "how often each head flares up", "1/s", LUMAD_PARAM_FLOAT, 0.5, 0, 30, 0.1, NULL, NULL },
    { "cooling", "Cooling", "how long the glow lasts", "s", LUMAD_PARAM_FLOAT, 0.8, 0.05, 10, 0.05, NULL, NULL },
    { "color", "Colour", "of a head that has just flared up", NULL, LUMAD_PARAM_COLOR, 0, 0, 0, 0, "#ff5a14", NULL },
};

static const struct lumad_node nodes[] = {
    { "example.mix", "Mix", "Example", "Two signals mixed by a third, or by a fixed amount.",
      mix_in, 3, mix_out, 1, mix_params, 1, LUMAD_POINT, 0, 0, 0, 0, 0, mix },
    { "example.ember", "Embers", "Example", "Each head flares up now and then and cools down.",
      ember_in, 1, ember_out, 1, ember_params, 3, LUMAD_SCAN, LUMAD_VARIES, 0, 0, 0, 1, ember },
};

LUMAD_PLUGIN = { LUMAD_PLUGIN_SIZES, "1.0", "lumad", "An example for those who write plug-ins: its source comes with lumad.", nodes, 2 };
