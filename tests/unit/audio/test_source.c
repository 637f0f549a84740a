#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "../../tap.h"
#include "audio/source.h"

enum { RATE = PCM_RATE };

static struct run track(int64_t frames)
{
    return (struct run){ .generation = 1, .serial = 1, .frames = frames, .segment_end = frames, .playing = true, .rate = 1 };
}

/* A sound in memory; the caller frees its data. */
static struct sound sound(int64_t frames, int channels)
{
    return (struct sound){ .mix = { .data = calloc((size_t)(frames * channels), sizeof(float)), .frames = (uint64_t)frames, .channels = channels, .rate = RATE },
                           .stem_gain = { 1, 1, 1, 1 }, .click.gain = 1 };
}

static float *samples(struct pcm *pcm)
{
    return (float *)(uintptr_t)pcm->data;
}

/* All of a run, or its first n frames, in blocks of different lengths. */
static uint32_t read_all(struct source *s, const struct run *r, const struct sound *x, int64_t from, float *stereo, uint32_t n)
{
    static const uint32_t blocks[] = { 256, 1, 77, 256, 13, 256, 200 };
    uint32_t done = 0, got, want;
    double v, step;

    source_start(s, r, x, from);
    for (int i = 0; done < n; i++, done += got) {
        want = blocks[i % 7] < n - done ? blocks[i % 7] : n - done;
        got = source_read(s, r, x, stereo + 2 * (size_t)done, want, &v, &step);
        if (fabs(v - ((double)from + done * run_rate(r))) > 1e-6 || step != run_rate(r))
            return 0;
        if (got < want)
            return done + got;
    }
    return done;
}

TEST(rate_1_is_a_copy_through_loops)
{
    struct sound x = sound(5000, 2);
    struct source *s = source_new();
    struct run r = track(5000);
    float *out = calloc(2 * 20000, sizeof(float));
    bool same = true;

    for (int i = 0; i < 10000; i++)
        samples(&x.mix)[i] = (float)sin(i * 1.7) / 3;
    r.anchor = 900;
    r.loop = true;
    r.loop_start = 1000;
    r.loop_end = 1731;
    uint32_t n = read_all(s, &r, &x, 50, out, 20000);
    for (int64_t i = 0; i < 20000; i++) {
        int64_t left, frame = run_frame(&r, 50 + i, &left);
        same &= !memcmp(out + 2 * i, x.mix.data + 2 * frame, 2 * sizeof(float));
    }
    r.loop = false;
    uint32_t rest = read_all(s, &r, &x, 50, out, 20000);
    same &= !memcmp(out, x.mix.data + 2 * 950, rest * 2 * sizeof(float));
    source_free(s);
    free(out);
    free(samples(&x.mix));
    CHECK_INT(n, 20000);
    CHECK_INT(rest, 5000 - 950);
    CHECK(same);
}

TEST(a_mono_track_is_on_both_sides)
{
    struct sound x = sound(300, 1);
    struct source *s = source_new();
    struct run r = track(300);
    float out[600];
    bool same = true;

    for (int i = 0; i < 300; i++)
        samples(&x.mix)[i] = (float)i / 300;
    uint32_t n = read_all(s, &r, &x, 0, out, 300);
    for (int i = 0; i < 300; i++)
        same &= out[2 * i] == x.mix.data[i] && out[2 * i + 1] == x.mix.data[i];
    source_free(s);
    free(samples(&x.mix));
    CHECK_INT(n, 300);
    CHECK(same);
}

TEST(stems_are_heard_as_soon_as_one_is_not_as_it_is)
{
    struct sound x = sound(400, 2);
    struct source *s = source_new();
    struct run r = track(400);
    float whole[800], one[800], less[800];
    bool is_mix = true, is_one = true, is_less = true;

    x.n_stems = 4;
    for (int k = 0; k < 4; k++) {
        x.stems[k] = sound(400 - k, k == 3 ? 1 : 2).mix;       /* one is mono, and none need be as long as the mix */
        for (int i = 0; i < (400 - k) * x.stems[k].channels; i++)
            samples(&x.stems[k])[i] = (float)(k + 1) / 16;
    }
    for (int i = 0; i < 800; i++)
        samples(&x.mix)[i] = 0.5f;
    read_all(s, &r, &x, 0, whole, 400);
    x.stem_gain[0] = x.stem_gain[1] = x.stem_gain[2] = 0;
    read_all(s, &r, &x, 0, one, 400);
    x.stem_gain[1] = 0.5f;
    read_all(s, &r, &x, 0, less, 400);
    for (int i = 0; i < 800; i++) {
        is_mix &= whole[i] == 0.5f;
        is_one &= one[i] == (i < 2 * 397 ? 4.0f / 16 : 0);
        is_less &= less[i] == (i < 2 * 397 ? 4.0f / 16 : 0) + (i < 2 * 399 ? 1.0f / 16 : 0);
    }
    for (int k = 0; k < 4; k++)
        free(samples(&x.stems[k]));
    x.n_stems = 0;                      /* gains of stems that are not there */
    read_all(s, &r, &x, 0, whole, 400);
    for (int i = 0; i < 800; i++)
        is_mix &= whole[i] == 0.5f;
    source_free(s);
    free(samples(&x.mix));
    CHECK(is_mix);
    CHECK(is_one);
    CHECK(is_less);
}

