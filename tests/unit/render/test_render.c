#include "../../tap.h"

#include <pthread.h>
#include <stdatomic.h>

#include "stage.h"

#include "core/thread.h"

enum { DARKENED = 30000 };              /* layers */

TEST(strobe_blends_and_a_replace_without_strobe_opens_it)
{
    struct small s;

    small_init(&s, 2);
    struct layer *strobe = stage_number(&s, "strobe", "signal", 0.5), *color = stage_color(&s, "#ffffff", "left");
    struct layer *move = stage_number(&s, "position", "pan", 10);
    struct frame *f = frame_new(2);
    for (int m = 0; m < BLEND_MODES; m++) {
        frame_reset(f);
        f->strobe[0] = 0.6f;
        render_layer(f, strobe, 0, (enum blend_mode)m, 1);
        CHECK_NEAR(f->strobe[0], blend_scalar((enum blend_mode)m, 0.6f, 0.5f), 0);
        CHECK_NEAR(f->intensity[0], 0, 0);
        CHECK_NEAR(f->r[0], 1, 0);
    }
    f->strobe[0] = f->strobe[1] = 0.5f;
    render_layer(f, move, 0, BLEND_REPLACE, 1);
    CHECK_NEAR(f->strobe[0], 0.5, 0);   /* no light written: the strobe is not its business */
    render_layer(f, color, 0, BLEND_ADD, 1);
    CHECK_NEAR(f->strobe[0], 0.5, 0);
    render_layer(f, color, 0, BLEND_REPLACE, 1);
    CHECK_NEAR(f->strobe[0], 0, 0);
    CHECK_NEAR(f->strobe[1], 0.5, 0);   /* not one of its heads */
    frame_free(f);
    layer_free(strobe);
    layer_free(color);
    layer_free(move);
    small_clear(&s);
}

TEST(speed_multiplies_and_the_top_layer_has_each_axis)
{
    struct small s;

    small_init(&s, 2);
    struct layer *slow = stage_number(&s, "speed", "speed", 0.5), *freeze = stage_number(&s, "speed", "speed", 0);
    struct layer *pan = stage_number(&s, "position", "pan", 30), *pan2 = stage_number(&s, "position", "pan", -400);
    struct layer *tilt = stage_number(&s, "position", "tilt", 20);
    struct layer *hold = stage_layer(&s, "a:scalar{'value':1000000} b:scalar{'value':8} m:math{'operation':'power'} o:apply_position",
                                     "a.out>m.a b.out>m.b m.out>o.pan", "");
    struct render_item items[] = { { pan, 0, 9, BLEND_ADD, 0 }, { tilt, 0, 9, BLEND_MULTIPLY, 0 }, { slow, 0, 9, BLEND_REPLACE, 0 },
                                   { slow, 0, 9, BLEND_REPLACE, 0 }, { pan2, 0, 9, BLEND_MIN, 0 } };
    struct frame *f = frame_new(2);
    CHECK_INT(render_score(f, items, 5, 1), 0);
    CHECK_NEAR(f->speed[0], 0.25, 0);
    CHECK_NEAR(f->pan[0], -400, 0);
    CHECK_NEAR(f->tilt[0], 20, 0);
    CHECK_NEAR(f->intensity[0], 0, 0);
    render_layer(f, freeze, 0, BLEND_REPLACE, 1);
    CHECK_NEAR(f->speed[0], 0, 0);
    render_layer(f, hold, 0, BLEND_REPLACE, 1);
    CHECK(isnan(f->pan[0]));            /* it has the axis and says hold */
    CHECK_NEAR(f->tilt[0], 20, 0);
    frame_free(f);
    layer_free(slow);
    layer_free(freeze);
    layer_free(pan);
    layer_free(pan2);
    layer_free(tilt);
    layer_free(hold);
    small_clear(&s);
}

