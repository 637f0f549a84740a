#pragma once
/* Inside of widgets: what the thread keeps, and the port it has open. */
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "core/latest.h"
#include "dmx/enttec.h"
#include "dmx/widget.h"

enum widget_state {                     /* what is wrong; widget.c has the sentences */
    WIDGET_FINE,
    WIDGET_MISSING,                     /* not plugged in */
    WIDGET_NONE_FOUND,                  /* none that answers */
    WIDGET_FORBIDDEN,
    WIDGET_NO_PORT,
    WIDGET_SHARED,                      /* another output's */
    WIDGET_TAKEN,                       /* another program's */
    WIDGET_FAILED,                      /* see the error number */
    WIDGET_STALLED,                     /* takes no data */
    WIDGET_SILENT,                      /* has not said who it is */
};

struct widgets {
    char by_id[256];
    pthread_mutex_t lock;               /* the list, and every widget's `port` */
    struct widget *first;
};

struct widget {
    struct widgets *all;
    struct widget *next;
    char device[OUTPUT_DESTINATION];
    dev_t port;                         /* whose it is while it is open; 0 = none */
    pthread_t thread;
    sem_t wake;
    atomic_bool stop;
    struct latest latest;
    uint8_t slots[3][DMX_SLOTS];
    _Atomic uint64_t puts;
    _Atomic uint64_t packets, errors;
    _Atomic int last_errno;
    _Atomic int64_t last_sent_ns;
    _Atomic double fps;

    pthread_mutex_t lock;               /* what is told: the next three */
    enum widget_state state;
    int state_errno;
    char name[WIDGET_NAME];

    /* the thread's own */
    int fd;                             /* -1: not open */
    char path[OUTPUT_DESTINATION];      /* what is open, or was last */
    uint8_t out[ENTTEC_DMX_SIZE];       /* being written */
    size_t length, at;
    bool is_frame;
    uint64_t taken;                     /* of puts */
    int64_t next_ns, progress_ns, asked_ns, opened_ns, window_ns;
    uint64_t window_frames;
    struct enttec_parser parser;
    struct enttec_identity id;
};

/* --- widget_port.c: finding, opening and closing; the thread's --- */
/* Opens the named device, or finds one (none: says so, or that one may not be opened). WIDGET_FINE: w->fd and w->path are there. Else *error may be an errno. */
enum widget_state port_open(struct widget *w, int *error);
void port_close(struct widget *w);
size_t port_queued(const struct widget *w);             /* bytes given to the port that are not on their way yet */
bool port_ask(struct widget *w);                        /* who are you? false: the port takes nothing now */
/* Takes what has come. false: the device is gone. */
bool port_listen(struct widget *w);
/* A widget that was found gives way to one that names the device. */
bool port_is_named_by_another(struct widget *w);
