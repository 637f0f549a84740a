#pragma once
/*
 * Pattern graphs: document -> check -> compile -> tiles. Pure: same input, same bytes; whatever is read comes in by graph_env.
 *
 *   graph_parse(json)     the document's shape (graph JSON of api.md), wrong shapes are problems with JSON pointers
 *   graph_check(doc)      unknown nodes, ports, types, cycles, missing inputs: the list the editor shows; a broken graph may be stored
 *   graph_compile(doc)    with a venue, a beat grid and arguments: selections resolved, constants folded, dead nodes dropped, order fixed
 *   program_tile(k)       runs it for one tile
 *
 * THREADS  graph_doc and graph_program are immutable after they are made; any number of threads may run tiles of one program, each with its own workspace.
 *          A SCAN node's state at tile boundaries is kept inside the program under its own lock (the compile pool's, never the engine's).
 * LIMITS   2,000 nodes, 8,000 edges, 64 args, 64 ports, strings 4 KiB, tensors of 64 M floats: beyond is an error, not an allocation.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "fixtures/patch.h"
#include "graph/analysis.h"
#include "graph/beatgrid.h"
#include "graph/tile.h"

struct graph_doc;
struct graph_program;
struct graph_workspace;

struct graph_error { char node[64], port[64], code[32], message[256]; };
struct graph_errors { struct graph_error *e; size_t n, cap; };          /* graph_errors_clear() frees */

enum lm_err graph_parse(const json_t *graph, struct graph_doc **result, struct problem *p);
void graph_doc_free(struct graph_doc *d);
uint64_t graph_doc_hash(const struct graph_doc *d);                     /* of what running reads: not x/y, not labels */
/* Which parts of a track running it depends on (enum graph_reads): what it does not read may change without changing its light. The beat grid is always read. */
unsigned graph_doc_reads(const struct graph_doc *d);
void graph_check(const struct graph_doc *d, struct graph_errors *errors);
json_t *graph_errors_json(const struct graph_errors *e);                /* [{node,port,code,message}] */
bool graph_errors_have(const struct graph_errors *e, const char *code);
void graph_errors_clear(struct graph_errors *e);

enum graph_reads { READS_AUDIO = 1, READS_STEMS = 2, READS_ANALYSIS = 4 };

struct graph_audio { const float *frames; uint64_t n; int channels; double rate; };    /* interleaved; frames NULL: none */

enum graph_stem { STEM_DRUMS, STEM_BASS, STEM_VOCALS, STEM_OTHER, GRAPH_STEMS };

struct graph_env {
    const struct patch *patch;
    const struct beatgrid *grid;
    struct graph_audio audio;
    struct graph_audio stems[GRAPH_STEMS];              /* over the same time as `audio`; frames NULL: not separated */
    const struct analysis *analysis;                    /* NULL: nothing was analysed */
    double start, end, origin;          /* seconds on the track; end > start */
    uint64_t seed;
    const json_t *args;                 /* annotation args {id: value}; NULL = defaults; wrong or unknown values: an error on pattern_args, the default is used */
};

struct graph_output { enum property property; const uint32_t *heads; size_t n; };     /* heads: indexes of the patch */

/* `env` is only read during the call, but patch, grid and audio must outlive the program. Errors are appended; a program that has errors yields no light: LM_INVALID
 * and *result NULL. Warnings ("two outputs write the colour of the same head", unknown group) are appended with code "warning" and do not fail; neither does "bad_arg" (above). */
enum lm_err graph_compile(const struct graph_doc *d, const struct graph_env *env, struct graph_program **result, struct graph_errors *errors);
void graph_program_free(struct graph_program *g);
size_t graph_program_outputs(const struct graph_program *g, const struct graph_output **outputs);    /* topological order; later ones win per head and property */
uint32_t graph_program_tiles(const struct graph_program *g);            /* ceil(T / 256), T = max(1, ceil((end-start)*60)) */
size_t graph_program_bytes(const struct graph_program *g);              /* of memory; grows while tiles are run */
uint32_t graph_program_samples(const struct graph_program *g);          /* T */

struct graph_workspace *graph_workspace_new(void);                      /* scratch memory, grows and is kept */
void graph_workspace_free(struct graph_workspace *w);
size_t graph_workspace_bytes(const struct graph_workspace *w);
/* `stop` is asked before each turn of a node; true ends what is run with LM_TIMEOUT. NULL: nobody is asked. */
void graph_workspace_set_stop(struct graph_workspace *w, bool (*stop)(void *ctx), void *ctx);
/* `pause` is asked between the tiles that must be run before the one that is wanted; true ends it with LM_TIMEOUT. What was done is kept: calling again goes on from
 * there, and each call does something, however impatient it is. */
void graph_workspace_set_pause(struct graph_workspace *w, bool (*pause)(void *ctx), void *ctx);
/* Runs tile k. NaN/inf are made 0 (light) or hold/NaN (pan, tilt), reported once per node in `errors` (may be NULL). */
enum lm_err graph_run_tile(struct graph_program *g, struct graph_workspace *w, uint32_t k, struct tile **result, struct graph_errors *errors);
/* For the editor: runs everything incl. views over the whole annotation: {"views":{node:{...}},"timings":[{node,us}],"layer":{heads,samples}}; signals down-sampled
 * to at most 512 columns (min, max, mean). `now_us` gives the time for timings (may be NULL: zeros). */
enum lm_err graph_run_views(struct graph_program *g, struct graph_workspace *w, int64_t (*now_us)(void), json_t **result, struct problem *p);

/* The catalogue: every node type (api.md shape), from the descriptors; "plugin" is the name of the plug-in that brought it, or null. */
json_t *graph_node_types(void);
void graph_print_nodes_md(void);                                        /* to stdout */
