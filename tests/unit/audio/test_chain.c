/* The chain as the callback runs it: what passes untouched, changes that nobody hears, settings from anywhere, signals that are none. */
#include "audio/chain.h"

#include <stdlib.h>

#include "core/thread.h"
#include "dsp/loudness.h"

#include "../../tap.h"

#define RATE 48000.0
enum { PERIOD = 256 };

static double random_of(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed / 4294967296.0;
}

static struct chain *chain_of(const struct chain_settings *s)
{
    struct chain *c = malloc(sizeof *c);

    chain_init(c, RATE);
    chain_set(c, s);
    return c;
}

static struct chain_settings settings_of(const enum effect_type *types, int n)
{
    struct chain_settings s = { .is_enabled = true };

    for (int i = 0; i < n; i++)
        s.effects[s.n++] = effect_default(types[i]);
    return s;
}

/* A sine that goes on from call to call, left and right in quadrature. */
static void tone(float *x, uint32_t n, double hz, double level, uint64_t *at)
{
    for (uint32_t i = 0; i < n; i++, ++*at) {
        x[2 * i] = (float)(level * sin(2 * M_PI * hz * (double)*at / RATE));
        x[2 * i + 1] = (float)(level * cos(2 * M_PI * hz * (double)*at / RATE));
    }
}

TEST(what_is_off_or_bypassed_passes_bit_for_bit)
{
    struct chain_settings cases[4] = { { 0 }, { .is_enabled = true } };

    chain_default(&cases[2]);
    cases[2].is_enabled = false;
    chain_default(&cases[3]);
    for (int i = 0; i < cases[3].n; i++)
        cases[3].effects[i].is_bypassed = true;
    for (int s = 0; s < 4; s++) {
        struct chain *c = chain_of(&cases[s]);
        uint32_t seed = 3, bits[2 * PERIOD];
        bool same = true;
        for (int r = 0; r < 50; r++) {
            float x[2 * PERIOD];
            for (int i = 0; i < 2 * PERIOD; i++)
                bits[i] = (uint32_t)(random_of(&seed) * 4294967295.0);      /* also what is denormal, infinite or no number */
            memcpy(x, bits, sizeof x);
            chain_run(c, x, PERIOD, 0.5f);
            same = same && !memcmp(x, bits, sizeof x);
        }
        CHECK(same);
        CHECK_INT(chain_latency(c), 0);
        CHECK_INT(chain_latency_frames(&cases[s]), 0);
        free(c);
    }
}

TEST(the_default_chain_delays_what_is_not_too_loud_and_changes_no_bit)
{
    struct chain_settings s;
    static float in[2 * 20000], out[2 * 20000];
    uint32_t seed = 9;

    chain_default(&s);
    CHECK_INT(chain_latency_frames(&s), 131);           /* 2.73 ms */
    struct chain *c = chain_of(&s);
    for (int i = 0; i < 2 * 20000; i++)
        in[i] = out[i] = (float)(random_of(&seed) - 0.5) * 0.6f;
    for (int i = 0; i < 20000; i += 500)
        chain_run(c, out + 2 * i, 500, 1);
    CHECK(!memcmp(out + 2 * 131, in, sizeof in - 2 * 131 * sizeof *in));
    CHECK_INT(chain_latency(c), 131);
    free(c);
}

TEST(the_gain_of_a_track_holds_from_its_first_frame_and_the_target_is_added)
{
    struct chain_settings s = settings_of((enum effect_type[]){ EFFECT_LOUDNESS }, 1);
    float x[4] = { 0.5f, -0.25f, 0.5f, -0.25f };

    s.effects[0].params[LOUDNESS_TARGET_LUFS] = -20;
    struct chain *c = chain_of(&s);
    chain_run(c, x, 2, 0.5f);
    double want = 0.5 * 0.5 * pow(10, (-20 - CHAIN_LUFS) / 20);
    CHECK_NEAR(x[0], want, 1e-6);
    CHECK_NEAR(x[3], -want / 2, 1e-6);
    free(c);
}