TEST(values_per_head_follow_the_selection_not_the_venue)
{
    struct small s;

    small_init(&s, 4);
    struct layer *l = stage_layer(&s, "g:pattern_args at:get_attribute o:apply_position", "g.r>at.selection g.r>o.selection at.out>o.pan",
                                  "r:selection='right'");
    struct frame *f = frame_new(4);
    CHECK(render_layer(f, l, 0, BLEND_REPLACE, 1));
    CHECK(isnan(f->pan[0]) && isnan(f->pan[1]));
    CHECK_NEAR(f->pan[2], 0, 0);
    CHECK_NEAR(f->pan[3], 1, 0);
    frame_free(f);
    layer_free(l);
    small_clear(&s);
}

TEST(a_position_stays_until_the_sample_that_holds)
{
    struct small s;

    small_init(&s, 1);
    /* x^8 leaves the floats at x = 65536: at sample 300. */
    struct layer *l = stage_layer(&s, "c:beat_clock r:ramp x:remap{'in_min':0,'in_max':20,'out_max':131072} e:scalar{'value':8} "
                                  "p:math{'operation':'power'} o:apply_position",
                                  "c.grid_out>r.grid r.out>x.in x.out>p.a e.out>p.b p.out>o.tilt", "");
    struct frame *f = frame_new(1);
    render_layer(f, l, 299.5 / 60, BLEND_REPLACE, 1);
    CHECK_NEAR(f->tilt[0] / pow(299 * 131072.0 / 600, 8), 1, 1e-5);
    render_layer(f, l, 300.5 / 60, BLEND_REPLACE, 1);
    CHECK(isnan(f->tilt[0]));
    frame_free(f);
    layer_free(l);
    small_clear(&s);
}

TEST(the_last_output_of_a_kind_wins_and_kinds_combine)
{
    struct small s;

    small_init(&s, 4);
    struct layer *l = stage_layer(&s, "g:pattern_args r:color{'color':'#800000'} b:color{'color':'#0000ff'} d:scalar{'value':0.5} "
                                  "one:apply_color two:apply_color dim:apply_dimmer",
                                  "r.out>one.signal b.out>two.signal g.l>two.selection d.out>dim.signal g.o>dim.selection g.a>one.selection",
                                  "a:selection='all' l:selection='left' o:selection='odd'");
    struct frame *f = frame_new(4);
    render_layer(f, l, 0, BLEND_REPLACE, 1);
    static const double r[] = { 0, 0, 1, 1 }, i[] = { .5, 1, 128 / 510.0, 128 / 255.0 };
    for (int h = 0; h < 4; h++) {
        CHECK_NEAR(f->r[h], r[h], 1e-6);
        CHECK_NEAR(f->b[h], 1 - r[h], 1e-6);
        CHECK_NEAR(f->intensity[h], i[h], 1e-6);
    }
    frame_free(f);
    layer_free(l);
    small_clear(&s);
}

TEST(items_are_active_from_their_start_up_to_their_end)
{
    struct small s;

    small_init(&s, 1);
    struct layer *l = stage_color(&s, "#ffffff", "all");
    struct render_item items[] = { { l, 2, 3, BLEND_ADD, 0 }, { NULL, 0, 9, BLEND_REPLACE, 0 } };
    static const struct { double t; float want; } rows[] = { { 1.9999, 0 }, { 2, 1 }, { 2.9999, 1 }, { 3, 0 } };
    struct frame *f = frame_new(1);
    for (int i = 0; i < 4; i++) {
        frame_reset(f);
        CHECK_INT(render_score(f, items, 2, rows[i].t), 0);     /* a broken graph gives no light and is not waited for */
        CHECK_NEAR(f->intensity[0], rows[i].want, 0);
    }
    frame_free(f);
    layer_free(l);
    small_clear(&s);
}

