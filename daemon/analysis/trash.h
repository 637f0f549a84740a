#pragma once
/*
 * Files of deleted tracks. A track that is deleted to be brought back keeps its sound and stems in their place for TRASH_DAYS; then they go, and with them the way back.
 *
 * Files are named by what is in them, so that a track that comes back (restored, or brought once more) has the very file that the deleted one had. Whoever makes such a row live, and whoever puts
 * its file in its place, does both between trash_hold() and trash_release(): meanwhile nothing is removed, and what is removed is looked at once more first.
 *
 * THREADS: any but the engine's. Removing is slow work: not on a thread that must answer.
 */
#include "db/db.h"

enum { TRASH_DAYS = 7 };

/* Removes the files of all that was deleted longer ago than TRASH_DAYS, once an hour at most, however often it is called. Nothing that fails is given up: another call tries it again. */
void trash_tidy(struct db *db, const char *data_dir);
/* Of one deleted track, now. Of one that is not deleted (any more): nothing. */
void trash_remove(struct db *db, const char *data_dir, const char *track_id);
void trash_hold(void);                  /* waits while the files of one track are removed */
void trash_release(void);
