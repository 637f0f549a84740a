/*
 * The whole player over a device that this test plays: what comes out is taken apart again sample by sample, by a parser that knows nothing of the player but its
 * promises, and compared with what was asked for.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../tap.h"
#include "audio/meters.h"
#include "audio/output.h"
#include "audio/pcm.h"
#include "audio/player.h"
#include "audio/sink.h"
#include "audio/stream_private.h"
#include "core/clock.h"
#include "core/path.h"
#include "core/str.h"
#include "core/thread.h"

enum { PERIOD = 256, PERIOD_MAX = 4096, LATENCY_FRAMES = 512, SECONDS = 40, FRAMES = SECONDS * PCM_RATE, CAPTURE = 60 * PCM_RATE };
#define NS (1e9 / PCM_RATE)

/* --- the device: time passes when it plays --- */

static struct output {
    struct stream *stream;
    struct sink *sink;
    pthread_t thread;
    void (*news)(void *ctx);
    void *ctx;
} device;

static _Atomic int64_t frames_passed;   /* of the test's clock, beyond its start */
static atomic_bool is_on, is_stopping, is_silent;
static int period = PERIOD;
static atomic_int rest_ns = 600000;            /* for each 256 frames: eight times as fast as time */
static float *capture;
static atomic_int captured;
static struct stream_counts counts;     /* when the device was closed */

static int64_t test_clock(void)
{
    return 1000000000 + (int64_t)((double)atomic_load(&frames_passed) * NS);
}

static void rest(void)
{
    nanosleep(&(struct timespec){ .tv_nsec = atomic_load(&rest_ns) }, NULL);
}

/* On a busy machine time waits for the feeder: who is quicker is not what is tested. */
static void wait_for_feeder(void)
{
    for (int i = 0; i < 25; i++) {
        uint64_t ahead = atomic_load(&device.stream->head) - atomic_load(&device.stream->tail);
        if (!ahead || ahead > 2 * PERIOD_MAX / STREAM_BLOCK)
            break;
        rest();
    }
}

static void *play(void *arg)
{
    float out[PERIOD_MAX * 2];
    int n = period;

    (void)arg;
    while (!atomic_load(&is_stopping)) {
        for (int i = 0; i < n; i += PERIOD)
            rest();
        wait_for_feeder();
        if (atomic_load(&is_on) && !atomic_load(&is_silent)) {
            thread_enter_real_time(0);
            sink_run(device.sink, out, (uint32_t)n, 2, test_clock(), (int64_t)(LATENCY_FRAMES * NS));
            thread_leave_real_time();
            int have = atomic_load(&captured);
            if (have + n <= CAPTURE) {
                memcpy(capture + (size_t)have * 2, out, (size_t)n * 2 * sizeof(float));
                atomic_store(&captured, have + n);
            }
        }
        atomic_fetch_add(&frames_passed, n);
    }
    return NULL;
}

enum lm_err output_new(void (*news)(void *ctx), void *ctx, struct output **result)
{
    device.stream = aligned_alloc(64, (stream_size() + 63) / 64 * 64);
    stream_init(device.stream);
    device.sink = sink_new(device.stream);
    device.news = news;
    device.ctx = ctx;
    *result = &device;
    return LM_OK;
}

void output_free(struct output *o)
{
    sink_free(o->sink);
    free(o->stream);
}

struct stream *output_stream(struct output *o)
{
    return o->stream;
}

enum lm_err output_switch(struct output *o, const char *wanted)
{
    (void)o, (void)wanted;
    return LM_OK;
}

void output_get(struct output *o, struct output_status *status)
{
    (void)o;
    *status = (struct output_status){ .state = atomic_load(&is_on) ? OUTPUT_RUNNING : OUTPUT_NONE, .name = "test", .rate = PCM_RATE };
}

bool output_is_alive(struct output *o)
{
    (void)o;
    return atomic_load(&is_on);
}

void output_lose(struct output *o, bool retry)
{
    (void)o, (void)retry;
    atomic_store(&is_on, false);
}

size_t output_list(struct player_device *out, size_t max)
{
    (void)out, (void)max;
    return 0;
}

enum lm_err output_listen(struct output *o, const char *wanted)
{
    (void)o, (void)wanted;
    return LM_OK;
}

void output_get_input(struct output *o, struct output_status *status)
{
    (void)o;
    *status = (struct output_status){ 0 };
}

void output_devices(struct output *o, struct devices *list)
{
    (void)o;
    list->n = 0;
}