TEST(a_block_cut_off_in_front_is_its_layers_later_part)
{
    struct small s;

    small_init(&s, 1);
    /* 0 to 1 over ten seconds, as light and as tilt; five seconds of it are cut off. */
    struct layer *l = stage_layer(&s, "c:beat_clock r:ramp m:remap{'in_min':0,'in_max':20,'out_max':1} d:apply_dimmer p:apply_position",
                                  "c.grid_out>r.grid r.out>m.in m.out>d.signal m.out>p.tilt", "");
    struct render_item item = { l, 6, 11, BLEND_REPLACE, 5 };
    struct frame *f = frame_new(1);
    static const struct { double t; float want; } rows[] = { { 5.9, 0 }, { 6, 0.5f }, { 7.25, 0.625f } };
    for (int i = 0; i < 3; i++) {
        frame_reset(f);
        CHECK_INT(render_score(f, &item, 1, rows[i].t), 0);
        CHECK_NEAR(f->intensity[0], rows[i].want, 1e-6);
    }
    frame_reset(f);
    render_preposition(f, &item, 1, 2);         /* where it will be at its start, not where the whole block began */
    CHECK_NEAR(f->tilt[0], 0.5, 1e-6);
    frame_free(f);
    layer_free(l);
    small_clear(&s);
}

TEST(a_lead_is_whole_samples_and_bounded)
{
    CHECK_NEAR(layer_lead(12.34, 12.34), 0, 0);
    CHECK_NEAR(layer_lead(12.34, 20), 0, 0);
    CHECK_NEAR(layer_lead(20, 12.34), 7.66, 1e-12);
    double lead = layer_lead(5000.123, 17.77), samples = (5000.123 - 17.77 - lead) * SAMPLE_RATE;
    CHECK(lead <= LAYER_LEAD_S && lead > LAYER_LEAD_S - 1.0 / SAMPLE_RATE - 1e-9);
    CHECK_NEAR(samples, round(samples), 1e-6);
}

TEST(a_missing_tile_is_counted_and_adds_nothing)
{
    struct small s;

    small_init(&s, 1);
    struct layer *l = stage_color(&s, "#ffffff", "all");
    struct render_item item = { l, 1, 11, BLEND_REPLACE, 0 };
    struct frame *f = frame_new(1);
    size_t bytes = layer_bytes(l);
    struct tile *t = layer_drop_tile(l, 1);
    CHECK(t && t->index == 1 && bytes == layer_bytes(l) + t->bytes);
    CHECK(!layer_has_tile(l, 1) && !layer_drop_tile(l, 1) && !layer_has_tile(l, 99));
    CHECK_INT(render_score(f, &item, 1, 1 + 300 / 60.0), 1);
    CHECK_NEAR(f->intensity[0], 0, 0);
    CHECK_INT(render_score(f, &item, 1, 1 + 100 / 60.0), 0);
    CHECK_NEAR(f->intensity[0], 1, 0);
    layer_put_tile(l, t);
    CHECK(layer_has_tile(l, 1));
    layer_put_tile(l, small_tile(&s, layer_program(l), 1));     /* one is there: this one is freed */
    CHECK(bytes == layer_bytes(l));
    frame_free(f);
    layer_free(l);
    small_clear(&s);
}

