#include "../../tap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/thread.h"
#include "render/guard.h"

enum { HZ = 44, MAX_HEADS = 40, MAX_FRAMES = 44 * 60 };
static const int64_t frame_ns = 1000000000 / HZ;

/* A rig of heads of their own; what went in and what came out of each frame. */
struct rig {
    struct guard *g;
    struct frame *f;
    size_t heads, frames, changed;
    int limit;
    int64_t now;
    float out[MAX_FRAMES][MAX_HEADS], strobe[MAX_FRAMES][MAX_HEADS];
};

static struct rig *rig_new(size_t heads, int limit)
{
    struct rig *r = calloc(1, sizeof *r);
    bool light[MAX_HEADS], gated[MAX_HEADS] = { false };
    uint32_t with[MAX_HEADS];

    for (size_t i = 0; i < MAX_HEADS; i++)
        light[i] = true, with[i] = (uint32_t)i;
    r->g = guard_new(heads, light, with, gated);
    r->f = frame_new(heads);
    r->heads = heads;
    r->limit = limit;
    return r;
}

static void rig_free(struct rig *r)
{
    guard_free(r->g);
    frame_free(r->f);
    free(r);
}

/* One frame of what stands in r->f; true: it passed to the bit. */
static bool step(struct rig *r)
{
    float in[MAX_HEADS], strobe[MAX_HEADS];

    memcpy(in, r->f->intensity, r->heads * sizeof *in);
    memcpy(strobe, r->f->strobe, r->heads * sizeof *strobe);
    size_t changed = guard_run(r->g, r->f, r->now, r->limit);
    memcpy(r->out[r->frames], r->f->intensity, r->heads * sizeof *in);
    memcpy(r->strobe[r->frames], r->f->strobe, r->heads * sizeof *strobe);
    bool same = !memcmp(in, r->f->intensity, r->heads * sizeof *in) && !memcmp(strobe, r->f->strobe, r->heads * sizeof *strobe);
    r->frames++;
    r->now += frame_ns;
    r->changed += changed;
    return same && !changed;
}

static double seconds(const struct rig *r)
{
    return (double)r->frames / HZ;
}

static float square(double t, double hz)
{
    double turn = t * hz + 1e-9;
    return turn - floor(turn) < .5;
}

/* Flashes of one head by the words of the specification, counted apart from the guard: turns of more than 20 %, two opposing ones are a flash.
 * The most that end in any second. */
static int most_flashes(const struct rig *r, size_t head)
{
    int64_t turn[MAX_FRAMES];
    size_t n = 0;
    int most = 0;
    float low = r->out[0][head], high = low;
    int up = 0;

    for (size_t k = 1; k < r->frames; k++) {
        float v = r->out[k][head];
        low = v < low ? v : low, high = v > high ? v : high;
        if (up <= 0 && v > low + .2001f)
            up = 1, turn[n++] = (int64_t)k, high = low = v;
        else if (up >= 0 && v < high - .2001f)
            up = -1, turn[n++] = (int64_t)k, high = low = v;
    }
    for (size_t a = 0; a < n; a++) {
        size_t b = a;
        while (b < n && turn[b] < turn[a] + HZ)
            b++;
        int pairs = (int)(b - a) / 2;
        most = pairs > most ? pairs : most;
    }
    return most;
}

TEST(two_flashes_a_second_pass_to_the_bit)
{
    struct rig *r = rig_new(8, 3);
    bool same = true;

    while (r->frames < HZ * 20) {
        for (size_t i = 0; i < r->heads; i++)
            r->f->intensity[i] = square(seconds(r), 2) * .9f, r->f->strobe[i] = 0;
        same &= step(r);
    }
    int flashes = most_flashes(r, 3);
    rig_free(r);
    CHECK(same);
    CHECK_INT(flashes, 2);
}