bool output_look(struct output *o, int wait_ms)
{
    (void)o, (void)wait_ms;
    return true;
}

bool output_knows(struct output *o, const char *wanted, enum device_way way)
{
    (void)o, (void)wanted, (void)way;
    return true;
}

/* --- tracks: every sample of them is another number --- */

static struct player *pl;
static char files[2][40] = { "/tmp/lumad-test-engine-XXXXXX", "/tmp/lumad-test-engine-XXXXXX" };

static float level(int track, int64_t frame)
{
    return (float)(track * FRAMES + frame + 1) / (1 << 23);
}

/* -1: silence, or no sample of a track. */
static int64_t id_of(float sample)
{
    double id = (double)sample * (1 << 23) - 1;

    return id >= 0 && id < 2.0 * FRAMES && id == floor(id) ? (int64_t)id : -1;
}

static void make_tracks(void)
{
    size_t size = PCM_HEADER + (size_t)FRAMES * sizeof(float);
    char *bytes = malloc(size);

    for (int t = 0; t < 2; t++) {
        struct pcm_header h = { .magic = PCM_MAGIC, .rate = PCM_RATE, .channels = 1, .frames = FRAMES };
        memcpy(bytes, &h, sizeof(h));
        for (int64_t i = 0; i < FRAMES; i++) {
            float x = level(t, i);
            memcpy(bytes + PCM_HEADER + (size_t)i * sizeof(x), &x, sizeof(x));
        }
        close(mkstemp(files[t]));
        if (path_write(files[t], bytes, size, 0600))
            abort();
    }
    free(bytes);
}

static struct player_now now(void)
{
    struct player_now n;

    player_now(pl, clock_mono_ns(), &n);
    return n;
}

static void pass(double seconds)
{
    int64_t until = atomic_load(&frames_passed) + (int64_t)(seconds * PCM_RATE);

    while (atomic_load(&frames_passed) < until)
        rest();
}

static bool is_on_device(void)
{
    struct player_device d;

    player_get_device(pl, &d);
    return !d.clock;
}

static bool wait_for_device(void)
{
    for (int i = 0; i < 5000 && !is_on_device(); i++)
        rest();
    return is_on_device();
}

static void rig_close(void)
{
    if (!pl)
        return;
    atomic_store(&is_stopping, true);
    pthread_join(device.thread, NULL);
    stream_counts(device.stream, &counts);
    player_free(pl);
    pl = NULL;
}

static void rig_open(void)
{
    rig_close();                        /* of a test that failed */
    atomic_store(&rest_ns, 600000);
    if (!capture) {
        capture = malloc(sizeof(float) * 2 * CAPTURE);
        make_tracks();
        clock_set_for_test(test_clock, NULL);
    }
    atomic_store(&captured, 0);
    atomic_store(&is_stopping, false);
    atomic_store(&is_silent, false);
    atomic_store(&is_on, true);
    if (player_new(&(struct player_options){ .device = "auto" }, &pl))
        abort();
    pthread_create(&device.thread, NULL, play, NULL);
    device.news(device.ctx);
    if (!wait_for_device())
        abort();
    player_load(pl, &(struct player_track){ .pcm_path = files[0], .serial = 1 }, NULL);
}

/* --- the parser --- */

/* At `at` of the capture the sound went from `from` (the frame that would have come) to `to`; -1: silence. ramp: over 240 frames, else from one to the next. */
struct event { int at; int64_t from, to; bool ramp; };
enum { EVENTS = 4096 };
static struct event events[EVENTS];
static int events_n;

static float sample_of(int64_t id)
{
    return id < 0 ? 0 : (float)(id + 1) / (1 << 23);
}

enum { LOOP = PCM_RATE / 5 };           /* of random sessions */

static float sample_on(int64_t id, int i, int wrap)
{
    return sample_of(id < 0 ? -1 : id + i - (i >= wrap ? LOOP : 0));
}

/* What is being left, or what comes, may go through its loop meanwhile, so many frames on. */
static bool is_ramp(int at, int64_t from, int64_t to, int from_wraps, int to_wraps)
{
    for (int i = 0; i < STREAM_RAMP; i++) {
        float g = (float)(i + 1) / STREAM_RAMP, old = sample_on(from, i, from_wraps), new = sample_on(to, i, to_wraps);
        if (capture[2 * (at + i)] != old * (1 - g) + new * g || capture[2 * (at + i) + 1] != capture[2 * (at + i)])
            return false;
    }
    return true;
}

