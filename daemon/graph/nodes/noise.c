#include "dsp/dmath.h"
#include "graph/nodes/random.h"
#include "graph/node.h"

enum { OCTAVES = 8 };

struct params { float scale, amplitude, offset; int octaves; };

static bool shape(struct node_setup *s)
{
    if (!node_broadcast_heads(s, &s->out[0]))
        return false;
    s->out[0].c = 1;
    s->out[0].varies |= !s->in[0].wired;
    return true;
}

/* Beyond this a float's steps are larger than the lattice's; and what is no number stands at 0. */
static double place(float x)
{
    return x > -1e7f && x < 1e7f ? (double)x : 0;
}

static double smoothstep(double x)
{
    return x * x * (3 - 2 * x);
}

static double mix(double a, double b, double x)
{
    return a + (b - a) * x;
}

static double corner(uint64_t seed, int64_t x, int64_t y, int64_t z)
{
    return (double)random_unit(random_at(seed, (uint64_t)x, random_mix((uint64_t)y) ^ (uint64_t)z));
}

/* The corners of one cube of the lattice, of one octave. From one sample to the next it is mostly the same one. */
struct cube { bool is_known; double x, y, z, corner[2][2][2]; };

static void cube_enter(struct cube *c, uint64_t seed, double x, double y, double z)
{
    int64_t ix = (int64_t)x, iy = (int64_t)y, iz = (int64_t)z;

    if (c->is_known && !(x < c->x || x > c->x || y < c->y || y > c->y || z < c->z || z > c->z))
        return;
    for (int k = 0; k < 2; k++)
        for (int j = 0; j < 2; j++)
            for (int i = 0; i < 2; i++)
                c->corner[k][j][i] = corner(seed, ix + i, iy + j, iz + k);
    c->is_known = true;
    c->x = x, c->y = y, c->z = z;
}

/* Value noise, 0..1: random numbers on the corners of a lattice of unit cubes, smooth in between (Perlin 1985, with values for gradients). */
static double lattice(struct cube *c, uint64_t seed, double x, double y, double z)
{
    double fx = dsp_floor(x), fy = dsp_floor(y), fz = dsp_floor(z), u = smoothstep(x - fx), v = smoothstep(y - fy), w = smoothstep(z - fz), plane[2];

    cube_enter(c, seed, fx, fy, fz);
    for (int k = 0; k < 2; k++)
        plane[k] = mix(mix(c->corner[k][0][0], c->corner[k][0][1], u), mix(c->corner[k][1][0], c->corner[k][1][1], u), v);
    return mix(plane[0], plane[1], w);
}

/* Fractional Brownian motion: each octave twice as fine and half as strong, the sum brought back to 0..1. */
static float fbm(const struct params *p, struct cube *cubes, uint64_t seed, double x, double y, double z)
{
    double sum = 0, weight = 1, weights = 0, scale = (double)p->scale;

    for (int i = 0; i < p->octaves; i++, weight /= 2, scale *= 2) {
        sum += weight * lattice(&cubes[i], seed + (uint64_t)i, x * scale, y * scale, z * scale);
        weights += weight;
    }
    return (float)(sum / weights);
}

static void run(const struct node_io *io)
{
    const struct params *p = io->params;
    const double *beats = node_beats(io);
    bool has_time = io->in[0].wired;

    for (uint32_t n = 0; n < io->out[0].n; n++) {
        const float *time = has_time ? node_row(io, 0, n, 1) : NULL, *x = node_row_or(io, 1, n, 1, 0), *y = node_row_or(io, 2, n, 1, 0);
        float *out = node_out(io, 0, n);
        struct cube cubes[OCTAVES];
        for (int i = 0; i < OCTAVES; i++)
            cubes[i].is_known = false;
        for (uint32_t i = 0; i < io->count; i++) {
            double z = has_time ? place(time[i]) : beats[i];
            out[i] = p->offset + p->amplitude * fbm(p, cubes, io->seed, place(x[i]), place(y[i]), z);
        }
    }
}

const struct node_desc node_noise = {
    .id = "noise", .label = "Noise", .category = "Time generators",
    .help = "Smooth randomness over time and two directions of space, 0 to 1: offset + amplitude * noise. The annotation's seed decides which; the same seed is "
            "the same light.",
    .in = (const struct port_desc[]){
        { "time", "Time", PORT_SIGNAL, .channels = 1, .optional = true, .help = "Where in time; unconnected: beats." },
        { "x", "X", PORT_SIGNAL, .channels = 1, .optional = true, .help = "Where in space, one per head: heads far apart differ more." },
        { "y", "Y", PORT_SIGNAL, .channels = 1, .optional = true, .help = "The second direction of space." },
        { 0 },
    },
    .out = (const struct port_desc[]){ { "out", "Noise", PORT_SIGNAL, .channels = 1, .help = "offset to offset + amplitude." }, { 0 } },
    .params = (const struct param_desc[]){
        { "scale", "Scale", PARAM_FLOAT, offsetof(struct params, scale), .def = 1, .min = 0, .max = 1000, .step = 0.05,
          .help = "How fine: at 1 it changes within a beat, or a unit of space; 0.25 is four times as slow." },
        { "octaves", "Octaves", PARAM_INT, offsetof(struct params, octaves), .def = 1, .min = 1, .max = OCTAVES, .step = 1,
          .help = "Detail: each further one is twice as fine and half as strong." },
        { "amplitude", "Amplitude", PARAM_FLOAT, offsetof(struct params, amplitude), .def = 1, .min = -1e4, .max = 1e4, .step = 0.01,
          .help = "How much it varies." },
        { "offset", "Offset", PARAM_FLOAT, offsetof(struct params, offset), .def = 0, .min = -1e4, .max = 1e4, .step = 0.01,
          .help = "The lowest it gets." },
        { 0 },
    },
    .params_size = sizeof(struct params),
    .shape = shape,
    .run = run,
};