TEST(three_a_second_are_three_whatever_frames_they_fall_on)
{
    static const double hz[] = { 2.9, 2.95, 3.0, 3.0001 };

    for (size_t c = 0; c < 4; c++) {
        struct rig *r = rig_new(8, 3);
        bool same = true;
        while (r->frames < HZ * 40) {
            for (size_t i = 0; i < r->heads; i++)
                r->f->intensity[i] = square(seconds(r) + .013, hz[c]), r->f->strobe[i] = 0;
            same &= step(r);
        }
        rig_free(r);
        CHECK(same);
    }
}

TEST(a_rig_that_strobes_ten_times_a_second_flashes_three_times)
{
    struct rig *r = rig_new(8, 3);
    int rises = 0;
    size_t last = 0, closest = MAX_FRAMES;

    while (r->frames < HZ * 20) {
        for (size_t i = 0; i < r->heads; i++)
            r->f->intensity[i] = square(seconds(r), 10), r->f->strobe[i] = 0;
        step(r);
    }
    for (size_t k = 1; k < r->frames; k++)
        if (r->out[k][0] > .5f && r->out[k - 1][0] < .5f) {
            closest = k > 2 * HZ && k - last < closest ? k - last : closest;
            last = k;
            rises++;
        }
    int most = 0;
    for (size_t i = 0; i < r->heads; i++)
        most = most_flashes(r, i) > most ? most_flashes(r, i) : most;
    rig_free(r);
    CHECK_INT(most, 3);                 /* and no fewer: the effect is slowed, not switched off */
    CHECK(rises >= 45 && rises <= 61);
    CHECK(closest >= HZ / 3 - 1);       /* and evenly */
}

TEST(the_limit_is_a_setting)
{
    for (int limit = 1; limit <= GUARD_MAX_LIMIT; limit += 3) {
        struct rig *r = rig_new(4, limit);
        while (r->frames < HZ * 10) {
            for (size_t i = 0; i < r->heads; i++)
                r->f->intensity[i] = square(seconds(r), 15), r->f->strobe[i] = 0;
            step(r);
        }
        int most = most_flashes(r, 2);
        rig_free(r);
        CHECK(most <= limit && most >= (limit > 1 ? limit - 1 : 1));
    }
}

TEST(a_fifth_of_the_heads_may_do_as_they_like)
{
    struct rig *r = rig_new(10, 3);
    bool same = true;

    while (r->frames < HZ * 10) {
        for (size_t i = 0; i < r->heads; i++)
            r->f->intensity[i] = i < 2 ? square(seconds(r), 10) : .4f, r->f->strobe[i] = 0;
        same &= step(r);
    }
    rig_free(r);
    CHECK(same);
}

TEST(halves_that_take_turns_count)
{
    struct rig *r = rig_new(8, 3);

    while (r->frames < HZ * 20) {
        for (size_t i = 0; i < r->heads; i++) {
            float on = square(seconds(r), 10);
            r->f->intensity[i] = i < 4 ? on : 1 - on;
            r->f->strobe[i] = 0;
        }
        step(r);
    }
    int a = most_flashes(r, 0), b = most_flashes(r, 7);
    size_t last = 0, closest = MAX_FRAMES;
    for (size_t k = 2 * HZ; k < r->frames; k++)
        if (r->out[k][0] > .5f && r->out[k - 1][0] < .5f) {
            closest = last && k - last < closest ? k - last : closest;
            last = k;
        }
    rig_free(r);
    CHECK(closest >= HZ / 3 - 1);
    CHECK_INT(a, 3);
    CHECK_INT(b, 3);
}

/* A new guard takes over, as after an edit of the patch. */
static void edit(struct rig *r)
{
    bool light[MAX_HEADS], gated[MAX_HEADS] = { false };
    uint32_t with[MAX_HEADS];

    for (size_t i = 0; i < r->heads; i++)
        light[i] = true, with[i] = (uint32_t)i;
    struct guard *next = guard_new(r->heads, light, with, gated);
    guard_take_room(next, r->g);
    for (size_t i = 0; i < r->heads; i++)
        guard_take(next, i, r->g, i);
    guard_free(r->g);
    r->g = next;
}

