#pragma once
/*
 * Starting lumad: what a part of the daemon is, what the command line says, and what the program does instead of serving (--version, --migrate ...). The parts in their order, and the wait for
 * a signal, are in main.c.
 *
 * THREADS  The main thread alone, but for `show_lock`.
 * MEMORY   One struct daemon, static in main.c; what a part's start() put into it its stop() takes out again.
 */
#include <pthread.h>
#include <stdbool.h>

#include "core/config.h"
#include "core/err.h"
#include "core/path.h"
#include "show/lumad.h"

struct daemon {
    struct config config;
    struct lumad l;                 /* what handlers and sockets may reach */
    pthread_mutex_t show_lock;      /* of l.show: jobs, which start before the show and end after it, ask it what plays */
    struct outputs *outputs;
    struct input *input;
    struct receiver *receiver;
    struct api *api;
    struct ws *ws;
    struct front *front;
    char data[PATH_SIZE];
    const char *user;               /* of --reset-password; NULL: the admin */
    int lock_fd, ready_fd;          /* -1: none */
    bool demo;
    struct problem why;             /* what a part that does not start says */
};

/* A part that did not start is not stopped: it cleans up after itself. `stop` NULL: nothing is left to stop. */
struct part {
    const char *name;
    enum lm_err (*start)(struct daemon *d);
    void (*stop)(struct daemon *d);
};

/* parts_data.c: what is kept */
extern const struct part part_data, part_events, part_database, part_library, part_jobs, part_imports, part_batches;
/* parts_light.c: what makes light and sound */
extern const struct part part_outputs, part_plugins, part_receiver, part_demo, part_show;
/* parts_page.c: who may come in, and by what door */
extern const struct part part_port, part_accounts, part_api, part_ws, part_http, part_ready;

/* What the program does: a row for each of --serve, --version ... `run` gives the exit status; NULL: it serves, which is main.c's. */
struct mode { const char *flag, *help; int (*run)(struct daemon *d); };
const struct mode *mode_find(const char *flag);         /* NULL: there is none of that name */
void modes_print_help(void);

/* The command line: fills in `d`, and says which mode. NULL: it cannot be read; why stands on stderr. */
const struct mode *options_read(struct daemon *d, int argc, char **argv);
