#include "audio/convert.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "audio/pcm.h"
#include "core/thread.h"

#include "../../tap.h"

enum { SECONDS = 2 };

/* What a track would bring: a sine on the left, another on the right, each told by the frame it belongs to. */
struct tone { uint64_t at; int channels; double rate; uint64_t made; double worst_ns; uint32_t most; int calls; };

static double left(double t) { return 0.8 * sin(2 * M_PI * 997 * t); }
static double right(double t) { return 0.8 * sin(2 * M_PI * 6300 * t + 1); }

static void fill(void *ctx, float *frames, uint32_t n, int64_t ahead_ns)
{
    struct tone *s = ctx;
    double late = (double)s->at / PCM_RATE * 1e9 - ((double)s->made / s->rate * 1e9 + (double)ahead_ns);

    s->worst_ns = fmax(s->worst_ns, fabs(late));
    for (uint32_t i = 0; i < n; i++, s->at++) {
        double t = (double)s->at / PCM_RATE;
        frames[i * (uint32_t)s->channels] = (float)left(t);
        if (s->channels == 2)
            frames[2 * i + 1] = (float)right(t);
    }
    s->most = n > s->most ? n : s->most;
    s->calls++;
}

/* Buffers of a device at `rate`; the worst difference from the same sines drawn at that rate, in dB. */
static double play(double rate, int channels, uint32_t buffer, struct tone *s)
{
    struct convert *c = convert_new(rate, channels);
    static float out[20000 * 2];
    double worst = 0;

    *s = (struct tone){ .channels = channels, .rate = rate };
    while (c && s->made < SECONDS * rate) {
        thread_enter_real_time(0);
        convert_run(c, out, buffer, fill, s);
        thread_leave_real_time();
        for (uint32_t i = 0; i < buffer; i++) {
            double t = (double)(s->made + i) / rate;
            if (t < 0.05)               /* it began out of nothing */
                continue;
            worst = fmax(worst, fabs(out[i * (uint32_t)channels] - left(t)));
            if (channels == 2)
                worst = fmax(worst, fabs(out[2 * i + 1] - right(t)));
        }
        s->made += buffer;
    }
    convert_free(c);
    return c ? 20 * log10(worst) : 0;
}

TEST(samples_come_out_at_their_own_time)
{
    static const double rates[] = { 44100, 96000, 88200, 192000, 32000, 22050, 47999 };
    struct tone s;

    for (size_t i = 0; i < sizeof(rates) / sizeof(*rates); i++) {
        double db = play(rates[i], 2, 1024, &s);
        printf("# %.0f Hz: %.1f dB beside the exact, told %.0f ns wrong\n", rates[i], db, s.worst_ns);
        CHECK(db < -80);
        CHECK(s.worst_ns < 1000);
    }
}

TEST(buffers_may_be_of_any_size)
{
    static const uint32_t sizes[] = { 1, 7, 64, 441, 4096, 4097, 20000 };
    struct tone s;

    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        CHECK(play(44100, 1, sizes[i], &s) < -80);
        CHECK_NEAR((double)s.at, (double)s.made * PCM_RATE / 44100, 200);
    }
}

/* The position of the show hangs on the instants it is asked at: one piece for each buffer. */
TEST(it_asks_once_for_each_buffer)
{
    struct tone s;

    play(44100, 2, 1024, &s);
    CHECK(s.calls <= (int)(s.made / 1024) + 2);
}

TEST(what_no_device_has_is_refused)
{
    CHECK(!convert_new(0, 2));
    CHECK(!convert_new(NAN, 2));
    CHECK(!convert_new(1e7, 2));
    CHECK(!convert_new(44100, 3));
    CHECK(!convert_new(44100, 0));
    convert_free(NULL);
}

static void take(void *ctx, const float *frames, uint32_t n)
{
    struct tone *s = ctx;

    for (uint32_t i = 0; i < n; i++, s->at++)
        if (s->at > PCM_RATE / 20)
            s->worst_ns = fmax(s->worst_ns, fabs(frames[2 * i] - left((double)s->at / PCM_RATE)));
}

TEST(an_input_comes_in_at_48_kHz)
{
    struct convert *c = convert_new_input(44100, 2);
    struct tone s = { 0 };
    float in[441 * 2];

    CHECK(c);
    for (uint64_t at = 0; at < 44100 * SECONDS;) {
        for (int i = 0; i < 441; i++, at++)
            in[2 * i] = (float)left((double)at / 44100), in[2 * i + 1] = (float)right((double)at / 44100);
        thread_enter_real_time(0);
        convert_push(c, in, 441, take, &s);
        thread_leave_real_time();
    }
    convert_free(c);
    CHECK_NEAR((double)s.at, PCM_RATE * SECONDS, 200);
    CHECK(s.worst_ns < 1e-4);
}

static void fill_silence(void *ctx, float *frames, uint32_t n, int64_t ahead_ns)
{
    (void)ctx, (void)ahead_ns;
    memset(frames, 0, n * 2 * sizeof(float));
}

TEST(it_is_cheap)
{
    struct convert *c = convert_new(44100, 2);
    static float out[1024 * 2];

    CHECK(c);
    clock_t start = clock();
    for (int i = 0; i < 430; i++)       /* ten seconds */
        convert_run(c, out, 1024, fill_silence, NULL);
    double cost = (double)(clock() - start) / CLOCKS_PER_SEC / 10;
    convert_free(c);
    printf("# %.2f %% of a core\n", cost * 100);
    CHECK(cost < 0.5);
}