TEST(an_edit_of_the_patch_gives_no_head_new_flashes)
{
    struct rig *r = rig_new(6, 3);

    while (r->frames < HZ * 20) {
        if (r->frames % 11 == 0)
            edit(r);
        for (size_t i = 0; i < r->heads; i++) {
            float on = square(seconds(r), 10);
            r->f->intensity[i] = i < 3 ? on : 1 - on;   /* for the room it is even */
            r->f->strobe[i] = 0;
        }
        step(r);
    }
    int most = most_flashes(r, 5);
    rig_free(r);
    CHECK_INT(most, 3);
}

/* A third of the rig after the other: each head flashes three times a second, the room nine times. Edits do not matter. */
TEST(sets_that_take_turns_are_flashes_of_the_room)
{
    struct rig *r = rig_new(9, 3);
    int rises = 0, most = 0;
    int at[MAX_FRAMES];

    while (r->frames < HZ * 20) {
        double turn = seconds(r) * 9;
        if (r->frames % 13 == 0)
            edit(r);
        for (size_t i = 0; i < r->heads; i++) {
            r->f->intensity[i] = (size_t)turn % 3 == i % 3 && turn - floor(turn) < .5;
            r->f->strobe[i] = 0;
        }
        step(r);
    }
    for (size_t k = 1; k < r->frames; k++) {
        int up = 0, before = 0;
        for (size_t i = 0; i < r->heads; i++)
            up += r->out[k][i] > .5f, before += r->out[k - 1][i] > .5f;
        if (up >= 3 && before < 3)
            at[rises++] = (int)k;
    }
    for (int a = 0, b = 0; a < rises; a++) {
        while (b < rises && at[b] < at[a] + HZ - 1)
            b++;
        most = b - a > most ? b - a : most;
    }
    int closest = MAX_FRAMES;
    for (int a = 1; a < rises; a++)
        closest = at[a - 1] > HZ && at[a] - at[a - 1] < closest ? at[a] - at[a - 1] : closest;
    rig_free(r);
    CHECK(most <= 3);
    CHECK(closest >= HZ / 3 - 1);       /* evenly, here as well */
    CHECK(rises >= 40);                 /* light comes through all the same */
}

TEST(fades_and_ripple_are_no_flashes)
{
    struct rig *r = rig_new(6, 1);
    bool same = true;

    while (r->frames < HZ * 30) {
        double t = seconds(r);
        for (size_t i = 0; i < r->heads; i++) {
            r->f->intensity[i] = (float)(i < 3 ? .5 - .5 * cos(t * 2 * M_PI / 4) : .7 + .09 * sin(t * 2 * M_PI * 12));
            r->f->strobe[i] = 0;
        }
        same &= step(r);
    }
    rig_free(r);
    CHECK(same);
}

TEST(what_is_held_goes_dark_when_it_is_asked_to_and_comes_when_there_is_room)
{
    struct rig *r = rig_new(4, 1);
    float levels[] = { 0, 1, 0, 1, 1, 1 };      /* a flash, and a second one that is held */
    size_t shown = 0;

    for (size_t k = 0; k < 6; k++) {
        for (size_t i = 0; i < r->heads; i++)
            r->f->intensity[i] = levels[k], r->f->strobe[i] = 0;
        step(r);
    }
    bool held = r->out[1][0] == 1 && r->out[2][0] == 0 && r->out[3][0] == 0 && r->out[5][0] == 0;
    while (!shown && r->frames < HZ * 3) {
        for (size_t i = 0; i < r->heads; i++)
            r->f->intensity[i] = 1;
        step(r);
        shown = r->out[r->frames - 1][0] == 1 ? r->frames - 1 : 0;
    }
    rig_free(r);
    CHECK(held);
    CHECK(shown >= HZ - 1 && shown <= HZ + 2);  /* a second after the first */
}

