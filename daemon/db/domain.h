#pragma once
/*
 * The domain files of db/: what rows alone cannot say. Each function's SQL stands beside it in db/<domain>.c.
 * Connections as in db/table.h: reading functions take any, writing ones the writer's.
 */
#include <jansson.h>
#include <stdint.h>

#include "core/err.h"
#include "core/uuid.h"
#include "db/db.h"
#include "db/table.h"

extern const struct table venues_table, fixtures_table, fixture_groups_table, fixture_group_members_table, pattern_categories_table, patterns_table,
    implementations_table, implementation_revisions_table, implementation_branches_table, venue_implementation_overrides_table, tracks_table, track_beats_table, track_roots_table,
    track_waveforms_table, track_stems_table, track_features_table, track_markers_table, scores_table, score_revisions_table, score_branches_table,
    score_annotations_table, cues_table, outputs_table, parks_table, audio_chains_table, playlists_table, playlist_items_table, schedules_table, jobs_table;

/* venues.c */
enum lm_err venues_count(struct db_conn *c, json_t **counts, struct problem *p);                /* [{venue_id,fixtures,universes,groups,outputs,scores}] of all */

/* groups.c */
enum lm_err group_members(struct db_conn *c, const char *group_id, json_t **fixture_ids, struct problem *p);       /* in order */
enum lm_err group_set_members(struct db_conn *c, const char *group_id, const json_t *fixture_ids, struct problem *p); /* all of the group's venue, no repeats */

/* parks.c */
enum lm_err parks_of_venue(struct db_conn *c, const char *venue_id, json_t **rows, struct problem *p);     /* [{fixture_id, channel, value}] in patch order */
/* Of a fixture with `n` channels exactly these are parked: {"3": 255}; a null frees one, NULL frees all. Errors: "/channels/3". */
enum lm_err fixture_park(struct db_conn *c, const char *fixture_id, const json_t *channels, int n, struct problem *p);

/* patterns.c: creating a pattern makes an empty default implementation. */
enum lm_err pattern_create(struct db_conn *c, const json_t *body, json_t **row, bool *created, struct problem *p);
/* The implementation that plays for `pattern_id` in `venue_id` (NULL: none): the venue's override, else the default. Row with graph (JSON) in member "graph". */
enum lm_err pattern_implementation(struct db_conn *c, const char *pattern_id, const char *venue_id, json_t **row, struct problem *p);
enum lm_err implementation_set_graph(struct db_conn *c, const char *implementation_id, const json_t *graph, const json_t *errors, int64_t if_match,
                                     json_t **row, struct problem *p);

/* tracks.c. Track id = UUIDv5("track", sha-256 hex). */
enum lm_err track_by_hash(struct db_conn *c, const char *hash, json_t **row, struct problem *p);            /* LM_NOT_FOUND */
/* Beats: {"beats","downbeats","bpm","beats_per_bar","confidence","corrected"}; a corrected grid wins and is kept apart from the analysed one. LM_NOT_FOUND: none yet. */
enum lm_err track_beats(struct db_conn *c, const char *track_id, json_t **beats, struct problem *p);
enum lm_err track_set_beats(struct db_conn *c, const char *track_id, const json_t *beats, bool corrected, const char *analyser, int analyser_version,
                            struct problem *p);
/* track_beats.c: the rows of both grids, NULL where there is none, and a version that rises with every change of either (0: there never was one). */
enum lm_err track_grids(struct db_conn *c, const char *track_id, json_t **analysed, json_t **corrected, int64_t *version, struct problem *p);
/* track_match.c: a file elsewhere is the same track? By its name and length (within so many seconds; 0: any). LM_NOT_FOUND; LM_CONFLICT: several. */
enum lm_err track_match(struct db_conn *c, const char *filename, double seconds, double within, char id[UUID_SIZE], struct problem *p);
bool track_has_size(struct db_conn *c, int64_t bytes);          /* is there a track of just so many bytes */
/* Waveform in the format of analysis/waveform.h. level "preview" or "full". Caller frees *data. */
enum lm_err track_waveform(struct db_conn *c, const char *track_id, const char *level, void **data, size_t *n, struct problem *p);
enum lm_err track_set_waveform(struct db_conn *c, const char *track_id, const void *preview, size_t preview_n, const void *full, size_t full_n,
                               struct problem *p);
enum lm_err track_key(struct db_conn *c, const char *track_id, char key[64], struct problem *p);            /* "" = none is known */
enum lm_err track_file(struct db_conn *c, const char *track_id, char **path, struct problem *p);            /* relative to the data directory; caller frees */

/*
 * track_list.c: the whole library in an order, as short as a list of any length can be kept by who shows it: {"total","ids":[...],"titles":[...]}. `sort`: title, artist, album, bpm, key,
 * length, added or analysis, "-" before it turns it round; what has no value comes last either way. `show`: all, unanalysed (a result is missing), failed (the last attempt at one did),
 * scored (has a score). `q` as in lists. LM_BAD_REQUEST: no such order or filter. NULL or "": by title; all.
 */
