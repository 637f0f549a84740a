#pragma once
/* What the descriptors of db/ have in common. */
#include "db/domain.h"
#include "db/private.h"

#define ID_COLUMN { "id", COL_UUID, COL_KEY, .doc = "UUID; a client may choose it when it creates the row." }
#define TIME_COLUMNS                                                                                                    \
    { "created_at", COL_INSTANT, COL_READONLY, .doc = "When it was made." },                                            \
    { "updated_at", COL_INSTANT, COL_READONLY, .doc = "When it was last changed." },                                    \
    { "version", COL_INT, COL_READONLY, .doc = "Hybrid logical clock; the ETag." }
#define SYNC_COLUMNS                                                                                                    \
    TIME_COLUMNS,                                                                                                       \
    { "synced_version", COL_INT, COL_SYNC | COL_HIDDEN | COL_READONLY | COL_NULLABLE, .doc = "Version the server has." },       \
    { "synced_at", COL_INSTANT, COL_SYNC | COL_HIDDEN | COL_READONLY | COL_NULLABLE, .doc = "When the server acknowledged it." }, \
    { "deleted_at", COL_INSTANT, COL_SYNC | COL_HIDDEN | COL_READONLY | COL_NULLABLE, .doc = "Tombstone." },                    \
    { "device_id", COL_TEXT, COL_SYNC | COL_HIDDEN | COL_READONLY, .doc = "Machine of the last change; breaks ties." }
#define REVISION_COLUMNS                                                                                                 \
    { "branch", COL_TEXT, COL_READONLY, .def = "\"main\"", .doc = "The branch it was saved on: A, B, C..." },            \
    { "name", COL_TEXT, COL_NULLABLE | COL_SEARCH, .valid = valid_name, .doc = "Named revisions are kept for good." },   \
    { "message", COL_TEXT, COL_SEARCH, .doc = "What was changed." },                                                     \
    { "author", COL_TEXT, COL_READONLY | COL_SEARCH, .doc = "By whom." },                                                \
    { "previous_id", COL_UUID, COL_READONLY | COL_NULLABLE, .doc = "The revision before." },                             \
    { "number", COL_INT, COL_READONLY, .def = "0", .doc = "Counts the saves, from 1." }
#define BRANCH_COLUMNS                                                                                                  \
    { "name", COL_TEXT, COL_REQUIRED, .max_len = 60, .doc = "A, B, C... or what you like. Unique." },                   \
    { "revision_id", COL_UUID, COL_READONLY | COL_NULLABLE, .doc = "Where it stands; null = the empty beginning." },    \
    { "tip_id", COL_UUID, COL_READONLY | COL_NULLABLE, .doc = "How far redo goes." },                                   \
    { "is_current", COL_BOOL, COL_READONLY, .def = "false", .doc = "Is live." },                                        \
    { "is_loose", COL_BOOL, COL_READONLY | COL_LOCAL | COL_HIDDEN, .def = "false",                                      \
      .doc = "What is live may differ from revision_id: it came from another machine, or a block found its pattern gone." }
#define ANALYSER_COLUMNS                                                                                                \
    { "analyser", COL_TEXT, COL_READONLY, .doc = "Program that found it." },                                            \
    { "analyser_version", COL_INT, COL_READONLY, .doc = "A newer version recomputes." }

#define SECONDS_MAX 864000.0            /* ten days: beyond any track */
#define SEED_MAX 9007199254740991.0     /* 2^53 - 1, the largest integer of JavaScript */
#define JSON_LARGE ((size_t)8 << 20)

extern const char *const blend_modes[];
