#include "graph/node.h"

#include <math.h>

#include "dsp/dmath.h"

enum { FLOOR, CEIL, ROUND };
static const char *const operations[] = { "floor", "ceil", "round", NULL };
struct params { int operation; };

/* Halves away from 0, as people round. */
static float round_half_up(float x)
{
    return copysignf((float)dsp_floor(fabs((double)x) + 0.5), x);
}

static void rows(int operation, const float *in, float *restrict out, size_t n)
{
    switch (operation) {
    case FLOOR: for (size_t i = 0; i < n; i++) out[i] = (float)dsp_floor((double)in[i]); break;          /* vectorised */
    case CEIL:  for (size_t i = 0; i < n; i++) out[i] = -(float)dsp_floor(-(double)in[i]); break;        /* vectorised */
    case ROUND: for (size_t i = 0; i < n; i++) out[i] = round_half_up(in[i]); break;                     /* vectorised */
    }
}

static void run(const struct node_io *io)
{
    const struct params *p = io->params;
    uint32_t c = io->out[0].c;

    for (uint32_t n = 0; n < io->out[0].n; n++)
        rows(p->operation, node_row(io, 0, n, c), node_out(io, 0, n), (size_t)io->count * c);
}

const struct node_desc node_round = {
    .id = "round", .label = "Round", .category = "Signal maths", .help = "To whole numbers; halves go away from zero.",
    .in = (const struct port_desc[]){ { "in", "In", PORT_SIGNAL, .help = "The signal." }, { 0 } },
    .out = (const struct port_desc[]){ { "out", "Out", PORT_SIGNAL, .help = "Whole numbers." }, { 0 } },
    .params = (const struct param_desc[]){
        { "operation", "Operation", PARAM_CHOICE, offsetof(struct params, operation), .options = operations,
          .help = "Down, up, or to the nearest." },
        { 0 },
    },
    .params_size = sizeof(struct params),
    .run = run,
};