struct track_wish { const char *q, *sort, *show; unsigned wanted; /* bit i: track_result_name(i) counts for "unanalysed"; 0 = all do */ };
enum lm_err track_index(struct db_conn *c, const struct track_wish *w, json_t **index, struct problem *p);
/*
 * Many tracks in one transaction, on the writer: {"update":[{"id",members...}],"delete":[ids],"restore":[ids]}, each may be left out. An update with "version" holds only for that one,
 * with "was":{members} only while those are so (LM_STALE). *result: {"updated":[{"id","version","before":{members}}],"deleted":[ids],"restored":[ids]}. Deleting what is not there, restoring what is: nothing, and not listed. A deleted
 * track is restored with all that was deleted with it, while its row is remembered.
 */
enum lm_err track_batch(struct db_conn *c, const json_t *body, json_t **result, struct problem *p);
enum { TRACK_BATCH_MAX = 50000 };
/* Files of tracks deleted before this (ms, wall clock), relative to the data directory: [{"id","file_path"}]; then the row forgets its file. */
enum lm_err track_deleted_files(struct db_conn *c, int64_t before_ms, json_t **files, struct problem *p);
/* Of one: LM_NOT_FOUND: it was not deleted before then. *path: NULL: it has no file; caller frees. */
enum lm_err track_deleted_file(struct db_conn *c, const char *track_id, int64_t before_ms, char **path, struct problem *p);
enum lm_err track_forget_file(struct db_conn *c, const char *track_id, struct problem *p);

/* track_stems.c: the separated parts. Those whose files are on this machine, by name; track_stems_free() frees the paths. */
enum { TRACK_STEMS = 4 };
struct track_stem { char id[UUID_SIZE], name[16], hash[72]; char *path; int64_t updated_at; };              /* path as above; hash: SHA-256, hex, or "" */
enum lm_err track_stem_files(struct db_conn *c, const char *track_id, struct track_stem stems[TRACK_STEMS], size_t *n, struct problem *p);
void track_stems_free(struct track_stem *stems, size_t n);
/* stems: [{"name","format","sample_rate","channels","duration_seconds","size_bytes","hash","file_path"}]; those of these names are replaced. */
enum lm_err track_set_stems(struct db_conn *c, const char *track_id, const json_t *stems, const char *analyser, int analyser_version, struct problem *p);
enum lm_err track_forget_stems(struct db_conn *c, const char *track_id, struct problem *p);     /* their files are gone */

/* track_features.c: what an analyser heard beside them, by kind (graph/analysis.h has onsets, energy and sections; loudness, centroid and drops: GET /tracks/{id}/features). */
extern const char *const track_feature_kinds[];                 /* ended by NULL */
enum lm_err track_feature(struct db_conn *c, const char *track_id, const char *kind, json_t **data, struct problem *p);             /* LM_NOT_FOUND: not analysed yet */
/* {"onsets":...,"energy":..., those that are there; "analyser","version"}, and the newest row's version. LM_NOT_FOUND: none of them. */
enum lm_err track_features(struct db_conn *c, const char *track_id, json_t **features, int64_t *version, struct problem *p);
enum lm_err track_set_features(struct db_conn *c, const char *track_id, const json_t *features, const char *analyser, int analyser_version, struct problem *p);

/* track_roots.c: {"sections","key","key_confidence","from_stems","chroma_rate","analyser","analyser_version","version"}. LM_NOT_FOUND: none yet. */
enum lm_err track_roots(struct db_conn *c, const char *track_id, json_t **roots, struct problem *p);
/* roots: as the worker says them; the chroma beside. What was there is replaced. */
enum lm_err track_set_roots(struct db_conn *c, const char *track_id, const json_t *roots, const void *chroma, size_t n, const char *analyser,
                            int analyser_version, struct problem *p);
/* Frames of 12 float32, little-endian, and how many a second. LM_NOT_FOUND: not analysed yet, or not on this machine. Caller frees *data. */
enum lm_err track_chroma(struct db_conn *c, const char *track_id, void **data, size_t *n, double *rate, struct problem *p);

/* scores.c */
enum lm_err score_default(struct db_conn *c, const char *track_id, const char *venue_id, json_t **row, struct problem *p);  /* made when there is none */
/* {"create":[],"update":[],"delete":[]} -> {"created":[rows],"updated":[rows],"deleted":[ids]}; all or nothing; errors carry "/create/3/start_time". */
enum lm_err score_batch(struct db_conn *c, const char *score_id, const json_t *batch, json_t **result, struct problem *p);

/* settings.c: what an operator changes while lumad runs; one table of keys. */
enum lm_err settings_get(struct db_conn *c, json_t **settings, struct problem *p);                  /* {key: value}, defaults included */
enum lm_err settings_patch(struct db_conn *c, const json_t *patch, json_t **settings, struct problem *p);
json_t *settings_schema(void);                                                                     /* [{key,label,type,default,min,max,unit,options,help,group}] */
enum lm_err settings_get_one(struct db_conn *c, const char *key, json_t **value);

/* show_state: autoplay and the last PUT /show live in settings rows of their own (hidden from GET /settings). Text is JSON. */
enum lm_err setting_hidden_get(struct db_conn *c, const char *key, json_t **value);                 /* LM_NOT_FOUND */
enum lm_err setting_hidden_set(struct db_conn *c, const char *key, const json_t *value, struct problem *p);
