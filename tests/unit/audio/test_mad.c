/* The process of the sound card goes mad: anything may be written into the memory that it shares with lumad, at any time. lumad must not crash, hang or say nonsense. */
#include <math.h>
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
#include "audio/stream_private.h"
#include "core/clock.h"
#include "core/path.h"

enum { SECONDS = 3, FRAMES = SECONDS * PCM_RATE };

static struct output { struct stream *stream; void (*news)(void *ctx); void *ctx; } device;
static atomic_bool is_stopping, is_on;
static char file[] = "/tmp/lumad-test-mad-XXXXXX";

enum lm_err output_new(void (*news)(void *ctx), void *ctx, struct output **result)
{
    device = (struct output){ .stream = aligned_alloc(64, (stream_size() + 63) / 64 * 64), .news = news, .ctx = ctx };
    stream_init(device.stream);
    *result = &device;
    return LM_OK;
}

void output_free(struct output *o)
{
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
    *status = (struct output_status){ .state = atomic_load(&is_on) ? OUTPUT_RUNNING : OUTPUT_NONE, .name = "mad", .rate = PCM_RATE };
}

bool output_is_alive(struct output *o)
{
    (void)o;
    return atomic_load(&is_on);
}

/* It is there again at once, and as mad. */
void output_lose(struct output *o, bool retry)
{
    (void)o, (void)retry;
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

/* Sometimes a whole page of noise, sometimes a few words, sometimes numbers that look likely. That this races with everything is its purpose. */
__attribute__((no_sanitize("thread"))) static void *rage(void *arg)
{
    uint64_t x = 88172645463325252ULL;
    size_t words = stream_size() / 8;
    uint64_t callbacks = 0;
    volatile uint64_t *memory = (volatile uint64_t *)device.stream;

    (void)arg;
    while (!atomic_load(&is_stopping)) {
        for (int i = 0; i < 500; i++) {
            x ^= x << 13, x ^= x >> 7, x ^= x << 17;
            size_t at = x % 4 ? (x >> 20) % words : (x >> 20) % 4096;
            uint64_t value = x * 2685821657736338717ULL;
            switch (value >> 61) {
            case 0: value = 0; break;
            case 1: value %= 1000; break;
            case 2: value = UINT64_MAX; break;
            case 3: value = 0x7ff8000000000000ULL; break;
            case 4: value = (uint64_t)clock_mono_ns() + value % 1000000; break;
            default: break;
            }
            memory[at] = value;
        }
        /* mostly it behaves in what it is watched by, or it would not be believed for a moment */
        callbacks++;
        atomic_store_explicit(&device.stream->callbacks, callbacks, memory_order_relaxed);
        atomic_store_explicit(&device.stream->frames, callbacks * 8, memory_order_relaxed);
        if (callbacks % 8 < 6) {
            atomic_store(&device.stream->tail, atomic_load(&device.stream->head));
            atomic_store(&device.stream->command_tail, atomic_load(&device.stream->command_head));
        }
        if (callbacks % 4)
            atomic_store_explicit(&device.stream->generation, device.stream->commands[(atomic_load(&device.stream->command_head) - 1) % STREAM_COMMANDS].generation,
                                  memory_order_relaxed);
        nanosleep(&(struct timespec){ .tv_nsec = 200000 }, NULL);
    }
    return NULL;
}

static void make_track(void)
{
    size_t size = PCM_HEADER + (size_t)FRAMES * sizeof(float);
    char *bytes = calloc(1, size);
    struct pcm_header h = { .magic = PCM_MAGIC, .rate = PCM_RATE, .channels = 1, .frames = FRAMES };

    memcpy(bytes, &h, sizeof(h));
    close(mkstemp(file));
    if (path_write(file, bytes, size, 0600))
        abort();
    free(bytes);
}

TEST(a_mad_card_hurts_nobody)
{
    struct player *pl;
    struct player_now now;
    struct player_device d;
    struct meters_now m;
    pthread_t mad;
    int bad = 0, on_device = 0;
    int64_t longest = 0;

    make_track();
    atomic_store(&is_on, true);
    if (player_new(&(struct player_options){ .device = "auto" }, &pl))
        abort();
    struct player_track track = { .pcm_path = file, .serial = 1 }, next = { .pcm_path = file, .serial = 2 };
    player_load(pl, &track, NULL);
    pthread_create(&mad, NULL, rage, NULL);
    device.news(device.ctx);
    int64_t until = clock_mono_ns() + 4000000000LL;
    for (int i = 0; clock_mono_ns() < until; i++) {
        switch (i % 9) {
        case 0: player_play(pl, NULL); break;
        case 1: player_seek(pl, i % 3, NAN, NULL); break;
        case 2: player_loop(pl, i % 2, .5, 1, NULL); break;
        case 3: player_next(pl, i % 2 ? &next : NULL, .5, NULL); break;
        case 4: player_seek(pl, .2, 1.5, NULL); break;
        case 5: player_pause(pl); break;
        case 6: player_rate(pl, i % 2 ? 1 : 1.3, false, NULL); break;
        case 7: player_load(pl, &track, NULL); break;
        default: player_set_device(pl, "auto", NULL); usleep(i % 2 ? 0 : 400000); break;
        }
        for (int k = 0; k < 20; k++) {
            int64_t start = clock_mono_ns();
            player_now(pl, start, &now);
            int64_t took = clock_mono_ns() - start;
            longest = took > longest ? took : longest;
            bad += !(now.position >= 0 && now.position <= SECONDS) || !(now.latency_ms >= 0 && now.latency_ms <= 4000) || !(now.rate >= .5 && now.rate <= 2);
        }
        player_get_device(pl, &d);
        on_device += !d.clock;
        player_meters(pl, &m, NULL);
        bad += !(fabsf(m.peak[0]) < 1000) || !(fabsf(m.lufs) < 1000);
    }
    atomic_store(&is_stopping, true);
    pthread_join(mad, NULL);
    player_free(pl);
    unlink(file);
    printf("# on the mad device %d times; longest look %.3f ms\n", on_device, (double)longest / 1e6);
    CHECK_INT(bad, 0);
    CHECK(on_device > 0);
}