/* Brown noise that comes and goes. */
static float *make_track(double level, uint32_t frames)
{
    float *x = malloc(sizeof *x * 2 * frames);
    uint32_t seed = 11;
    double low = 0;

    for (uint32_t i = 0; i < frames; i++) {
        low += 0.1 * (random_of(&seed) - 0.5 - 0.2 * low);
        x[2 * i] = x[2 * i + 1] = (float)(level * low * (1 + 0.8 * sin(i * 1e-4)));
    }
    return x;
}

static double loudness_of(const float *x, uint32_t frames, double *peak_db)
{
    struct loudness *l = loudness_new(2, RATE);
    double lufs = loudness_add(l, x, frames) ? NAN : loudness_integrated(l);

    *peak_db = loudness_true_peak(l);
    loudness_free(l);
    return lufs;
}

TEST(a_quiet_and_a_loud_track_come_out_alike)
{
    enum { FRAMES = 12 * 48000 };
    static const double levels[] = { 0.03, 0.3, 3 };

    for (int i = 0; i < 3; i++) {
        struct chain_settings s;
        float *x = make_track(levels[i], FRAMES);
        double peak_db, was = loudness_of(x, FRAMES, &peak_db);
        chain_default(&s);
        struct chain *c = chain_of(&s);
        for (uint32_t at = 0; at < FRAMES; at += 240)
            chain_run(c, x + 2 * at, 240, (float)pow(10, (CHAIN_LUFS - was) / 20));
        double is = loudness_of(x, FRAMES, &peak_db);
        free(c);
        free(x);
        CHECK(fabs(was - CHAIN_LUFS) > 3);
        CHECK_NEAR(is, CHAIN_LUFS, 0.1);
        CHECK(peak_db < -0.9);
    }
}

/* ---- changes ---- */

/* How much the output bends from frame to frame: a click is a bend of its own height, what the ear forgives is spread over milliseconds. */
static double sharpest_bend(struct chain *c, void (*change)(struct chain *c, int period, struct chain_settings *s), struct chain_settings *s, int periods)
{
    double before[2][2] = { { 0 } }, most = 0;
    uint64_t at = 0;

    for (int r = 0; r < periods; r++) {
        float x[2 * PERIOD];
        tone(x, PERIOD, 100, 0.5, &at);
        if (r >= 40)
            change(c, r, s);
        chain_run(c, x, PERIOD, 1);
        for (int i = 0; i < PERIOD; i++)
            for (int k = 0; k < 2; k++) {
                double v = (double)x[2 * i + k], bend = fabs(v - 2 * before[k][0] + before[k][1]);
                if (r >= 20)
                    most = fmax(most, bend);
                before[k][1] = before[k][0];
                before[k][0] = v;
            }
    }
    return most;
}

static void change_parameters(struct chain *c, int r, struct chain_settings *s)
{
    s->effects[0].params[GAIN_DB] = r & 1 ? 6 : -40;
    s->effects[1].params[FILTER_GAIN_DB] = r % 3 ? 12 : -12;
    s->effects[1].params[FILTER_HZ] = r % 5 ? 200 : 4000;
    s->effects[2].params[COMPRESSOR_RATIO] = r % 4 ? 20 : 1;
    s->effects[2].params[COMPRESSOR_MAKEUP_DB] = r % 4 ? 6 : 0;
    s->effects[3].params[LIMITER_CEILING_DB] = r % 6 ? -12 : 0;
    chain_set(c, s);
}

static void change_order(struct chain *c, int r, struct chain_settings *s)
{
    int a = r % 4, b = r * 7 / 3 % 4;
    struct chain_effect e = s->effects[a];

    s->effects[a] = s->effects[b];
    s->effects[b] = e;
    if (r % 5 == 0)
        s->effects[r % 4].is_bypassed = !s->effects[r % 4].is_bypassed;
    if (r % 31 == 0)
        s->is_enabled = !s->is_enabled;
    chain_set(c, s);
}

static void change_look_ahead(struct chain *c, int r, struct chain_settings *s)
{
    if (r % 8)
        return;
    s->effects[0].params[LIMITER_LOOK_AHEAD_MS] = 1.5f + (float)(r / 8 % 8) * 0.5f;
    s->effects[0].is_bypassed = r / 8 % 3 == 0;
    chain_set(c, s);
}

