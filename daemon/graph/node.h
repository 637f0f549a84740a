#pragma once
/*
 * A node type: one `struct node_desc`, in one file under graph/nodes/, and one line in node_list.h. The
 * compiler, the runner, GET /node-types, the editor's palette and forms and the node reference page all read
 * the descriptor; nothing about a node is written down twice. A node never touches JSON: its params struct is
 * filled by offset and type.
 *
 * SIGNALS  data[(n*t_count + t)*c_count + c]. Whatever does not depend on time is one sample long and computed
 *          once, when the graph is compiled (`varies` false). What varies is computed for a stretch of samples
 *          at a time; sample i is the instant start + i/60 s, and i may lie before 0 or after the annotation's
 *          end when a node downstream looks there.
 * CLASSES  What a node needs of its input beside the sample it computes:
 *          POINT   nothing
 *          WINDOW  samples before and after, as many as window() says; the request grows upstream
 *          SCAN    everything before, folded into a state of floats that the runner saves at every tile boundary
 *          GLOBAL  a pre-pass over the whole annotation (begin, add per tile), whose result every sample reads
 * THREADS  Descriptors are immutable; shape() and window() run when compiling, run() in any compile thread.
 * MEMORY   Nothing here allocates. Inputs, outputs, state and scratch rows belong to the runner.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "graph/graph.h"

enum port_type  { PORT_NONE, PORT_SIGNAL, PORT_AUDIO, PORT_GRID, PORT_SELECTION, PORT_ANY };
enum param_type { PARAM_NONE, PARAM_FLOAT, PARAM_INT, PARAM_BOOL, PARAM_CHOICE, PARAM_COLOR, PARAM_TEXT, PARAM_STOPS,
                  PARAM_SELECTION, PARAM_RANGES, PARAM_PALETTE };
enum node_class { NODE_POINT, NODE_WINDOW, NODE_SCAN, NODE_GLOBAL };

/* What a view shows of a signal: all of it; the one channel that its params (struct view_channel) name; the first two channels as the path they go;
 * of a sound its spectrogram. */
enum node_view { VIEW_SIGNAL, VIEW_CHANNEL, VIEW_UV, VIEW_MEL };
struct view_channel { int channel; };

enum { NODE_INPUTS = 6, NODE_OUTPUTS = 64, NODE_STOPS = 16, NODE_RANGES = 16, NODE_PALETTE = 12 };

struct port_desc {
    const char *id, *label;
    enum port_type type;
    unsigned channels;          /* 0: any; 1; 2: a direction, across and up; 3: a colour, 3 or 4 channels; 4: RGBA; 12: a chroma */
    bool optional;              /* inputs only */
    const char *help;
};

/* Where in the params struct a value goes: FLOAT float, INT int, BOOL bool, CHOICE int (index of options), COLOR float[4],
 * TEXT and SELECTION const char *, STOPS struct node_stops, RANGES struct node_ranges, PALETTE struct node_palette. */
struct param_desc {
    const char *id, *label;
    enum param_type type;
    size_t offset;
    double def, min, max, step;         /* numbers and bool */
    const char *def_text;               /* COLOR, TEXT, SELECTION; RANGES as JSON; min and max hold for each bound */
    const char *unit;
    const char *const *options;         /* CHOICE: NULL-terminated; def is the index */
    const char *help;
};

struct node_palette { float rgb[NODE_PALETTE][3]; };                       /* def_text: its colours, with a space between */
struct node_stop { float position, rgba[4]; };
struct node_stops { uint32_t n; struct node_stop stop[NODE_STOPS]; };      /* ascending positions */
struct node_ranges { uint32_t n; struct { float low, high; } range[NODE_RANGES]; };        /* low < high; may overlap */

struct node_selection {
    uint32_t n;
    const uint32_t *heads;      /* indexes into patch.heads, patch order */
    const uint32_t *part;       /* per head, 0 .. parts-1: its list of a group-local selection; global: all 0 */
    uint32_t parts;
    const char *expression;
    /* Of a folded selection (mirror), else NULL; per head: */
    const float (*pos)[3];      /* where it counts as standing, metres; what aims it asks the patch where it is */
    const float *fold;          /* metres from the fold */
    const uint32_t *twin;       /* the first head that stands in its place */
};

/* What every node of one program may read. */
struct node_context {
    const struct patch *patch;
    const struct beatgrid *grid;
    struct graph_audio audio, stems[GRAPH_STEMS];
    const struct analysis *analysis;    /* NULL: nothing was analysed. This and sound are there only for nodes that say that they read it */
    double start, end, origin;  /* seconds on the track */
    uint32_t samples;           /* T of the annotation */
};

struct node_value {             /* what a port carries, before it is computed */
    uint32_t n, c;              /* heads and channels of a signal; 1 broadcasts */
    bool varies;                /* with time */
    const struct node_selection *selection;
    const struct audio_chain *audio;    /* graph/audio.h */
};

struct node_input {
    bool wired;
    struct node_value value;
    const float *data;          /* compiling: only when it does not vary; else NULL */
    uint32_t t;                 /* samples held; 1 when it does not vary */
    int64_t from;               /* the first of them */
};

struct node_setup {             /* for shape(), then window() and state_floats() with the shape in `out` */
    const struct node_context *ctx;
    const struct node_desc *desc;
    const void *params;
    const struct node_input *in;
    struct node_value *out;
    uint64_t used;              /* bit i: output i leads to light or to a view */
    struct arena *arena;        /* the program's, for what values point to */
    bool is_starved;            /* there was no memory: no fault of the graph's */
    const char *port;           /* of a failure */
    const char *code;
    char message[256];
};