TEST(levels_are_sampled_linearly_and_seamlessly_strobe_in_steps)
{
    struct small s;

    small_init(&s, 1);
    /* 0 to 1 over ten seconds, and the same as strobe and tilt. */
    struct layer *l = stage_layer(&s, "c:beat_clock r:ramp m:remap{'in_min':0,'in_max':20,'out_max':1} d:apply_dimmer t:apply_strobe "
                                  "p:apply_position", "c.grid_out>r.grid r.out>m.in m.out>d.signal m.out>t.signal m.out>p.tilt", "");
    struct render_item item = { l, 1, 11, BLEND_REPLACE, 0 };
    struct frame *f = frame_new(1);
    for (double t = 0; t < 10; t += 0.00171) {
        double last = t < 599 / 60.0 ? t : 599 / 60.0;          /* the last sample is held */
        frame_reset(f);
        render_score(f, &item, 1, 1 + t);
        CHECK_NEAR(f->intensity[0], last / 10, 1e-6);
        CHECK_NEAR(f->tilt[0], last / 10, 1e-6);
        CHECK_NEAR(f->strobe[0], floor(last * 60 + 1e-4) / 600, 1e-6);
    }
    for (int i = 0; i < 600; i++) {     /* exactly on a sample, whatever t - start rounds to */
        frame_reset(f);
        render_score(f, &item, 1, 1 + i / 60.0);
        CHECK_NEAR(f->strobe[0], i / 600.0, 1e-6);
    }
    frame_free(f);
    layer_free(l);
    small_clear(&s);
}

TEST(hues_between_samples_keep_a_largest_component_of_1)
{
    struct small s;

    small_init(&s, 1);
    struct layer *l = stage_layer(&s, "c:beat_clock r:ramp w:rainbow{'spread':0.5} o:apply_color",
                                  "c.grid_out>r.grid r.out>w.in w.out>o.signal", "");
    struct frame *f = frame_new(1);
    for (double t = 0; t < 5; t += 0.0031) {
        frame_reset(f);
        render_layer(f, l, t, BLEND_REPLACE, 1);
        CHECK_NEAR(fmax(f->r[0], fmax(f->g[0], f->b[0])), 1, 1e-6);
        CHECK(fmin(f->r[0], fmin(f->g[0], f->b[0])) >= 0);
        CHECK_NEAR(f->intensity[0], 1, 1e-6);
    }
    frame_free(f);
    layer_free(l);
    small_clear(&s);
}

TEST(movers_travel_in_the_dark_to_their_next_layer)
{
    struct small s;

    small_init(&s, 3);
    struct layer *next = stage_layer(&s, "g:pattern_args c:beat_clock r:ramp m:remap{'in_max':1,'in_min':0,'out_min':40} o:apply_position "
                                     "k:color{'color':'#0000ff'} q:apply_color",
                                     "c.grid_out>r.grid r.out>m.in m.out>o.pan g.l>o.selection k.out>q.signal g.l>q.selection",
                                     "l:selection='left|odd'");
    struct layer *later = stage_number(&s, "position", "pan", -90), *white = stage_color(&s, "#ffffff", "left");
    struct render_item items[] = { { white, 0, 20, BLEND_REPLACE, 0 }, { later, 30, 40, BLEND_REPLACE, 0 }, { next, 20, 30, BLEND_REPLACE, 0 } };
    struct frame *f = frame_new(3);
    render_score(f, items, 3, 5);
    render_preposition(f, items, 3, 5);
    CHECK(isnan(f->pan[0]));            /* lit: it stays where it is */
    CHECK_NEAR(f->pan[2], 40, 1e-4);    /* dark: to the first sample of the next layer that moves it */
    CHECK_NEAR(f->b[2], 1, 0);
    CHECK_NEAR(f->r[2], 0, 0);
    CHECK(isnan(f->tilt[2]));
    CHECK_NEAR(f->pan[1], -90, 0);      /* "next" does not move it */
    CHECK_NEAR(f->intensity[2], 0, 0);

    frame_reset(f);
    render_score(f, items, 3, 25);      /* while "next" runs it has the heads itself */
    render_preposition(f, items, 3, 25);
    CHECK(f->pan[2] > 100);
    CHECK_NEAR(f->pan[1], -90, 0);
    frame_reset(f);
    render_preposition(f, items, 3, 35);
    CHECK(isnan(f->pan[1]));            /* nothing comes any more */

    tile_free(layer_drop_tile(next, 0));
    frame_reset(f);
    render_preposition(f, items, 3, 15);
    CHECK(isnan(f->pan[1]) && isnan(f->pan[2]));        /* what comes first is not known yet: wait */
    frame_free(f);
    layer_free(next);
    layer_free(later);
    layer_free(white);
    small_clear(&s);
}

