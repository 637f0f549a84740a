#pragma once
/*
 * What the files of ws/ share: the server, and one client of it.
 *
 * Streams (host-audio, frame, wire, dmx) and the list of warnings are state: a bit says that the newest is due, and it is made when the socket takes it, so a slow
 * client skips. Everything else (hello, changes, jobs, answers) is said once and waits in the client's queue.
 *
 * THREADS  The ws thread, but for the inbox and `is_stopping`.
 */
#include <libwebsockets.h>
#include <pthread.h>
#include <stdatomic.h>

#include "core/uuid.h"
#include "net/guard.h"
#include "show/lumad.h"
#include "ws/topics.h"

enum { INBOX = 512, CLIENTS_MAX = 256, QUEUE_MAX = 1 << 20 };

struct text {                           /* one queued message */
    struct text *next;
    size_t n;
    unsigned char bytes[];              /* LWS_PRE, then n */
};

struct session {                        /* made and freed by libwebsockets; zeroed */
    struct session *next, **prev;
    struct lws *wsi;                    /* NULL: not (or no longer) established */
    struct ws *ws;
    char client[UUID_SIZE];
    unsigned topics;                    /* TOPIC_BIT; TOPIC_DMX while n_dmx > 0 */
    unsigned due;                       /* state topics whose newest is to be sent */
    uint16_t dmx[MESSAGE_DMX_MAX];
    size_t n_dmx;
    uint64_t dmx_due;                   /* bit i: dmx[i] */
    double max_fps;
    int64_t next_frame_ns;
    struct text *first, **last;
    size_t queued;                      /* bytes */
    int64_t want_ns;                    /* since when something waits for the socket; 0: nothing does */
    const char *farewell;               /* to be closed, for this reason */
    int farewell_code;
    char *rx;
    size_t rx_len;
};

struct ws {
    const struct lumad *lumad;
    struct guard guard;
    struct lws_context *context;
    struct event_listener *news;
    pthread_t thread;
    atomic_bool is_stopping;
    bool has_ended;                     /* the thread is gone; the context is being taken down */

    pthread_mutex_t lock;               /* of the inbox: sockets from the front door */
    int inbox[INBOX];
    size_t inbox_first, inbox_n;

    struct session *sessions;
    size_t n_sessions;
    lws_sorted_usec_list_t tick;
    int64_t host_audio_ns, dmx_ns;      /* when last sent */
    uint32_t host_audio_serial;
    const struct show_live *live;       /* newest frame; valid until the next show_live() */
    const struct show_live *wire;       /* the same, read back from its slots; NULL when nobody asks or there is none */
    uint32_t live_seq;
    unsigned char *buffer;              /* LWS_PRE + the message being written */
    size_t buffer_size;
};

/* --- session.c: one client --- */
void session_open(struct session *s, struct ws *w, struct lws *wsi);
void session_close(struct session *s);
void session_say(struct session *s, const char *text, size_t n);       /* queues a text message */
void session_say_json(struct session *s, json_t *message);              /* takes it */
void session_due(struct session *s, unsigned topics);                   /* the newest of these, if subscribed */
void session_dismiss(struct session *s, int code, const char *reason);  /* static text */
/* The socket takes one message. false: close it. */
bool session_write(struct session *s);
/* A piece of a message from the client. false: close it. */
bool session_hear(struct session *s, const char *bytes, size_t n, bool is_last, bool is_binary);

/* --- feed.c: what goes to all --- */
void feed_news(struct ws *w);                           /* drains the event bus */
void feed_present(struct session *s, unsigned topics);  /* present state of what was just subscribed */
void feed_schedule(struct ws *w);                       /* the next tick, by what is subscribed */
