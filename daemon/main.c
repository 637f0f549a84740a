/* lumad: start the parts in order, wait for a signal, stop them in reverse. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "analysis/import.h"
#include "analysis/trash.h"
#include "api/api.h"
#include "audio/chain.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/path.h"
#include "core/thread.h"
#include "core/uuid.h"
#include "core/version.h"
#include "db/table.h"
#include "dmx/interfaces.h"
#include "dmx/receiver.h"
#include "graph/graph.h"
#include "net/audit.h"
#include "net/auth.h"
#include "net/front.h"
#include "plugins/plugins.h"
#include "show/demo.h"
#include "show/lumad.h"
#include "ws/ws.h"

struct daemon {
    struct config config;
    struct lumad l;
    struct outputs *outputs;
    struct input *input;
    struct receiver *receiver;
    struct api *api;
    struct ws *ws;
    struct front *front;
    char data[PATH_SIZE];
    const char *user;               /* of --reset-password; NULL: the admin */
    int lock_fd, ready_fd;
    bool demo;
    struct problem why;             /* what a part that does not start says */
};

enum { LOCK_TRIES = 50 };                /* one second */

/* ---- parts ---- */

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
    /* One that was killed holds it for a moment more, through a worker that it was just starting. */
    int failed = flock(d->lock_fd, LOCK_EX | LOCK_NB);
    for (int i = 0; failed && errno == EWOULDBLOCK && i < LOCK_TRIES; i++) {
        nanosleep(&(struct timespec){ .tv_nsec = 20 * 1000000 }, NULL);
        failed = flock(d->lock_fd, LOCK_EX | LOCK_NB);
    }
    if (failed)
        return errno == EWOULDBLOCK ? problem_set(&d->why, LM_CONFLICT, "%s is in use by another lumad", d->data)
                                    : problem_set(&d->why, lm_err_from_errno(errno), "%s cannot be locked: %s", path, strerror(errno));
    d->l.data_dir = d->data;
    import_clean(d->data);
    return LM_OK;
}

static void data_stop(struct daemon *d)
{
    if (d->lock_fd >= 0)
        close(d->lock_fd);
}

static enum lm_err events_start(struct daemon *d)
{
    d->l.bus = event_bus_new();
    d->l.warnings = d->l.bus ? warnings_new(d->l.bus) : NULL;
    return d->l.warnings ? LM_OK : LM_NOMEM;
}

static void events_stop(struct daemon *d)
{
    warnings_free(d->l.warnings);
    event_bus_free(d->l.bus);
}

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
    return err;
}

static void library_stop(struct daemon *d)
{
    if (d->l.library)
        library_listen(d->l.library, NULL, NULL);
    patches_free(d->l.patches);
    library_free(d->l.library);
}

/* A plug-in came, went, ended or is there again. */
static void plugins_changed(void *ctx, struct plugins *p, bool nodes)
{
    enum { MAX = 64 };
    static struct plugin_trouble found[MAX];    /* the plug-ins' thread's alone */
    const char *ids[MAX], *list[MAX];
    struct daemon *d = ctx;
    size_t n = plugins_troubles(p, found, MAX);

    for (size_t i = 0; i < n; i++)
        ids[i] = found[i].id, list[i] = found[i].text;
    warnings_sync_ids(d->l.warnings, "plugin", "warn", ids, list, n);
    event_publish(d->l.bus, &(struct event){ .table = "plugins", .op = 'u' }, 1);
    if (nodes)
        event_publish(d->l.bus, &(struct event){ .table = "node_types", .op = 'u' }, 1);
}

static enum lm_err plugins_start(struct daemon *d)
{
    struct plugins_options o = { .dir = d->config.plugin_dir, .call_ms = d->config.plugin_call_ms, .changed = plugins_changed, .ctx = d };

    return plugins_new(&o, &d->l.plugins);
}

static void plugins_stop(struct daemon *d)
{
    plugins_free(d->l.plugins);
}

/* Jobs start before the show and end after it; they ask it what plays meanwhile. */
static pthread_mutex_t show_lock = PTHREAD_MUTEX_INITIALIZER;

static bool is_playing(void *ctx, const char *track_id)
{
    const struct lumad *l = ctx;

    pthread_mutex_lock(&show_lock);
    bool playing = l->show && show_is_playing_track(l->show, track_id);
    pthread_mutex_unlock(&show_lock);
    return playing;
}