TEST(a_coming_layer_that_says_hold_keeps_its_heads_and_one_without_a_hue_theirs)
{
    struct small s;

    small_init(&s, 2);
    struct layer *hold = stage_layer(&s, "a:scalar{'value':1000000} b:scalar{'value':8} m:math{'operation':'power'} o:apply_position g:pattern_args",
                                     "a.out>m.a b.out>m.b m.out>o.pan g.l>o.selection", "l:selection='left'");
    struct layer *later = stage_number(&s, "position", "pan", -90);
    struct layer *clear = stage_layer(&s, "v:scalar{'value':30} o:apply_position k:color{'color':'#0000ff00'} q:apply_color",
                                      "v.out>o.tilt k.out>q.signal", "");
    struct render_item items[] = { { hold, 20, 30, BLEND_REPLACE, 0 }, { later, 30, 40, BLEND_REPLACE, 0 }, { clear, 50, 60, BLEND_REPLACE, 0 } };
    struct frame *f = frame_new(2);
    render_preposition(f, items, 3, 5);
    CHECK(isnan(f->pan[0]));            /* it is to stay: what comes behind that is not its next */
    CHECK_NEAR(f->pan[1], -90, 0);
    frame_reset(f);
    render_preposition(f, items, 3, 45);
    CHECK_NEAR(f->tilt[0], 30, 0);
    CHECK_NEAR(f->r[0], 1, 0);          /* alpha 0: the layer has no hue to wait in */
    frame_free(f);
    layer_free(hold);
    layer_free(later);
    layer_free(clear);
    small_clear(&s);
}

TEST(of_layers_that_start_together_the_top_one_says_where_heads_wait)
{
    struct small s;

    small_init(&s, 1);
    struct layer *low = stage_number(&s, "position", "pan", 10), *top = stage_number(&s, "position", "pan", 20);
    struct render_item items[] = { { low, 5, 9, BLEND_REPLACE, 0 }, { top, 5, 9, BLEND_REPLACE, 0 } };
    struct frame *f = frame_new(1);
    render_preposition(f, items, 2, 1);
    CHECK_NEAR(f->pan[0], 20, 0);
    frame_free(f);
    layer_free(low);
    layer_free(top);
    small_clear(&s);
}

TEST(masters_act_on_intensity_alone)
{
    struct frame *f = frame_new(2);

    stage_head(f, 0, 1, 0.5f, 0, 0.8f);
    stage_head(f, 1, 1, 1, 1, 0.8f);
    f->pan[0] = 12;
    render_masters(f, (const float[]){ 1, 0.5f }, (const bool[]){ false, false }, 0.5f);
    CHECK_NEAR(f->intensity[0], 0.4, 1e-6);
    CHECK_NEAR(f->intensity[1], 0.2, 1e-6);     /* its group's and the grand master */
    f->intensity[0] = f->intensity[1] = 0.8f;
    render_masters(f, (const float[]){ 1, 0.25f }, (const bool[]){ true, true }, 0.5f);
    CHECK_NEAR(f->intensity[0], 0.8, 1e-6);     /* smoke has no light to dim; the master of its own group is a hand on it */
    CHECK_NEAR(f->intensity[1], 0.2, 1e-6);
    CHECK_NEAR(f->g[0], 0.5, 0);
    render_blackout(f);
    CHECK_NEAR(f->intensity[0], 0, 0);
    CHECK_NEAR(f->g[0], 0.5, 0);
    CHECK_NEAR(f->pan[0], 12, 0);
    frame_free(f);
}

static atomic_bool stop;

