#include "analysis/melspec.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "../../tap.h"

enum { RATE = 48000, SECONDS = 4, N = RATE * SECONDS };

static struct pcm_header header = { .magic = PCM_MAGIC, .rate = RATE, .channels = 1, .frames = N };
static float sound[N];

static struct pcm pcm(void)
{
    for (int i = 0; i < N; i++)         /* a tone that climbs from 200 to 4,200 Hz */
        sound[i] = (float)(.5 * sin(2 * M_PI * (200. + 500. * i / RATE) * i / RATE));
    return (struct pcm){ sound, N, 1, RATE, &header, 0 };
}

static uint32_t u32(const unsigned char *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static int loudest(const unsigned char *column, int bands)
{
    int best = 0;

    for (int b = 1; b < bands; b++)
        best = column[b] > column[best] ? b : best;
    return best;
}

TEST(what_climbs_is_drawn_climbing)
{
    struct melspec *m = melspec_new();
    struct pcm x = pcm();
    void *data;
    size_t n;

    for (uint32_t width = 40; width <= 640; width *= 4) {
        CHECK_INT(melspec_draw(m, &x, &(struct melspec_view){ 0, 4, 64, width }, NULL, NULL, &data, &n), LM_OK);
        CHECK_INT(n, MELSPEC_HEADER + width * 64);
        CHECK_INT(u32((unsigned char *)data + 4), width);
        CHECK_INT(u32((unsigned char *)data + 8), 64);
        int before = 0;
        for (uint32_t c = width / 20; c < width * 19 / 20; c++) {
            int band = loudest((unsigned char *)data + MELSPEC_HEADER + c * 64, 64);
            CHECK(band >= before - 1);
            before = band;
        }
        CHECK(before > 30);
        free(data);
    }
    melspec_free(m);
    melspec_free(NULL);
}

/* More tiles than are kept: behind the end they cost nothing. */
TEST(what_was_forgotten_is_made_again)
{
    struct melspec *m = melspec_new();
    struct pcm x = pcm();
    struct melspec_view view = { 1, 3, 32, 500 };
    void *first, *again;
    size_t n;

    CHECK_INT(melspec_draw(m, &x, &view, NULL, NULL, &first, &n), LM_OK);
    for (int i = 0; i < 80; i++) {
        CHECK_INT(melspec_draw(m, &x, &(struct melspec_view){ 100 + 40 * i, 140 + 40 * i, 16, 4000 }, NULL, NULL, &again, &n), LM_OK);
        free(again);
    }
    CHECK_INT(melspec_draw(m, &x, &view, NULL, NULL, &again, &n), LM_OK);
    CHECK(!memcmp(first, again, n));
    free(first);
    free(again);
    melspec_free(m);
}

static bool at_once(void *ctx)
{
    return --*(int *)ctx < 0;
}

TEST(nobody_waits_any_more)
{
    struct melspec *m = melspec_new();
    struct pcm x = pcm();
    void *data = NULL;
    size_t n;
    int tiles = 2;

    CHECK_INT(melspec_draw(m, &x, &(struct melspec_view){ 0, 4, 128, 4096 }, at_once, &tiles, &data, &n), LM_TIMEOUT);
    CHECK(!data);
    melspec_free(m);
}

static void *draw_many(void *arg)
{
    struct pcm x = { sound, N, 1, RATE, &header, 0 };

    for (int i = 0; i < 30; i++) {
        void *data;
        size_t n;
        double start = i * 37 % 30 / 10.;
        if (!melspec_draw(arg, &x, &(struct melspec_view){ start, start + .5 + i % 3, 16, 100 }, NULL, NULL, &data, &n))
            free(data);
    }
    return NULL;
}

TEST(several_draw_at_a_time)
{
    struct melspec *m = melspec_new();
    pthread_t thread[4];

    pcm();
    for (int i = 0; i < 4; i++)
        CHECK_INT(pthread_create(&thread[i], NULL, draw_many, m), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(thread[i], NULL);
    melspec_free(m);
}
