#include "analysis/trash.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/json.h"
#include "core/log.h"
#include "core/path.h"
#include "db/domain.h"

#define HOUR_MS 3600000
#define DAY_MS (24 * (int64_t)HOUR_MS)

static pthread_mutex_t files_lock = PTHREAD_MUTEX_INITIALIZER;

void trash_hold(void)
{
    pthread_mutex_lock(&files_lock);
}

void trash_release(void)
{
    pthread_mutex_unlock(&files_lock);
}

static enum lm_err forget(struct db_conn *c, void *arg, struct problem *p)
{
    enum lm_err err = track_forget_stems(c, arg, p);

    return err ? err : track_forget_file(c, arg, p);
}

/* The row forgets its file only when that is gone: what could not be removed is met again. */
static void remove_files(struct db *db, const char *data_dir, const char *track_id, const char *file)
{
    char folder[64], full[PATH_SIZE];

    if (file && !path_join(full, data_dir, file) && unlink(full) && errno != ENOENT) {
        log_warn("tracks", "%s cannot be removed", full);
        return;
    }
    /* No row has an id that is not a UUID: the folder is the track's. */
    snprintf(folder, sizeof(folder), "stems/%.36s", track_id);
    if (!path_join(full, data_dir, folder))
        path_remove(full);
    if (db_write(db, forget, (void *)track_id, NULL))
        log_warn("tracks", "the files of track %.36s are still listed", track_id);
}

static void remove_if_deleted(struct db *db, const char *data_dir, const char *track_id, int64_t before_ms)
{
    char *file = NULL;

    trash_hold();
    struct db_conn *c = db_reader_take(db);
    enum lm_err err = track_deleted_file(c, track_id, before_ms, &file, NULL);
    db_reader_put(db, c);
    if (!err)
        remove_files(db, data_dir, track_id, file);
    trash_release();
    free(file);
}

void trash_remove(struct db *db, const char *data_dir, const char *track_id)
{
    remove_if_deleted(db, data_dir, track_id, INT64_MAX);
}

static void empty(struct db *db, const char *data_dir, int64_t age_ms)
{
    json_t *files = NULL, *f;
    size_t i;
    struct db_conn *c = db_reader_take(db);
    int64_t before_ms = clock_wall_ms() - age_ms;
    enum lm_err err = track_deleted_files(c, before_ms, &files, NULL);

    db_reader_put(db, c);
    if (err)
        return;
    json_array_foreach(files, i, f) {
        remove_if_deleted(db, data_dir, json_get_text(f, "id", ""), before_ms);
    }
    json_decref(files);
}

void trash_tidy(struct db *db, const char *data_dir)
{
    static _Atomic int64_t last_ms;
    int64_t now = clock_wall_ms(), last = atomic_load(&last_ms);

    if (now - last < HOUR_MS && now >= last)
        return;
    if (atomic_compare_exchange_strong(&last_ms, &last, now))
        empty(db, data_dir, TRASH_DAYS * DAY_MS);
}