TEST(shutters_that_strobe_are_opened_and_the_strobe_is_slowed)
{
    struct rig *r = rig_new(8, 3);
    bool open = true;

    while (r->frames < HZ * 10) {
        for (size_t i = 0; i < r->heads; i++)
            r->f->intensity[i] = .8f, r->f->strobe[i] = i < 6 ? .5f : 0;
        step(r);
        for (size_t i = 0; i < r->heads; i++)
            open &= r->strobe[r->frames - 1][i] == 0;
    }
    int strobed = most_flashes(r, 0), steady = most_flashes(r, 7);
    float top = 0;
    for (size_t k = 0; k < r->frames; k++)
        top = r->out[k][0] > top ? r->out[k][0] : top;
    rig_free(r);
    CHECK(open);
    CHECK_INT(strobed, 3);
    CHECK_INT(steady, 0);
    CHECK_NEAR(top, .8, 1e-6);
}

TEST(a_slow_strobe_and_one_of_few_heads_are_the_shutters_business)
{
    struct rig *r = rig_new(8, 3);
    bool same = true;

    while (r->frames < HZ * 10) {
        for (size_t i = 0; i < r->heads; i++)
            r->f->intensity[i] = 1, r->f->strobe[i] = i < 2 ? 1 : .04f;  /* 20 Hz, 1.8 Hz */
        same &= step(r);
    }
    /* Dim, it is nobody's flash. */
    for (int k = 0; k < HZ; k++) {
        for (size_t i = 0; i < r->heads; i++)
            r->f->intensity[i] = .15f, r->f->strobe[i] = 1;
        same &= step(r);
    }
    rig_free(r);
    CHECK(same);
}

TEST(one_head_of_a_shared_shutter_strobes_them_all)
{
    /* of heads 1, 2 and 3: the strobe they ask for, and whether it is for the guard to open it */
    static const struct { float strobe[3]; bool is_dark, opens; } rows[] = {
        { { 0, .6f, 0 }, false, true }, { { .9f, .01f, 0 }, false, true }, { { .01f, .02f, 0 }, false, false }, { { 0, .6f, 0 }, true, false },
    };
    bool light[8] = { true, true, true, true, true, true, true, true }, gated[8] = { false };
    uint32_t with[8] = { 0, 0, 0, 0, 4, 5, 6, 7 };

    for (size_t c = 0; c < sizeof rows / sizeof *rows; c++) {
        struct guard *g = guard_new(8, light, with, gated);
        struct frame *f = frame_new(8);
        int opened = 0, dark = 0;
        for (int k = 0; k < HZ; k++) {
            for (size_t i = 0; i < 8; i++) {
                f->strobe[i] = i >= 1 && i <= 3 ? rows[c].strobe[i - 1] : 0;
                f->intensity[i] = f->strobe[i] > 0 && rows[c].is_dark ? 0 : 1;
            }
            guard_run(g, f, (int64_t)k * frame_ns, 3);
            opened += f->strobe[1] == 0 && f->strobe[2] == 0;
            dark += f->intensity[0] == 0 && f->intensity[3] == 0 && f->intensity[4] == 1;
        }
        guard_free(g);
        frame_free(f);
        CHECK_INT(opened, rows[c].opens ? HZ : 0);
        CHECK(rows[c].opens ? dark > HZ / 2 : dark == 0);
    }
}

TEST(a_head_with_only_a_shutter_flashes_where_it_opens)
{
    bool light[4] = { true, true, true, true }, gated[4] = { true, true, true, true };
    uint32_t with[4] = { 0, 1, 2, 3 };
    struct guard *g = guard_new(4, light, with, gated);
    struct frame *f = frame_new(4);
    int rises = 0;
    bool was = false;

    for (int k = 0; k < HZ * 10; k++) {
        for (size_t i = 0; i < 4; i++)
            f->intensity[i] = .45f + .1f * square(k / (double)HZ, 8), f->strobe[i] = 0;
        guard_run(g, f, (int64_t)k * frame_ns, 3);
        rises += f->intensity[0] >= .5f && !was;
        was = f->intensity[0] >= .5f;
    }
    guard_free(g);
    frame_free(f);
    CHECK(rises > 15 && rises <= 31);
}

