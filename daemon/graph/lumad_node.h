/*
 * lumad_node.h: nodes of your own for lumad's pattern graphs. C99 and later, C++11 and later; needs nothing else of lumad.
 *
 * A plug-in is a shared object in the folder `plugin_dir` of lumad.conf, called NAME.so, that exports one symbol:
 *
 *     #include <lumad_node.h>
 *
 *     static int32_t run(const struct lumad_io *io)
 *     {
 *         for (uint32_t n = 0; n < io->out[0].heads; n++)
 *             for (uint32_t i = 0; i < io->count; i++)
 *                 for (uint32_t c = 0; c < io->out[0].channels; c++)
 *                     *lumad_at(io, 0, n, i, c) = (float)io->params[0].number * lumad_get(&io->in[0], n, (int32_t)i, c);
 *         return 0;
 *     }
 *     static const struct lumad_port in[] = { { "in", "In", "what is made louder", LUMAD_PORT_SIGNAL, 0, 0 } };
 *     static const struct lumad_port out[] = { { "out", "Out", "the same, times gain", LUMAD_PORT_SIGNAL, 0, 0 } };
 *     static const struct lumad_param params[] = { { "gain", "Gain", "factor", NULL, LUMAD_PARAM_FLOAT, 2, 0, 10, 0.1, NULL, NULL } };
 *     static const struct lumad_node nodes[] = {
 *         { "acme.gain", "Gain", "Acme", "Makes a signal stronger.", in, 1, out, 1, params, 1, LUMAD_POINT, 0, 0, 0, 0, 0, run },
 *     };
 *     LUMAD_PLUGIN = { LUMAD_PLUGIN_SIZES, "1.0", "Acme", "An example.", nodes, 1 };
 *
 *     cc -std=c11 -O2 -fPIC -shared -fvisibility=hidden -ffp-contract=off gain.c -o gain.so
 *
 * SIGNALS  float32 tensors of heads x samples x channels. A dimension of 1 stands for as many as needed: lumad_get() spreads it. 60 samples
 *          make a second; sample s of an annotation is the instant start + s/60. Light is 0..1, angles are degrees, colours r, g, b, a.
 *          What is not a number becomes 0 in the light (a position holds), and is said to the user.
 * PURE     The same inputs must give the same outputs: no clock, no random numbers but from io->seed, nothing remembered between calls (a SCAN
 *          node's state apart). Samples are computed in pieces and in any order; lumad keeps what was computed and asks again only when something
 *          changed. A plug-in's calls come one after another, never two at once.
 * PROCESS  The shared object is loaded by a process of its own, never by lumad. There it may compute, allocate (1 GiB in all) and read the
 *          files its own libraries need while it is loaded; it may not open files or sockets later, start processes or threads. Inputs are
 *          read-only memory; behind each output lies a page that cannot be written to. What crashes, writes elsewhere or takes longer than
 *          `plugin_call_ms` for a call is ended: its layers go dark, the user is told, it is started anew a few times and then left off until its
 *          file changes. Standard output goes nowhere.
 * CHANGES  A file that is written or moved into the folder is loaded at once, also in a running show: graphs that use its nodes are
 *          computed again and keep their params; all others keep what they have. Replace a file by moving the new one over it. One that was
 *          refused leaves the one before it at work.
 * VERSION  LUMAD_NODE_ABI changes when plug-ins must be compiled anew. Within one number structs only grow at their end: each side tells its
 *          sizes and reads no more than both have.
 */
#ifndef LUMAD_NODE_H
#define LUMAD_NODE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LUMAD_NODE_ABI 1

/* At most, per plug-in and per node. Ids are [a-z][a-z0-9_]*, 40 characters; a node's is "vendor.name". Texts are UTF-8. */
#define LUMAD_MAX_NODES   64
#define LUMAD_MAX_INPUTS  6
#define LUMAD_MAX_OUTPUTS 8
#define LUMAD_MAX_PARAMS  32
#define LUMAD_MAX_OPTIONS 64

enum lumad_port_type {
    LUMAD_PORT_SIGNAL = 1,
    LUMAD_PORT_GRID = 2,                /* inputs only: musical time, io->beats */
    LUMAD_PORT_SELECTION = 3,           /* inputs only: heads of the venue and where they hang; unwired it is the graph's selection */
};

struct lumad_port {
    const char *id, *label, *help;
    int32_t type;                       /* enum lumad_port_type */
    uint32_t channels;                  /* signals: 0 any; 1; 2 a direction (across, up); 3 a colour (3 or 4 channels); 4 RGBA.
                                         * An output of 0 has the channels of the inputs together */
    uint32_t optional;                  /* inputs: 1 when it may be left unwired */
};

enum lumad_param_type {
    LUMAD_PARAM_FLOAT = 1,
    LUMAD_PARAM_INT = 2,
    LUMAD_PARAM_BOOL = 3,
    LUMAD_PARAM_CHOICE = 4,
    LUMAD_PARAM_COLOR = 5,
    LUMAD_PARAM_TEXT = 6,
};

struct lumad_param {
    const char *id, *label, *help;
    const char *unit;                   /* "Hz", "s", "m" ...; NULL: none */
    int32_t type;                       /* enum lumad_param_type */
    double def, min, max, step;         /* float, int; bool: def 0 or 1; choice: def is the index */
    const char *def_text;               /* color "#rrggbb" or "#rrggbbaa", text */
    const char *const *options;         /* choice: ends with NULL */
};