static bool is_decay(int at, int64_t from)
{
    for (int i = 0; i < 96; i++)
        if (fabsf(capture[2 * (at + i)] - sample_of(from - 1) * (float)(95 - i) / 96) > 1e-6f)
            return false;
    return true;
}

/* Takes the capture apart. Returns the place of the first sample that is not explained; -1: all are. */
static int parse(int n)
{
    int64_t next = -1;                  /* what comes if nothing happens */

    events_n = 0;
    for (int at = 0; at < n;) {
        float x = capture[2 * at];
        if (x == sample_of(next) && capture[2 * at + 1] == x) {
            next = next < 0 ? -1 : next + 1;
            at++;
            continue;
        }
        if (at + STREAM_RAMP + 1 > n)
            return -1;                  /* too near to the end to tell */
        int64_t after = id_of(capture[2 * (at + STREAM_RAMP)]), id = id_of(x);
        struct event e = { .at = at, .from = next, .to = after < 0 ? -1 : after - STREAM_RAMP };
        int wrap = STREAM_RAMP;
        while (wrap > 0 && !is_ramp(at, next, e.to, wrap, STREAM_RAMP))
            wrap--;
        if (!wrap && after >= 0) {
            e.to += LOOP;
            wrap = STREAM_RAMP;
            while (wrap > 0 && !is_ramp(at, next, e.to, STREAM_RAMP, wrap))
                wrap--;
        }
        if (wrap > 0) {
            e.ramp = true;
            at += STREAM_RAMP;
            next = after;
        } else if (id >= 0 && id_of(capture[2 * (at + 1)]) == id + 1) {
            e.to = next = id;
        } else if (next >= 0 && is_decay(at, next)) {
            e.to = next = -1;
            at += 96;
        } else {
            return at;
        }
        if (events_n < EVENTS)
            events[events_n++] = e;
    }
    return -1;
}

static bool all_explained(void)
{
    int bad = parse(atomic_load(&captured));

    if (bad >= 0) {
        printf("# sample %d of the capture is not explained\n", bad);
        for (int i = -4; i < 250; i += i == 4 ? 230 : 1)
            printf("#   %d: %.8f id %lld\n", bad + i, (double)capture[2 * (bad + i)], (long long)id_of(capture[2 * (bad + i)]));
    }
    if (counts.underruns)
        printf("# %llu underruns\n", (unsigned long long)counts.underruns);
    return bad < 0 && !counts.underruns;
}

static int64_t frame(double seconds)
{
    return llround(seconds * PCM_RATE);
}

/* --- tests --- */

TEST(play_pause_and_seek_have_their_ramps)
{
    rig_open();
    player_play(pl, NULL);
    pass(.5);
    player_seek(pl, 10, NAN, NULL);
    CHECK_INT(now().state, TRANSPORT_PLAYING);
    pass(.5);
    player_pause(pl);
    CHECK_INT(now().state, TRANSPORT_STOPPED);
    int64_t stopped = frame(now().position);
    pass(.2);
    player_play(pl, NULL);
    pass(.2);
    rig_close();
    CHECK(all_explained());
    CHECK_INT(events_n, 4);
    CHECK(events[0].ramp && events[0].from == -1 && events[0].to == 0);
    CHECK(events[1].ramp && events[1].to == frame(10));
    CHECK(events[2].ramp && events[2].to == -1);
    CHECK_INT(events[2].from, stopped);
    CHECK(events[3].ramp && events[3].from == -1);
    CHECK_INT(events[3].to, stopped);
}

TEST(loops_are_exact_and_switched_on_unheard)
{
    rig_open();
    player_seek(pl, 2, NAN, NULL);
    player_play(pl, NULL);
    pass(.3);
    player_loop(pl, true, 2.5, 2.75, NULL);
    pass(1.2);
    player_loop(pl, false, 0, 0, NULL);
    pass(.5);
    rig_close();
    CHECK(all_explained());
    CHECK(events_n >= 4);
    for (int i = 1; i < events_n; i++) {
        CHECK(!events[i].ramp);
        CHECK_INT(events[i].from, frame(2.75));
        CHECK_INT(events[i].to, frame(2.5));
    }
}

