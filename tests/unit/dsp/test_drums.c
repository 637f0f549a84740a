#include "dsp/drums.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../tap.h"

enum { RATE = 48000, SECONDS = 24, N = RATE * SECONDS };

static uint32_t state;

static double noise(void)
{
    state ^= state << 13, state ^= state >> 17, state ^= state << 5;
    return state / 2147483648. - 1;
}

static void kick(float *x, size_t at)
{
    double phase = 0;

    for (size_t i = 0; i < RATE / 3 && at + i < N; i++) {
        double t = (double)i / RATE;
        phase += (50 + 180 * exp(-t * 35)) / RATE;
        x[at + i] += (float)(.7 * sin(2 * M_PI * phase) * exp(-t * 9) + .1 * noise() * exp(-t * 400));
    }
}

static void snare(float *x, size_t at)
{
    double low = 0, lower = 0;

    for (size_t i = 0; i < RATE / 3 && at + i < N; i++) {
        double t = (double)i / RATE;
        low += .6 * (noise() - low);
        lower += .08 * (low - lower);
        x[at + i] += (float)(.6 * (low - lower) * exp(-t * 12) + .2 * sin(2 * M_PI * 190 * t) * exp(-t * 25));
    }
}

static void hat(float *x, size_t at)
{
    double a = 0, b = 0;

    for (size_t i = 0; i < RATE / 10 && at + i < N; i++) {
        double t = (double)i / RATE, v = noise(), high = v - a, higher = high - b;
        a = v, b = high;
        x[at + i] += (float)(.06 * higher * exp(-t * 60));
    }
}

/* 120 beats a minute: kick on 1 and 3, snare on 2 and 4, a hi-hat each eighth. */
static float *beat(void)
{
    float *x = calloc(N, sizeof *x);

    state = 1;
    for (size_t i = 0; i < 2 * 2 * SECONDS - 2; i++) {
        size_t at = RATE / 4 * (i + 1);
        hat(x, at);
        if (i % 4 == 0)
            kick(x, at);
        if (i % 4 == 2)
            snare(x, at);
    }
    return x;
}

/* How many hits there are within 20 ms of those that were played, and how many others. */
static void compare(const struct hits *h, enum drum d, size_t first, size_t step, size_t *right, size_t *wrong)
{
    *right = *wrong = 0;
    for (size_t i = 0; i < h->n[d]; i++) {
        double eighth = h->hit[d][i].at * 4 - 1, near = round(eighth);
        bool is_right = fabs(eighth - near) / 4 < .02 && near >= 0 && ((size_t)near + step - first) % step == 0;
        *right += is_right;
        *wrong += !is_right;
    }
}

TEST(a_beat_is_taken_apart)
{
    static const struct { enum drum drum; size_t first, step, least; } want[] = { { HIT_KICK, 0, 4, 22 }, { HIT_SNARE, 2, 4, 20 }, { HIT_HIHAT, 0, 1, 65 } };
    float *x = beat();
    struct hits h;

    CHECK_INT(drums_find(x, N, 1, RATE, NULL, NULL, &h), LM_OK);
    for (int i = 0; i < 3; i++) {
        size_t right, wrong;
        compare(&h, want[i].drum, want[i].first, want[i].step, &right, &wrong);
        if (right < want[i].least || wrong > 4)
            printf("# drum %d: %zu right, %zu wrong\n", i, right, wrong);
        CHECK(right >= want[i].least);
        CHECK(wrong <= 4);
        for (size_t k = 0; k < h.n[i]; k++)
            CHECK(h.hit[i][k].strength >= 0 && h.hit[i][k].strength <= 1 && (!k || h.hit[i][k].at > h.hit[i][k - 1].at));
    }
    hits_clear(&h);
    free(x);
}

static size_t all(const struct hits *h)
{
    return h->n[HIT_KICK] + h->n[HIT_SNARE] + h->n[HIT_HIHAT];
}

TEST(where_nothing_is_hit_there_is_nothing)
{
    float *x = calloc(2 * N, sizeof *x);
    struct hits h;

    CHECK_INT(drums_find(x, N, 2, RATE, NULL, NULL, &h), LM_OK);
    CHECK_INT(all(&h), 0);
    hits_clear(&h);
    state = 7;
    for (size_t i = 0; i < 2 * N; i++)
        x[i] = (float)(.3 * noise());
    CHECK_INT(drums_find(x, N, 2, RATE, NULL, NULL, &h), LM_OK);
    CHECK(all(&h) < 3 * SECONDS);           /* among 2,400 spectra */
    hits_clear(&h);
    for (size_t i = 0; i < N; i++)
        x[i] = (float)(.3 * sin(2 * M_PI * 220 * (double)i / RATE));
    CHECK_INT(drums_find(x, N, 1, RATE, NULL, NULL, &h), LM_OK);
    CHECK(all(&h) <= 3);
    hits_clear(&h);
    free(x);
}

TEST(short_and_slow_recordings_are_read_to_their_end)
{
    float x[2000] = { 0 };
    struct hits h;

    x[1000] = 1;
    for (uint64_t n = 0; n < 2000; n += 333) {
        CHECK_INT(drums_find(x, n, 1, RATE, NULL, NULL, &h), LM_OK);
        hits_clear(&h);
        CHECK_INT(drums_find(x, n, 1, 8000, NULL, NULL, &h), LM_OK);
        hits_clear(&h);
    }
}

static void tell(void *ctx, uint64_t read)
{
    uint64_t *last = ctx;

    *last = read > *last && read <= N ? read : N + 1;
}

TEST(progress_rises)
{
    float *x = beat();
    uint64_t last = 0;
    struct hits h;

    CHECK_INT(drums_find(x, N, 1, RATE, tell, &last, &h), LM_OK);
    CHECK(last > N / 2 && last <= N);
    hits_clear(&h);
    free(x);
}