TEST(changes_do_not_click)
{
    static const enum effect_type types[] = { EFFECT_GAIN, EFFECT_LOW_SHELF, EFFECT_COMPRESSOR, EFFECT_LIMITER };
    struct chain_settings s = settings_of(types, 4);
    struct chain *c = chain_of(&s);

    /* Switched hard, the first of these would bend by 0.9; the tone itself bends by 9e-5, twice as loud by 2e-4. */
    double bend = sharpest_bend(c, change_parameters, &s, 600);
    if (!(bend < 0.01))
        TAP_FAIL("parameters: %g", bend);
    free(c);
    s = settings_of(types, 4);
    s.effects[0].params[GAIN_DB] = 10;
    s.effects[1].params[FILTER_GAIN_DB] = -6;
    c = chain_of(&s);
    bend = sharpest_bend(c, change_order, &s, 2000);
    if (!(bend < 0.01))
        TAP_FAIL("order: %g", bend);
    free(c);
    s = settings_of((enum effect_type[]){ EFFECT_LIMITER }, 1);
    c = chain_of(&s);
    bend = sharpest_bend(c, change_look_ahead, &s, 600);
    if (!(bend < 0.005))
        TAP_FAIL("look-ahead: %g", bend);
    CHECK_INT(c->resets, 0);
    free(c);
}

TEST(what_was_asked_for_last_is_what_sounds)
{
    static const enum effect_type types[] = { EFFECT_GAIN, EFFECT_PARAMETRIC, EFFECT_LIMITER, EFFECT_HIGH_PASS, EFFECT_GAIN };
    struct chain_settings s = settings_of(types, 1), last;
    struct chain *c = chain_of(&s), *straight;
    uint64_t at = 0;
    uint32_t seed = 77;
    float x[2 * PERIOD], y[2 * PERIOD];

    /* Faster than it can fade over: three while two lines are running. */
    for (int r = 0; r < 300; r++) {
        s = settings_of(types, 1 + (int)(random_of(&seed) * 5));
        for (int i = 0; i < s.n; i++)
            s.effects[i].is_bypassed = random_of(&seed) < 0.3;
        s.effects[0].params[GAIN_DB] = (float)(random_of(&seed) * 6);
        chain_set(c, &s);
        tone(x, 100, 100, 0.1, &at);
        chain_run(c, x, 100, 1);
    }
    last = settings_of(types, 4);
    last.effects[0].params[GAIN_DB] = -3;
    last.effects[1].params[FILTER_GAIN_DB] = 7;
    chain_set(c, &last);
    straight = chain_of(&last);
    CHECK_INT(chain_latency_frames(&last), 131);
    for (int r = 0; r < 400; r++) {
        tone(x, PERIOD, 1000, 0.1, &at);
        memcpy(y, x, sizeof y);
        chain_run(c, x, PERIOD, 1);
        chain_run(straight, y, PERIOD, 1);
    }
    CHECK_INT(chain_latency(c), 131);
    for (int i = 0; i < 2 * PERIOD; i++)
        CHECK_NEAR(x[i], y[i], 1e-5);
    /* Back to nothing: bit for bit again, and not late. */
    last.is_enabled = false;
    chain_set(c, &last);
    for (int r = 0; r < 20; r++) {
        tone(x, PERIOD, 1000, 0.1, &at);
        memcpy(y, x, sizeof y);
        chain_run(c, x, PERIOD, 1);
    }
    CHECK(!memcmp(x, y, sizeof x));
    CHECK_INT(chain_latency(c), 0);
    free(c);
    free(straight);
}