static enum lm_err jobs_start(struct daemon *d)
{
    static const struct { const char *word; enum worker_priority priority; } priorities[] = {
        { "idle", WORKER_IDLE }, { "batch", WORKER_BATCH }, { "low", WORKER_LOW },
    };
    struct jobs_options o = { .db = d->l.db, .bus = d->l.bus, .data_dir = d->data, .cache_max_mb = d->config.cache_max_mb,
                              .is_playing = is_playing, .ctx = &d->l };

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

static enum lm_err imports_start(struct daemon *d)
{
    return imports_new(&(struct imports_options){ .db = d->l.db, .data_dir = d->data, .folders = d->config.import_folders }, &d->l.imports);
}

static void imports_stop(struct daemon *d)
{
    imports_free(d->l.imports);
}

static enum lm_err batches_start(struct daemon *d)
{
    return batches_new(&(struct batches_options){ .db = d->l.db, .bus = d->l.bus, .jobs = d->l.jobs, .import = imports_run, .ctx = d->l.imports }, &d->l.batches);
}

static void batches_stop(struct daemon *d)
{
    batches_free(d->l.batches);
}

/* One identity for life: receivers tell sources apart by it (E1.31 5.6). */
static enum lm_err outputs_start(struct daemon *d)
{
    char *cid = NULL, fresh[UUID_SIZE], host[128] = "", name[160];
    uint8_t bytes[16];
    enum lm_err err;

    if (db_state_get(d->l.db, "sacn_cid", &cid)) {
        uuid_new(fresh);
        if ((err = db_state_set(d->l.db, "sacn_cid", fresh)) || (err = db_state_get(d->l.db, "sacn_cid", &cid)))
            return err;
    }
    gethostname(host, sizeof(host) - 1);
    snprintf(name, sizeof(name), "lumad %s", host);
    err = outputs_open(cid, name, &d->outputs, &d->why);
    if (!err)
        err = uuid_to_bytes(cid, bytes) ? input_new(bytes, SACN_PORT, &d->input) : LM_INVALID;
    free(cid);
    return err;
}

static void outputs_stop(struct daemon *d)
{
    input_free(d->input);
    outputs_close(d->outputs);
}

static enum lm_err receiver_part_start(struct daemon *d) { return receiver_start(d->outputs, d->input, &d->receiver, &d->why); }
static void receiver_part_stop(struct daemon *d) { receiver_stop(d->receiver); }

static enum lm_err demo_start(struct daemon *d)
{
    char venue[UUID_SIZE], score[UUID_SIZE];
    struct demo_how how = { .with_autoplay = true };

    return d->demo ? demo_install(d->l.db, d->l.jobs, d->l.library, d->data, &how, venue, score, &d->why) : LM_OK;
}

static void demo_stop(struct daemon *d)
{
    (void)d;
}

static void show_part_stop(struct daemon *d)
{
    struct show *s = d->l.show;

    show_stop(s);
    pthread_mutex_lock(&show_lock);
    d->l.show = NULL;
    pthread_mutex_unlock(&show_lock);
    show_free(s);
}

static enum lm_err show_part_start(struct daemon *d)
{
    struct show_options o = { .db = d->l.db, .bus = d->l.bus, .library = d->l.library, .jobs = d->l.jobs, .outputs = d->outputs, .input = d->input,
                              .warnings = d->l.warnings, .audio_device = d->config.audio, .compile_threads = d->config.compile_threads,
                              .real_time = d->config.real_time, .rt_priority = d->config.rt_priority };
    struct show *s = NULL;
    enum lm_err err = show_new(&o, &s);

    if (err)
        return err;
    pthread_mutex_lock(&show_lock);
    d->l.show = s;
    pthread_mutex_unlock(&show_lock);
    if ((err = show_start(s)))
        show_part_stop(d);
    return err;
}

static void auth_warn(void *ctx, const char *id, const char *level, const char *text)
{
    struct daemon *d = ctx;

    if (text)
        warnings_raise(d->l.warnings, id, level, "%s", text);
    else
        warnings_lower(d->l.warnings, id);
}

static enum lm_err accounts_start(struct daemon *d)
{
    struct auth_options o = { .db = d->l.db, .bus = d->l.bus, .is_open = front_is_open(d->front), .warn = auth_warn, .ctx = d };