/* The most that a tone, read at a rate from v on, differs from the same tone computed at the places it is said to be of. */
static double tone_error(double hz, double rate, int64_t from)
{
    enum { N = 20000 };
    int64_t frames = 2 * N + 1000;
    struct sound x = sound(frames, 2);
    struct source *s = source_new();
    struct run r = track(frames);
    float *out = calloc(2 * N, sizeof(float));
    double worst = 0;

    for (int64_t i = 0; i < frames; i++) {
        samples(&x.mix)[2 * i] = (float)sin(2 * M_PI * hz * (double)i / RATE);
        samples(&x.mix)[2 * i + 1] = (float)cos(2 * M_PI * hz * (double)i / RATE);
    }
    r.rate = rate;
    read_all(s, &r, &x, from, out, N / 2);
    for (int i = 0; i < N / 2; i++) {
        double t = 2 * M_PI * hz * ((double)from + i * rate) / RATE;
        worst = fmax(worst, fmax(fabs(out[2 * i] - sin(t)), fabs(out[2 * i + 1] - cos(t))));
    }
    source_free(s);
    free(out);
    free(samples(&x.mix));
    return worst;
}

TEST(varispeed_reads_each_frame_at_its_own_place)
{
    CHECK_NEAR(tone_error(440, 0.5, 200), 0, 1e-4);
    CHECK_NEAR(tone_error(440, 1.0 + 1e-9, 200), 0, 1e-4);
    CHECK_NEAR(tone_error(5000, 1.06, 333), 0, 1e-4);
    CHECK_NEAR(tone_error(18000, 0.97, 333), 0, 1e-4);
    CHECK_NEAR(tone_error(9000, 2, 333), 0, 1e-4);
}

TEST(varispeed_folds_nothing_back)
{
    enum { FRAMES = 40000, N = 10000 };
    struct sound x = sound(FRAMES, 1);
    struct source *s = source_new();
    struct run r = track(FRAMES);
    float *out = calloc(2 * N, sizeof(float)), loudest = 0;

    for (int i = 0; i < FRAMES; i++)
        samples(&x.mix)[i] = (float)sin(2 * M_PI * 15000.0 * i / RATE);         /* 30 kHz at the double rate */
    r.rate = 2;
    read_all(s, &r, &x, 1000, out, N);
    for (int i = 0; i < 2 * N; i++)
        loudest = fmaxf(loudest, fabsf(out[i]));
    source_free(s);
    free(out);
    free(samples(&x.mix));
    CHECK_NEAR(loudest, 0, 1e-4);
}

TEST(at_any_rate_the_run_ends_where_it_ends)
{
    struct sound x = sound(10000, 2);
    struct source *s = source_new();
    struct run r = track(10000);
    float *out = calloc(2 * 30000, sizeof(float));
    uint32_t n[2][3];
    static const double rates[] = { 0.5, 1.25, 2 };

    for (int keep = 0; keep < 2; keep++)
        for (int i = 0; i < 3; i++) {
            r.keep_pitch = keep;
            r.rate = rates[i];
            n[keep][i] = read_all(s, &r, &x, 1, out, 30000);
        }
    r.segment_end = 4001;
    r.rate = 2;
    uint32_t segment = read_all(s, &r, &x, 1, out, 30000);
    double v, step;
    uint32_t over = source_read(s, &r, &x, out, 64, &v, &step);
    source_free(s);
    free(out);
    free(samples(&x.mix));
    for (int keep = 0; keep < 2; keep++) {
        CHECK_INT(n[keep][0], 19998);
        CHECK_INT(n[keep][1], 8000);        /* 7999.2 */
        CHECK_INT(n[keep][2], 5000);        /* 4999.5 */
    }
    CHECK_INT(segment, 2000);
    CHECK_INT(over, 0);
}

/* --- the pitch kept --- */

static void put_hit(float *x, int64_t at, int64_t frames)
{
    for (int64_t i = 0; i < 300 && at + i < frames; i++)
        x[at + i] += 0.8f * expf((float)-i / 40) * sinf((float)i * 0.4f);
}