TEST(a_jump_is_made_at_its_very_sample)
{
    rig_open();
    player_play(pl, NULL);
    double at[] = { .9, 10.4, 11.311, 12.5, 15.2 }, to[] = { 10, 11, 12, 15, 20 };
    for (int i = 0; i < 5; i++) {
        CHECK_INT(player_seek(pl, to[i], at[i], NULL), LM_OK);
        for (int k = 0; k < 8000 && now().position < to[i]; k++)
            rest();
        CHECK_NEAR(now().position, to[i], .2);
        CHECK(!now().has_pending);
    }
    CHECK_INT(player_seek(pl, 1, 3, NULL), LM_INVALID);        /* long past */
    pass(.1);
    rig_close();
    CHECK(all_explained());
    CHECK_INT(events_n, 6);
    for (int i = 0; i < 5; i++) {
        CHECK(events[i + 1].ramp);
        CHECK_INT(events[i + 1].from, frame(at[i]));
        CHECK_INT(events[i + 1].to, frame(to[i]));
    }
}

/* So near that what comes before it is on its way already. */
TEST(a_jump_that_is_near_is_as_exact)
{
    period = PERIOD_MAX;
    rig_open();
    player_play(pl, NULL);
    pass(.5);
    double at = now().position + .2;
    CHECK_INT(player_seek(pl, 10, at, NULL), LM_OK);
    pass(.5);
    period = PERIOD;
    rig_close();
    CHECK(all_explained());
    CHECK_INT(events_n, 2);
    CHECK(events[1].ramp);
    int64_t late = events[1].from - frame(at);  /* on a machine that gave us no time */
    CHECK(late >= 0 && late < frame(.4));
    CHECK_INT(events[1].to, frame(10) + late);
}

TEST(a_waiting_jump_is_told_and_may_be_taken_back)
{
    rig_open();
    player_play(pl, NULL);
    CHECK_INT(player_seek(pl, 30, 1.5, NULL), LM_OK);
    CHECK(now().has_pending);
    CHECK_NEAR(now().pending_at, 1.5, 1e-9);
    CHECK_NEAR(now().pending_to, 30, 1e-9);
    pass(1);                            /* the feeder has long written it */
    CHECK_INT(player_seek(pl, 20, 2, NULL), LM_OK);
    CHECK_NEAR(now().pending_at, 2, 1e-9);
    pass(.6);
    CHECK(now().position > 1.55 && now().position < 2);
    player_pause(pl);
    CHECK(now().has_pending);
    player_play(pl, NULL);
    pass(.8);
    CHECK(now().position > 20);
    rig_close();
    CHECK(all_explained());
    CHECK_INT(events_n, 4);
    CHECK_INT(events[3].from, frame(2));
    CHECK_INT(events[3].to, frame(20));
}

TEST(the_next_track_follows_without_a_gap)
{
    rig_open();
    CHECK_INT(player_next(pl, &(struct player_track){ .pcm_path = files[1], .serial = 2, .start = 5 }, 0, NULL), LM_OK);
    player_seek(pl, SECONDS - 1.5, NAN, NULL);
    player_play(pl, NULL);
    CHECK_INT(now().next_serial, 2);
    pass(1);
    CHECK_INT(now().serial, 1);
    pass(1);
    CHECK_INT(now().serial, 2);
    CHECK_INT(now().next_serial, 0);
    CHECK(now().playing);
    CHECK(now().position > 5.4 && now().position < 8);
    /* said when the feeder is through with the track already */
    player_seek(pl, SECONDS - .4, NAN, NULL);
    pass(.1);
    CHECK_INT(player_next(pl, &(struct player_track){ .pcm_path = files[0], .serial = 3 }, 0, NULL), LM_OK);
    pass(1);
    CHECK_INT(now().serial, 3);
    rig_close();
    CHECK(all_explained());
    CHECK_INT(events_n, 4);
    CHECK(!events[1].ramp && events[1].from == FRAMES && events[1].to == FRAMES + frame(5));
    CHECK(events[2].ramp);
    CHECK(!events[3].ramp && events[3].from == 2 * FRAMES && events[3].to == 0);
}

TEST(a_crossfade_is_of_equal_power)
{
    rig_open();
    CHECK_INT(player_next(pl, &(struct player_track){ .pcm_path = files[1], .serial = 2 }, 2, NULL), LM_OK);
    player_seek(pl, SECONDS - 2.5, NAN, NULL);
    player_play(pl, NULL);
    pass(3.2);
    CHECK_INT(now().serial, 2);
    rig_close();
    int start = 0, n = frame(2);
    while (capture[2 * start] == 0)
        start++;
    start += frame(.5);
    for (int i = 0; i < n; i++) {
        double g = (double)(i + 1) / n;
        double want = level(0, FRAMES - n + i) * cos(g * M_PI_2) + level(1, i) * sin(g * M_PI_2);
        CHECK_NEAR(capture[2 * (start + i)], want, 1e-6);
    }
    CHECK_NEAR(capture[2 * (start + n)], level(1, n), 0);
}

