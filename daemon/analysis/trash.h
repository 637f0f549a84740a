#pragma once
/*
 * Files of deleted tracks. A track that is deleted to be brought back keeps its sound and stems in their place for TRASH_DAYS; then they go, and with them the way back.
 * THREADS: any but the engine's. Removing is slow work: not on a thread that must answer.
 */
#include "db/db.h"

enum { TRASH_DAYS = 7 };

/* Removes the files of all that was deleted longer ago than TRASH_DAYS, once an hour at most, however often it is called. Nothing that fails is given up: another call tries it again. */
void trash_tidy(struct db *db, const char *data_dir);
/* Of one deleted track, now. */
void trash_remove(struct db *db, const char *data_dir, const char *track_id, const char *file);
