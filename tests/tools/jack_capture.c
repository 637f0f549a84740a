/*
 * Records what other programs play to a JACK server, with the instant of each period: the ears of the sound tests.
 *
 *     jack_capture SERVER SAMPLES INDEX
 *
 * It joins the server, connects itself to the first two audio outputs of every client there is, says "ready" on stdout, goes on to connect itself to those
 * that come, and records until its stdin ends. Then it says one line of JSON:
 *
 *   rate, period     of the server
 *   periods, frames  recorded
 *   xruns            the server said that a period came too late
 *   lost             periods that did not fit into the ring: then the recording is worth nothing
 *   offset_ns, offset_end_ns   CLOCK_MONOTONIC minus JACK's own clock, at the start and at the end
 *   died             the server went away
 *
 * SAMPLES is interleaved float32 stereo, INDEX one record of 48 bytes for each period, both in the machine's byte order:
 *
 *   int64   at_ns    CLOCK_MONOTONIC of its first frame as the server says: jack_get_cycle_times()
 *   int64   woken_ns CLOCK_MONOTONIC as this program was called for it
 *   uint64  first    number of that frame in SAMPLES
 *   uint32  frames
 *   uint32  number   JACK's own number of the first frame; where it is not the one before plus `frames`, the server skipped time
 *   uint32  xruns    so far
 *   int32   latency  frames from here to the loudspeaker (of system:playback_1), -1: there is none
 *   uint32  sources  how many of the two inputs are connected
 *   uint32  0
 *
 * JACK's clock is not CLOCK_MONOTONIC (0.2 s off on some machines), so both are read in each period.
 *
 * Exit status: 0; 3 no such server, or one that does not run.
 */
#include <jack/jack.h>
#include <jack/ringbuffer.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { CHANNELS = 2, RING = 16 << 20, LOOK_MS = 20, JOIN_TRIES = 100, CLOSE_NS = 20000, ENOUGH = 8, RUN_MS = 2000 };

struct record {
    int64_t at_ns, woken_ns;
    uint64_t first;
    uint32_t frames, number, xruns;
    int32_t latency;
    uint32_t sources, unused;
};

static jack_client_t *client;
static jack_port_t *inputs[CHANNELS];
static jack_ringbuffer_t *ring;
static uint64_t frames, lost;                      /* the callback's own until it has ended */
static atomic_ullong periods;
static atomic_uint xruns, sources;
static atomic_int latency = -1;
static atomic_bool has_died, must_look = true;

static int64_t mono_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* CLOCK_MONOTONIC minus JACK's clock: the tightest of a few looks at both. */
static int64_t clock_offset(void)
{
    int64_t best = INT64_MAX, offset = 0;

    for (int i = 0; i < 5 && best > CLOSE_NS; i++) {
        int64_t before = mono_ns(), jack = (int64_t)jack_get_time() * 1000, after = mono_ns();
        if (after - before < best) {
            best = after - before;
            offset = (before + after) / 2 - jack;
        }
    }
    return offset;
}

/* --- callbacks --- */

static void interleave(jack_nframes_t n, float *out)
{
    for (int c = 0; c < CHANNELS; c++) {
        const float *in = jack_port_get_buffer(inputs[c], n);
        for (jack_nframes_t i = 0; i < n; i++)
            out[i * CHANNELS + (jack_nframes_t)c] = in[i];
    }
}

static int process(jack_nframes_t n, void *arg)
{
    static float samples[8192 * CHANNELS];
    jack_nframes_t number;
    jack_time_t now, next;
    float period;
    struct record r = { .woken_ns = mono_ns(), .first = frames, .frames = n };

    (void)arg;
    if (n > 8192 || jack_get_cycle_times(client, &number, &now, &next, &period)
        || jack_ringbuffer_write_space(ring) < sizeof(r) + n * CHANNELS * sizeof(float)) {
        lost++;
        return 0;
    }
    r.at_ns = (int64_t)now * 1000 + clock_offset();
    r.number = number;
    r.xruns = atomic_load(&xruns);
    r.latency = atomic_load(&latency);
    r.sources = atomic_load(&sources);
    interleave(n, samples);
    jack_ringbuffer_write(ring, (const char *)&r, sizeof(r));
    jack_ringbuffer_write(ring, (const char *)samples, n * CHANNELS * sizeof(float));
    frames += n;
    atomic_fetch_add(&periods, 1);
    return 0;
}

static int on_xrun(void *arg)
{
    (void)arg;
    atomic_fetch_add(&xruns, 1);
    return 0;
}

static void on_change(jack_port_id_t a, jack_port_id_t b, int is_there, void *arg)
{
    (void)a, (void)b, (void)is_there, (void)arg;
    atomic_store(&must_look, true);
}

static void on_port(jack_port_id_t port, int is_there, void *arg)
{
    (void)port, (void)is_there, (void)arg;
    atomic_store(&must_look, true);
}

static void on_death(void *arg)
{
    (void)arg;
    atomic_store(&has_died, true);
}

static void quiet(const char *text)
{
    (void)text;
}

/* --- the main thread --- */

static void look_at_latency(void)
{
    jack_port_t *speaker = jack_port_by_name(client, "system:playback_1");
    jack_latency_range_t range;

    if (!speaker)
        return;
    jack_port_get_latency_range(speaker, JackPlaybackLatency, &range);
    atomic_store(&latency, (int32_t)range.max);
}

