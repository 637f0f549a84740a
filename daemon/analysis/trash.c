#include "analysis/trash.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/json.h"
#include "core/log.h"
#include "core/path.h"
#include "db/domain.h"

#define HOUR_MS 3600000
#define DAY_MS (24 * (int64_t)HOUR_MS)

static enum lm_err forget(struct db_conn *c, void *arg, struct problem *p)
{
    enum lm_err err = track_forget_stems(c, arg, p);

    return err ? err : track_forget_file(c, arg, p);
}

/* The row forgets its file only when that is gone: what could not be removed is met again. */
void trash_remove(struct db *db, const char *data_dir, const char *track_id, const char *file)
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

static void empty(struct db *db, const char *data_dir, int64_t age_ms)
{
    json_t *files = NULL, *f;
    size_t i;
    struct db_conn *c = db_reader_take(db);
    enum lm_err err = track_deleted_files(c, clock_wall_ms() - age_ms, &files, NULL);

    db_reader_put(db, c);
    if (err)
        return;
    json_array_foreach(files, i, f) {
        trash_remove(db, data_dir, json_get_text(f, "id", ""), json_get_text(f, "file_path", ""));
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
