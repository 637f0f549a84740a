#include "graph/node.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct params { const char *steps; float per_beat; };

static bool check(const void *params, char *message, size_t size)
{
    const struct params *p = params;

    if (*p->steps && strspn(p->steps, "01") == strlen(p->steps))
        return true;
    snprintf(message, size, "steps must be a row of 0 and 1");
    return false;
}

static bool shape(struct node_setup *s)
{
    s->out[0].varies = true;
    return true;
}

static void run(const struct node_io *io)
{
    const struct params *p = io->params;
    double steps = (double)strlen(p->steps);
    const double *beats = node_beats(io);
    float *out = node_out(io, 0, 0);

    for (uint32_t i = 0; i < io->count; i++) {
        double at = floor(beats[i] * (double)p->per_beat);
        out[i] = p->steps[(size_t)(at - floor(at / steps) * steps)] == '1' ? 1 : 0;
    }
}

const struct node_desc node_step_sequencer = {
    .id = "step_sequencer", .label = "Step sequencer", .category = "Time generators",
    .help = "A row of steps, locked to the track's musical time: a 1 holds 1 for its whole step, a 0 holds 0.",
    .in = (const struct port_desc[]){ { "grid", "Beat grid", PORT_GRID, .help = "The track's beats." }, { 0 } },
    .out = (const struct port_desc[]){ { "out", "Gate", PORT_SIGNAL, .channels = 1, .help = "0 or 1." }, { 0 } },
    .params = (const struct param_desc[]){
        { "steps", "Steps", PARAM_TEXT, offsetof(struct params, steps), .def_text = "1000100010001000",
          .help = "0 and 1, any number of them; the first stands on beat 0." },
        { "per_beat", "Steps per beat", PARAM_FLOAT, offsetof(struct params, per_beat), .def = 4, .min = 0.015625, .max = 64,
          .step = 1, .unit = "steps per beat", .help = "4 is sixteenths." },
        { 0 },
    },
    .params_size = sizeof(struct params),
    .check = check,
    .shape = shape,
    .run = run,
};