TEST(the_size_of_periods_changes_nothing)
{
    static const enum effect_type types[] = { EFFECT_LOUDNESS, EFFECT_PARAMETRIC, EFFECT_COMPRESSOR, EFFECT_LIMITER };
    struct chain_settings s = settings_of(types, 4);
    static float x[2 * 9600], y[2 * 9600];
    uint32_t seed = 21;
    uint64_t at = 0;

    s.effects[1].params[FILTER_GAIN_DB] = 9;
    struct chain *a = chain_of(&s), *b = chain_of(&s);
    tone(x, 9600, 440, 0.9, &at);
    memcpy(y, x, sizeof y);
    chain_run(a, x, 9600, 2);
    for (uint32_t i = 0, n; i < 9600; i += n) {
        n = 1 + (uint32_t)(random_of(&seed) * 200);
        n = n < 9600 - i ? n : 9600 - i;
        chain_run(b, y + 2 * i, n, 2);
    }
    for (int i = 0; i < 2 * 9600; i++)
        CHECK_NEAR(x[i], y[i], 1e-6);
    free(a);
    free(b);
}

/* ---- what is no sound, and what are no settings ---- */

TEST(what_is_no_number_does_not_stay)
{
    static const float bad[] = { NAN, INFINITY, -INFINITY, 3e38f, -3e38f, 1e-42f };
    struct chain_settings s = settings_of((enum effect_type[]){ EFFECT_LOW_SHELF, EFFECT_HIGH_PASS, EFFECT_COMPRESSOR, EFFECT_LOUDNESS, EFFECT_LIMITER }, 5);
    struct chain *c = chain_of(&s), *clean = chain_of(&s);
    uint64_t at = 0;
    float x[2 * PERIOD], y[2 * PERIOD];

    for (int r = 0; r < 1200; r++) {
        tone(x, PERIOD, 300, 0.2, &at);
        memcpy(y, x, sizeof y);
        if (r > 100 && r < 200)
            x[r] = bad[r % 6];
        chain_run(c, x, PERIOD, 1);
        chain_run(clean, y, PERIOD, 1);
        for (int i = 0; i < 2 * PERIOD; i++)
            CHECK(isfinite(x[i]) && fabsf(x[i]) < 1);
    }
    for (int i = 0; i < 2 * PERIOD; i++)
        CHECK_NEAR(x[i], y[i], 1e-4);
    /* Even if an effect itself should go mad. */
    c->line[c->live].fx[0].is.filter.s1[0][0] = NAN;
    c->line[c->live].fx[2].is.compressor.level = INFINITY;
    for (int r = 0; r < 20; r++) {
        tone(x, PERIOD, 300, 0.2, &at);
        chain_run(c, x, PERIOD, 1);
    }
    CHECK(isfinite(x[0]) && fabsf(x[0]) + fabsf(x[1]) > 0.1f);
    CHECK(c->resets > 0);
    chain_run(c, x, PERIOD, NAN);
    chain_run(c, x, PERIOD, -1);
    chain_run(c, x, PERIOD, INFINITY);
    CHECK_NEAR(c->track_gain, 1, 0);
    free(c);
    free(clean);
}

TEST(settings_of_any_bytes_do_no_harm)
{
    struct chain_settings s;
    struct chain *c = malloc(sizeof *c);
    uint32_t seed = 31;
    double most = 0;

    chain_init(c, RATE);
    for (int r = 0; r < 3000; r++) {
        float x[2 * PERIOD];
        unsigned char *bytes = (unsigned char *)&s;
        double level = pow(10, -3 + 4 * random_of(&seed));
        memset(&s, 0, sizeof s);
        for (size_t i = 0; i < sizeof s.effects; i++)
            bytes[offsetof(struct chain_settings, effects) + i] = (unsigned char)(random_of(&seed) * 256);
        for (int i = 0; i < CHAIN_EFFECTS; i++) {
            bool bypassed = random_of(&seed) < 0.4;         /* a bool is 0 or 1 */
            s.effects[i].type = (uint8_t)(random_of(&seed) * 12);
            memset(&s.effects[i].is_bypassed, bypassed, 1);
        }
        s.is_enabled = true;
        s.n = r % 7 ? (uint8_t)(random_of(&seed) * 20) : 255;
        if (r % 3) {                                        /* the limiter at the end, on: nothing above its ceiling */
            s.n = (uint8_t)(s.n % CHAIN_EFFECTS);
            s.effects[s.n++] = effect_default(EFFECT_LIMITER);
        }
        bool is_limited = r % 3;
        if (is_limited)
            chain_init(c, RATE);
        chain_set(c, &s);
        for (int k = 0; k < 4; k++) {
            for (int i = 0; i < 2 * PERIOD; i++)
                x[i] = (float)(level * (random_of(&seed) - 0.5));
            chain_run(c, x, PERIOD, (float)(random_of(&seed) * 8));
            for (int i = 0; i < 2 * PERIOD; i++) {
                CHECK(isfinite(x[i]));
                CHECK(fpclassify(x[i]) != FP_SUBNORMAL);
                if (is_limited)
                    most = fmax(most, (double)fabsf(x[i]));
            }
        }
    }
    CHECK(most < pow(10, -1 / 20.0) * 1.0001 && most > 0.5);
    CHECK_INT(c->resets, 0);
    free(c);
}

