#pragma once
/* What output.c (what the owner calls), output_run.c (the supervisor), output_slot.c (its processes) and output_list.c share. */
#include <pthread.h>

#include "audio/card.h"
#include "audio/hotplug.h"
#include "audio/output.h"

enum slot_kind { SLOT_PLAY, SLOT_LISTEN, SLOT_LOOK, SLOTS };
enum { END_MS = 400, GONE_MS = 500 };   /* for a process to end by itself; to be gone after SIGKILL */
enum phase { PHASE_IDLE, PHASE_STARTING, PHASE_RUNNING, PHASE_ENDING };

/* One process at a time. */
struct slot {
    /* under the output's lock */
    char wish[OUTPUT_WISH];             /* "" none */
    bool has_wish;                      /* a new one, that the supervisor has not seen */
    struct output_status status;

    /* the supervisor's own */
    enum slot_kind kind;
    enum phase phase;
    struct card card;
    char wanted[OUTPUT_WISH];
    int64_t since_ns;                   /* of the phase */
    int64_t retry_ns;                   /* when to start; 0: not */
    int64_t heard_ns, callback_ns;      /* a line; new callbacks in the shared counters */
    uint64_t callbacks;
    unsigned tries;
    bool has_failed, is_mad;            /* it said why itself; it said nonsense */
    struct device first;                /* the system's default when it was opened */
};

struct output {
    pthread_mutex_t lock;
    pthread_cond_t looked, parted;
    void (*news)(void *ctx);
    void *ctx;
    int wake, memory;                   /* eventfd, memfd */
    struct stream *stream;
    size_t size;
    int refs;                           /* the owner, the thread */
    bool is_closing, has_thread, has_parted;
    bool is_used;                       /* the owner writes to the stream, or may begin to */
    bool is_let_go, wants_retry;        /* output_lose() was called */
    bool must_look, is_looking;         /* asked for; under way */
    uint64_t looks;                     /* that are over */
    struct slot slots[SLOTS];

    /* the supervisor's own */
    struct hotplug hotplug;
    int64_t look_ns;                    /* when to look around; 0: not */
    bool is_new;                        /* the list has changed in this look */
};

/* output_list.c: the list of the last look, one for the process. What `s` found takes its place; is it another one? */
bool output_take_list(struct output *o, struct slot *s, const json_t *array);
/* "auto" plays on a device, and another has become the default since it was opened. */
bool output_has_other_default(const struct slot *play, char name[DEVICE_NAME]);

/* --- output_run.c --- */
void *output_run(void *output);
int64_t output_ns(void);                /* the real clock: the one of the project may stand still in a test */
int64_t output_ms_since(int64_t then_ns);

/* --- output_slot.c, the supervisor's --- */
void slot_begin(struct output *o, struct slot *s);      /* starts its process, or plans when to try again */
void slot_end(struct slot *s);                          /* asks it to end by itself, if there is one */
void slot_strike(struct output *o, struct slot *s, const char *why);    /* it is dead or has to be; plans the next one. One that said so itself may end by itself */
void slot_hear(struct output *o, struct slot *s);       /* takes what it says, and sees whether it is gone */
void slot_check_time(struct output *o, struct slot *s); /* strikes one that takes too long about something */
void slot_show(struct output *o, struct slot *s, enum sound_state state, const char *why);      /* tells where something changed. A wish that came meanwhile has set the state for itself */
void output_look_is_over(struct output *o);

/* --- output.c --- */
void output_put(struct output *o);
