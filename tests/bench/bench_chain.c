/*
 * What chains of effects cost a core, in the CPU time of the thread that runs them: 20 s of sound in periods of 256 frames, and the dearest period, which has to fit into a
 * buffer of the device. Fails beyond a per cent for the chain that is there when nobody made one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "audio/chain.h"
#include "audio/pcm.h"

enum { PERIOD = 256, PERIODS = 20 * PCM_RATE / PERIOD, RUNS = 5 };

static double cpu_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static float *make_sound(double level)
{
    float *x = malloc(sizeof *x * 2 * PERIOD * PERIODS);
    double low = 0;
    unsigned seed = 1;

    for (int i = 0; x && i < PERIOD * PERIODS; i++) {
        double white = (seed = seed * 1664525u + 1013904223u) / 4294967296.0 - 0.5;
        low += 0.2 * (white - 0.3 * low);
        x[2 * i] = (float)(level * (low + 0.5 * sin(i * 0.05)));
        x[2 * i + 1] = (float)(level * (low + 0.5 * sin(i * 0.031)));
    }
    return x;
}

/* Per cent of a core; *worst: microseconds of the dearest period. The best of some runs: others may be at work here. */
static double measure(const struct chain_settings *s, double level, bool changes, double *worst)
{
    struct chain *c = malloc(sizeof *c);
    double best = 1e9;

    *worst = 1e9;
    for (int r = 0; r < RUNS; r++) {
        struct chain_settings now = *s;
        float *x = make_sound(level);
        double sum = 0, most = 0;
        if (!c || !x)
            abort();
        chain_init(c, PCM_RATE);
        for (int i = 0; i < PERIODS; i++) {
            double from = cpu_s(), took;
            if (changes && i % 8 == 0) {
                struct chain_effect e = now.effects[i / 8 % now.n];
                now.effects[i / 8 % now.n] = now.effects[0];
                now.effects[0] = e;
            }
            chain_set(c, &now);
            chain_run(c, x + 2 * i * PERIOD, PERIOD, 0.8f);
            sum += took = cpu_s() - from;
            most = took > most && i > 10 ? took : most;
        }
        best = sum < best ? sum : best;
        *worst = most * 1e6 < *worst ? most * 1e6 : *worst;
        free(x);
    }
    free(c);
    return 100 * best * PCM_RATE / ((double)PERIOD * PERIODS);
}

int main(void)
{
    struct chain_settings none = { 0 }, usual, every = { .is_enabled = true }, most = { .is_enabled = true };
    double usual_costs = 0;

    chain_default(&usual);
    for (int t = 0; t < EFFECT_TYPES; t++)
        every.effects[every.n++] = effect_default((enum effect_type)t);
    for (int i = 0; i < CHAIN_EFFECTS; i++)
        most.effects[most.n++] = effect_default(EFFECT_LIMITER);
    const struct { const char *name; const struct chain_settings *s; double level; bool changes; } cases[] = {
        { "off", &none, 1, false }, { "as it comes", &usual, 0.1, false }, { "as it comes, all of it too loud", &usual, 4, false },
        { "as it comes, silence", &usual, 0, false }, { "every effect", &every, 1, false }, { "every effect, a new order all the time", &every, 1, true },
        { "sixteen limiters", &most, 4, false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double worst, percent = measure(cases[i].s, cases[i].level, cases[i].changes, &worst);
        printf("chain, %-40s %6.3f %% of a core, dearest period %6.1f us of %d\n", cases[i].name, percent, worst, PERIOD * 1000000 / PCM_RATE);
        if (cases[i].s == &usual && percent > usual_costs)
            usual_costs = percent;
    }
    if (usual_costs > 1)
        printf("the chain as it comes costs more than a per cent of a core\n");
    return usual_costs > 1;
}