/* A param's value in a call. */
struct lumad_value {
    double number;                      /* float, int, bool 0 or 1, choice the option's index */
    float color[4];                     /* r, g, b, a */
    const char *text;                   /* text; else "" */
};

/* What a node needs of its input beside the sample it computes. */
enum lumad_kind {
    LUMAD_POINT = 0,                    /* nothing */
    LUMAD_WINDOW = 1,                   /* `before` and `after` samples around it */
    LUMAD_SCAN = 2,                     /* all that came before, folded into a state */
};

enum lumad_flag {
    LUMAD_VARIES = 1,                   /* changes with time though no input does: a generator that reads io->from */
};

struct lumad_input {
    uint32_t wired;                     /* 0: nothing comes in; selections always do */
    uint32_t heads, samples, channels;
    int32_t first;                      /* where data begins: its sample 0 is sample io->from + first. Before the call's range only in WINDOW nodes */
    const float *data;                  /* data[(head*samples + sample)*channels + channel]; a selection: x, y, z of each head in metres */
};

struct lumad_output {
    uint32_t heads, channels;
    float *data;                        /* data[(head*io->count + sample)*channels + channel]; holds zeroes; 16-byte aligned */
};

/* One call: `count` samples of all heads. */
struct lumad_io {
    uint32_t size;                      /* bytes of this struct as lumad knows it */
    uint32_t count;                     /* samples to compute; 1 for what does not vary with time */
    int64_t from;                       /* the first of them, 60 per second from the annotation's start; may be negative */
    double start, end, origin;          /* of the annotation, seconds on the track */
    uint64_t seed;                      /* of the annotation and this node */
    const struct lumad_value *params;   /* in the order of the descriptor */
    const struct lumad_input *in;       /* in the order of the descriptor */
    const struct lumad_output *out;
    const double *beats;                /* [count] beats since the first downbeat, with a wired grid; else NULL */
    float *state;                       /* SCAN: as sample from - 1 left it, to be left for the next */
    uint32_t state_floats;
    uint32_t is_first;                  /* SCAN: nothing came before; the state is zeroes */
};

/* Outputs have as many heads as all inputs together: each has that many or one. */
struct lumad_node {
    const char *id, *label, *category, *help;
    const struct lumad_port *in;
    uint32_t n_in;
    const struct lumad_port *out;
    uint32_t n_out;                     /* at least 1 */
    const struct lumad_param *params;
    uint32_t n_params;
    uint32_t kind;                      /* enum lumad_kind */
    uint32_t flags;                     /* enum lumad_flag */
    uint32_t before, after;             /* WINDOW: samples, 1800 at most each */
    uint32_t state_floats;              /* SCAN: of the whole node, and ... */
    uint32_t state_per_head;            /* ... of each head of the outputs, behind them */
    int32_t (*run)(const struct lumad_io *io);      /* 0: done; else it failed, and its layers go dark */
};

struct lumad_sizes { uint32_t abi, plugin, node, port, param, value, input, output, io; };

struct lumad_plugin {
    struct lumad_sizes sizes;           /* LUMAD_PLUGIN_SIZES */
    const char *version, *vendor, *help;
    const struct lumad_node *nodes;
    uint32_t n_nodes;
};

#define LUMAD_PLUGIN_SIZES \
    { LUMAD_NODE_ABI, sizeof(struct lumad_plugin), sizeof(struct lumad_node), sizeof(struct lumad_port), sizeof(struct lumad_param), \
      sizeof(struct lumad_value), sizeof(struct lumad_input), sizeof(struct lumad_output), sizeof(struct lumad_io) }

#if defined(__GNUC__)
#define LUMAD_EXPORT __attribute__((visibility("default")))
#else
#define LUMAD_EXPORT
#endif
#define LUMAD_PLUGIN extern LUMAD_EXPORT const struct lumad_plugin lumad_node_plugin; const struct lumad_plugin lumad_node_plugin
#define LUMAD_PLUGIN_SYMBOL "lumad_node_plugin"

/* One value of an input, spread where a dimension is 1; `sample` counts from io->from. 0 where nothing is wired. A colour of three channels has alpha 1. */
static inline float lumad_get(const struct lumad_input *in, uint32_t head, int32_t sample, uint32_t channel)
{
    size_t h = in->heads == 1 ? 0 : head, s = in->samples == 1 ? 0 : (size_t)(sample - in->first);

    if (!in->wired)
        return 0;
    if (in->channels == 1)
        channel = 0;
    return channel < in->channels ? in->data[(h * in->samples + s) * in->channels + channel] : 1;
}

static inline float *lumad_at(const struct lumad_io *io, uint32_t output, uint32_t head, uint32_t sample, uint32_t channel)
{
    return &io->out[output].data[((size_t)head * io->count + sample) * io->out[output].channels + channel];
}

/* Seconds on the track of a sample of this call. */
static inline double lumad_seconds(const struct lumad_io *io, uint32_t sample)
{
    return io->start + (double)(io->from + (int64_t)sample) / 60;
}

#ifdef __cplusplus
}
#endif

#endif
