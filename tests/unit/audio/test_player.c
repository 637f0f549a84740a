#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "../../tap.h"
#include "audio/pcm.h"
#include "audio/player.h"
#include "core/clock.h"
#include "core/path.h"

static _Atomic int64_t now_ns = 1000000000;
static atomic_int changes;
static struct player *pl;
static char file[] = "/tmp/lumad-test-player-XXXXXX";

static int64_t test_clock(void)
{
    return atomic_load(&now_ns);
}

static void count(void *ctx)
{
    (void)ctx;
    atomic_fetch_add(&changes, 1);
}

static void forward(double seconds)
{
    atomic_fetch_add(&now_ns, (int64_t)(seconds * 1e9));
}

static struct player_now now(void)
{
    struct player_now n;

    player_now(pl, atomic_load(&now_ns), &n);
    return n;
}

static enum lm_err load(const char *path, uint64_t serial, double start, double end, struct problem *p)
{
    return player_load(pl, &(struct player_track){ .pcm_path = path, .serial = serial, .start = start, .end = end }, p);
}

static double position(void)
{
    return now().position;
}

/* A mono track of `seconds` of silence. */
static void make_pcm(double seconds)
{
    size_t n = (size_t)(seconds * PCM_RATE);
    char *bytes = calloc(1, PCM_HEADER + n * sizeof(float));
    struct pcm_header h = { .magic = PCM_MAGIC, .rate = PCM_RATE, .channels = 1, .frames = n };

    memcpy(bytes, &h, sizeof(h));
    if (path_write(file, bytes, PCM_HEADER + n * sizeof(float), 0600))
        abort();
    free(bytes);
}

static void open_player(void)
{
    static bool has_file;

    if (!has_file)
        close(mkstemp(file));
    has_file = true;
    clock_set_for_test(test_clock, NULL);
    make_pcm(10);
    if (player_new(&(struct player_options){ .device = "clock", .changed = count }, &pl))
        abort();
}


TEST(nothing_loaded)
{
    struct problem p = { 0 };

    open_player();
    CHECK(!now().loaded);
    CHECK_INT(player_play(pl, &p), LM_CONFLICT);
    CHECK(p.detail[0]);
    CHECK_INT(player_seek(pl, 0, NAN, &p), LM_CONFLICT);
    CHECK_INT(player_loop(pl, true, 0, 1, &p), LM_CONFLICT);
    CHECK_INT(player_pause(pl), LM_OK);
    CHECK_INT(player_unload(pl), LM_OK);
    CHECK_INT(load("/tmp/there/is/none.pcm", 1, 0, 0, &p), LM_NOT_FOUND);
    player_free(pl);
}

TEST(play_pause_seek)
{
    open_player();
    CHECK_INT(load(file, 7, 0, 0, NULL), LM_OK);
    CHECK(now().loaded && !now().playing);
    CHECK_INT(now().serial, 7);
    CHECK_NEAR(now().duration, 10, 0);
    forward(1);
    CHECK_NEAR(position(), 0, 0);
    CHECK_INT(player_play(pl, NULL), LM_OK);
    forward(1.25);
    CHECK(now().playing);
    CHECK_NEAR(position(), 1.25, 1e-9);
    CHECK_INT(player_pause(pl), LM_OK);
    forward(1);
    CHECK_NEAR(position(), 1.25, 1e-9);
    uint32_t jumps = now().jumps;
    CHECK_INT(player_seek(pl, 4, NAN, NULL), LM_OK);
    CHECK_INT(now().jumps, jumps + 1);
    CHECK_NEAR(position(), 4, 0);
    CHECK(!now().playing);
    player_play(pl, NULL);
    forward(.5);
    CHECK_INT(player_seek(pl, 2, NAN, NULL), LM_OK);
    forward(.5);
    CHECK(now().playing);
    CHECK_NEAR(position(), 2.5, 1e-9);
    CHECK_INT(player_seek(pl, -1, NAN, NULL), LM_INVALID);
    CHECK_INT(player_seek(pl, 10.01, NAN, NULL), LM_INVALID);
    CHECK_INT(player_seek(pl, NAN, NAN, NULL), LM_INVALID);
    CHECK_NEAR(position(), 2.5, 1e-9);
    CHECK_INT(load(file, 7, 0, 0, NULL), LM_OK);     /* the same track again: stops at 0 */
    CHECK(!now().playing);
    CHECK_NEAR(position(), 0, 0);
    player_free(pl);
}

TEST(the_end_is_told_and_play_starts_anew)
{
    open_player();
    load(file, 1, 0, 0, NULL);
    player_seek(pl, 9, NAN, NULL);
    player_play(pl, NULL);
    usleep(50000);
    int before = atomic_load(&changes);
    forward(1.5);
    CHECK(!now().playing);
    CHECK_NEAR(position(), 10, 0);
    int seen = 0;
    for (int i = 0; i < 500 && !seen; i++, usleep(1000))
        seen = atomic_load(&changes) > before;
    CHECK(seen);
    player_play(pl, NULL);
    forward(.25);
    CHECK_NEAR(position(), .25, 1e-9);
    player_free(pl);
}

