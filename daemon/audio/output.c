#include "audio/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "audio/output_private.h"
#include "core/clock.h"
#include "core/str.h"
#include "core/thread.h"

enum { PART_MS = 80 };                  /* how long output_free() gives healthy devices to close */

static void give_back(struct output *o)
{
    if (o->stream)
        munmap(o->stream, o->size);
    if (o->memory >= 0)
        close(o->memory);
    if (o->wake >= 0)
        close(o->wake);
    free(o);
}

/* Its size is for good: a process that makes it smaller would take lumad with it. */
static enum lm_err make_memory(struct output *o)
{
    o->size = stream_size();
    o->memory = memfd_create("lumad sound", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (o->memory < 0 || ftruncate(o->memory, (off_t)o->size) || fcntl(o->memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
        return lm_err_from_errno(errno);
    void *map = mmap(NULL, o->size, PROT_READ | PROT_WRITE, MAP_SHARED, o->memory, 0);
    if (map == MAP_FAILED)
        return LM_NOMEM;
    o->stream = map;
    stream_init(o->stream);
    return LM_OK;
}

enum lm_err output_new(void (*news)(void *ctx), void *ctx, struct output **result)
{
    struct output *o = calloc(1, sizeof(*o));
    enum lm_err err;

    if (!o)
        return LM_NOMEM;
    o->memory = -1;
    o->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    err = o->wake < 0 ? lm_err_from_errno(errno) : make_memory(o);
    if (err) {
        give_back(o);
        return err;
    }
    o->news = news;
    o->ctx = ctx;
    o->refs = 1;
    for (int i = 0; i < SLOTS; i++) {
        o->slots[i].kind = (enum slot_kind)i;
        card_init(&o->slots[i].card);
    }
    pthread_mutex_init(&o->lock, NULL);
    thread_cond_init(&o->looked);
    thread_cond_init(&o->parted);
    *result = o;
    return LM_OK;
}

void output_put(struct output *o)
{
    pthread_mutex_lock(&o->lock);
    bool is_last = !--o->refs;
    pthread_mutex_unlock(&o->lock);
    if (!is_last)
        return;
    pthread_cond_destroy(&o->looked);
    pthread_cond_destroy(&o->parted);
    pthread_mutex_destroy(&o->lock);
    give_back(o);
}

static void wake(struct output *o)
{
    eventfd_write(o->wake, 1);          /* fails only when it is awake 2^64 times */
}

void output_free(struct output *o)
{
    if (!o)
        return;
    pthread_mutex_lock(&o->lock);
    o->is_closing = true;
    o->news = NULL;
    stream_silence(o->stream);
    wake(o);
    struct timespec until = clock_in_ms(PART_MS);
    while (o->has_thread && !o->has_parted && pthread_cond_timedwait(&o->parted, &o->lock, &until) != ETIMEDOUT)
        ;
    pthread_mutex_unlock(&o->lock);
    output_put(o);
}

struct stream *output_stream(struct output *o)
{
    return o->stream;
}

/* Lock held. */
static enum lm_err need_thread(struct output *o)
{
    static const struct thread_options options = { .name = "sound card", .stack = 512 << 10 };
    pthread_t thread;

    if (o->has_thread)
        return LM_OK;
    o->refs++;
    enum lm_err err = thread_start(&thread, &options, output_run, o);
    if (err)
        o->refs--;
    else
        pthread_detach(thread);
    o->has_thread = !err;
    return err;
}

/* Lock held. device "": none. */
static enum lm_err wish(struct output *o, enum slot_kind kind, const char *device)
{
    struct slot *s = &o->slots[kind];
    enum lm_err err = *device ? need_thread(o) : LM_OK;

    if (err)
        return err;
    str_copy(s->wish, sizeof(s->wish), device);
    str_copy(s->status.wanted, sizeof(s->status.wanted), device);
    s->has_wish = o->has_thread;
    s->status.state = *device ? OUTPUT_OPENING : OUTPUT_NONE;
    s->status.is_moving = false;
    s->status.why[0] = '\0';
    wake(o);
    return LM_OK;
}

enum lm_err output_switch(struct output *o, const char *device)
{
    pthread_mutex_lock(&o->lock);
    enum lm_err err = wish(o, SLOT_PLAY, strcmp(device, "clock") ? device : "");
    o->is_used = o->is_let_go = false;
    pthread_mutex_unlock(&o->lock);
    return err;
}

enum lm_err output_listen(struct output *o, const char *device)
{
    pthread_mutex_lock(&o->lock);
    enum lm_err err = wish(o, SLOT_LISTEN, device ? device : "");
    pthread_mutex_unlock(&o->lock);
    return err;
}

static void get(struct output *o, enum slot_kind kind, struct output_status *status)
{
    pthread_mutex_lock(&o->lock);
    *status = o->slots[kind].status;
    pthread_mutex_unlock(&o->lock);
}

void output_get(struct output *o, struct output_status *status) { get(o, SLOT_PLAY, status); }
void output_get_input(struct output *o, struct output_status *status) { get(o, SLOT_LISTEN, status); }

bool output_is_alive(struct output *o)
{
    struct output_status status;

    output_get(o, &status);
    return status.state == OUTPUT_RUNNING;
}

void output_lose(struct output *o, bool retry)
{
    struct output_status *s = &o->slots[SLOT_PLAY].status;

    pthread_mutex_lock(&o->lock);
    o->is_used = false;
    if (s->state == OUTPUT_RUNNING || s->state == OUTPUT_LOST) {
        o->is_let_go = true;
        o->wants_retry = retry;
        if (s->state == OUTPUT_RUNNING)
            s->state = OUTPUT_LOST;
        stream_silence(o->stream);
        wake(o);
    }
    pthread_mutex_unlock(&o->lock);
}

bool output_look(struct output *o, int wait_ms)
{
    struct timespec until = clock_in_ms(wait_ms);
    int e = 0;

    pthread_mutex_lock(&o->lock);
    uint64_t enough = o->looks + (o->is_looking ? 2 : 1);      /* one that has begun may have passed by what is new */
    if (!need_thread(o)) {
        o->must_look = true;
        wake(o);
        while (o->looks < enough && !e && wait_ms > 0)
            e = pthread_cond_timedwait(&o->looked, &o->lock, &until);
    }
    bool is_done = o->looks >= enough;
    pthread_mutex_unlock(&o->lock);
    return is_done;
}
