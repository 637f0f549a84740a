/*
 * Every mode of every definition of the distribution, lit and dark: an oracle that knows only presets and groups, not the program. Skipped
 * where the package is missing.
 *
 * Full white: no lamp or reset value, no closed shutter, no strobe. Dark: no dimmer up, and without a dimmer no emitter up. While
 * fading, what is neither light nor movement stands still. A warning on the patch excuses what it is about.
 */
#include "core/str.h"
#include "library_walk.h"

#include "../../tap.h"

static size_t modes, trapped, warned;
static size_t bad_hazard, bad_closed, bad_strobe, bad_dark, bad_moved, bad_default, shown;

static void tell(const struct rig *g, size_t *counter, const char *what, size_t slot, int value)
{
    const struct patch_fixture *f = &g->patch->fixtures[0];

    if (++*counter && shown++ < 60)
        printf("# %s %s, %s, slot %zu \"%s\" = %d: %s\n", f->row.definition->manufacturer, f->row.definition->model, f->mode->name, slot + 1,
               f->row.definition->channels[f->mode->channels[slot]].name, value, what);
}

static bool has_range(const struct definition_channel *c, const char *preset)
{
    for (size_t i = 0; i < c->n_ranges; i++)
        if (str_starts(c->ranges[i].preset, preset))
            return true;
    return false;
}

static bool has_warning(const struct rig *g, const char *words)
{
    for (const char *const *w = program_warnings(g->program); *w; w++)
        if (strstr(*w, words))
            return true;
    return false;
}

static const struct definition_channel *channel(const struct rig *g, size_t slot)
{
    const struct patch_fixture *f = &g->patch->fixtures[0];

    return &f->row.definition->channels[f->mode->channels[slot]];
}

static const char *preset_at(const struct definition_channel *c, int value)
{
    for (size_t i = 0; i < c->n_ranges; i++)
        if (c->ranges[i].min <= value && value <= c->ranges[i].max)
            return c->ranges[i].preset;
    return "";
}

static void check_lit(const struct rig *g, const uint8_t *s)
{
    for (size_t i = 0; i < g->patch->fixtures[0].mode->n_channels; i++) {
        const struct definition_channel *c = channel(g, i);
        const char *preset = preset_at(c, s[i]);
        if (c->byte)
            continue;
        /* At its default a shutter may stay in a "lamp" range that speaks of no lamp: LED lights whose "no effect" has the wrong preset. */
        if ((str_starts(preset, "Lamp") || str_starts(preset, "Reset")) && !has_warning(g, "lamp and reset") &&
            !(c->class == CH_SHUTTER && s[i] == c->default_value))
            tell(g, &bad_hazard, preset, i, s[i]);
        if (strcasestr(c->name, "laser"))
            continue;           /* a laser in another light: its aperture stays as the file puts it */
        if (!strcmp(preset, "ShutterClose") && has_range(c, "ShutterOpen") && !has_warning(g, "no open position"))
            tell(g, &bad_closed, preset, i, s[i]);
        if ((str_starts(preset, "Strobe") || str_starts(preset, "Pulse") || str_starts(preset, "Ramp")) && c->ranges[0].max < 255 && !has_range(c, "Lamp") && s[i] > 0 &&
            !has_warning(g, "no open position"))
            tell(g, &bad_strobe, preset, i, s[i]);
    }
}

static bool is_color(const struct definition_channel *c)
{
    return c->class >= CH_RED && c->class <= CH_INDIGO;
}

static void check_dark(const struct rig *g, const uint8_t *s)
{
    bool dimmer = false, filters = false;

    for (size_t i = 0; i < g->patch->fixtures[0].mode->n_channels; i++) {
        dimmer |= channel(g, i)->class == CH_INTENSITY || channel(g, i)->class == CH_SHUTTER;
        filters |= channel(g, i)->class == CH_CYAN;
    }
    for (size_t i = 0; i < g->patch->fixtures[0].mode->n_channels; i++) {
        const struct definition_channel *c = channel(g, i);
        if (c->class == CH_INTENSITY && !c->n_ranges && s[i])
            tell(g, &bad_dark, "a dimmer is up in the dark", i, s[i]);
        if (!dimmer && !filters && is_color(c) && !c->n_ranges && s[i] && !c->default_value)
            tell(g, &bad_dark, "an emitter is up in the dark", i, s[i]);
    }
}

static bool stands_still(const struct definition_channel *c)
{
    return c->class == CH_MAINTENANCE || c->class == CH_GOBO || c->class == CH_PRISM || c->class == CH_OTHER || c->class == CH_EFFECT ||
           c->class == CH_NOTHING || c->class == CH_ZOOM || c->class == CH_FOCUS || c->class == CH_IRIS || c->class == CH_CTO;
}

static void check_mode(struct rig *g)
{
    uint8_t lit[DMX_SLOTS];
    size_t heads = g->patch->n_heads;

    modes++;
    warned += program_warnings(g->program)[0] != NULL;
    trapped += has_warning(g, "lamp and reset");
    for (size_t h = 0; h < heads; h++)
        rig_set(g, h, 1, 1, 1, 1);
    memcpy(lit, rig_run(g), sizeof lit);
    check_lit(g, lit);
    for (size_t h = 0; h < heads; h++)
        rig_set(g, h, 1, 1, 1, 0);
    check_dark(g, rig_run(g));
    for (int step = 0; step <= 20; step++) {
        for (size_t h = 0; h < heads; h++)
            rig_set(g, h, 1, (float)step / 20, (float)(20 - step) / 20, (float)step / 20);
        const uint8_t *s = rig_run(g);
        for (size_t i = 0; i < g->patch->fixtures[0].mode->n_channels; i++) {
            const struct definition_channel *c = channel(g, i);
            if (!stands_still(c))
                continue;
            if (s[i] != lit[i])
                tell(g, &bad_moved, "moved in a fade", i, s[i]);
            if (s[i] != c->default_value && c->class != CH_IRIS && !str_starts(preset_at(c, c->default_value), "Reset") &&
                !str_starts(preset_at(c, c->default_value), "Lamp"))
                tell(g, &bad_default, "is not its default", i, s[i]);
        }
    }
}

TEST(every_mode_is_lit_and_dark)
{
    if (!path_exists(library_folder))
        SKIP("the fixture library is not installed");
    CHECK_INT(library_walk(check_mode), 0);
    printf("# %zu modes, %zu with a warning, %zu with a trapped default\n", modes, warned, trapped);
    CHECK(modes > 3000);
    CHECK_INT(bad_hazard, 0);
    CHECK_INT(bad_closed, 0);
    CHECK_INT(bad_strobe, 0);
    CHECK_INT(bad_dark, 0);
    CHECK_INT(bad_moved, 0);
    CHECK_INT(bad_default, 0);
}