/* The middle of the loudest 64 frames of the left side around `near`. */
static double hit_at(const float *stereo, int64_t n, double near, int reach)
{
    int64_t from = (int64_t)near - reach, to = (int64_t)near + reach, best_at = -1;
    double sum = 0, best = 0;

    from = from < 64 ? 64 : from;
    to = to < n ? to : n;
    for (int64_t i = from; i < to; i++) {
        sum += stereo[2 * i] * stereo[2 * i];
        if (i - 64 >= from)
            sum -= stereo[2 * (i - 64)] * stereo[2 * (i - 64)];
        if (sum > best) {
            best = sum;
            best_at = i;
        }
    }
    return (double)best_at - 31.5;
}

struct timing { double worst, first, last, cpu; int hits; };

static double cpu_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* How far (ms) hits in a sound come from where the source says they are, over `seconds` of listening. */
static struct timing measure(double rate, int seconds, int64_t from, bool looped)
{
    int64_t n = (int64_t)seconds * RATE, frames = looped ? 100000 : (int64_t)((double)n * rate) + from + RATE;
    struct sound x = sound(frames, 1);
    struct source *s = source_new();
    struct run r = track(frames);
    struct timing t = { 0 };
    float *out = calloc(2 * (size_t)n, sizeof(float));
    unsigned random = 1;

    r.rate = rate;
    r.keep_pitch = true;
    r.loop = looped;
    r.loop_start = 10000;
    r.loop_end = 93457;
    for (int64_t i = 0; i < frames; i++)
        samples(&x.mix)[i] = 0.02f * sinf((float)(i % 480) * 2 * (float)M_PI * 7 / 480);
    for (int64_t at = from + 300; at < frames; at += 12000 + (int64_t)(random = random * 1103515245 + 12345) % 9000)
        put_hit(samples(&x.mix), at, frames);
    double began = cpu_seconds();
    read_all(s, &r, &x, from, out, (uint32_t)n);
    t.cpu = (cpu_seconds() - began) / seconds;
    random = 1;
    for (int64_t at = from + 300; at < frames; at += 12000 + (int64_t)(random = random * 1103515245 + 12345) % 9000) {
        /* Again in each turn of the loop; hits on its seam are left out. */
        if (looped && (at > r.loop_end - 1000 || at < r.loop_start + 1000))
            continue;
        for (int64_t v = at; (double)(v - from) / rate < (double)(n - 3000); v += r.loop_end - r.loop_start) {
            double wanted = ((double)v + 36 - (double)from) / rate, ms = (hit_at(out, n, wanted, 1500) - wanted) * 1000 / RATE;
            t.first = t.hits++ ? t.first : ms;
            t.last = ms;
            t.worst = fmax(t.worst, fabs(ms));
            if (!looped)
                break;
        }
    }
    source_free(s);
    free(out);
    free(samples(&x.mix));
    return t;
}

TEST(a_kept_pitch_keeps_the_place_as_well)
{
    static const struct { double rate, ms; } cases[] = { { 0.5, 2.5 }, { 0.7, 1.1 }, { 0.8, 1 }, { 0.94, 1 }, { 1.06, 1 }, { 1.25, 1 }, { 1.4, 1.1 }, { 2, 2.5 } };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct timing t = measure(cases[i].rate, 12, 50000, false);
        printf("# rate %.2f: hits within %.2f ms, %.1f %% of a core\n", cases[i].rate, t.worst, 100 * t.cpu);
        CHECK(t.hits > 15);
        CHECK_NEAR(t.worst, 0, cases[i].ms);
    }
}

TEST(a_kept_pitch_keeps_it_in_loops_and_does_not_drift)
{
    const char *minutes = getenv("LUMAD_TEST_MINUTES");        /* 10: what is promised, half a minute of computing */
    int seconds = minutes ? 60 * atoi(minutes) : 20;
    struct timing loops = measure(1.1, seconds, 0, true), on = measure(0.93, seconds, 0, false);

    printf("# %d s: loops within %.2f ms; from %.2f to %.2f ms, within %.2f\n", seconds, loops.worst, on.first, on.last, on.worst);
    CHECK(loops.hits > 20);
    CHECK_NEAR(loops.worst, 0, 1);
    CHECK_NEAR(on.worst, 0, 1);
    CHECK_NEAR(on.last, on.first, 1);
}

/* A tone has its pitch and its level from the first frame on: nothing is faded in. */
TEST(a_kept_pitch_is_one_and_begins_at_once)
{
    enum { FRAMES = 200000, N = 24000 };
    struct sound x = sound(FRAMES, 2);
    struct source *s = source_new();
    struct run r = track(FRAMES);
    float *out = calloc(2 * N, sizeof(float));
    int crossings = 0;
    double head = 0, body = 0;

    for (int i = 0; i < FRAMES; i++)
        samples(&x.mix)[2 * i] = samples(&x.mix)[2 * i + 1] = 0.5f * (float)sin(2 * M_PI * 1000.0 * i / RATE);
    r.rate = 1.25;
    r.keep_pitch = true;
    read_all(s, &r, &x, 20000, out, N);
    for (int i = 1; i < N; i++) {
        crossings += out[2 * i - 2] < 0 && out[2 * i] >= 0;
        body += out[2 * i] * out[2 * i] / N;
        head += i < 480 ? out[2 * i] * out[2 * i] / 480 : 0;
    }
    source_free(s);
    free(out);
    free(samples(&x.mix));
    CHECK_NEAR(crossings, 500, 3);
    CHECK_NEAR(sqrt(body), 0.3536, 0.02);
    CHECK_NEAR(sqrt(head), 0.3536, 0.04);
}

