/*
 * A sound card, in a process of its own: when a card or a JACK server disappears, calls of PortAudio hang for minutes or end in an assertion, and then it is this
 * process that is ended and started again, not lumad.
 *
 *   audio_worker --list
 *       {"devices":[...]}                          as audio/devices.h
 *   audio_worker --play WISH     descriptor 3: the memory of a struct stream (audio/stream.h)
 *   audio_worker --listen WISH   the same, for an input: its meters
 *       {"devices":[...]}
 *       {"opened":{"name","api","rate","channels","latency_ms","period","converted"}}    its callback is being called; period in its own frames
 *       {"alive":callbacks}                        every second
 *       {"lost":{"message"}}                       and status 2
 *
 * A device that cannot be opened is {"error":{"code","message"}} and status 1; codes: missing, busy, rate, silent, memory, library.
 *
 * It ends by itself when its standard input closes, and does so whatever PortAudio does meanwhile. It never calls a function of PortAudio on a stream that has
 * ended: those are the ones that hang.
 *
 * A device without 48 kHz is given its own rate by audio/convert.h; one with a single channel gets the mean of both, of one with more the first two are used.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <portaudio.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "audio/convert.h"
#include "audio/devices.h"
#include "audio/pcm.h"
#include "audio/sink.h"
#include "audio/stream.h"
#include "core/clock.h"
#include "core/str.h"
#include "core/thread.h"

enum {
    STREAM_FILE = 3,
    LOOK_MS = 10,                       /* between two looks at the device */
    FIRST_MS = 3000,                    /* until it runs */
    RUN_MS = 100,                       /* it runs when a callback has come so long after the first: sound servers take a first buffer at once and then think for half a second */
    STALL_MS = 300, STALL_PERIODS = 8,  /* without a callback: dead; whichever is more */
    STALL_MAX_MS = 1000,
    ALIVE_MS = 1000,
    END_MS = 300,                       /* what PortAudio may take to close a healthy device */
    END_S = 5,                          /* ... when nobody waits */
    SANE_MS = 300,                      /* a device that has run for so long at its own speed may have real time */
    PRIORITY = 55,                      /* below lumad's engine */
    LATENCY_MAX = 2,                    /* seconds; devices report 0 and 89478 alike */
};

struct card {
    enum device_way way;
    struct sink *sink;
    struct convert *convert;            /* NULL: the device runs at 48 kHz */
    int channels;
    double rate, latency;               /* Hz; seconds, when the callback's own is no use */
    PaStream *pa;
    struct device device;

    int64_t first_ns;                   /* the callback's own */
    uint64_t frames;
    bool is_raised;

    atomic_ullong callbacks;
    atomic_llong last_ns;
    atomic_uint period;                 /* frames of the longest callback */
};

static atomic_bool is_ending;

/* --- what it says --- */

static void say(json_t *line)
{
    json_dumpf(line, stdout, JSON_COMPACT);
    putchar('\n');
    fflush(stdout);
    json_decref(line);
}

/* Without exit handlers: libraries of sound wait there for threads that never come. A healthy JACK server is told: it would wait for a client that just vanishes. */
static _Noreturn void leave(int status)
{
    alarm(END_S);                       /* one that is not healthy */
    Pa_Terminate();
    _exit(status);
}

static _Noreturn void fail(const char *code, const char *message)
{
    say(json_pack("{s:{s:s, s:s}}", "error", "code", code, "message", message));
    leave(1);
}

static _Noreturn void lost(const char *message)
{
    say(json_pack("{s:{s:s}}", "lost", "message", message));
    _exit(2);
}

/* --- noise: ALSA and JACK write to stderr while PortAudio looks around --- */

static void quiet_alsa(const char *file, int line, const char *function, int err, const char *fmt, ...)
{
    (void)file, (void)line, (void)function, (void)err, (void)fmt;
}

static void quiet_jack(const char *text)
{
    (void)text;
}

/* PortAudio brings both libraries along where it was built with them; we link neither. */
static void silence_libraries(void)
{
    void (*alsa)(void (*)(const char *, int, const char *, int, const char *, ...));
    void (*jack)(void (*)(const char *));
    void (*name)(const char *);
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
    symbol = dlsym(RTLD_DEFAULT, "PaJack_SetClientName");
    memcpy(&name, &symbol, sizeof(name));
    if (symbol)
        name("lumad");
}

/* --- devices --- */

