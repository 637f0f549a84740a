#include "audio/output.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <portaudio.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "audio/pcm.h"
#include "audio/sink.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/str.h"
#include "core/thread.h"

enum {
    RETRY_MS = 5000,                    /* between two looks for a lost device */
    MISSING_MS = 30000,                 /* ... for one that was not there at all: a look costs 0.1 s of a core */
    STUCK_MS = 3000,                    /* a PortAudio call that takes so long is not coming back */
    PART_MS = 80,                       /* how long output_free() gives a healthy device to close */
    DEVICES = 64,
    SPARE_FILES = 48,                   /* a look around opens that many at a time, and ALSA's library ends the process when it gets none */
};

struct output {
    pthread_mutex_t lock;
    pthread_cond_t wake, parted;
    void (*news)(void *ctx);
    void *ctx;
    char wanted[128];
    bool has_wish, is_lost, wants_retry, is_closing, has_thread, has_parted;
    bool is_stuck;                      /* the worker's: a dead JACK stream was left behind, PortAudio must not be called any more */
    int refs;                           /* the owner, the thread */
    int64_t busy_since;                 /* real ns of the PortAudio call under way; 0 none */
    struct output_status status;
    PaStream *pa;
    int channels;
    double latency;                     /* seconds, when the callback's own is no use */
    struct stream *stream;
    struct sink *sink;

    /* the thread's own */
    bool has_library;
};

/* Held by the one thread that has PortAudio initialised. */
static pthread_mutex_t library = PTHREAD_MUTEX_INITIALIZER;

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static struct player_device list[DEVICES];
static size_t list_n;

/* The real clock: the one of the project may stand still in a test. */
static int64_t real_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void wait_ms(pthread_cond_t *c, pthread_mutex_t *m, int64_t ms)
{
    struct timespec t = clock_in_ms(ms);

    pthread_cond_timedwait(c, m, &t);
}

/* --- noise: ALSA and JACK write to stderr while PortAudio looks around --- */

static void quiet_alsa(const char *file, int line, const char *function, int err, const char *fmt, ...)
{
    (void)file, (void)line, (void)function, (void)err, (void)fmt;
}

static void quiet_jack(const char *text)
{
    log_debug("audio", "jack: %s", text);
}

/* PortAudio brings both libraries along where it was built with them; we link neither. */
static void silence_libraries(void)
{
    int (*alsa)(void (*)(const char *, int, const char *, int, const char *, ...));
    void (*jack)(void (*)(const char *));
    static const char *const names[] = { "jack_set_error_function", "jack_set_info_function" };
    void *symbol = dlsym(RTLD_DEFAULT, "snd_lib_error_set_handler");

    memcpy(&alsa, &symbol, sizeof(alsa));       /* ISO C knows no cast from object to function */
    if (symbol)
        alsa(quiet_alsa);
    for (int i = 0; i < 2; i++) {
        symbol = dlsym(RTLD_DEFAULT, names[i]);
        memcpy(&jack, &symbol, sizeof(jack));
        if (symbol)
            jack(quiet_jack);
    }
}

/* --- callback --- */

/* Thread: audio (real time). */
static int callback(const void *in, void *out, unsigned long n, const PaStreamCallbackTimeInfo *t,
                    PaStreamCallbackFlags flags, void *arg)
{
    struct output *o = arg;
    double latency = t ? t->outputBufferDacTime - t->currentTime : 0;

    (void)in, (void)flags;
#ifdef LUMAD_RT_TRAP
    thread_enter_real_time(0);
#endif
    if (!(latency > 0 && latency <= 2))
        latency = o->latency;
    sink_run(o->sink, out, (uint32_t)n, o->channels, clock_mono_ns(),
                  (int64_t)(latency * 1e9));
#ifdef LUMAD_RT_TRAP
    thread_leave_real_time();
#endif
    return paContinue;
}

/* --- the thread --- */

static void busy(struct output *o, bool is_busy)
{
    pthread_mutex_lock(&o->lock);
    o->busy_since = is_busy ? real_ns() : 0;
    pthread_mutex_unlock(&o->lock);
}