/* --- the metronome --- */

static const double beats[] = { 0.1, 0.35, 0.6000001, 0.85 };
static const bool downbeats[] = { true, false, false, false };

static struct sound ticking(void)
{
    struct sound x = sound(RATE, 2);

    x.click = (struct click){ .on = true, .gain = 0.5f, .beats = beats, .downbeats = downbeats, .n = 4 };
    return x;
}

TEST(a_tick_sounds_from_its_beats_sample_on)
{
    static const double rates[] = { 1, 0.5, 1.3, 2 };
    struct sound x = ticking();
    struct source *s = source_new();
    struct run r = track(RATE);
    float *out = calloc(4 * RATE, sizeof(float));
    bool right = true;

    for (int k = 0; k < 4 && right; k++) {
        r.rate = rates[k];
        uint32_t n = read_all(s, &r, &x, 0, out, 2 * RATE);
        float *want = calloc(4 * RATE, sizeof(float));
        for (int b = 0; b < 4; b++) {
            int64_t first = (int64_t)ceil((double)llround(beats[b] * RATE) / rates[k] - 1e-6);
            for (int64_t i = first; i < (int64_t)n && i < first + CLICK_FRAMES; i++)
                want[2 * i] = want[2 * i + 1] = 0.5f * click_sample(i - first, downbeats[b]);
        }
        right = !memcmp(out, want, n * 2 * sizeof(float));
        free(want);
    }
    source_free(s);
    free(out);
    free(samples(&x.mix));
    CHECK(right);
    CHECK(fabsf(click_sample(10, true)) > 1.2f * fabsf(click_sample(10, false)));
    CHECK_NEAR(click_sample(-1, true), 0, 0);
    CHECK_NEAR(click_sample(CLICK_FRAMES - 1, true), 0, 0.001);
    CHECK_NEAR(click_sample(CLICK_FRAMES, true), 0, 0);
}

TEST(ticks_follow_a_loop_and_sound_on_over_its_seam)
{
    struct sound x = ticking();
    struct source *s = source_new();
    struct run r = track(RATE);
    float *out = calloc(8 * RATE, sizeof(float));
    int64_t length = 14500;
    bool right = true;

    r.loop = true;
    r.loop_start = 4800;                /* on the downbeat */
    r.loop_end = r.loop_start + length;
    read_all(s, &r, &x, 0, out, 4 * RATE);
    /* 0.35 s is 12000 frames into the loop, so its tick is not over at the end of the loop when it is 14500 - 12000 > CLICK_FRAMES; that of turn k begins at: */
    for (int k = 0; k < 12; k++) {
        int64_t first = 4800 + k * length;
        for (int64_t i = 0; i < CLICK_FRAMES; i++) {
            right &= fabsf(out[2 * (first + i)] - 0.5f * click_sample(i, true)) < 1e-6f;
            right &= fabsf(out[2 * (first + 12000 + i)] - 0.5f * click_sample(i, false)) < 1e-6f;
        }
    }
    r.loop_end = 4800 + 12000 + 500;    /* the second tick runs into the first */
    read_all(s, &r, &x, 0, out, 4 * RATE);
    for (int64_t i = 0; i < 480; i++)
        right &= fabsf(out[2 * (4800 + 12500 + i)] - 0.5f * (click_sample(i, true) + click_sample(500 + i, false))) < 1e-6f;
    source_free(s);
    free(out);
    free(samples(&x.mix));
    CHECK(right);
}

TEST(a_tick_goes_on_where_a_new_run_takes_over)
{
    struct sound x = ticking();
    struct source *s = source_new();
    struct run r = track(RATE);
    float *whole = calloc(2 * RATE, sizeof(float)), *rest = calloc(2 * RATE, sizeof(float));

    read_all(s, &r, &x, 0, whole, RATE);
    r.anchor = 5000;                    /* 200 frames into the first tick */
    uint32_t n = read_all(s, &r, &x, 0, rest, RATE);
    bool same = !memcmp(rest, whole + 2 * 5000, n * 2 * sizeof(float));
    source_free(s);
    free(whole);
    free(rest);
    free(samples(&x.mix));
    CHECK_INT(n, RATE - 5000);
    CHECK(same);
}
