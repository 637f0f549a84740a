#include "graph/node.h"

#include <math.h>

#include "dsp/dmath.h"

enum { ADD, SUBTRACT, MULTIPLY, DIVIDE, MAX, MIN, ABS_DIFF, ABS, MODULO, POWER, CIRCULAR_DISTANCE };

static const char *const operations[] = { "add", "subtract", "multiply", "divide", "max", "min", "abs_diff", "abs",
                                          "modulo", "power", "circular_distance", NULL };
struct params { int operation; };

/* On a circle of circumference 1. */
static float circular(float a, float b)
{
    float d = dsp_modulo(a - b, 1);
    float back = 1 - d;

    return d < back ? d : back;
}

/* x/0 = 0. The divisor is harmless where it is not wanted, so that no branch is needed. */
static float divide(float a, float b)
{
    float q = a / (b != 0 ? b : 1);

    return b != 0 ? q : 0;
}

static void rows(int operation, const float *a, const float *b, float *restrict out, size_t n)
{
    switch (operation) {
    case ADD:      for (size_t i = 0; i < n; i++) out[i] = a[i] + b[i]; break;    /* vectorised */
    case SUBTRACT: for (size_t i = 0; i < n; i++) out[i] = a[i] - b[i]; break;    /* vectorised */
    case MULTIPLY: for (size_t i = 0; i < n; i++) out[i] = a[i] * b[i]; break;    /* vectorised */
    case DIVIDE:   for (size_t i = 0; i < n; i++) out[i] = divide(a[i], b[i]); break;    /* vectorised */
    case MAX:      for (size_t i = 0; i < n; i++) out[i] = a[i] > b[i] ? a[i] : b[i]; break;    /* vectorised */
    case MIN:      for (size_t i = 0; i < n; i++) out[i] = a[i] < b[i] ? a[i] : b[i]; break;    /* vectorised */
    case ABS_DIFF: for (size_t i = 0; i < n; i++) out[i] = fabsf(a[i] - b[i]); break;    /* vectorised */
    case ABS:      for (size_t i = 0; i < n; i++) out[i] = fabsf(a[i]); break;    /* vectorised */
    case MODULO:   for (size_t i = 0; i < n; i++) out[i] = dsp_modulo(a[i], b[i]); break;    /* vectorised */
    case POWER:    for (size_t i = 0; i < n; i++) out[i] = dsp_pow(a[i], b[i]); break;    /* vectorised */
    case CIRCULAR_DISTANCE: for (size_t i = 0; i < n; i++) out[i] = circular(a[i], b[i]); break;    /* vectorised */
    }
}

/* Without b the operation's neutral value: a passes as it is (abs, abs_diff and circular_distance: its own
 * distance from 0). */
static const float neutral[] = { [ADD] = 0, [SUBTRACT] = 0, [MULTIPLY] = 1, [DIVIDE] = 1, [POWER] = 1, [CIRCULAR_DISTANCE] = 0 };

/* x + 0, x - 0, x * 1, x / 1, x ^ 1, and what has no second operand at all. */
static bool passes(const struct node_setup *s)
{
    const struct params *p = s->params;
    const struct node_input *b = &s->in[1];

    if (p->operation > MIN && p->operation != POWER)
        return p->operation == MODULO && !b->wired;
    if (b->wired && (p->operation == MAX || p->operation == MIN || b->value.varies))
        return false;
    for (size_t i = 0; b->wired && i < (size_t)b->value.n * b->value.c; i++)
        if (!(fabsf(b->data[i] - neutral[p->operation]) <= 0))
            return false;
    return true;
}

static void run(const struct node_io *io)
{
    const struct params *p = io->params;
    uint32_t c = io->out[0].c;
    bool alone = !io->in[1].wired && (p->operation == MAX || p->operation == MIN || p->operation == MODULO);

    for (uint32_t n = 0; n < io->out[0].n; n++) {
        const float *a = node_row(io, 0, n, c);
        if (alone)
            rows(MAX, a, a, node_out(io, 0, n), (size_t)io->count * c);
        else
            rows(p->operation, a, node_row_or(io, 1, n, c, neutral[p->operation]), node_out(io, 0, n), (size_t)io->count * c);
    }
}

const struct node_desc node_math = {
    .id = "math", .label = "Maths", .category = "Signal maths",
    .help = "Two signals, sample by sample. Without b, a passes unchanged (abs, abs_diff and circular_distance: its "
            "distance from 0).",
    .in = (const struct port_desc[]){
        { "a", "A", PORT_SIGNAL, .help = "First value." },
        { "b", "B", PORT_SIGNAL, .optional = true, .help = "Second value." },
        { 0 },
    },
    .out = (const struct port_desc[]){
        { "out", "Result", PORT_SIGNAL, .help = "The result." },
        { 0 },
    },
    .params = (const struct param_desc[]){
        { "operation", "Operation", PARAM_CHOICE, offsetof(struct params, operation), .options = operations,
          .help = "divide by 0 gives 0; modulo is never negative; power without a real value gives 0; "
                  "circular_distance is the short way round a circle of circumference 1." },
        { 0 },
    },
    .params_size = sizeof(struct params),
    .passes = passes,
    .run = run,
};