    if (!(d->l.audit = o.audit = audit_new(d->l.db)))
        return LM_NOMEM;
    enum lm_err err = auth_start(&o, &d->l.auth, &d->why);
    if (err)
        audit_free(d->l.audit);
    return err;
}

static void accounts_stop(struct daemon *d)
{
    auth_stop(d->l.auth);
    audit_free(d->l.audit);
}

static enum lm_err api_part_start(struct daemon *d) { return api_start(&d->l, &d->api, &d->why); }
static void api_part_stop(struct daemon *d) { api_stop(d->api); }
static enum lm_err ws_part_start(struct daemon *d) { return ws_start(&d->l, &d->ws, &d->why); }
static void ws_part_stop(struct daemon *d) { ws_stop(d->ws); }

static enum lm_err port_start(struct daemon *d) { return front_open(d->config.http, &d->front, &d->why); }
static void port_stop(struct daemon *d) { front_free(d->front); }

static enum lm_err front_part_start(struct daemon *d)
{
    struct front_options o = { api_adopt, ws_adopt, d->api, d->ws };
    enum lm_err err = front_start(d->front, &o, &d->why);

    if (!err)
        log_info("http", "listening on %s, port %d%s", d->config.http, front_port(d->front),
                 front_is_open(d->front) ? "" : ": for this machine alone; http = 0.0.0.0:8080 in [server] of lumad.conf lets the network in");
    return err;
}

static void front_part_stop(struct daemon *d) { front_stop(d->front); }

static enum lm_err ready_start(struct daemon *d)
{
    if (d->ready_fd >= 0 && dprintf(d->ready_fd, "{\"http\":%d}\n", front_port(d->front)) < 0)
        return problem_set(&d->why, LM_IO, "--ready-fd %d: %s", d->ready_fd, strerror(errno));
    sd_notify(0, "READY=1");
    return LM_OK;
}

static void ready_stop(struct daemon *d)
{
    sd_notify(0, "STOPPING=1");
    show_leave(d->l.show);              /* requests that wait for a track to be decoded end now, and with them the HTTP server can */
}

/* Each part may use the parts above it, and none below. Light first: the page can wait, the rig cannot. But the port is taken before there is light: a second lumad,
 * or a service that cannot have its port, must not flash the rig each time it is started. */
static const struct part {
    const char *name;
    enum lm_err (*start)(struct daemon *d);
    void (*stop)(struct daemon *d);
} parts[] = {
    { "data",     data_start,       data_stop },
    { "events",   events_start,     events_stop },
    { "database", database_start,   database_stop },
    { "library",  library_start,    library_stop },
    { "jobs",     jobs_start,       jobs_stop },
    { "imports",  imports_start,    imports_stop },
    { "batches",  batches_start,    batches_stop },
    { "port",     port_start,       port_stop },
    { "outputs",  outputs_start,    outputs_stop },
    { "plugins",  plugins_start,    plugins_stop },
    { "receiver", receiver_part_start, receiver_part_stop },
    { "demo",     demo_start,       demo_stop },
    { "show",     show_part_start,  show_part_stop },
    { "accounts", accounts_start,   accounts_stop },
    { "api",      api_part_start,   api_part_stop },
    { "ws",       ws_part_start,    ws_part_stop },
    { "http",     front_part_start, front_part_stop },
    { "ready",    ready_start,      ready_stop },
};
enum { PARTS = sizeof(parts) / sizeof(parts[0]) };

/* Feeds systemd's watchdog only while the engine makes frames: a stuck show is restarted, not kept alive by a healthy main thread. */
static void wait_for_signal(struct daemon *d, const sigset_t *quit)
{
    uint64_t usec = 0, seen = 0;
    bool watched = sd_watchdog_enabled(0, &usec) > 0;
    struct timespec every = { 1, 0 };

    if (watched && usec / 3 < 1000000)
        every = (struct timespec){ 0, (long)(usec / 3 * 1000) };
    for (;;) {
        int sig = sigtimedwait(quit, NULL, &every);
        if (sig > 0) {
            log_info("main", "stopping on %s", sigabbrev_np(sig));
            return;
        }
        uint64_t progress = show_progress(d->l.show);
        if (watched && progress != seen)
            sd_notify(0, "WATCHDOG=1");
        seen = progress;
    }
}

static void *force_quit(void *arg)
{
    const sigset_t *quit = arg;
    int sig;

    sigwait(quit, &sig);            /* a second Ctrl-C does not ask again */
    _exit(EXIT_FAILURE);
}

static int serve(struct daemon *d)
{
    enum lm_err err = LM_OK;
    size_t up;
    sigset_t quit;
    pthread_t force;
    struct rlimit files;

    sigemptyset(&quit), sigaddset(&quit, SIGINT), sigaddset(&quit, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &quit, NULL);    /* before any thread exists */
    signal(SIGPIPE, SIG_IGN);
    if (!getrlimit(RLIMIT_NOFILE, &files)) {
        files.rlim_cur = files.rlim_max < 16384 ? files.rlim_max : 16384;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    if (d->config.real_time)
        thread_lock_memory();
    d->l.config = &d->config;
    d->l.started_mono_ns = clock_mono_ns();

    for (up = 0; up < PARTS; up++)
        if ((err = parts[up].start(d))) {
            log_error("main", "%s: %s", parts[up].name, d->why.detail[0] ? d->why.detail : lm_err_text(err));
            break;
        }
    if (!err) {
        wait_for_signal(d, &quit);
        pthread_create(&force, NULL, force_quit, &quit);
        pthread_detach(force);
    }
    while (up--)
        parts[up].stop(d);
    return err ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* ---- other modes ---- */

static int check_config(struct daemon *d)
{
    (void)d;
    puts("the configuration is valid");
    return EXIT_SUCCESS;
}

static int print_config(struct daemon *d)    { (void)d; config_print(stdout); return EXIT_SUCCESS; }
static int print_config_md(struct daemon *d) { (void)d; config_print_md(stdout); return EXIT_SUCCESS; }
static int print_nodes_md(struct daemon *d)  { (void)d; graph_print_nodes_md(); return EXIT_SUCCESS; }
static int print_routes_md(struct daemon *d) { (void)d; api_print_routes_md(); return EXIT_SUCCESS; }
static int print_openapi(struct daemon *d)   { (void)d; api_print_openapi(); return EXIT_SUCCESS; }
static int print_schema(struct daemon *d)    { (void)d; table_print_md(stdout); return EXIT_SUCCESS; }
static int print_effects(struct daemon *d)   { (void)d; effects_print_md(stdout); return EXIT_SUCCESS; }
static int print_version(struct daemon *d)   { (void)d; puts("lumad " LUMAD_VERSION); return EXIT_SUCCESS; }

static int print_nodes_json(struct daemon *d)
{
    json_t *nodes = graph_node_types();

    (void)d;
    json_dumpf(nodes, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
    putchar('\n');
    json_decref(nodes);
    return EXIT_SUCCESS;
}

static int migrate(struct daemon *d)
{
    enum lm_err err = data_start(d);

    if (!err)
        err = database_start(d);
    if (err)
        fprintf(stderr, "lumad: %s\n", d->why.detail[0] ? d->why.detail : lm_err_text(err));
    else
        printf("the database is at version %lld\n", (long long)db_schema_version(d->l.db));
    if (!err)
        database_stop(d);
    data_stop(d);
    return err ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Beside a lumad that may run: only state.db is opened, and nothing is locked. */
static int reset_password(struct daemon *d)
{
    char state[PATH_SIZE], migrations[PATH_SIZE];
    enum lm_err err = path_join(state, d->data, "state.db");

    if (!err)
        err = path_share("migrations", migrations, &d->why);
    if (!err)
        err = auth_reset_password(state, migrations, d->user, &d->why);
    if (err)
        fprintf(stderr, "lumad: %s\n", d->why.detail[0] ? d->why.detail : lm_err_text(err));
    return err ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int help(struct daemon *d);

static const struct mode { const char *flag, *help; int (*run)(struct daemon *d); } modes[] = {
    { "--serve",                "play and serve (the default)",                        serve },
    { "--check-config",         "read the configuration and say what is wrong with it", check_config },
    { "--print-config",         "the commented configuration file",                    print_config },
    { "--print-config=md",      "the same as a reference page",                        print_config_md },
    { "--print-nodes=json",     "the catalogue of node types",                         print_nodes_json },
    { "--print-nodes=md",       "the same as a reference page",                        print_nodes_md },
    { "--print-routes=md",      "the REST routes as a reference page",                 print_routes_md },
    { "--print-routes=openapi", "the REST routes as OpenAPI 3.1",                      print_openapi },
    { "--print-schema=md",      "the tables of the database as a reference page",      print_schema },
    { "--print-effects=md",     "the effects of audio outputs as a reference page",    print_effects },
    { "--migrate",              "bring the database up to date and stop",              migrate },
    { "--reset-password",       "a new password for who forgot theirs; also while lumad runs", reset_password },
    { "--version",              "print the version",                                   print_version },
    { "--help",                 "this",                                                help },
};
enum { MODES = sizeof(modes) / sizeof(modes[0]) };

static int help(struct daemon *d)
{
    (void)d;
    puts("lumad [options] [mode]\n\n"
         "  --config FILE      configuration (default /etc/lumad/lumad.conf when it is there)\n"
         "  --data DIR         data directory\n"
         "  --http ADDR:PORT   where to listen; port 0 = any\n"
         "  --demo             the demo show, in a data directory of its own unless --data is given\n"
         "  --ready-fd N       writes {\"http\":PORT} there once it serves\n"
         "  --user NAME        whose password --reset-password sets (default: the first admin's)\n");
    for (size_t i = 0; i < MODES; i++)
        printf("  %-22s %s\n", modes[i].flag, modes[i].help);
    return EXIT_SUCCESS;
}

/* ---- command line ---- */

struct arguments { const char *config, *data, *http; const struct mode *mode; };

static bool value_of(int argc, char **argv, int *i, const char *flag, const char **value)
{
    size_t n = strlen(flag);

    if (strncmp(argv[*i], flag, n))
        return false;
    if (argv[*i][n] == '=')
        *value = argv[*i] + n + 1;
    else if (!argv[*i][n] && *i + 1 < argc)
        *value = argv[++*i];
    else
        return false;
    return true;
}

static bool read_arguments(int argc, char **argv, struct daemon *d, struct arguments *a)
{
    const char *fd = NULL;
    struct { const char *flag; const char **value; } options[] = {
        { "--config", &a->config }, { "--data", &a->data }, { "--http", &a->http }, { "--ready-fd", &fd },
        { "--user", &d->user },
    };

    a->mode = &modes[0];
    for (int i = 1; i < argc; i++) {
        bool known = false;
        for (size_t k = 0; k < sizeof(options) / sizeof(options[0]) && !known; k++)
            known = value_of(argc, argv, &i, options[k].flag, options[k].value);
        if (!known && !strcmp(argv[i], "--demo"))
            known = d->demo = true;
        for (size_t k = 0; k < MODES && !known; k++)
            if (!strcmp(argv[i], modes[k].flag))
                a->mode = &modes[k], known = true;
        if (!known) {
            fprintf(stderr, "lumad: unknown option %s (see --help)\n", argv[i]);
            return false;
        }
    }
    if (fd) {
        char *end;
        long n = strtol(fd, &end, 10);
        if (*end || n < 0 || fcntl((int)n, F_GETFD) < 0) {
            fprintf(stderr, "lumad: --ready-fd %s is no open file descriptor\n", fd);
            return false;
        }
        d->ready_fd = (int)n;
    }
    return true;
}

static enum lm_err configure(struct daemon *d, const struct arguments *a)
{
    static const char *const standard = "/etc/lumad/lumad.conf";
    static const char *const levels[] = { "error", "warn", "info", "debug" };
    enum lm_err err = config_init(&d->config);

    if (!err && (a->config || path_exists(standard)))
        err = config_read(&d->config, a->config ? a->config : standard, &d->why);
    if (!err && a->http)
        err = config_set(&d->config, "server", "http", a->http, &d->why);
    if (!err && a->data)
        err = config_set(&d->config, "files", "data", a->data, &d->why);
    if (err)
        return err;
    /* The demo must never mix with the house's own shows. */
    int n = snprintf(d->data, sizeof(d->data), "%s%s", d->config.data, d->demo && !a->data ? "-demo" : "");
    for (size_t i = 0; i < 4; i++)
        if (!strcmp(levels[i], d->config.log_level))
            log_set_level((enum log_level)i);
    /* The demo is for a look at it: nobody's network hears of it unless that is asked for. */
    interfaces_limit(d->demo && !*d->config.interfaces ? "lo" : d->config.interfaces);
    return n < (int)sizeof(d->data) ? LM_OK : LM_INVALID;
}

int main(int argc, char **argv)
{
    static struct daemon d = { .lock_fd = -1, .ready_fd = -1 };
    struct arguments a = { 0 };

    if (!read_arguments(argc, argv, &d, &a))
        return EXIT_FAILURE;
    umask(0077);
    /* Locked memory is never given back page by page: few heaps, and large blocks outside of them, so that a large score leaves no large lumad behind. */
    mallopt(M_ARENA_MAX, 2);
    mallopt(M_MMAP_THRESHOLD, 64 << 10);
    if (configure(&d, &a)) {
        fprintf(stderr, "lumad: %s\n", d.why.detail[0] ? d.why.detail : "the configuration cannot be read");
        for (size_t i = 0; i < d.why.n; i++)
            fprintf(stderr, "lumad: %s: %s\n", d.why.errors[i].path, d.why.errors[i].message);
        return EXIT_FAILURE;
    }
    int status = a.mode->run(&d);
    config_clear(&d.config);
    return status;
}
