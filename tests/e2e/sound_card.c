/*
 * A sound card for tests: stands in for libportaudio.so.2 and obeys a file. CARD names the file, CARD_API the host API it belongs to.
 *
 * The file's word: "play" (as a card does), "absent" (there is no card), "silent" (no callbacks any more, the stream still says it is active),
 * "ended" (no callbacks, the stream says so), "hang" (silent, and stopping it never comes back), "abort" (silent, and stopping it is an assertion),
 * "wild" (callbacks as fast as they can be taken: what a dying JACK server does).
 *
 * What comes out is thrown away; the card's clock is the machine's.
 */
#include <portaudio.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 512, RATE = 48000 };

static struct card {
    PaStreamCallback *callback;
    void *user;
    int channels;
    pthread_t thread;
    atomic_bool is_running;
} card;

static bool has_word(const char *word)
{
    char text[32] = "play";
    FILE *f = fopen(getenv("CARD"), "r");

    if (f) {
        if (fscanf(f, "%31s", text) != 1)
            text[0] = '\0';
        fclose(f);
    }
    return !strcmp(text, word);
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void *play(void *arg)
{
    static float block[BLOCK * 2];
    double next = now();

    (void)arg;
    while (card.is_running) {
        bool is_wild = has_word("wild");
        if (is_wild || has_word("play")) {
            PaStreamCallbackTimeInfo t = { .currentTime = now(), .outputBufferDacTime = now() + 0.02 };
            card.callback(NULL, block, BLOCK, &t, 0, card.user);
        }
        next = is_wild ? now() : next + (double)BLOCK / RATE;
        double left = next - now();
        if (left > 0)
            usleep((useconds_t)(left * 1e6));
        else if (!is_wild)
            next = now();
        if (is_wild)
            usleep(100);
    }
    return NULL;
}

PaError Pa_Initialize(void) { return paNoError; }
PaError Pa_Terminate(void) { return paNoError; }
const char *Pa_GetErrorText(PaError e) { return e == paDeviceUnavailable ? "Device unavailable" : "failed"; }
PaDeviceIndex Pa_GetDeviceCount(void) { return has_word("absent") ? 0 : 1; }
PaDeviceIndex Pa_GetDefaultOutputDevice(void) { return has_word("absent") ? paNoDevice : 0; }
PaDeviceIndex Pa_GetDefaultInputDevice(void) { return paNoDevice; }
PaHostApiIndex Pa_HostApiTypeIdToHostApiIndex(PaHostApiTypeId type) { return type == paJACK && strstr(getenv("CARD_API"), "JACK") ? 0 : paHostApiNotFound; }
const PaHostErrorInfo *Pa_GetLastHostErrorInfo(void) { return NULL; }

const PaDeviceInfo *Pa_GetDeviceInfo(PaDeviceIndex i)
{
    static const PaDeviceInfo info = { .structVersion = 2, .name = "Test card", .maxOutputChannels = 2, .defaultLowOutputLatency = 0.01,
                                       .defaultHighOutputLatency = 0.02, .defaultSampleRate = RATE };

    return i ? NULL : &info;
}

const PaHostApiInfo *Pa_GetHostApiInfo(PaHostApiIndex i)
{
    static PaHostApiInfo info = { .structVersion = 1, .defaultInputDevice = paNoDevice };

    info.name = getenv("CARD_API");
    return i ? NULL : &info;
}

PaError Pa_OpenStream(PaStream **stream, const PaStreamParameters *in, const PaStreamParameters *out, double rate, unsigned long frames,
                      PaStreamFlags flags, PaStreamCallback *callback, void *user)
{
    (void)in, (void)frames, (void)flags;
    if (has_word("absent"))
        return paDeviceUnavailable;
    if (rate != RATE || out->channelCount != 2)
        return paInvalidSampleRate;
    card.callback = callback, card.user = user, card.channels = out->channelCount;
    *stream = &card;
    return paNoError;
}

const PaStreamInfo *Pa_GetStreamInfo(PaStream *stream)
{
    static const PaStreamInfo info = { .structVersion = 1, .outputLatency = 0.02, .sampleRate = RATE };

    (void)stream;
    return &info;
}

PaError Pa_StartStream(PaStream *stream)
{
    (void)stream;
    card.is_running = true;
    return pthread_create(&card.thread, NULL, play, NULL) ? paInternalError : paNoError;
}

PaError Pa_IsStreamActive(PaStream *stream)
{
    (void)stream;
    return card.is_running && !has_word("ended");
}

PaError Pa_AbortStream(PaStream *stream)
{
    (void)stream;
    while (has_word("hang"))
        usleep(100000);
    if (has_word("abort"))
        abort();
    if (atomic_exchange(&card.is_running, false))
        pthread_join(card.thread, NULL);
    return paNoError;
}

PaError Pa_CloseStream(PaStream *stream) { return Pa_AbortStream(stream); }
