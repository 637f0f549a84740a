/*
 * A sound card for tests: stands in for libportaudio.so.2 and obeys a file. CARD names the file, CARD_API the host API it belongs to, CARD_RATE the only rate it has.
 *
 * The file's word: "play" (as a card does), "absent" (there is no card), "silent" (no callbacks any more, the stream still says it is active),
 * "ended" (no callbacks, the stream says so), "hang" (silent, and stopping it never comes back), "abort" (silent, and stopping it is an assertion),
 * "wild" (callbacks as fast as they can be taken: what a dying JACK server does). A number behind it: there is a second card, and the default is this one of them (1, 2).
 *
 * What comes out is thrown away, what goes in is half of full scale; the card's clock is the machine's.
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

enum { BLOCK = 512, CARDS = 2 };

static struct card {
    PaStreamCallback *callback;
    void *user;
    bool is_input;
    pthread_t thread;
    atomic_bool is_running;
} card;

/* Returns the number behind the word; 0: there is none. */
static int read_file(char word[32])
{
    int number = 0;
    FILE *f = fopen(getenv("CARD"), "r");

    strcpy(word, "play");
    if (f) {
        if (fscanf(f, "%31s %d", word, &number) < 1)
            word[0] = '\0';
        fclose(f);
    }
    return number;
}

static bool has_word(const char *word)
{
    char text[32];

    read_file(text);
    return !strcmp(text, word);
}

static int first(void)
{
    char text[32];
    int number = read_file(text);

    return number > 0 ? number - 1 : 0;
}

static double rate_of_card(void)
{
    return getenv("CARD_RATE") ? atof(getenv("CARD_RATE")) : 48000;
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
    for (int i = 0; i < BLOCK * 2; i++)
        block[i] = i / 2 % 2 ? 0.5f : -0.5f;
    while (card.is_running) {
        bool is_wild = has_word("wild");
        if (is_wild || has_word("play")) {
            PaStreamCallbackTimeInfo t = { .currentTime = now(), .outputBufferDacTime = now() + 0.02 };
            card.callback(card.is_input ? block : NULL, card.is_input ? NULL : block, BLOCK, &t, 0, card.user);
        }
        next = is_wild ? now() : next + BLOCK / rate_of_card();
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
const PaHostErrorInfo *Pa_GetLastHostErrorInfo(void) { return NULL; }
PaDeviceIndex Pa_GetDefaultOutputDevice(void) { return has_word("absent") ? paNoDevice : first(); }
PaDeviceIndex Pa_GetDefaultInputDevice(void) { return has_word("absent") ? paNoDevice : 0; }
PaHostApiIndex Pa_HostApiTypeIdToHostApiIndex(PaHostApiTypeId type) { return type == paJACK && strstr(getenv("CARD_API"), "JACK") ? 0 : paHostApiNotFound; }

PaDeviceIndex Pa_GetDeviceCount(void)
{
    char text[32];
    int number = read_file(text);

    return !strcmp(text, "absent") ? 0 : number ? CARDS : 1;
}

const PaDeviceInfo *Pa_GetDeviceInfo(PaDeviceIndex i)
{
    static PaDeviceInfo info[CARDS] = {
        { .structVersion = 2, .name = "Test card", .maxOutputChannels = 2, .maxInputChannels = 2, .defaultLowOutputLatency = 0.01, .defaultHighOutputLatency = 0.02 },
        { .structVersion = 2, .name = "Other card", .maxOutputChannels = 1, .defaultLowOutputLatency = 0.01, .defaultHighOutputLatency = 0.02 },
    };

    if (i < 0 || i >= CARDS)
        return NULL;
    info[i].defaultSampleRate = rate_of_card();
    return &info[i];
}

const PaHostApiInfo *Pa_GetHostApiInfo(PaHostApiIndex i)
{
    static PaHostApiInfo info = { .structVersion = 1 };

    info.name = getenv("CARD_API");
    info.defaultOutputDevice = Pa_GetDefaultOutputDevice();
    info.defaultInputDevice = Pa_GetDefaultInputDevice();
    return i ? NULL : &info;
}

PaError Pa_OpenStream(PaStream **stream, const PaStreamParameters *in, const PaStreamParameters *out, double rate, unsigned long frames,
                      PaStreamFlags flags, PaStreamCallback *callback, void *user)
{
    (void)frames, (void)flags;
    if (has_word("absent"))
        return paDeviceUnavailable;
    if (rate != rate_of_card())
        return paInvalidSampleRate;
    card.callback = callback, card.user = user, card.is_input = in != NULL;
    if ((in ? in : out)->channelCount > (in ? Pa_GetDeviceInfo(in->device)->maxInputChannels : Pa_GetDeviceInfo(out->device)->maxOutputChannels))
        return paInvalidChannelCount;
    *stream = &card;
    return paNoError;
}

const PaStreamInfo *Pa_GetStreamInfo(PaStream *stream)
{
    static PaStreamInfo info = { .structVersion = 1, .outputLatency = 0.02 };

    (void)stream;
    info.sampleRate = rate_of_card();
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