static void set_state(struct output *o, enum output_state state)
{
    pthread_mutex_lock(&o->lock);
    o->status.state = state;
    if (!o->is_closing && o->news)      /* under the lock: output_free() then knows that no call is under way */
        o->news(o->ctx);
    pthread_mutex_unlock(&o->lock);
}

static void look_around(void)
{
    int n = Pa_GetDeviceCount();

    pthread_mutex_lock(&list_lock);
    list_n = 0;
    for (int i = 0; i < n && list_n < DEVICES; i++) {
        const PaDeviceInfo *d = Pa_GetDeviceInfo(i);
        const PaHostApiInfo *api = d ? Pa_GetHostApiInfo(d->hostApi) : NULL;
        if (!api || d->maxOutputChannels < 1)
            continue;
        struct player_device *p = &list[list_n++];
        *p = (struct player_device){ .rate = d->defaultSampleRate };
        str_copy(p->name, sizeof(p->name), d->name);
        str_copy(p->api, sizeof(p->api), api->name);
    }
    pthread_mutex_unlock(&list_lock);
}

static bool has_spare_files(void)
{
    int files[SPARE_FILES], n = 0;

    while (n < SPARE_FILES && (files[n] = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)) >= 0)
        n++;
    for (int i = 0; i < n; i++)
        close(files[i]);
    return n == SPARE_FILES;
}

static bool library_open(struct output *o)
{
    if (o->has_library)
        return true;
    if (!has_spare_files()) {
        log_warn("audio", "too few files may be open to look for sound cards; looking again later");
        return false;
    }
    if (pthread_mutex_trylock(&library))
        return false;                   /* another output's thread is still in it */
    silence_libraries();
    busy(o, true);
    PaError e = Pa_Initialize();
    if (!e)
        look_around();
    busy(o, false);
    if (e) {
        pthread_mutex_unlock(&library);
        log_warn("audio", "PortAudio does not start: %s", Pa_GetErrorText(e));
        return false;
    }
    return o->has_library = true;
}

static void library_close(struct output *o)
{
    if (!o->has_library)
        return;
    busy(o, true);
    Pa_Terminate();
    busy(o, false);
    o->has_library = false;
    pthread_mutex_unlock(&library);
}

static PaDeviceIndex find_device(const char *wanted)
{
    if (!strcmp(wanted, "auto"))
        return Pa_GetDefaultOutputDevice();
    for (int pass = 0; pass < 2; pass++)        /* the exact name before a part of one */
        for (int i = 0; i < Pa_GetDeviceCount(); i++) {
            const PaDeviceInfo *d = Pa_GetDeviceInfo(i);
            if (d && d->maxOutputChannels > 0
                && (pass ? strcasestr(d->name, wanted) != NULL : !strcmp(d->name, wanted)))
                return i;
        }
    return paNoDevice;
}

static PaError start(struct output *o, PaDeviceIndex index)
{
    const PaDeviceInfo *d = Pa_GetDeviceInfo(index);
    PaStream *pa = NULL;

    o->channels = d->maxOutputChannels >= 2 ? 2 : 1;
    PaStreamParameters out = { .device = index, .channelCount = o->channels,
                               .sampleFormat = paFloat32,
                               .suggestedLatency = d->defaultHighOutputLatency };
    stream_reset(o->stream);
    sink_reset(o->sink);
    o->latency = 0;
    PaError e = Pa_OpenStream(&pa, NULL, &out, PCM_RATE, paFramesPerBufferUnspecified,
                              paPrimeOutputBuffersUsingStreamCallback, callback, o);
    if (e)
        return e;
    const PaStreamInfo *info = Pa_GetStreamInfo(pa);
    if (info && info->outputLatency > 0 && info->outputLatency <= 2)
        o->latency = info->outputLatency;
    if ((e = Pa_StartStream(pa))) {
        Pa_CloseStream(pa);
        return e;
    }
    pthread_mutex_lock(&o->lock);
    str_copy(o->status.name, sizeof(o->status.name), d->name);
    str_copy(o->status.api, sizeof(o->status.api), Pa_GetHostApiInfo(d->hostApi)->name);
    o->status.rate = info ? info->sampleRate : PCM_RATE;
    o->pa = pa;
    pthread_mutex_unlock(&o->lock);
    return paNoError;
}

