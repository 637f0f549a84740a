/* The parts that keep things: the data directory, the databases, the fixture library, what works through tracks. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "analysis/import.h"
#include "analysis/trash.h"
#include "start/start.h"

enum { LOCK_TRIES = 50, LOCK_PAUSE_NS = 20 * 1000000 };     /* one second */

/* ---- data: the directory, and the lock by which one lumad alone has it ---- */

/* One that was killed holds it for a moment more, through a worker that it was just starting. */
static int lock_patiently(int fd)
{
    int failed = flock(fd, LOCK_EX | LOCK_NB);

    for (int i = 0; failed && errno == EWOULDBLOCK && i < LOCK_TRIES; i++) {
        nanosleep(&(struct timespec){ .tv_nsec = LOCK_PAUSE_NS }, NULL);
        failed = flock(fd, LOCK_EX | LOCK_NB);
    }
    return failed;
}

static void data_stop(struct daemon *d)
{
    close(d->lock_fd);
    d->lock_fd = -1;
}

static enum lm_err data_start(struct daemon *d)
{
    static const char *const folders[] = { "tracks", "art", "stems", "cache", "fixtures" };
    char path[PATH_SIZE];
    enum lm_err err = path_make_dirs(d->data, 0700);

    if (err)
        return problem_set(&d->why, err, "the data directory %s cannot be made: %s", d->data, strerror(errno));
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
        if ((err = path_join(path, d->data, folders[i])) || (err = path_make_dirs(path, 0700)))
            return problem_set(&d->why, err, "%s/%s cannot be made: %s", d->data, folders[i], strerror(errno));
    if ((err = path_join(path, d->data, "lock")))
        return err;
    d->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (d->lock_fd < 0)
        return problem_set(&d->why, lm_err_from_errno(errno), "%s cannot be written: %s", path, strerror(errno));
    if (lock_patiently(d->lock_fd)) {
        err = errno == EWOULDBLOCK ? problem_set(&d->why, LM_CONFLICT, "%s is in use by another lumad", d->data)
                                   : problem_set(&d->why, lm_err_from_errno(errno), "%s cannot be locked: %s", path, strerror(errno));
        data_stop(d);
        return err;
    }
    d->l.data_dir = d->data;
    import_clean(d->data);
    return LM_OK;
}

const struct part part_data = { "data", data_start, data_stop };

/* ---- events: the bus, and the list of warnings ---- */

static void events_stop(struct daemon *d)
{
    warnings_free(d->l.warnings);
    event_bus_free(d->l.bus);
}

static enum lm_err events_start(struct daemon *d)
{
    d->l.bus = event_bus_new();
    d->l.warnings = d->l.bus ? warnings_new(d->l.bus) : NULL;
    if (d->l.warnings)
        return LM_OK;
    events_stop(d);
    return LM_NOMEM;
}

const struct part part_events = { "events", events_start, events_stop };

/* ---- database ---- */

static enum lm_err database_start(struct daemon *d)
{
    char path[PATH_SIZE], state[PATH_SIZE], migrations[PATH_SIZE];
    enum lm_err err;

    if ((err = path_join(path, d->data, "lumad.db")) || (err = path_join(state, d->data, "state.db")) ||
        (err = path_share("migrations", migrations, &d->why)))
        return err;
    struct db_options o = { .path = path, .state_path = state, .migrations = migrations, .bus = d->l.bus };
    return db_open(&o, &d->l.db, &d->why);
}

static void database_stop(struct daemon *d)
{
    db_close(d->l.db);
}

const struct part part_database = { "database", database_start, database_stop };

/* ---- library: fixture definitions, and what is patched with them ---- */

/* Definition files came, went or changed: whoever patches with them looks again. */
static void library_changed(void *ctx)
{
    enum { MAX = 16 };
    struct daemon *d = ctx;
    char text[MAX][LIBRARY_PROBLEM];
    const char *list[MAX];
    size_t n = library_problems(d->l.library, text, MAX);

    for (size_t i = 0; i < n; i++)
        list[i] = text[i];
    warnings_sync(d->l.warnings, "library", "warn", list, n);
    event_publish(d->l.bus, &(struct event){ .table = "fixture_library", .op = 'u' }, 1);
}

static void library_stop(struct daemon *d)
{
    if (d->l.library)
        library_listen(d->l.library, NULL, NULL);
    patches_free(d->l.patches);
    library_free(d->l.library);
}

/* The folders of the configuration, then the user's own. */
static enum lm_err library_start(struct daemon *d)
{
    enum { MAX = 16 };
    const char *folders[MAX + 1] = { 0 };
    char own[PATH_SIZE], cache[PATH_SIZE], *list = strdup(d->config.fixtures), *save = NULL;
    size_t n = 0;
    enum lm_err err = list ? LM_OK : LM_NOMEM;

    if (!err)
        err = path_join(own, d->data, "fixtures");
    if (!err)
        err = path_join(cache, d->data, "cache/fixtures.json");
    for (char *f = list ? strtok_r(list, ":", &save) : NULL; f && n < MAX - 1; f = strtok_r(NULL, ":", &save))
        folders[n++] = f;
    folders[n] = own;
    if (!err)
        err = library_new(folders, cache, &d->l.library);
    if (!err)
        err = patches_new(d->l.bus, d->l.library, &d->l.patches);
    if (!err)
        library_listen(d->l.library, library_changed, d);
    free(list);
    if (err)
        library_stop(d);
    return err;
}

const struct part part_library = { "library", library_start, library_stop };

/* ---- jobs: analysis of tracks; imports: from folders and DJ programs; batches: many at a time ---- */

static bool is_playing(void *ctx, const char *track_id)
{
    struct daemon *d = ctx;

    pthread_mutex_lock(&d->show_lock);
    bool playing = d->l.show && show_is_playing_track(d->l.show, track_id);
    pthread_mutex_unlock(&d->show_lock);
    return playing;
}

static enum lm_err jobs_start(struct daemon *d)
{
    static const struct { const char *word; enum worker_priority priority; } priorities[] = {
        { "idle", WORKER_IDLE }, { "batch", WORKER_BATCH }, { "low", WORKER_LOW },
    };
    struct jobs_options o = { .db = d->l.db, .bus = d->l.bus, .data_dir = d->data, .cache_max_mb = d->config.cache_max_mb,
                              .is_playing = is_playing, .ctx = d };

    for (size_t i = 0; i < sizeof(priorities) / sizeof(priorities[0]); i++)
        if (!strcmp(priorities[i].word, d->config.job_priority))
            o.priority = priorities[i].priority;
    trash_tidy(d->l.db, d->data);
    return jobs_new(&o, &d->l.jobs);
}

static void jobs_stop(struct daemon *d)
{
    jobs_free(d->l.jobs);
}

const struct part part_jobs = { "jobs", jobs_start, jobs_stop };

static enum lm_err imports_start(struct daemon *d)
{
    return imports_new(&(struct imports_options){ .db = d->l.db, .data_dir = d->data, .folders = d->config.import_folders }, &d->l.imports);
}

static void imports_stop(struct daemon *d)
{
    imports_free(d->l.imports);
}

const struct part part_imports = { "imports", imports_start, imports_stop };

static enum lm_err batches_start(struct daemon *d)
{
    return batches_new(&(struct batches_options){ .db = d->l.db, .bus = d->l.bus, .jobs = d->l.jobs, .import = imports_run, .ctx = d->l.imports }, &d->l.batches);
}

static void batches_stop(struct daemon *d)
{
    batches_free(d->l.batches);
}

const struct part part_batches = { "batches", batches_start, batches_stop };
