#pragma once
/*
 * What the files of ws/ share: the server, and one client of it.
 *
 * Framing, control frames, UTF-8 and the checks of RFC 6455 (a frame that is not masked, reserved bits, broken fragments: 1002) are libwslay's; sockets, topics,
 * limits and liveness are ours.
 *
 * Streams (host-audio, meters, frame, wire, dmx) and the list of warnings are state: a bit says that the newest is due, and it is made when the socket takes it, so a slow
 * client skips. Everything else (hello, changes, jobs, answers) is said once and waits in the client's queue.
 *
 * THREADS  The ws thread, but for the inbox, `wake` and `is_stopping`.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <wslay/wslay.h>

#include "core/uuid.h"
#include "net/auth.h"
#include "net/guard.h"
#include "show/lumad.h"
#include "ws/topics.h"

/* Of a close frame: the session or token that the socket came by ended, or may do something else now. */
enum { CODE_SIGNED_OUT = 4401 };

enum { INBOX = 512, CLIENTS_MAX = 256, QUEUE_MAX = 1 << 20 };

struct session {
    struct session *next, **prev;
    struct ws *ws;
    int fd;
    wslay_event_context_ptr frames;     /* also holds the queue of what was said and not yet taken */
    char client[UUID_SIZE];
    struct caller who;                  /* may do what they may as long as they have the socket; who no longer may loses it */
    unsigned topics;                    /* TOPIC_BIT; TOPIC_DMX while n_dmx > 0 */
    unsigned due;                       /* state topics whose newest is to be sent */
    uint16_t dmx[MESSAGE_DMX_MAX];
    size_t n_dmx;
    uint64_t dmx_due;                   /* bit i: dmx[i] */
    double max_fps;
    int64_t next_frame_ns;
    uint32_t watched;                   /* what epoll is asked for */
    int64_t want_ns;                    /* since when something waits for the socket; 0: nothing does */
    int64_t heard_ns, pinged_ns;        /* the last byte from the client, and our last ping */
    int64_t ended_ns;                   /* when our close frame went out; 0: it did not. Then what still comes is thrown away until the client hangs up */
    bool is_leaving;                    /* a close frame is queued or sent: nothing more is said or heard */
    bool is_dead;                       /* to be freed at the end of this round */
    int fragments;                      /* of the message that is coming in */
    size_t budget;                      /* bytes that may still be read in this round */
};

/* A message that all who follow a topic get at one tick: made when the first of them takes it, and kept until it is no longer the newest. */
struct message_text {
    char *text;
    int64_t made_ns;
    uint32_t serial;                    /* of host audio, from before it was made */
};

struct ws {
    const struct lumad *lumad;
    struct guard guard;
    int epoll, wake, timer;             /* `wake`: an eventfd, written from any thread; `timer` rings at tick_ns */
    struct event_listener *news;
    pthread_t thread;
    atomic_bool is_stopping;

    pthread_mutex_t lock;               /* of the inbox: sockets from the front door */
    int inbox[INBOX];
    size_t inbox_first, inbox_n;

    struct session *sessions;
    size_t n_sessions;
    int64_t tick_ns, timer_ns;          /* when feed_tick() is due, 0: never; what the timer is set to */
    int64_t beat_ns, look_ns, dmx_ns;   /* when host-audio and meters are next due; frames were last looked for; dmx was last sent */
    uint32_t host_audio_serial;
    struct message_text host_audio, meters;
    const struct show_live *live;       /* newest frame; valid until the next show_live() */
    const struct show_live *wire;       /* the same, read back from its slots; NULL when nobody asks or there is none */
    uint32_t live_seq;
    unsigned char *buffer;              /* the message being encoded */
    size_t buffer_size;
};

/* --- session.c: one client --- */
enum lm_err session_open(struct ws *w, int fd, const struct caller *who);       /* takes fd, closes it when it fails */
void session_free(struct session *s);                                   /* closes the socket */
void session_say(struct session *s, const char *text, size_t n);        /* queues a text message */
void session_say_json(struct session *s, json_t *message);              /* takes it */
void session_due(struct session *s, unsigned topics);                   /* the newest of these, if subscribed */
void session_dismiss(struct session *s, int code, const char *reason);  /* a close frame; it goes before whatever waits */
void session_read(struct session *s);                                   /* the socket has bytes, or its end */
void session_write(struct session *s);                                  /* the socket takes bytes */
void session_check_role(struct session *s);                             /* who may no longer be here is told and goes */
void session_check(struct session *s, int64_t now);                     /* who takes nothing, or says nothing, is disconnected */

/* --- feed.c: what goes to all --- */
void feed_news(struct ws *w);                           /* drains the event bus */
void feed_present(struct session *s, unsigned topics);  /* present state of what was just subscribed */
void feed_change(struct ws *w);                         /* host audio may have changed: what did goes out at once */
const char *feed_text(struct ws *w, enum topic topic);  /* of TOPIC_HOST_AUDIO or TOPIC_METERS, the newest; borrowed until the next call. NULL: no memory */
void feed_tick(struct ws *w, int64_t now);              /* what goes by the clock; at ws.tick_ns */
void feed_schedule(struct ws *w);                       /* sets ws.tick_ns, by what is subscribed */
