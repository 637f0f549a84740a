/* lumad: start the parts in order, wait for a signal, stop them in reverse. */
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/thread.h"
#include "start/start.h"

/* Each part may use the parts above it, and none below: started from the top, stopped from the bottom. Light first: the page can wait, the rig cannot. But the port is taken
 * before there is light: a second lumad, or a service that cannot have its port, must not flash the rig each time it is started. */
static const struct part *const parts[] = {
    &part_data,         /* the data directory, and the lock by which one lumad alone has it */
    &part_events,       /* who is told of changes; the list of warnings */
    &part_database,     /* lumad.db and state.db, brought up to date */
    &part_library,      /* fixture definitions, and what is patched with them */
    &part_jobs,         /* what is analysed of tracks, in processes of their own */
    &part_imports,      /* tracks from folders and DJ programs */
    &part_batches,      /* many of them at a time */
    &part_port,         /* is ours; nobody is let in yet */
    &part_outputs,      /* sockets and interfaces for DMX, out and in */
    &part_plugins,      /* nodes of others */
    &part_receiver,     /* hears what others send */
    &part_demo,         /* with --demo: its show is put into the database */
    &part_show,         /* the engine and the sound: from here on there is light */
    &part_accounts,     /* users, sessions, the audit log */
    &part_api,          /* answers REST */
    &part_ws,           /* answers sockets */
    &part_http,         /* the door is opened */
    &part_ready,        /* whoever started us is told; when stopping: first of all, so that nobody waits for a track any more */
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

/* Before any thread exists: signals are main's, a client that is gone is an error of write(), memory stays where it is. */
static void prepare(struct daemon *d, sigset_t *quit)
{
    struct rlimit files;

    sigemptyset(quit), sigaddset(quit, SIGINT), sigaddset(quit, SIGTERM);
    pthread_sigmask(SIG_BLOCK, quit, NULL);
    signal(SIGPIPE, SIG_IGN);
    if (!getrlimit(RLIMIT_NOFILE, &files)) {
        files.rlim_cur = files.rlim_max < 16384 ? files.rlim_max : 16384;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    if (d->config.real_time)
        thread_lock_memory();
    d->l.config = &d->config;
    d->l.started_mono_ns = clock_mono_ns();
}

static int serve(struct daemon *d)
{
    enum lm_err err = LM_OK;
    size_t up;
    sigset_t quit;
    pthread_t force;

    prepare(d, &quit);
    for (up = 0; up < PARTS; up++)
        if ((err = parts[up]->start(d))) {
            log_error("main", "%s: %s", parts[up]->name, d->why.detail[0] ? d->why.detail : lm_err_text(err));
            break;
        }
    if (!err) {
        wait_for_signal(d, &quit);
        pthread_create(&force, NULL, force_quit, &quit);
        pthread_detach(force);
    }
    while (up--)
        if (parts[up]->stop)
            parts[up]->stop(d);
    return err ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    static struct daemon d = { .lock_fd = -1, .ready_fd = -1, .show_lock = PTHREAD_MUTEX_INITIALIZER };

    umask(0077);
    /* Locked memory is never given back page by page: few heaps, and large blocks outside of them, so that a large score leaves no large lumad behind. */
    mallopt(M_ARENA_MAX, 2);
    mallopt(M_MMAP_THRESHOLD, 64 << 10);
    const struct mode *mode = options_read(&d, argc, argv);
    if (!mode)
        return EXIT_FAILURE;
    int status = mode->run ? mode->run(&d) : serve(&d);
    config_clear(&d.config);
    return status;
}
