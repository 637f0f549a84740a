#pragma once
/*
 * Inside graph/: a compiled program and how it is run.
 *
 *   ops        the nodes that light or a view needs, in topological order; what does not vary with time is already computed
 *   eval()     demands run backwards (ranges grow at WINDOW and SCAN), then ops run forwards; buffers go back to the workspace
 *              as soon as their last reader ran
 *   sinks      (output node, property) pairs with the heads they write
 *
 * THREADS  After compiling only what stands under `lock` changes: scan states, pre-passes, hue summaries. Each is written once,
 *          by a thread that holds the lock; a reader takes the lock once after it was written (prepare) and then reads freely.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "core/arena.h"
#include "graph/graph.h"
#include "graph/node.h"
#include "graph/plugin.h"

enum { GRAPH_MAX_LEVELS = 8, GRAPH_SPECTRA = 4 };
#define GRAPH_MAX_FLOATS  (UINT64_C(64) << 20)      /* held at once */
#define GRAPH_MAX_WORK    (UINT64_C(256) << 20)     /* computed for one tile */
#define GRAPH_MAX_SWEEPS  (UINT64_C(4) << 30)       /* computed by all pre-passes */
#define GRAPH_MAX_SCANS   (UINT64_C(1) << 30)       /* computed before the last tile, when somebody jumps there: about a second */
#define GRAPH_MAX_TABLES  (UINT64_C(64) << 20)      /* bytes of pointers to what is kept per tile */
#define GRAPH_MAX_SAMPLES (24u * 3600 * SAMPLE_RATE)

struct graph_doc;

struct op_input { int32_t op; uint32_t port; };     /* op -1: unwired */

struct op_output {
    struct node_value value;
    const float *data;                  /* when it does not vary */
};

struct op {
    const struct node_desc *desc;
    const char *id;
    void *params;
    uint64_t seed;
    uint32_t n_in, n_out;
    struct op_input in[NODE_INPUTS];
    const struct node_selection *selection;     /* of an unwired optional selection input */
    struct op_output *out;
    bool is_const;                      /* nothing of it varies: never run again */
    bool is_passed;                     /* nodes that light read what feeds it instead (passes()) */
    bool for_light, for_view;
    uint32_t before, after;             /* WINDOW */
    uint32_t level;                     /* pre-passes on the longest way here, its own included */
    uint32_t row;                       /* channels of its widest port */
    size_t floats;                      /* per sample, all outputs */
    size_t state_floats;                /* SCAN */
    uint64_t used;                      /* bits of outputs */
    size_t work_floats; uint32_t spectrum, effort;      /* as the descriptor says; spectrum 0: none */
    float **states; uint32_t saved;     /* states[k] at sample 256k for 1 <= k <= saved < tiles; lock */
    void *global; bool has_global;      /* lock */
    atomic_flag reported;
};

struct hue_ends { float *first, *last; };       /* per head r, g, b of its first and last lit sample in a tile; NaN none */

struct sink {
    struct op *op;
    unsigned port;
    uint32_t n, c;                      /* of what is written: heads, floats of all planes */
    bool varies;
    const struct patch_group **bases;   /* per head, where a direction is written; else NULL */
    struct hue_ends *ends;              /* [tile]; PROP_COLOR that varies; lock */
};

struct graph_program {
    struct arena *arena;
    struct node_set *types;             /* of plug-ins; ops point into it */
    struct node_context ctx;
    struct op *ops;             uint32_t n_ops;
    struct graph_output *outputs; struct sink *sinks; uint32_t n_outputs;
    uint32_t tiles, levels;
    uint32_t lit_heads;
    uint64_t table_bytes;
    atomic_size_t kept;                 /* bytes of scan states and hue summaries */
    struct { bool is_on, views; uint32_t level, next; } sweep;  /* a pre-pass that was stopped; lock */
    pthread_mutex_t lock;
};

struct buffer { float *data; size_t cap; bool in_use; };

struct slot {
    bool is_needed, is_pinned;
    int64_t a, b;                       /* samples asked for */
    int64_t base; uint32_t len;         /* samples held */
    int64_t run_from;                   /* SCAN: the boundary it starts from */
    uint32_t users;
    int buffer;                         /* -1: none */
};

