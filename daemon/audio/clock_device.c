#include "audio/clock_device.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "audio/pcm.h"
#include "audio/sink.h"
#include "audio/stream.h"
#include "core/clock.h"
#include "core/thread.h"

enum {
    WAKE_MS = 20,
    PERIOD = PCM_RATE / 100,
    BEHIND_MAX = PCM_RATE / 4,          /* farther behind it leaves out what nobody sees any more */
    RUN_OUT = 5 * PCM_RATE,             /* after the end: until the meters are down */
};

struct clock_device {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t thread;
    struct stream *stream;
    struct sink *sink;
    bool is_stopping, playing;
    int64_t start_ns, done, left;       /* frames rendered since start_ns; still to be rendered when not playing */
};

static void render(struct clock_device *d)
{
    float out[PERIOD * 2];
    int64_t due = (clock_mono_ns() - d->start_ns) / 1000 * PCM_RATE / 1000000;

    if (due - d->done > BEHIND_MAX)
        d->done = due - BEHIND_MAX;
    for (; due - d->done >= PERIOD; d->done += PERIOD) {
        sink_run(d->sink, out, PERIOD, 2, d->start_ns + d->done * 1000000 / PCM_RATE * 1000, 0);
        d->left -= d->playing ? 0 : PERIOD;
    }
}

static void *run(void *arg)
{
    struct clock_device *d = arg;

    pthread_mutex_lock(&d->lock);
    while (!d->is_stopping) {
        if (!d->playing && d->left <= 0) {
            pthread_cond_wait(&d->wake, &d->lock);
            continue;
        }
        struct timespec t = clock_in_ms(WAKE_MS);
        pthread_cond_timedwait(&d->wake, &d->lock, &t);
        if (!d->is_stopping)
            render(d);
    }
    pthread_mutex_unlock(&d->lock);
    return NULL;
}

static void free_all(struct clock_device *d)
{
    sink_free(d->sink);
    free(d->stream);
    pthread_cond_destroy(&d->wake);
    pthread_mutex_destroy(&d->lock);
    free(d);
}

enum lm_err clock_device_new(struct clock_device **result)
{
    struct clock_device *d = calloc(1, sizeof(*d));
    enum lm_err err = LM_NOMEM;

    if (!d)
        return err;
    pthread_mutex_init(&d->lock, NULL);
    thread_cond_init(&d->wake);
    if ((d->stream = aligned_alloc(64, (stream_size() + 63) / 64 * 64))) {
        stream_init(d->stream);
        d->sink = sink_new(d->stream);
    }
    if (!d->sink || (err = thread_start(&d->thread, &(struct thread_options){ .name = "sound clock" }, run, d))) {
        free_all(d);
        return err;
    }
    *result = d;
    return LM_OK;
}

void clock_device_free(struct clock_device *d)
{
    if (!d)
        return;
    pthread_mutex_lock(&d->lock);
    d->is_stopping = true;
    pthread_cond_signal(&d->wake);
    pthread_mutex_unlock(&d->lock);
    pthread_join(d->thread, NULL);
    free_all(d);
}

struct stream *clock_device_stream(struct clock_device *d)
{
    return d->stream;
}

void clock_device_hold(struct clock_device *d)
{
    pthread_mutex_lock(&d->lock);
    stream_reset(d->stream);
    sink_reset(d->sink);
}

void clock_device_go(struct clock_device *d, bool playing)
{
    d->left = d->playing && !playing ? RUN_OUT : d->left;
    d->playing = playing;
    d->start_ns = clock_mono_ns();
    d->done = 0;
    pthread_cond_signal(&d->wake);
    pthread_mutex_unlock(&d->lock);
}