/* What "auto" means: whoever runs a JACK server wants it to play (ALSA's own device "jack" would be a detour to it), else PortAudio's default. */
static PaDeviceIndex first(enum device_way way)
{
    PaHostApiIndex jack = Pa_HostApiTypeIdToHostApiIndex(paJACK);
    const PaHostApiInfo *api = jack < 0 ? NULL : Pa_GetHostApiInfo(jack);
    PaDeviceIndex index = !api ? paNoDevice : way == DEVICE_OUT ? api->defaultOutputDevice : api->defaultInputDevice;

    return index != paNoDevice ? index : way == DEVICE_OUT ? Pa_GetDefaultOutputDevice() : Pa_GetDefaultInputDevice();
}

static bool describe(PaDeviceIndex index, struct device *d)
{
    const PaDeviceInfo *info = Pa_GetDeviceInfo(index);
    const PaHostApiInfo *api = info ? Pa_GetHostApiInfo(info->hostApi) : NULL;

    if (!api || !info->name || !api->name || (info->maxOutputChannels < 1 && info->maxInputChannels < 1))
        return false;
    double latency = info->maxOutputChannels > 0 ? info->defaultHighOutputLatency : info->defaultHighInputLatency;
    *d = (struct device){ .index = index, .rate = info->defaultSampleRate, .channels = { info->maxOutputChannels, info->maxInputChannels },
                          .is_default = { index == api->defaultOutputDevice, index == api->defaultInputDevice },
                          .is_first = { index == first(DEVICE_OUT), index == first(DEVICE_IN) },
                          .latency_ms = latency > 0 && latency <= LATENCY_MAX ? latency * 1000 : 0 };
    char text[512] = "";
    str_copy(text, sizeof(text), info->name);
    utf8_tidy(d->name, text, sizeof(d->name) - 1);
    str_copy(text, sizeof(text), api->name);
    utf8_tidy(d->api, text, sizeof(d->api) - 1);
    return true;
}

static void look_around(struct devices *list)
{
    silence_libraries();
    PaError e = Pa_Initialize();
    if (e)
        fail("library", Pa_GetErrorText(e));
    silence_libraries();                /* once more: it may have put its own there */
    list->n = 0;
    for (int i = 0; i < Pa_GetDeviceCount() && list->n < DEVICES; i++)
        list->n += describe(i, &list->d[list->n]);
    say(json_pack("{s:o}", "devices", devices_json(list)));
}

/* --- the callback; thread: audio (real time) --- */

/* Not before it has been seen to keep time: a device without a clock would take a whole processor, and nothing could stop it. JACK has seen to it itself. */
static void raise_priority(struct card *c, int64_t now, uint32_t n)
{
    struct sched_param p = { .sched_priority = PRIORITY };
    int policy;

    if (!c->first_ns)
        c->first_ns = now;
    c->frames += n;
    if (c->is_raised || now - c->first_ns < SANE_MS * 1000000LL)
        return;
    c->is_raised = true;
    bool is_sane = (double)c->frames < 2 * c->rate * (double)(now - c->first_ns) / 1e9;
    if (is_sane && !pthread_getschedparam(pthread_self(), &policy, &p) && policy == SCHED_OTHER) {
        p.sched_priority = PRIORITY;
        pthread_setschedparam(pthread_self(), SCHED_FIFO, &p);      /* where it may not, it plays all the same */
    }
}

struct moment { struct card *card; int64_t now, latency; };

static void fill(void *ctx, float *frames, uint32_t n, int64_t ahead)
{
    struct moment *m = ctx;

    sink_run(m->card->sink, frames, n, m->card->channels, m->now, m->latency + ahead);
}

static void take(void *ctx, const float *frames, uint32_t n)
{
    struct card *c = ctx;

    sink_input(c->sink, frames, n, c->channels);
}