TEST(the_end_of_a_segment)
{
    rig_open();
    player_load(pl, &(struct player_track){ .pcm_path = files[0], .serial = 1, .start = 3, .end = 3.5 }, NULL);
    player_play(pl, NULL);
    pass(.8);
    CHECK(!now().playing);
    CHECK_NEAR(now().position, 3.5, 1e-9);
    for (int i = 0; i < 1000 && now().state != TRANSPORT_STOPPED; i++)
        rest();
    CHECK_INT(now().state, TRANSPORT_STOPPED);
    rig_close();
    CHECK(all_explained());
    CHECK_INT(events_n, 2);
    CHECK_INT(events[0].to, frame(3));
    CHECK_INT(events[1].from, frame(3.5));
    CHECK_INT(events[1].to, -1);
}

/* The position must go on evenly, whatever happens to the device. */
static double worst_jump(double seconds)
{
    double worst = 0, first = now().position;
    int64_t start = atomic_load(&frames_passed), until = start + (int64_t)(seconds * PCM_RATE);

    while (atomic_load(&frames_passed) < until) {
        int64_t t = atomic_load(&frames_passed);
        struct player_now n;
        player_now(pl, 1000000000 + (int64_t)((double)t * NS), &n);
        if (atomic_load(&frames_passed) == t)
            worst = fmax(worst, fabs(n.position - first - (double)(t - start) / PCM_RATE));
        rest();
    }
    return worst;
}

TEST(a_device_that_dies_and_comes_back_is_not_seen_in_the_light)
{
    rig_open();
    atomic_store(&rest_ns, 5200000);    /* in time: the ticker's is that of the machine */
    player_play(pl, NULL);
    pass(1);
    double quiet = worst_jump(.3);
    atomic_store(&is_silent, true);
    double dying = worst_jump(.2);
    CHECK_INT(now().state, TRANSPORT_PLAYING);
    dying = fmax(dying, worst_jump(.6));
    CHECK(!is_on_device());
    CHECK_INT(now().state, TRANSPORT_LOST);
    atomic_store(&is_on, false);
    double gone = worst_jump(.2);
    atomic_store(&captured, 0);
    stream_reset(device.stream);
    sink_reset(device.sink);
    atomic_store(&is_silent, false);
    atomic_store(&is_on, true);
    device.news(device.ctx);
    double back = worst_jump(1.5);
    CHECK(is_on_device());
    CHECK_INT(now().state, TRANSPORT_PLAYING);
    atomic_store(&rest_ns, 600000);
    rig_close();
    printf("# worst jumps: %.3f ms playing, %.3f dying, %.3f gone, %.3f back\n", quiet * 1e3, dying * 1e3, gone * 1e3, back * 1e3);
    CHECK(quiet < .0005);
    CHECK(dying < .0005);
    CHECK(gone < .0005);
    CHECK(back < .005);
    CHECK(parse(atomic_load(&captured)) < 0);
    CHECK_INT(events_n, 1);
}

TEST(a_rate_changes_speed_and_nothing_else)
{
    rig_open();
    player_play(pl, NULL);
    pass(.5);
    CHECK_INT(player_rate(pl, 1.5, false, NULL), LM_OK);
    CHECK_NEAR(now().rate, 1.5, 0);
    double from = now().position;
    int64_t start = atomic_load(&frames_passed);
    pass(1);
    double passed = (double)(atomic_load(&frames_passed) - start) / PCM_RATE;
    CHECK_NEAR(now().position - from, passed * 1.5, .05);
    CHECK_INT(player_rate(pl, 1, false, NULL), LM_OK);
    pass(.3);
    CHECK_INT(player_rate(pl, 2.5, true, NULL), LM_INVALID);
    CHECK_INT(player_rate(pl, NAN, true, NULL), LM_INVALID);
    rig_close();
    /* at rate 1 again every sample is one of the track, one after the other */
    int n = atomic_load(&captured);
    for (int i = n - 2000; i < n; i++)
        CHECK_INT(id_of(capture[2 * i]), id_of(capture[2 * (n - 2000)]) + i - (n - 2000));
}

static uint32_t seed;

static uint32_t dice(uint32_t sides)
{
    seed = seed * 1664525 + 1013904223;
    return (uint32_t)(((uint64_t)seed * sides) >> 32);
}

