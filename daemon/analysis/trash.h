#pragma once
/*
 * Files of deleted tracks. A track that is deleted to be brought back keeps its sound and stems in their place for TRASH_DAYS; then they go, and with them the way back.
 * THREADS: any but the engine's. Removing is slow work: not on a thread that must answer.
 */
#include "db/db.h"

enum { TRASH_DAYS = 7 };

/* Removes the files of all that was deleted longer ago than `age_ms`. Nothing that fails is given up: the next call tries it again. */
void trash_empty(struct db *db, const char *data_dir, int64_t age_ms);
/* The same of TRASH_DAYS, once an hour at most, however often it is called. */
void trash_tidy(struct db *db, const char *data_dir);
/* Of one deleted track, now. */
void trash_remove(struct db *db, const char *data_dir, const char *track_id, const char *file);
