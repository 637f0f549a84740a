#include <math.h>
#include <stdio.h>

#include "dsp/dmath.h"
#include "graph/node.h"

enum { SELECTION, X, Y, Z };

static bool shape(struct node_setup *s)
{
    uint32_t heads = s->in[SELECTION].value.selection->n;

    if (!node_broadcast_heads(s, &s->out[0]))
        return false;
    if (s->out[0].n != 1 && s->out[0].n != heads) {
        snprintf(s->message, sizeof s->message, "the point is given for %u heads and the selection has %u", s->out[0].n, heads);
        s->code = "shape_mismatch";
        return false;
    }
    s->out[0].n = heads;
    s->out[0].c = 1;
    s->out[1] = s->out[0];
    return true;
}

/*
 * Light-model 1: in fixture space the beam is Rz(pan) * (0, -sin tilt, -cos tilt), so with d the direction to the point there: tilt = atan2(|d.xy|, -d.z),
 * pan = atan2(d.x, -d.y). Straight below (or above) the head every pan is right: it holds.
 */
static void aim(const double (*r)[3], const float pos[3], const float *x, const float *y, const float *z, float *restrict pan, float *restrict tilt, size_t count)
{
    for (size_t t = 0; t < count; t++) {                /* vectorised */
        double dx = (double)x[t] - (double)pos[0], dy = (double)y[t] - (double)pos[1], dz = (double)z[t] - (double)pos[2];
        double a = r[0][0] * dx + r[1][0] * dy + r[2][0] * dz, b = r[0][1] * dx + r[1][1] * dy + r[2][1] * dz, c = r[0][2] * dx + r[1][2] * dy + r[2][2] * dz;
        double across = sqrt(a * a + b * b);
        float turned = (float)(360 * dsp_atan2_turns(a, -b));
        tilt[t] = (float)(360 * dsp_atan2_turns(across, -c));
        pan[t] = across > GEOMETRY_SAME_M ? turned : NAN;
    }
}

static void run(const struct node_io *io)
{
    const struct node_selection *s = io->in[SELECTION].value.selection;
    const struct patch *patch = io->ctx->patch;

    for (uint32_t n = 0; n < s->n; n++) {
        const struct patch_head *head = &patch->heads[s->heads[n]];
        const float *x = node_row(io, X, n, 1), *y = node_row(io, Y, n, 1), *z = node_row(io, Z, n, 1);
        float *pan = node_out(io, 0, n), *tilt = node_out(io, 1, n);
        double r[3][3];
        geometry_rotation(patch->fixtures[head->fixture].row.rot, r);
        aim((const double (*)[3])r, head->pos, x, y, z, pan, tilt, io->count);
    }
}

const struct node_desc node_look_at_position = {
    .id = "look_at_position", .label = "Look at", .category = "Movement",
    .help = "Aims each head at a point of the room, from where it hangs and however it is turned.",
    .in = (const struct port_desc[]){
        { "selection", "Selection", PORT_SELECTION, .help = "The heads." },
        { "x", "X", PORT_SIGNAL, .channels = 1, .help = "Metres, to the audience's right." },
        { "y", "Y", PORT_SIGNAL, .channels = 1, .help = "Metres, away from the audience." },
        { "z", "Z", PORT_SIGNAL, .channels = 1, .help = "Metres above the floor." },
        { 0 },
    },
    .out = (const struct port_desc[]){
        { "pan", "Pan", PORT_SIGNAL, .channels = 1, .help = "Degrees, -180 to 180; holds while the point is straight below the head." },
        { "tilt", "Tilt", PORT_SIGNAL, .channels = 1, .help = "Degrees, 0 to 180." },
        { 0 },
    },
    .shape = shape,
    .run = run,
};