TEST(a_limiter_at_the_end_holds_while_everything_before_it_changes)
{
    struct chain_settings s = { .is_enabled = true };
    struct chain *c = malloc(sizeof *c);
    uint32_t seed = 41;
    double most = 0;

    chain_init(c, RATE);
    for (int r = 0; r < 3000; r++) {
        float x[2 * PERIOD];
        if (r % 3 == 0) {
            s.n = (uint8_t)(random_of(&seed) * 6);
            for (int i = 0; i < s.n; i++) {
                s.effects[i] = effect_default((enum effect_type)(random_of(&seed) * EFFECT_TYPES));
                for (int k = 0; k < CHAIN_PARAMS; k++)
                    s.effects[i].params[k] = (float)(random_of(&seed) * 200 - 100);
                s.effects[i].is_bypassed = random_of(&seed) < 0.3;
            }
            s.effects[s.n] = effect_default(EFFECT_LIMITER);
            s.effects[s.n].params[LIMITER_LOOK_AHEAD_MS] = (float)(random_of(&seed) * 6);
            s.n++;
            chain_set(c, &s);
        }
        for (int i = 0; i < 2 * PERIOD; i++)
            x[i] = (float)(4 * random_of(&seed) - 2);
        chain_run(c, x, PERIOD, 1);
        for (int i = 0; i < 2 * PERIOD; i++)
            most = fmax(most, isfinite(x[i]) ? (double)fabsf(x[i]) : 99);
    }
    CHECK(most < pow(10, -1 / 20.0) * 1.0001 && most > 0.8);
    free(c);
}

TEST(the_table_of_effects_is_whole)
{
    for (int t = 0; t < EFFECT_TYPES; t++) {
        CHECK(effect_types[t].id && effect_types[t].label && effect_types[t].doc && effect_types[t].params[0].id);
        for (int k = 0; k < CHAIN_PARAMS && effect_types[t].params[k].id; k++) {
            const struct effect_param *p = &effect_types[t].params[k];
            CHECK(p->label && p->unit && p->doc && p->min < p->max && p->min <= p->def && p->def <= p->max && p->step > 0);
            for (int j = 0; j < k; j++)
                CHECK(strcmp(effect_types[t].params[j].id, p->id) != 0);
        }
        for (int u = 0; u < t; u++)
            CHECK(strcmp(effect_types[u].id, effect_types[t].id) != 0);
    }
}

TEST(the_callback_may_run_and_change_it)
{
    static const enum effect_type types[] = { EFFECT_GAIN, EFFECT_LOW_SHELF, EFFECT_COMPRESSOR, EFFECT_LIMITER };
    struct chain_settings s = settings_of(types, 4);
    struct chain *c = chain_of(&s);
    uint64_t at = 0;

    thread_enter_real_time(10);
    for (int r = 0; r < 200; r++) {
        float x[2 * PERIOD];
        tone(x, PERIOD, 100, 0.5, &at);
        change_parameters(c, r, &s);
        if (r % 9 == 0)
            change_order(c, r, &s);
        chain_run(c, x, PERIOD, 1);
    }
    chain_reset(c);
    thread_leave_real_time();
    CHECK_INT(c->resets, 0);
    free(c);
}
