#include "../../tap.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "show/histogram.h"
#include "show/live.h"
#include "show/warnings.h"

TEST(histogram_buckets_are_in_order_and_cover_their_values)
{
    unsigned last = 0;
    bool good = true;

    for (uint32_t us = 0; us < 2000000; us++) {
        unsigned b = histogram_bucket(us);
        good &= b >= last && histogram_top(b) >= us && (b == 0 || histogram_top(b - 1) < us);
        last = b;
    }
    CHECK(good);
}

TEST(histogram_percentiles_are_within_a_quarter)
{
    static struct histogram h;
    uint32_t p50, p99, max;

    for (uint32_t i = 1; i <= 1000; i++)
        histogram_add(&h, i);
    histogram_read(&h, &p50, &p99, &max);
    CHECK_NEAR(p50, 500, 125);
    CHECK_NEAR(p99, 990, 250);
    CHECK_INT(max, 1000);
}

TEST(an_empty_histogram_reads_zero)
{
    static struct histogram h;
    uint32_t p50 = 9, p99 = 9, max = 9;

    histogram_read(&h, &p50, &p99, &max);
    CHECK(!p50 && !p99 && !max);
}

struct stage { struct live *live; struct frame *frame; struct universes *u; atomic_bool stop; };

/* As the engine does it: every head's hue and every slot say the same number. */
static void show_number(struct stage *s, int value)
{
    float pan[512] = { 0 };

    live_adopt(s->live);
    struct show_live *l = live_back(s->live);
    for (size_t i = 0; i < s->frame->heads; i++)
        s->frame->intensity[i] = (float)value / 255;
    for (size_t i = 0; i < s->u->n; i++)
        memset(s->u->u[i].slots, value, sizeof(s->u->u[i].slots));
    l->seq++;
    live_fill(l, s->frame, pan, pan, s->u);
    live_publish(s->live);
}

static void *engine(void *arg)
{
    struct stage *s = arg;

    for (int i = 0; !atomic_load(&s->stop); i++)
        show_number(s, i & 255);
    return NULL;
}

TEST(readers_see_whole_frames_while_the_show_grows)
{
    const int numbers[] = { 1, 7 };
    struct stage s = { .live = live_new(), .frame = frame_new(100), .u = universes_new(numbers, 2) };
    pthread_t t;
    bool whole = live_front(s.live) == NULL;
    uint8_t slots[512];

    whole &= !live_copy_universe(s.live, 1, slots, NULL);
    whole &= !live_reserve(s.live, 100, 2);
    pthread_create(&t, NULL, engine, &s);
    for (int i = 0, seen = 0; seen < 3000; i++) {
        const struct show_live *f = live_front(s.live);
        if (f) {
            seen++;
            for (size_t k = 1; k < f->heads; k++)
                whole &= f->head[k].intensity == f->head[0].intensity;
            whole &= f->universe[1].slots[511] == f->head[0].intensity && f->universes == 2;
        }
        if (live_copy_universe(s.live, 7, slots, NULL))
            whole &= slots[0] == slots[511];
        if (i == 1000)
            whole &= !live_reserve(s.live, 1000, 40);
    }
    atomic_store(&s.stop, true);
    pthread_join(t, NULL);
    int got[4];
    size_t n = live_copy_numbers(s.live, got, 4);
    live_free(s.live);
    frame_free(s.frame);
    universes_free(s.u);
    CHECK(whole);
    CHECK_INT(n, 2);
    CHECK_INT(got[1], 7);
}

TEST(a_warning_is_raised_once_changes_and_goes)
{
    struct event_bus *bus = event_bus_new();
    struct event_listener *l = event_listen(bus, 16, NULL, NULL);
    struct warnings *w = warnings_new(bus);
    struct event e;
    char ops[8] = "";

    warnings_raise(w, "audio.lost", "error", "lost %d", 1);
    warnings_raise(w, "audio.lost", "error", "lost %d", 1);
    warnings_raise(w, "audio.lost", "error", "lost %d", 2);
    json_t *list = warnings_json(w);
    bool right = json_array_size(list) == 1 &&
                 !strcmp(json_string_value(json_object_get(json_array_get(list, 0), "message")), "lost 2");
    warnings_lower(w, "audio.lost");
    warnings_lower(w, "audio.lost");
    for (int n = 0; event_poll(l, &e) && n < 7; n++)
        ops[n] = e.op;
    json_decref(list);
    warnings_free(w);
    event_unlisten(l);
    event_bus_free(bus);
    CHECK(right);
    CHECK_STR(ops, "iud");
}

TEST(a_list_of_warnings_keeps_the_ids_of_those_that_stay)
{
    struct warnings *w = warnings_new(NULL);
    const char *two[] = { "first", "second" }, *one[] = { "second" };
    char before[96], after[96];

    warnings_raise(w, "patchwork", "warn", "another prefix");
    warnings_sync(w, "patch", "warn", two, 2);
    json_t *a = warnings_json(w);
    warnings_sync(w, "patch", "warn", one, 1);
    json_t *b = warnings_json(w);
    snprintf(before, sizeof(before), "%s", json_string_value(json_object_get(json_array_get(a, 2), "id")));
    snprintf(after, sizeof(after), "%s", json_string_value(json_object_get(json_array_get(b, 1), "id")));
    size_t n = json_array_size(a), m = json_array_size(b);
    json_decref(a), json_decref(b);
    warnings_free(w);
    CHECK_INT(n, 3);
    CHECK_INT(m, 2);
    CHECK_STR(after, before);
}
