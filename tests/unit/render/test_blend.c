#include "../../tap.h"

#include "stage.h"

static const struct { enum blend_mode mode; const char *name; double scalar; double r, g, b; } modes[] = {
    /* scalar: base .6, top .5. Colour: base hue (1, .5, 0) at .6, top hue (0, 1, .5) at .5: E = (.6,.3,0), E' = (0,.5,.25). */
    { BLEND_REPLACE,  "replace",  .5, 0, .5, .25 },
    { BLEND_ADD,      "add",      1,  .6, .8, .25 },
    { BLEND_SUBTRACT, "subtract", .1, .6, 0, 0 },
    { BLEND_MULTIPLY, "multiply", .3, 0, .15, 0 },
    { BLEND_SCREEN,   "screen",   .8, .6, .65, .25 },
    { BLEND_MAX,      "max",      .6, .6, .5, .25 },
    { BLEND_MIN,      "min",      .5, 0, .3, 0 },
    { BLEND_LIGHTEN,  "lighten",  .6, .6, .5, .25 },
    { BLEND_VALUE,    "value",    .8, .3, .65, .25 },
};

TEST(scalars_blend_as_the_vectors_say)
{
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        CHECK_NEAR(blend_scalar(modes[i].mode, 0.6f, 0.5f), modes[i].scalar, 1e-6);
    CHECK_NEAR(blend_scalar(BLEND_ADD, 0.3f, 0.2f), 0.5, 1e-6);
    CHECK_NEAR(blend_scalar(BLEND_SUBTRACT, 0.3f, 0.5f), 0, 0);
}

TEST(names_are_found)
{
    enum blend_mode m;

    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        CHECK_STR(blend_mode_names[modes[i].mode], modes[i].name);
        CHECK(blend_mode_find(modes[i].name, &m));
        CHECK_INT(m, modes[i].mode);
    }
    CHECK(!blend_mode_names[BLEND_MODES]);
    CHECK(!blend_mode_find("overlay", &m));
}

TEST(colours_blend_per_channel_and_come_apart_into_hue_and_intensity)
{
    struct small s;

    small_init(&s, 2);
    struct layer *top = stage_layer(&s, "k:color{'color':'#00ff80'} d:scalar{'value':0.5} o:apply_color p:apply_dimmer",
                                    "k.out>o.signal d.out>p.signal", "");
    struct frame *f = frame_new(2);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        double want[] = { modes[i].r, modes[i].g, modes[i].b }, v = fmax(want[0], fmax(want[1], want[2]));
        frame_reset(f);
        stage_head(f, 0, 1, 0.5f, 0, 0.6f);
        CHECK(render_layer(f, top, 0, modes[i].mode, 1));
        CHECK_NEAR(f->intensity[0], v, 2e-3);           /* #80 is 128/255 */
        CHECK_NEAR(f->r[0] * f->intensity[0], want[0], 2e-3);
        CHECK_NEAR(f->g[0] * f->intensity[0], want[1], 2e-3);
        CHECK_NEAR(f->b[0] * f->intensity[0], want[2], 2e-3);
        CHECK_NEAR(fmax(f->r[0], fmax(f->g[0], f->b[0])), 1, 1e-6);
    }
    frame_free(f);
    layer_free(top);
    small_clear(&s);
}

TEST(a_layer_without_colour_blends_intensity_alone)
{
    struct small s;

    small_init(&s, 2);
    struct layer *top = stage_number(&s, "dimmer", "signal", 0.5);
    struct frame *f = frame_new(2);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        frame_reset(f);
        stage_head(f, 1, 1, 0.25f, 0, 0.6f);
        CHECK(render_layer(f, top, 0, modes[i].mode, 1));
        CHECK_NEAR(f->intensity[1], modes[i].scalar, 1e-6);
        CHECK_NEAR(f->r[1], 1, 0);
        CHECK_NEAR(f->g[1], 0.25, 0);
    }
    frame_free(f);
    layer_free(top);
    small_clear(&s);
}

TEST(alpha_mixes_hues_and_none_inherits)
{
    struct small s;

    small_init(&s, 2);
    struct layer *half = stage_color(&s, "#ff000080", "all"), *none = stage_color(&s, "#80000000", "all");
    struct layer *black = stage_color(&s, "#000000", "all");
    struct frame *f = frame_new(2);

    stage_head(f, 0, 0, 0, 1, 1);
    render_layer(f, half, 0, BLEND_REPLACE, 1);
    CHECK_NEAR(f->r[0], 1, 1e-6);       /* .498 of blue and .502 of red, back to a largest of 1 */
    CHECK_NEAR(f->b[0], 127 / 128.0, 1e-5);
    CHECK_NEAR(f->intensity[0], 1, 1e-6);

    frame_reset(f);
    stage_head(f, 0, 0, 0, 1, 1);
    render_layer(f, none, 0, BLEND_REPLACE, 1);
    CHECK_NEAR(f->b[0], 1, 0);
    CHECK_NEAR(f->r[0], 0, 0);
    CHECK_NEAR(f->intensity[0], 128 / 255.0, 1e-6);

    render_layer(f, black, 0, BLEND_REPLACE, 1);
    CHECK_NEAR(f->b[0], 1, 0);          /* the hue stays in the dark */
    CHECK_NEAR(f->intensity[0], 0, 0);
    frame_free(f);
    layer_free(half);
    layer_free(none);
    layer_free(black);
    small_clear(&s);
}

TEST(level_scales_intensity_alone)
{
    struct small s;

    small_init(&s, 2);
    struct layer *l = stage_color(&s, "#ff8000", "left");
    struct frame *f = frame_new(2);
    render_layer(f, l, 3, BLEND_REPLACE, 0.25f);
    CHECK_NEAR(f->intensity[0], 0.25, 1e-6);
    CHECK_NEAR(f->g[0], 128 / 255.0, 1e-6);
    CHECK_NEAR(f->intensity[1], 0, 0);  /* not selected: untouched */
    CHECK_NEAR(f->g[1], 1, 0);
    frame_free(f);
    layer_free(l);
    small_clear(&s);
}
