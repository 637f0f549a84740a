#pragma once
/*
 * Everything that a graph reads about a track, in one immutable thing: its beats, what was heard in it, its sound and its stems. Layers of the score
 * share one by reference; a run for the editor makes its own.
 *
 * THREADS  Loading: any non-real-time thread. What was loaded is only read.
 */
#include <stdatomic.h>

#include "analysis/jobs.h"
#include "audio/pcm.h"
#include "db/db.h"
#include "graph/graph.h"

struct track_data {
    struct beatgrid *grid;              /* never NULL: without beats the assumed ones */
    struct analysis *analysis;          /* NULL: nothing was analysed */
    struct pcm audio;                   /* .data NULL: not decoded */
    struct pcm stems[GRAPH_STEMS];      /* .data NULL: not separated, or not asked for */
    bool has_stems;                     /* they were asked for */
};

struct track_source {
    struct db_conn *db;
    struct jobs *jobs;                  /* who decodes; NULL: no sound */
    const char *track_id;               /* NULL or "": no track, only the assumed beats */
    bool with_stems;                    /* to be decoded too: only who reads them asks */
    int wait_ms;                        /* for the sound to be decoded; after that LM_BUSY. 0: what is not there now is left out, and is no error */
    const atomic_bool *is_stopping;     /* with wait_ms: give up. NULL: never */
};

/* Rows that cannot be understood are logged and left out: the nodes that read them say that they are missing. */
enum lm_err track_data_load(const struct track_source *s, struct track_data **result, struct problem *p);
void track_data_free(struct track_data *t);                     /* NULL is fine */
void track_data_env(const struct track_data *t, struct graph_env *env);         /* sets what env reads of the track; `t` must outlive the program */
uint64_t track_data_hash(const struct track_data *t, unsigned reads);           /* of the beats and of what `reads` (enum graph_reads) names */
/* The beats alone. */
enum lm_err track_data_grid(struct db_conn *c, const char *track_id, struct beatgrid **result, struct problem *p);