struct raw_output {                     /* of a tile before it is packed: [head][sample], hue three floats each; n or t of 1 broadcasts */
    uint32_t n, t;
    float *value, *hue, *alpha;         /* the last two of colours alone */
};

struct graph_workspace {
    struct slot *slots; size_t n_slots;
    struct buffer *buffers; size_t n_buffers, cap_buffers;
    float *rows; size_t rows_cap;
    float *state; size_t state_cap;
    float *sums; size_t sums_cap;
    struct node_beats beats; size_t beats_cap;
    float *out; size_t out_cap;
    struct raw_output *raw; size_t n_raw;       /* in `out` */
    float *work; size_t work_cap;
    struct spectrum *spectra[GRAPH_SPECTRA];    /* of any sizes; NULL: free */
    uint32_t next_spectrum;
    const struct op *failed; char failure[256];     /* the op of a plug-in that could not be run (LM_IO), and why */
    int64_t (*now_us)(void);            /* NULL: not timed */
    bool (*pause)(void *ctx);           /* NULL: nobody else waits */
    void *pause_ctx;
    bool (*stop)(void *ctx);            /* NULL: to the end */
    void *stop_ctx;
    int64_t *us; size_t us_cap;         /* per op */
};

/* --- run.c --- */
enum lm_err workspace_begin(struct graph_workspace *w, const struct graph_program *g);      /* no demands, nothing held */
/* The result of op's output stays until workspace_begin(). An op that does not vary needs no demand. */
void eval_demand(struct graph_workspace *w, const struct graph_program *g, int32_t op, int64_t a, int64_t b);
/* `save`: scan states at boundaries are kept; the caller holds the lock. */
enum lm_err eval(struct graph_program *g, struct graph_workspace *w, bool save);
/* An op's input, after eval(). */
struct node_input eval_input(const struct graph_program *g, const struct graph_workspace *w, const struct op *op, unsigned port);
/* Runs one op over samples [from, from + count); `input` and `out` as run() wants them. */
enum lm_err op_run(const struct graph_program *g, struct graph_workspace *w, const struct op *op, const struct node_input *in,
                   const struct node_output *out, int64_t from, uint32_t count, float *state, bool is_first);
enum lm_err op_add(const struct graph_program *g, struct graph_workspace *w, const struct op *op, const struct node_input *in,
                   int64_t from, uint32_t count);
/* After LM_IO: says which node of a plug-in failed. The error stands at that node. */
void tell_failed(const struct graph_workspace *w, struct graph_errors *errors);
bool floats_reserve(float **p, size_t *cap, size_t n);
/* Of that many samples, for one run; NULL: no memory. */
struct spectrum *workspace_spectrum(struct graph_workspace *w, uint32_t size);

/* --- prepass.c; both with the lock held --- */
/* Every SCAN op of at most `level` pre-passes has its state at boundary `tile`. */
enum lm_err ensure_scans(struct graph_program *g, struct graph_workspace *w, uint32_t tile, uint32_t level, bool views);
enum lm_err ensure_globals(struct graph_program *g, struct graph_workspace *w, bool views);
bool workspace_pauses(const struct graph_workspace *w);
bool scans_reach(const struct graph_program *g, uint32_t tile);     /* of light; has every op its state at that boundary? */

/* --- outputs.c --- */
/* In w->raw, as tile k left it. */
enum lm_err outputs_fill_hues(struct graph_program *g, struct graph_workspace *w, uint32_t k);
uint32_t program_tile_samples(const struct graph_program *g, uint32_t k);   /* incl. the overlap */

/* --- tile.c --- */
struct tile *tile_pack(uint32_t index, uint32_t samples, const struct raw_output *raw, uint32_t n);     /* NULL: no memory */

/* --- compile_args.c --- */
struct program_args {
    struct op_output *values; size_t n;         /* per arg */
    const struct node_selection *standard;      /* of unwired selection inputs */
};
enum lm_err program_args(struct arena *a, const struct graph_doc *d, const struct graph_env *env, struct program_args *result,
                         struct graph_errors *errors);
/* --- compile_cost.c --- */
bool program_cost(const struct graph_program *g, struct graph_errors *errors);     /* false: too much, and said which node */
/* A zeroed table of g->tiles + 1 entries; NULL: no memory, or (said at `op`) too many of them. */
void *program_table(struct graph_program *g, const struct op *op, size_t size, struct graph_errors *errors);