struct node_output { float *data; size_t stride; uint32_t n, c; };         /* row of head n: data + n*stride, count*c floats */
struct node_scratch { float *data; bool is_ready; };
struct node_beats { double *data; int64_t from; uint32_t count; };         /* as computed last */

struct node_io {                /* for run() and add() */
    const struct node_context *ctx;
    const void *params;
    uint64_t seed;              /* of the annotation and this node's id */
    const struct node_input *in;
    const struct node_output *out;
    int64_t from;               /* outputs cover samples from .. from + count; 0, 1 for what does not vary */
    uint32_t count;
    float *state;               /* SCAN: as left by sample from - 1 */
    bool is_first;              /* SCAN: nothing came before, set the state up */
    const void *global;         /* GLOBAL: the finished pre-pass */
    struct node_scratch *scratch;       /* [port], for node_row() */
    float *work;                /* as many as work_floats() says, with anything in them */
    struct spectrum *spectrum;  /* of spectrum_size() samples */
    struct node_beats *beats;           /* for node_beats() */
};

struct node_desc {
    const struct node_plugin *plugin;   /* graph/plugin.h; NULL: built in. Its run() is called through there */
    const char *id, *label, *category, *help;
    const struct port_desc *in, *out;   /* end with an empty entry; NULL: none */
    const struct param_desc *params;
    size_t params_size;
    enum node_class kind;
    unsigned reads;             /* enum graph_reads: what of the track, beside its beats */
    bool is_args;               /* its outputs are the graph's args */
    bool is_view;               /* kept for the editor, never run for light */
    enum node_view view;
    bool ends_clamp;            /* WINDOW: asks for nothing outside the annotation */

    /* Optional: params that are wrong together; writes a sentence. */
    bool (*check)(const void *params, char *message, size_t size);
    /* Optional: fills setup->out; false: message is set. Without it outputs are the broadcast of all signal inputs. */
    bool (*shape)(struct node_setup *s);
    void (*window)(const struct node_setup *s, uint32_t *before, uint32_t *after);
    /* Optional, after shape(): whether its only output is the same as its first input, whatever runs, as in x * 1. Then it is not run for light. */
    bool (*passes)(const struct node_setup *s);
    size_t (*state_floats)(const struct node_setup *s);
    size_t (*work_floats)(const struct node_setup *s);
    uint32_t (*spectrum_size)(const struct node_setup *s);     /* a power of two, dsp/spectrum.h */
    /* What a sample costs beside its floats, in the time of a float (about 1 ns): none may hold up the show for long. */
    uint32_t (*effort)(const struct node_setup *s);
    size_t global_size;
    void (*begin)(void *global);
    void (*add)(void *global, const struct node_io *io);
    void (*run)(const struct node_io *io);

    /* Outputs: which input port writes which property of the selected heads (port 0 is the selection). `is_direction`: the port has two channels, across and up
     * about the movement base of the head's group (graph/movement.h). No run(). */
    const struct node_write { enum property property; unsigned port; bool is_direction; } *writes;
    unsigned n_writes;
};

const struct node_desc *node_find(const char *id);
const struct node_desc *const *node_list(void);         /* NULL-terminated, in palette order */
unsigned node_ports(const struct port_desc *ports);     /* how many */
int node_port_find(const struct port_desc *ports, const char *id);      /* -1: none */
extern const char *const port_type_names[], *const param_type_names[];

/* "#rrggbb" or "#rrggbbaa", values hex/255. */
bool color_parse(const char *text, float rgba[4]);

/* --- for shape() --- */
/* Whether a signal of `have` channels goes into a port that takes `want`; 0: any, or not known yet. A colour may have 3 or 4. */
bool node_channels_fit(unsigned have, unsigned want);
const char *node_channels_text(unsigned channels);      /* "a colour" */
/* To return from shape(): there is no memory; rows of the track are not there, which a job makes. */
bool node_starved(struct node_setup *s);
bool node_not_analysed(struct node_setup *s, const char *what, const char *job);
/* Heads and channels of all wired signal inputs together; false: they do not fit, and the message says both shapes. */
bool node_broadcast(struct node_setup *s, struct node_value *result);
/* The same without looking at channels (result->c is left alone). */
bool node_broadcast_heads(struct node_setup *s, struct node_value *result);

/* --- for run() --- */
/* Head n of an input as count*c floats, repeated where a dimension is 1. An input of 3 channels asked for 4 gets alpha 1. */
const float *node_row(const struct node_io *io, unsigned port, uint32_t n, uint32_t c);
/* The same; an unwired input reads `def` everywhere. */
const float *node_row_or(const struct node_io *io, unsigned port, uint32_t n, uint32_t c, float def);
static inline float *node_out(const struct node_io *io, unsigned port, uint32_t n)
{
    return io->out[port].data + n * io->out[port].stride;
}
static inline double node_seconds(const struct node_context *ctx, int64_t sample)
{
    return ctx->start + (double)sample / SAMPLE_RATE;
}
static inline double node_beat(const struct node_context *ctx, int64_t sample)
{
    return beatgrid_beat(ctx->grid, node_seconds(ctx, sample));
}
/* node_beat() of all samples of this stretch, io->count of them: worked out once for all heads and nodes. */
const double *node_beats(const struct node_io *io);