TEST(smoke_is_no_light_and_an_empty_venue_no_trouble)
{
    bool light[4] = { true, true, true, false }, gated[4] = { false };
    uint32_t with[4] = { 0, 1, 2, 3 };
    struct guard *g = guard_new(4, light, with, gated), *none = guard_new(0, light, with, gated);
    struct frame *f = frame_new(4), *nothing = frame_new(0);
    bool same = true;

    for (int k = 0; k < HZ * 3; k++) {
        float fog = square(k / (double)HZ, 10);
        f->intensity[3] = fog;
        guard_run(g, f, (int64_t)k * frame_ns, 1);
        same &= f->intensity[3] == fog && guard_run(none, nothing, (int64_t)k * frame_ns, 1) == 0;
    }
    guard_free(g), guard_free(none);
    frame_free(f), frame_free(nothing);
    CHECK(same);
}

TEST(a_quarter_of_the_heads_is_one_of_those_that_shine)
{
    bool light[8] = { true, true, true, true }, gated[8] = { false };   /* and four of smoke */
    uint32_t with[8] = { 0, 1, 2, 3, 4, 5, 6, 7 };
    struct guard *g = guard_new(8, light, with, gated);
    struct frame *f = frame_new(8);
    size_t changed = 0;

    for (int k = 0; k < HZ; k++) {
        for (size_t i = 0; i < 2; i++)
            f->intensity[i] = square(k / (double)HZ, 10);
        changed += guard_run(g, f, (int64_t)k * frame_ns, 3);
    }
    guard_free(g);
    frame_free(f);
    CHECK(changed > 0);
}

TEST(off_it_touches_nothing_and_forgets)
{
    struct rig *r = rig_new(4, 0);
    bool same = true;

    while (r->frames < HZ * 2) {
        for (size_t i = 0; i < r->heads; i++)
            r->f->intensity[i] = square(seconds(r), 10), r->f->strobe[i] = 1;
        same &= step(r);
    }
    r->limit = 3;
    for (size_t i = 0; i < r->heads; i++)
        r->f->intensity[i] = 1, r->f->strobe[i] = 0;
    same &= step(r);                    /* what is there when it is switched on is no flash */
    bool held = false;
    for (int k = 0; k < HZ; k++) {
        for (size_t i = 0; i < r->heads; i++)
            r->f->intensity[i] = square(k / (double)HZ, 10), r->f->strobe[i] = 0;
        held |= !step(r);
    }
    r->limit = 0;
    for (int k = 0; k < 4; k++) {
        r->limit = k ? 3 : 0;           /* off for one frame */
        for (size_t i = 0; i < r->heads; i++)
            r->f->intensity[i] = k % 2 ? 0 : 1;
        same &= step(r);
    }
    rig_free(r);
    CHECK(held);
    CHECK(same);
}