static void *engine(void *arg)
{
    const struct render_item *item = arg;
    struct frame *f = frame_new(4);
    size_t *lit = calloc(1, sizeof *lit);

    for (int i = 0; !atomic_load(&stop) || i < 1000; i++) {
        double t = item->start + i % 600 / 60.0;
        frame_reset(f);
        if (render_score(f, item, 1, t) == 0)
            *lit += f->intensity[3] > 0.99f;
    }
    frame_free(f);
    return lit;
}

TEST(tiles_come_and_go_while_the_engine_renders)
{
    struct small s;
    struct tile *gone[300];
    pthread_t thread;
    size_t n = 0, *lit = NULL;

    small_init(&s, 4);
    struct layer *l = stage_color(&s, "#ffffff", "all");
    struct render_item item = { l, 1, 11, BLEND_REPLACE, 0 };
    atomic_store(&stop, false);
    pthread_create(&thread, NULL, engine, &item);
    for (int i = 0; i < 300; i++) {
        struct tile *t = layer_drop_tile(l, (uint32_t)i % 3);
        if (t)
            gone[n++] = t;
        layer_put_tile(l, small_tile(&s, layer_program(l), (uint32_t)i % 3));
    }
    atomic_store(&stop, true);
    pthread_join(thread, (void **)&lit);
    size_t seen = *lit;
    free(lit);
    while (n)                           /* the frame they were in is over */
        tile_free(gone[--n]);
    layer_free(l);
    small_clear(&s);
    CHECK(seen > 0);
}

/* With LUMAD_RT_TRAP an allocation or a lock inside would abort. */
struct darkness { struct layer *_Atomic layer; atomic_uint begun, done; };

/* After a wait that is never the same, so that it falls between any two steps of who looks at the layer. */
static void *darken(void *arg)
{
    struct darkness *d = arg;
    uint32_t random = 1;

    for (unsigned n = 1; n <= DARKENED; n++) {
        while (atomic_load(&d->begun) != n)
            ;
        random = random * 1664525u + 1013904223u;
        for (volatile uint32_t i = 0; i < random >> 23;)
            i = i + 1;
        layer_fill_dark(atomic_load(&d->layer));
        atomic_store(&d->done, n);
    }
    return NULL;
}

TEST(a_coming_layer_may_turn_out_dark_while_it_is_looked_at)
{
    struct darkness d = { .layer = NULL };
    struct frame *f = frame_new(2);
    pthread_t thread;

    CHECK(f && !pthread_create(&thread, NULL, darken, &d));
    for (unsigned n = 1; n <= DARKENED; n++) {
        struct render_item next = { .layer = layer_new_empty(), .start = 1, .end = 2, .blend = BLEND_REPLACE };
        frame_reset(f);
        atomic_store(&d.layer, (struct layer *)(uintptr_t)next.layer);
        atomic_store(&d.begun, n);
        do
            render_preposition(f, &next, 1, 0);
        while (atomic_load(&d.done) != n);
        layer_free((struct layer *)(uintptr_t)next.layer);
    }
    pthread_join(thread, NULL);
    CHECK_NEAR(f->intensity[0], 0, 0);
    frame_free(f);
}

TEST(a_frame_is_rendered_in_real_time)
{
    struct small s;

    small_init(&s, 8);
    struct layer *l = stage_color(&s, "#ff8040c0", "all"), *p = stage_number(&s, "position", "pan", 3);
    struct render_item items[] = { { l, 0, 5, BLEND_SCREEN, 0 }, { p, 6, 9, BLEND_REPLACE, 0 } };
    struct frame *f = frame_new(8);
    thread_enter_real_time(0);
    size_t missing = render_score(f, items, 2, 1);
    render_preposition(f, items, 2, 1);
    render_masters(f, (const float[8]){ 1 }, (const bool[8]){ false }, 0.5f);
    render_blackout(f);
    thread_leave_real_time();
    CHECK_INT(missing, 0);
    frame_free(f);
    layer_free(l);
    layer_free(p);
    small_clear(&s);
}