static int callback(const void *in, void *out, unsigned long frames, const PaStreamCallbackTimeInfo *t, PaStreamCallbackFlags flags, void *arg)
{
    struct card *c = arg;
    uint32_t n = (uint32_t)frames;
    struct moment m = { .card = c, .now = clock_mono_ns() };
    double latency = t ? t->outputBufferDacTime - t->currentTime : 0;

    (void)flags;
    raise_priority(c, m.now, n);
#ifdef LUMAD_RT_TRAP
    thread_enter_real_time(0);
#endif
    m.latency = (int64_t)((latency > 0 && latency <= LATENCY_MAX ? latency : c->latency) * 1e9);
    if (c->way == DEVICE_OUT && c->convert)
        convert_run(c->convert, out, n, fill, &m);
    else if (c->way == DEVICE_OUT)
        sink_run(c->sink, out, n, c->channels, m.now, m.latency);
    else if (in && c->convert)
        convert_push(c->convert, in, n, take, c);
    else if (in)
        sink_input(c->sink, in, n, c->channels);
    if (n > atomic_load_explicit(&c->period, memory_order_relaxed))
        atomic_store_explicit(&c->period, n, memory_order_relaxed);
    atomic_store_explicit(&c->last_ns, m.now, memory_order_relaxed);
    atomic_fetch_add_explicit(&c->callbacks, 1, memory_order_release);
#ifdef LUMAD_RT_TRAP
    thread_leave_real_time();
#endif
    return paContinue;
}

/* --- opening --- */

static PaError open_at(struct card *c, double rate)
{
    const struct device *d = &c->device;
    const PaDeviceInfo *info = Pa_GetDeviceInfo(d->index);
    bool is_out = c->way == DEVICE_OUT;
    PaStreamParameters p = { .device = d->index, .channelCount = c->channels, .sampleFormat = paFloat32,
                             .suggestedLatency = is_out ? info->defaultHighOutputLatency : info->defaultHighInputLatency };

    return Pa_OpenStream(&c->pa, is_out ? NULL : &p, is_out ? &p : NULL, rate, paFramesPerBufferUnspecified,
                         is_out ? paPrimeOutputBuffersUsingStreamCallback : paNoFlag, callback, c);
}

/* At lumad's own rate if it can be, else at the device's, else at one that is common. */
static PaError open_device(struct card *c)
{
    const double rates[] = { PCM_RATE, c->device.rate, 44100, 96000, 192000, 88200, 176400, 32000 };
    PaError e = paInvalidSampleRate;

    convert_free(c->convert);           /* of a device that could be opened and not be started */
    c->convert = NULL;
    c->channels = c->device.channels[c->way] >= 2 ? 2 : 1;
    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]) && e == paInvalidSampleRate; i++)
        if (rates[i] >= 8000 && rates[i] <= 384000 && (!i || rates[i] != rates[0])) {
            c->rate = rates[i];
            e = open_at(c, c->rate);
        }
    if (e)
        return e;
    const PaStreamInfo *info = Pa_GetStreamInfo(c->pa);
    double latency = info ? (c->way == DEVICE_OUT ? info->outputLatency : info->inputLatency) : 0;
    c->latency = latency > 0 && latency <= LATENCY_MAX ? latency : 0;
    if (c->rate != PCM_RATE) {
        c->convert = c->way == DEVICE_OUT ? convert_new(c->rate, c->channels) : convert_new_input(c->rate, c->channels);
        if (!c->convert)
            fail("memory", "there is no memory for converting to the rate of the device");
    }
    if ((e = Pa_StartStream(c->pa)) && !strstr(c->device.api, "JACK"))      /* closing what JACK left half made hangs */
        Pa_CloseStream(c->pa);
    if (e) {
        c->first_ns = 0;
        atomic_store(&c->callbacks, 0);
    }
    return e;
}

static void explain(PaError e, const struct device *d)
{
    const PaHostErrorInfo *host = e == paUnanticipatedHostError ? Pa_GetLastHostErrorInfo() : NULL;
    char message[400];

    if (e == paInvalidSampleRate)
        snprintf(message, sizeof(message), "%s has none of the usual sample rates", d->name);
    else
        snprintf(message, sizeof(message), "%s cannot be opened, another program may hold it: %s", d->name, host && host->errorText && *host->errorText ? host->errorText : Pa_GetErrorText(e));
    utf8_mend(message);
    fail(e == paInvalidSampleRate ? "rate" : "busy", message);
}

/* The device that is wished for; where any will do, the first one that opens: the system's default, then that of each host API. */
static void open_wish(struct card *c, const struct devices *list, const char *wish)
{
    const struct device *d = devices_find(list, wish, c->way);
    char message[200];
    PaError e = paDeviceUnavailable;

    if (d) {
        c->device = *d;
        e = open_device(c);
    }
    for (size_t i = 0; e && !strcmp(wish, "auto") && i < list->n; i++) {
        if (&list->d[i] == d || !list->d[i].is_default[c->way])
            continue;
        c->device = list->d[i];
        e = open_device(c);
    }
    if (e && !*c->device.name) {
        snprintf(message, sizeof(message), strcmp(wish, "auto") ? "There is no sound device \"%.120s\"" : "There is no sound device", wish);
        utf8_mend(message);
        fail("missing", message);
    }
    if (e)
        explain(e, &c->device);
}