static uint32_t dice(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* Heads that jump, fade, strobe and rest as they please, alone and in sets; now and then an edit or a late frame. */
static void wild(struct rig *r, uint32_t *seed)
{
    static float level[MAX_HEADS], strobe[MAX_HEADS];
    uint32_t set = dice(seed) % 5;
    bool together = dice(seed) % 3 == 0;
    float to = (float)(dice(seed) % 101) / 100;

    for (size_t i = 0; i < r->heads; i++) {
        if (r->frames == 0)
            level[i] = strobe[i] = 0;
        if (together && i % 5 <= set)
            level[i] = to;
        else if (dice(seed) % (i % 2 ? 3 : 14) == 0)
            level[i] = dice(seed) % 2 ? (float)(dice(seed) % 101) / 100 : 0;
        if (dice(seed) % 60 == 0)
            strobe[i] = dice(seed) % 3 ? 0 : (float)(20 + dice(seed) % 80) / 100;
        r->f->intensity[i] = level[i];
        r->f->strobe[i] = strobe[i];
    }
}

TEST(never_more_than_a_quarter_of_the_heads_over_the_limit_whatever_comes)
{
    enum { CASES = 120 };
    int acted = 0;

    for (uint32_t c = 1; c <= CASES; c++) {
        uint32_t seed = c * 7919;
        struct rig *r = rig_new(1 + c % MAX_HEADS, (int)(1 + c % 5));
        static int64_t turn[MAX_HEADS][MAX_FRAMES];
        static size_t n[MAX_HEADS];
        bool over = false;

        while (r->frames < HZ * 12) {
            wild(r, &seed);
            step(r);
        }
        acted += r->changed > 0;
        memset(n, 0, sizeof n);
        for (size_t i = 0; i < r->heads; i++) {         /* turns of what was sent, by the words of the specification */
            float low = r->out[0][i], high = low;
            int up = 0;
            for (size_t k = 1; k < r->frames; k++) {
                float v = r->out[k][i];
                low = v < low ? v : low, high = v > high ? v : high;
                if ((up <= 0 && v > low + .2001f) || (up >= 0 && v < high - .2001f)) {
                    up = up ? -up : v > low + .2001f ? 1 : -1;
                    turn[i][n[i]++] = (int64_t)k, low = high = v;
                }
            }
        }
        for (size_t k = HZ; k < r->frames && !over; k++) {
            size_t fast = 0;
            for (size_t i = 0; i < r->heads; i++) {
                int turns = 0;
                for (size_t t = 0; t < n[i]; t++)
                    turns += turn[i][t] > (int64_t)(k - HZ) && turn[i][t] <= (int64_t)k;
                fast += turns / 2 > r->limit || (1 + 19 * r->strobe[k][i] > 1.024f * (float)r->limit && r->strobe[k][i] > 0 && r->out[k][i] > .21f);
            }
            over = fast * 4 > r->heads;
        }
        rig_free(r);
        CHECK(!over);
    }
    CHECK(acted > CASES / 2);           /* the signals were worth it */
}

TEST(the_same_frames_give_the_same_frames)
{
    struct rig *a = rig_new(17, 3), *b = rig_new(17, 3);
    uint32_t x = 5;
    bool same = true;

    while (a->frames < HZ * 10) {
        wild(a, &x);
        float in[2][17];
        memcpy(in[0], a->f->intensity, sizeof in[0]), memcpy(in[1], a->f->strobe, sizeof in[1]);
        step(a);
        memcpy(b->f->intensity, in[0], sizeof in[0]), memcpy(b->f->strobe, in[1], sizeof in[1]);
        step(b);
        same &= !memcmp(a->out[a->frames - 1], b->out[b->frames - 1], 17 * sizeof(float));
    }
    rig_free(a), rig_free(b);
    CHECK(same);
}

/* With LUMAD_RT_TRAP an allocation or a lock inside would abort. */
TEST(it_runs_in_real_time)
{
    struct rig *r = rig_new(12, 3);

    for (int k = 0; k < HZ; k++) {
        for (size_t i = 0; i < r->heads; i++)
            r->f->intensity[i] = square(k / (double)HZ, 10), r->f->strobe[i] = i % 2 ? .5f : 0;
        thread_enter_real_time(0);
        guard_run(r->g, r->f, (int64_t)k * frame_ns, 3);
        thread_leave_real_time();
    }
    r->f->intensity[3] = NAN;
    r->f->strobe[4] = NAN;
    guard_run(r->g, r->f, (int64_t)HZ * frame_ns, 3);
    rig_free(r);
}