/*
 * Closing the stream of a JACK server that died hangs for minutes or ends in an assertion of PortAudio (pa_jack.c, CleanUpStream), which takes the show
 * with it. Such a stream is left behind, and the library with it: sound comes back with a restart, light does not notice.
 */
static void close_device(struct output *o, bool is_lost)
{
    pthread_mutex_lock(&o->lock);       /* see output_is_alive() */
    PaStream *pa = o->pa;
    o->pa = NULL;
    bool is_jack = strstr(o->status.api, "JACK") != NULL;
    pthread_mutex_unlock(&o->lock);
    if (!pa)
        return;
    stream_silence(o->stream);
    if (is_jack && (is_lost || Pa_IsStreamActive(pa) != 1)) {
        o->is_stuck = true;
        log_warn("audio", "the JACK server is gone: sound needs a restart of lumad");
        return;
    }
    busy(o, true);
    Pa_AbortStream(pa);
    Pa_CloseStream(pa);
    busy(o, false);
}

/* Returns whether the wanted device plays now. A retry starts the library anew: it sees only devices that were there at its start. */
static bool open_device(struct output *o, const char *wanted, bool is_retry)
{
    close_device(o, false);
    if (o->is_stuck)
        return false;
    if (is_retry || !strcmp(wanted, "clock"))
        library_close(o);
    if (!strcmp(wanted, "clock"))
        return false;
    if (!library_open(o))
        return false;
    busy(o, true);
    PaDeviceIndex index = find_device(wanted);
    PaError e = index == paNoDevice ? paDeviceUnavailable : start(o, index);
    busy(o, false);
    if (!e)
        log_info("audio", "sound goes to %s", o->status.name);
    else if (!is_retry && strcmp(wanted, "auto"))
        log_warn("audio", "%s: %s", wanted, Pa_GetErrorText(e));
    else if (!is_retry)
        log_info("audio", "no sound card, the clock plays");
    return !e;
}

static void output_put(struct output *o)
{
    pthread_mutex_lock(&o->lock);
    bool is_last = !--o->refs;
    pthread_mutex_unlock(&o->lock);
    if (!is_last)
        return;
    sink_free(o->sink);
    free(o->stream);
    pthread_cond_destroy(&o->wake);
    pthread_cond_destroy(&o->parted);
    pthread_mutex_destroy(&o->lock);
    free(o);
}

static void *run(void *arg)
{
    struct output *o = arg;
    bool is_retrying = false;
    int64_t retry_ms = RETRY_MS;
    char wanted[sizeof(o->wanted)];

    pthread_mutex_lock(&o->lock);
    while (!o->is_closing) {
        if (!o->has_wish && !o->is_lost) {
            if (is_retrying)
                wait_ms(&o->wake, &o->lock, retry_ms);
            else
                pthread_cond_wait(&o->wake, &o->lock);
            if (o->is_closing)
                break;
        }
        bool has_wish = o->has_wish, is_lost = o->is_lost;
        if (!has_wish && !is_lost && !is_retrying)
            continue;
        o->has_wish = o->is_lost = false;
        is_retrying = has_wish ? false : is_lost ? o->wants_retry : is_retrying;
        str_copy(wanted, sizeof(wanted), o->wanted);
        pthread_mutex_unlock(&o->lock);

        if (is_lost && !has_wish) {
            close_device(o, true);
            if (!o->is_stuck)
                library_close(o);       /* gives the card back, and the next look sees new ones */
            set_state(o, OUTPUT_NONE);
            retry_ms = RETRY_MS;
        } else {
            if (has_wish)
                set_state(o, OUTPUT_OPENING);
            bool is_open = open_device(o, wanted, is_retrying);
            if (has_wish)
                retry_ms = MISSING_MS;
            is_retrying = !is_open && strcmp(wanted, "clock");
            if (is_open || has_wish)
                set_state(o, is_open ? OUTPUT_RUNNING : OUTPUT_NONE);
        }
        pthread_mutex_lock(&o->lock);
    }
    pthread_mutex_unlock(&o->lock);
    close_device(o, false);
    if (!o->is_stuck)
        library_close(o);
    pthread_mutex_lock(&o->lock);
    o->has_parted = true;
    pthread_cond_signal(&o->parted);
    pthread_mutex_unlock(&o->lock);
    if (!o->is_stuck)                   /* the callback of a stream left behind may still look at it */
        output_put(o);
    return NULL;
}