/* The first outputs of each client, in the order of their ports, go to left and right. */
static void look_around(void)
{
    const char **ports = jack_get_ports(client, NULL, JACK_DEFAULT_AUDIO_TYPE, JackPortIsOutput);
    const char *last = "";
    size_t length = 0;
    unsigned n = 0;

    for (int i = 0, c = 0; ports && ports[i]; i++) {
        bool is_same = !strncmp(ports[i], last, length) && length;
        c = is_same ? c + 1 : 0;
        last = ports[i];
        length = strcspn(last, ":") + 1;
        if (c >= CHANNELS || !strncmp(last, "system:", 7))
            continue;
        if (!jack_port_connected_to(inputs[c], last))
            jack_connect(client, last, jack_port_name(inputs[c]));
    }
    jack_free(ports);
    for (int c = 0; c < CHANNELS; c++)
        n += jack_port_connected(inputs[c]) > 0;
    atomic_store(&sources, n);
}

static bool copy(char *from, size_t n, FILE *to)
{
    return fwrite(from, 1, n, to) == n;
}

/* Whole records only: the callback writes head and samples in two steps. */
static bool drain(FILE *samples, FILE *index)
{
    static char data[8192 * CHANNELS * sizeof(float)];
    struct record r;

    while (jack_ringbuffer_peek(ring, (char *)&r, sizeof(r)) == sizeof(r)) {
        size_t n = r.frames * CHANNELS * sizeof(float);
        if (jack_ringbuffer_read_space(ring) < sizeof(r) + n)
            break;
        jack_ringbuffer_read_advance(ring, sizeof(r));
        jack_ringbuffer_read(ring, data, n);
        if (!copy((char *)&r, sizeof(r), index) || !copy(data, n, samples))
            return false;
    }
    return true;
}

static bool join(const char *server)
{
    jack_set_error_function(quiet);
    jack_set_info_function(quiet);
    for (int i = 0; i < JOIN_TRIES && !client; i++) {      /* a server that was just started takes a moment */
        if (i)
            usleep(100000);
        client = jack_client_open("ears", JackNoStartServer | JackServerName, NULL, server);
    }
    if (!client)
        return false;
    for (int c = 0; c < CHANNELS; c++)
        inputs[c] = jack_port_register(client, c ? "right" : "left", JACK_DEFAULT_AUDIO_TYPE, JackPortIsInput, 0);
    jack_set_process_callback(client, process, NULL);
    jack_set_xrun_callback(client, on_xrun, NULL);
    jack_set_port_connect_callback(client, on_change, NULL);
    jack_set_port_registration_callback(client, on_port, NULL);
    jack_on_shutdown(client, on_death, NULL);
    return inputs[0] && inputs[1] && !jack_activate(client);
}

/* A busy server may leave a new client behind at once, and for good. */
static bool is_running(void)
{
    for (int ms = 0; ms < RUN_MS && atomic_load(&periods) < ENOUGH; ms++)
        usleep(1000);
    return atomic_load(&periods) >= ENOUGH;
}

static bool record(FILE *samples, FILE *index)
{
    struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
    char byte;
    bool is_good = true;

    while (is_good && !atomic_load(&has_died)) {
        if (poll(&in, 1, LOOK_MS) > 0 && read(STDIN_FILENO, &byte, 1) <= 0)
            break;
        if (atomic_exchange(&must_look, false))
            look_around();
        look_at_latency();
        is_good = drain(samples, index);
    }
    return is_good;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: jack_capture SERVER SAMPLES INDEX\n");
        return 2;
    }
    FILE *samples = fopen(argv[2], "wb"), *index = fopen(argv[3], "wb");
    if (!samples || !index || !(ring = jack_ringbuffer_create(RING))) {
        perror("jack_capture");
        return 1;
    }
    mlockall(MCL_CURRENT | MCL_FUTURE);
    if (!join(argv[1])) {
        fprintf(stderr, "jack_capture: no JACK server \"%s\"\n", argv[1]);
        return 3;
    }
    int64_t offset = clock_offset();
    uint32_t rate = jack_get_sample_rate(client), period = jack_get_buffer_size(client);
    look_around();
    if (!is_running()) {
        fprintf(stderr, "jack_capture: the server \"%s\" does not call\n", argv[1]);
        _exit(3);
    }
    puts("ready");
    fflush(stdout);
    bool is_good = record(samples, index);
    int64_t offset_end = clock_offset();
    if (!atomic_load(&has_died))
        jack_deactivate(client);
    is_good = drain(samples, index) && is_good;
    is_good = !fclose(samples) && !fclose(index) && is_good;
    printf("{\"rate\": %u, \"period\": %u, \"periods\": %llu, \"frames\": %llu, \"xruns\": %u, \"lost\": %llu, \"offset_ns\": %lld, "
           "\"offset_end_ns\": %lld, \"died\": %s}\n", rate, period, (unsigned long long)atomic_load(&periods), (unsigned long long)frames,
           atomic_load(&xruns), (unsigned long long)lost, (long long)offset, (long long)offset_end,
           atomic_load(&has_died) ? "true" : "false");
    fflush(stdout);
    if (!is_good)
        fprintf(stderr, "jack_capture: the disk is full\n");
    _exit(is_good ? 0 : 1);             /* closing the client of a server that died may hang */
}
