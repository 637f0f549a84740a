#include "dsp/dmath.h"
#include "graph/nodes/cycle.h"

struct params { float center_x, center_y, center_z, radius_x, radius_z, speed, tilt_deg; };

static bool shape(struct node_setup *s)
{
    return cycle_shape(s, 3, 1);
}

static void run(const struct node_io *io)
{
    const struct params *p = io->params;
    const double *beats = node_beats(io);
    float flat = (float)dsp_sin_turns((double)p->tilt_deg / 360), upright = (float)dsp_sin_turns((double)p->tilt_deg / 360 + 0.25);

    for (uint32_t n = 0; n < io->out[0].n; n++) {
        const float *phase = node_row_or(io, 1, n, 1, 0);
        float *restrict x = node_out(io, 0, n), *restrict y = node_out(io, 1, n), *restrict z = node_out(io, 2, n);
        for (uint32_t i = 0; i < io->count; i++) {      /* vectorised */
            double turns = cycle_turns(beats[i], phase[i], p->speed);
            float rise = p->radius_z * (float)dsp_sin_turns(turns);
            x[i] = p->center_x + p->radius_x * (float)dsp_sin_turns(turns + 0.25);
            y[i] = p->center_y + rise * flat;
            z[i] = p->center_z + rise * upright;
        }
    }
}

static const struct port_desc out[] = {
    { "x", "X", PORT_SIGNAL, .channels = 1, .help = "Metres, to the audience's right." },
    { "y", "Y", PORT_SIGNAL, .channels = 1, .help = "Metres, away from the audience." },
    { "z", "Z", PORT_SIGNAL, .channels = 1, .help = "Metres above the floor." },
    { 0 },
};

const struct node_desc node_orbit = {
    .id = "orbit", .label = "Orbit", .category = "Movement",
    .help = "A point that goes round an ellipse in the room, in musical time; for look_at_position. The ellipse stands upright and faces the audience; a tilt of 90 lays it "
            "flat.",
    .in = (const struct port_desc[]){ CYCLE_INPUTS, { 0 } },
    .out = out,
    .params = (const struct param_desc[]){
        { "center_x", "Centre x", PARAM_FLOAT, offsetof(struct params, center_x), .def = 0, .min = -1000, .max = 1000, .step = 0.1, .unit = "m", .help = "Of the ellipse." },
        { "center_y", "Centre y", PARAM_FLOAT, offsetof(struct params, center_y), .def = 0, .min = -1000, .max = 1000, .step = 0.1, .unit = "m", .help = "Of the ellipse." },
        { "center_z", "Centre z", PARAM_FLOAT, offsetof(struct params, center_z), .def = 0, .min = -1000, .max = 1000, .step = 0.1, .unit = "m", .help = "Of the ellipse." },
        { "radius_x", "Radius x", PARAM_FLOAT, offsetof(struct params, radius_x), .def = 1, .min = -1000, .max = 1000, .step = 0.1, .unit = "m", .help = "Half its width." },
        { "radius_z", "Radius z", PARAM_FLOAT, offsetof(struct params, radius_z), .def = 1, .min = -1000, .max = 1000, .step = 0.1, .unit = "m",
          .help = "Half its height, or its depth when it lies." },
        CYCLE_SPEED(struct params),
        { "tilt_deg", "Tilt", PARAM_FLOAT, offsetof(struct params, tilt_deg), .def = 0, .min = -360, .max = 360, .step = 5, .unit = "deg",
          .help = "Leans its top away from the audience." },
        { 0 },
    },
    .params_size = sizeof(struct params),
    .shape = shape,
    .run = run,
};