/* --- the owner --- */

enum lm_err output_new(void (*news)(void *ctx), void *ctx, struct output **result)
{
    struct output *o = calloc(1, sizeof(*o));

    if (o && (o->stream = aligned_alloc(64, (stream_size() + 63) / 64 * 64))) {
        stream_init(o->stream);
        o->sink = sink_new(o->stream);
    }
    if (!o || !o->sink) {
        if (o)
            free(o->stream);
        free(o);
        return LM_NOMEM;
    }
    o->news = news;
    o->ctx = ctx;
    o->refs = 1;
    pthread_mutex_init(&o->lock, NULL);
    thread_cond_init(&o->wake);
    thread_cond_init(&o->parted);
    *result = o;
    return LM_OK;
}

void output_free(struct output *o)
{
    if (!o)
        return;
    pthread_mutex_lock(&o->lock);
    o->is_closing = true;
    o->news = NULL;
    stream_silence(o->stream);
    pthread_cond_signal(&o->wake);
    if (o->has_thread && !o->has_parted)
        wait_ms(&o->parted, &o->lock, PART_MS);
    pthread_mutex_unlock(&o->lock);
    output_put(o);
}

struct stream *output_stream(struct output *o)
{
    return o->stream;
}

enum lm_err output_switch(struct output *o, const char *device)
{
    enum lm_err err = LM_OK;

    pthread_mutex_lock(&o->lock);
    str_copy(o->wanted, sizeof(o->wanted), device);
    if (!o->has_thread && strcmp(device, "clock")) {
        pthread_t thread;
        o->refs++;
        if ((err = thread_start(&thread, &(struct thread_options){ .name = "sound card", .stack = 1 << 20 }, run, o)))
            o->refs--;
        else
            pthread_detach(thread);
        o->has_thread = !err;
    }
    if (!err && o->has_thread) {
        o->has_wish = true;
        o->status.state = strcmp(device, "clock") ? OUTPUT_OPENING : OUTPUT_NONE;
    }
    pthread_cond_signal(&o->wake);
    pthread_mutex_unlock(&o->lock);
    return err;
}

void output_get(struct output *o, struct output_status *status)
{
    pthread_mutex_lock(&o->lock);
    *status = o->status;
    status->is_stuck = o->busy_since && real_ns() - o->busy_since > STUCK_MS * 1000000LL;
    pthread_mutex_unlock(&o->lock);
}

/* Pa_IsStreamActive() only reads flags. The lock keeps the stream from being closed meanwhile: close_device() takes it out first. */
bool output_is_alive(struct output *o)
{
    pthread_mutex_lock(&o->lock);
    PaStream *pa = o->status.state == OUTPUT_RUNNING ? o->pa : NULL;
    bool is_alive = pa && Pa_IsStreamActive(pa) == 1;
    pthread_mutex_unlock(&o->lock);
    return is_alive;
}

void output_lose(struct output *o, bool retry)
{
    pthread_mutex_lock(&o->lock);
    if (o->status.state == OUTPUT_RUNNING) {
        o->is_lost = true;
        o->wants_retry = retry;
        o->status.state = OUTPUT_LOST;
        stream_silence(o->stream);
        pthread_cond_signal(&o->wake);
    }
    pthread_mutex_unlock(&o->lock);
}

size_t output_list(struct player_device *out, size_t max)
{
    pthread_mutex_lock(&list_lock);
    size_t n = list_n < max ? list_n : max;
    memcpy(out, list, n * sizeof(*out));
    pthread_mutex_unlock(&list_lock);
    return n;
}