TEST(a_loop_wraps_exactly)
{
    open_player();
    load(file, 1, 0, 0, NULL);
    CHECK_INT(player_loop(pl, true, 2, 3, NULL), LM_OK);
    CHECK(now().loop);
    CHECK_NEAR(now().loop_start, 2, 0);
    CHECK_NEAR(now().loop_end, 3, 0);
    player_play(pl, NULL);
    uint32_t jumps = now().jumps;
    forward(2.999);
    CHECK_NEAR(position(), 2.999, 1e-9);
    forward(.001);
    CHECK_NEAR(position(), 2, 1e-9);
    CHECK_INT(now().jumps, jumps + 1);
    forward(100.5);
    CHECK_NEAR(position(), 2.5, 1e-6);
    CHECK_INT(now().jumps, jumps + 101);
    CHECK_INT(player_loop(pl, false, 0, 0, NULL), LM_OK);
    CHECK_INT(now().jumps, jumps + 101);
    forward(1);
    CHECK_NEAR(position(), 3.5, 1e-6);
    CHECK_INT(player_loop(pl, true, 3, 3, NULL), LM_INVALID);
    CHECK_INT(player_loop(pl, true, 5, 4, NULL), LM_INVALID);
    CHECK_INT(player_loop(pl, true, 5, 11, NULL), LM_INVALID);
    CHECK_INT(player_loop(pl, true, NAN, 11, NULL), LM_INVALID);
    CHECK(!now().loop);
    player_free(pl);
}

TEST(a_segment)
{
    open_player();
    CHECK_INT(load(file, 1, 2, 4, NULL), LM_OK);
    CHECK_NEAR(position(), 2, 0);
    CHECK_NEAR(now().segment_start, 2, 0);
    CHECK_NEAR(now().segment_end, 4, 0);
    player_play(pl, NULL);
    forward(3);
    CHECK(!now().playing);
    CHECK_NEAR(position(), 4, 0);
    usleep(50000);
    player_play(pl, NULL);
    forward(.5);
    CHECK_NEAR(position(), 2.5, 1e-9);
    CHECK_INT(load(file, 1, 4, 2, NULL), LM_INVALID);
    CHECK_INT(load(file, 1, 11, 0, NULL), LM_INVALID);
    CHECK_INT(load(file, 1, NAN, 0, NULL), LM_INVALID);
    CHECK_INT(load(file, 1, 1, 1 + 1e-9, NULL), LM_INVALID);     /* no whole sample */
    CHECK_INT(load(file, 1, 10 - 1e-9, 0, NULL), LM_INVALID);
    CHECK_NEAR(now().segment_end, 4, 0);        /* what was loaded stays */
    CHECK_INT(player_unload(pl), LM_OK);
    CHECK(!now().loaded && !now().playing);
    player_free(pl);
}

TEST(volume_and_devices)
{
    struct player_device d, list[4];

    open_player();
    CHECK_NEAR(player_get_volume(pl), 0, 0);
    CHECK_INT(player_volume(pl, -12, NULL), LM_OK);
    CHECK_NEAR(player_get_volume(pl), -12, 0);
    CHECK_INT(player_volume(pl, 1, NULL), LM_INVALID);
    CHECK_INT(player_volume(pl, -61, NULL), LM_INVALID);
    CHECK_INT(player_volume(pl, NAN, NULL), LM_INVALID);
    player_get_device(pl, &d);
    CHECK(d.clock && d.active && !d.lost);
    CHECK_STR(d.name, "clock");
    CHECK_INT(player_list_devices(pl, list, 4), 1);
    CHECK_STR(list[0].name, "clock");
    CHECK_INT(player_set_device(pl, "", NULL), LM_OK);
    player_free(pl);
}

static atomic_bool stop;

static void *read_positions(void *arg)
{
    long bad = 0;

    (void)arg;
    while (!atomic_load(&stop)) {
        struct player_now n = now();
        bad += n.position < 0 || n.position > 10 || n.duration != 10 || n.serial != 1;
    }
    return (void *)bad;
}

TEST(readers_never_see_half_a_change)
{
    pthread_t t[2];
    void *bad[2];

    open_player();
    load(file, 1, 0, 0, NULL);
    atomic_store(&stop, false);
    for (int i = 0; i < 2; i++)
        pthread_create(&t[i], NULL, read_positions, NULL);
    for (int i = 0; i < 2000; i++) {
        player_seek(pl, i % 10, NAN, NULL);
        if (i % 3)
            player_play(pl, NULL);
        else
            player_pause(pl);
        player_loop(pl, i % 2, 1, 5, NULL);
        forward(.01);
    }
    atomic_store(&stop, true);
    for (int i = 0; i < 2; i++)
        pthread_join(t[i], &bad[i]);
    player_free(pl);
    CHECK_INT((long)bad[0] + (long)bad[1], 0);
}

/* "auto" must work on any machine, with or without a card, and let go at once. */
TEST(auto_plays_on_whatever_there_is)
{
    struct timespec a, b;

    open_player();
    player_free(pl);
    clock_set_for_test(NULL, NULL);
    CHECK_INT(player_new(&(struct player_options){ .device = "auto" }, &pl), LM_OK);
    CHECK_INT(load(file, 1, 0, 0, NULL), LM_OK);
    CHECK_INT(player_play(pl, NULL), LM_OK);
    int64_t start = clock_mono_ns();
    usleep(800000);
    struct player_now n;
    player_now(pl, clock_mono_ns(), &n);
    double passed = (double)(clock_mono_ns() - start) / 1e9;
    clock_gettime(CLOCK_MONOTONIC, &a);
    player_free(pl);
    clock_gettime(CLOCK_MONOTONIC, &b);
    unlink(file);
    CHECK(n.playing);
    CHECK_NEAR(n.position, passed, .35);        /* a card that turns up takes a moment to take over */
    CHECK((b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000 < 150);
}