/* What may come of a step of the transport; and of nothing else. */
struct expectation { int64_t from, to; bool ramp; };

/*
 * Anything, in any order: each sample is one of a track or of a ramp between two, each seek arrives at its frame, each loop wraps where it should, and what was
 * not asked for does not happen.
 */
static bool random_session(uint32_t with)
{
    struct expectation wanted[256];
    int n = 0, track = 0;
    uint64_t serial = 1;
    bool ok, loops = false;

    seed = with;
    rig_open();
    player_seek(pl, 4, NAN, NULL);
    player_play(pl, NULL);
    wanted[n++] = (struct expectation){ -1, frame(4), true };
    for (int step = 0; step < 24; step++) {
        double to = 1 + dice(30000) / 1000.0, at;
        bool plays = now().playing;
        int64_t base = (int64_t)track * FRAMES;
        switch (dice(7)) {
        case 0:
            player_pause(pl);
            if (plays) {
                int64_t p = base + frame(now().position);
                wanted[n++] = (struct expectation){ p, -1, true };
                pass(.02);
                player_play(pl, NULL);
                wanted[n++] = (struct expectation){ -1, p, true };
            }
            break;
        case 1:
            player_seek(pl, to, NAN, NULL);
            wanted[n++] = (struct expectation){ plays ? -2 : -1, base + frame(to), true };
            break;
        case 2:
            at = now().position + .2 + dice(300) / 1000.0;
            if (!loops && player_seek(pl, to, at, NULL) == LM_OK) {
                pass(.6);
                wanted[n++] = (struct expectation){ base + llround(at * PCM_RATE), base + frame(to), true };
            }
            break;
        case 3:
            at = now().position + .2 + dice(300) / 1000.0;
            loops = true;
            player_loop(pl, true, at - .2, at, NULL);
            break;
        case 4:
            player_loop(pl, false, 0, 0, NULL);
            loops = false;
            break;
        case 5:
            if (!plays)
                break;
            track = !track;
            player_next(pl, &(struct player_track){ .pcm_path = files[track], .serial = ++serial, .start = 2 }, 0, NULL);
            player_seek(pl, SECONDS - .3, NAN, NULL);
            pass(.7);
            wanted[n++] = (struct expectation){ -2, base + frame(SECONDS - .3), true };
            wanted[n++] = (struct expectation){ base + FRAMES, (int64_t)track * FRAMES + frame(2), false };
            loops = false;
            break;
        default:
            break;
        }
        if (step < 20)
            pass(dice(250) / 1000.0);
    }
    player_pause(pl);
    pass(.05);
    rig_close();
    ok = all_explained();
    /* Every event is a wrap, or the next thing that was asked for. */
    int k = 0;
    for (int i = 0; i < events_n && ok; i++) {
        const struct event *e = &events[i];
        if (k < n && e->ramp == wanted[k].ramp && e->to == wanted[k].to && (wanted[k].from == -2 || e->from == wanted[k].from))
            k++;
        else if (!e->ramp && e->to >= 0 && e->from > e->to)
            continue;                   /* a wrap: which loop it was is tested above */
        else if (!(i == events_n - 1 && e->to == -1)) {
            printf("# seed %u, event %d at %d: %lld -> %lld ramp %d, want %lld -> %lld (%d of %d)\n", with, i, e->at, (long long)e->from, (long long)e->to, e->ramp,
                   (long long)wanted[k].from, (long long)wanted[k].to, k, n);
            ok = false;
        }
    }
    if (ok && k != n)
        printf("# seed %u: %d of %d came\n", with, k, n);
    return ok && k == n;
}

TEST(whatever_is_asked_for_every_sample_is_right)
{
    for (uint32_t s = 1; s <= 6; s++)
        CHECK(random_session(s));
}

TEST(meters_move_on_the_clock_too)
{
    struct meters_now m;

    rig_open();
    atomic_store(&is_on, false);
    for (int i = 0; i < 5000 && is_on_device(); i++)
        rest();
    CHECK(!is_on_device());
    player_seek(pl, 20, NAN, NULL);
    player_play(pl, NULL);
    bool is_measured = false;
    for (int i = 0; i < 2000 && !is_measured; i++, rest())
        is_measured = player_meters(pl, &m, NULL) && m.peak[0] > -20;
    CHECK(is_measured);
    rig_close();
    for (int t = 0; t < 2; t++)
        unlink(files[t]);
}