static bool is_running(struct card *c)
{
    return atomic_load(&c->callbacks) && atomic_load(&c->last_ns) - c->first_ns >= RUN_MS * 1000000LL;
}

static void wait_running(struct card *c)
{
    for (int waited = 0; !is_running(c); waited += LOOK_MS) {
        if (waited >= FIRST_MS)
            fail("silent", "The device was opened, and takes no sound");
        usleep(LOOK_MS * 1000);
    }
    const struct device *d = &c->device;
    say(json_pack("{s:{s:s, s:s, s:f, s:i, s:f, s:i, s:b}}", "opened", "name", d->name, "api", d->api, "rate", c->rate, "channels", c->channels, "latency_ms",
                  c->latency * 1000, "period", (int)atomic_load(&c->period), "converted", c->convert != NULL));
}

/* --- life --- */

/* lumad is gone, or wants this to end: whatever the other threads hang in. */
static void *watch_input(void *arg)
{
    char c;
    ssize_t n;

    do
        n = read(STDIN_FILENO, &c, 1);
    while (n > 0 || (n < 0 && errno == EINTR));
    atomic_store(&is_ending, true);
    usleep(END_MS * 1000);
    _exit(0);
    return arg;
}

static _Noreturn void end(struct card *c)
{
    if (Pa_IsStreamActive(c->pa) == 1) {        /* JACK and sound servers like to be told */
        Pa_AbortStream(c->pa);
        Pa_CloseStream(c->pa);
        leave(0);
    }
    _exit(0);
}

static _Noreturn void watch_device(struct card *c)
{
    int64_t seen_ns = clock_mono_ns(), said_ns = seen_ns;
    unsigned long long seen = 0;

    for (;;) {
        usleep(LOOK_MS * 1000);
        if (atomic_load(&is_ending))
            end(c);
        if (Pa_IsStreamActive(c->pa) != 1)      /* reads flags, no more */
            lost(strstr(c->device.api, "JACK") ? "the JACK server is gone" : "the device has ended");
        int64_t now = clock_mono_ns();
        unsigned long long callbacks = atomic_load(&c->callbacks);
        int64_t stall_ms = llround(fmin(STALL_MAX_MS, fmax(STALL_MS, STALL_PERIODS * 1000.0 * atomic_load(&c->period) / c->rate)));
        if (callbacks != seen)
            seen = callbacks, seen_ns = now;
        else if (now - seen_ns > stall_ms * 1000000)
            lost("it takes no sound any more");
        if (now - said_ns >= ALIVE_MS * 1000000LL) {
            said_ns = now;
            say(json_pack("{s:I}", "alive", (json_int_t)callbacks));
        }
    }
}

static struct stream *map_stream(void)
{
    struct stat st;
    void *map = MAP_FAILED;

    if (!fstat(STREAM_FILE, &st) && st.st_size > 0)
        map = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, STREAM_FILE, 0);
    if (map == MAP_FAILED || !stream_is_valid(map, (size_t)st.st_size))
        fail("memory", "audio_worker and lumad are not of the same version: install both again");
    close(STREAM_FILE);
    return map;
}

int main(int argc, char **argv)
{
    static const struct thread_options watcher = { .name = "stdin" };
    static struct devices list;
    static struct card card;
    bool is_list = argc == 2 && !strcmp(argv[1], "--list");
    bool is_play = argc == 3 && !strcmp(argv[1], "--play"), is_listen = argc == 3 && !strcmp(argv[1], "--listen");
    pthread_t thread;

    if (!is_list && !is_play && !is_listen) {
        fputs("audio_worker --list | --play WISH | --listen WISH\n", stderr);
        return 1;
    }
    setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });       /* assertions of PortAudio are no news */
    if (is_list) {
        look_around(&list);
        leave(0);
    }
    if (thread_start(&thread, &watcher, watch_input, NULL))
        fail("memory", "no thread can be started");
    card.way = is_play ? DEVICE_OUT : DEVICE_IN;
    if (!(card.sink = sink_new(map_stream())))
        fail("memory", "there is no memory for the sound");
    thread_lock_memory();
    thread_ask_short_slices();
    look_around(&list);
    open_wish(&card, &list, argv[2]);
    wait_running(&card);
    watch_device(&card);
}
