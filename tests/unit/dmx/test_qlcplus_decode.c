/*
 * The wire read back over every mode of every definition of the distribution there is: what is sent and decoded again is what was meant,
 * within 2/255 of intensity and light (two steps where a dimmer has fewer than 255) and one step of a position's bytes. Skipped where the package is missing.
 */
#include "back.h"
#include "dmx/program_private.h"
#include "library_walk.h"

#include "../../tap.h"

enum reason { COVERED, SWITCHED, PARTIAL, CONSTANT, REASONS };
static const char *const reasons[REASONS] = {
    "covered", "skipped: a shutter or a two-way dimmer is all that dims it: on or off",
    "skipped: a primary is missing, so no colour can be told", "skipped: no light to read (neither dimmer nor colours)",
};
static size_t counts[REASONS], with_colour, with_axes, with_strobe, bad_level, bad_light, bad_axis, bad_strobe, shown;

static bool head_in(const struct program *p, const struct zone *z, size_t head)
{
    for (size_t i = 0; i < z->owners.n; i++)
        if (p->owners[z->owners.first + i] == head)
            return true;
    return false;
}

/* Whether the head's intensity is told in steps, and whether its whole colour is; and with how large steps. */
static enum reason head_tells(const struct program *p, size_t head, bool *colour, float *coarse, float *coarse_hue)
{
    bool told = false, switched = false, partial = false;

    *colour = false, *coarse = 1, *coarse_hue = 1;
    for (size_t i = 0; i < p->n_zones; i++) {
        const struct zone *z = &p->zones[i];
        if (!head_in(p, z, head))
            continue;
        for (size_t k = 0; k < z->dimmers.n; k++) {
            const struct dimmer_out *d = &p->dimmers[z->dimmers.first + k];
            switched |= d->out.min == d->out.max;
            told = true;
            *coarse = fmaxf(*coarse, 255.f / fmaxf(1, fabsf((float)d->out.max - d->out.min)));
        }
        for (size_t k = 0; k < z->shutters.n; k++)
            switched |= p->shutters[z->shutters.first + k].gate == GATE_HALF;
        for (size_t k = 0; k < z->emitters.n; k++) {
            const struct out *o = &p->emitters[z->emitters.first + k].out;
            *coarse = fmaxf(*coarse, 255.f / fmaxf(1, fabsf((float)o->max - o->min)));
            if (p->emitters[z->emitters.first + k].emitter == EMIT_HUE && o->bytes == 1)
                *coarse_hue = 3;
        }
        if (!z->emitters.n)
            continue;
        if (z->is_part)
            continue;           /* what the head's own emitters say counts */
        told |= z->cover < 0 && !z->is_dimmed;
        partial |= z->mix == MIX_PARTIAL;
        *colour |= z->mix == MIX_RGB || z->mix == MIX_CMY || z->mix == MIX_HSV || z->mix == MIX_HSL;
    }
    return switched ? SWITCHED : partial ? PARTIAL : told ? COVERED : CONSTANT;
}

static void tell(const struct rig *g, size_t *counter, const char *what, size_t head, float off)
{
    const struct patch_fixture *f = &g->patch->fixtures[0];

    if ((*counter)++ < 1000 && shown++ < 40)
        printf("# %s %s, %s, head %zu: %s is off by %.2f (intensity %.3f, hue %.3f %.3f %.3f; read %.3f, %.3f %.3f %.3f)\n", f->row.definition->manufacturer,
               f->row.definition->model, f->mode->name, head, what, off, g->frame->intensity[head], g->frame->r[head], g->frame->g[head],
               g->frame->b[head], back->intensity[head], back->r[head], back->g[head], back->b[head]);
}

static void check_head(struct rig *g, size_t head, bool colour, float coarse, float coarse_hue)
{
    if (level_off(g, head) > 2 * step * coarse)
        tell(g, &bad_level, "intensity", head, level_off(g, head) * 255);
    if (colour && light_off(g, head) > 2 * step * fmaxf(coarse, coarse_hue))
        tell(g, &bad_light, "light", head, light_off(g, head) * 255);
}

static void check_axes(struct rig *g)
{
    float *pan = calloc(2 * g->patch->n_heads, sizeof *pan), *tilt = pan + g->patch->n_heads;
    const struct program *p = g->program;

    program_last_position(g->state, pan, tilt);
    for (size_t i = 0; i < p->n_zones; i++)
        for (size_t a = 0; a < p->zones[i].axes.n; a++) {
            const struct axis_out *x = &p->axes[p->zones[i].axes.first + a];
            for (size_t k = 0; k < p->zones[i].owners.n; k++) {
                size_t head = p->owners[p->zones[i].owners.first + k];
                float got = x->is_tilt ? back->tilt[head] : back->pan[head], want = x->is_tilt ? tilt[head] : pan[head];
                float one = x->range / fmaxf(1, fabsf((float)x->out.max - x->out.min)) / (x->out.bytes > 1 ? 200 : 1);
                if (!same(got, want, one))
                    tell(g, &bad_axis, x->is_tilt ? "tilt" : "pan", head, got - want);
            }
        }
    free(pan);
}

/* What a head's strobe ranges allow for s: how far from it they have to stay, and their steps. False: it has none, lumad strobes it. */
static bool strobe_tells(const struct program *p, size_t head, float s, float *off, float *one)
{
    bool told = false;

    *off = INFINITY, *one = 0;
    for (size_t i = 0; i < p->n_zones; i++) {
        const struct zone *z = &p->zones[i];
        for (size_t k = 0; k < z->shutters.n && head_in(p, z, head); k++) {
            struct span of = p->shutters[z->shutters.first + k].strobes;
            for (size_t r = of.first; r < of.first + of.n; r++) {
                const struct strobe_range *x = &p->strobes[r];
                float steps = fmaxf(1, fabsf((float)x->fast - x->slow)), slow = isnan(x->hz_slow) ? 0 : (x->hz_slow - 1) / 19;
                float fast = isnan(x->hz_slow) ? 1 : (x->hz_fast - 1) / 19, near = fmaxf(fminf(slow, fast), fminf(fmaxf(slow, fast), s));
                *off = fminf(*off, fabsf(near - s));
                *one = fmaxf(*one, fabsf(fast - slow) / steps);
                told = true;
            }
        }
    }
    return told;
}

static void check_strobe(struct rig *g)
{
    static const float speeds[] = { 0, .01f, .3f, .5f, .8f, 1 };

    for (size_t n = 0; n < sizeof speeds / sizeof *speeds; n++) {
        for (size_t h = 0; h < g->patch->n_heads; h++) {
            rig_set(g, h, 1, 1, 1, 1);
            g->frame->strobe[h] = speeds[n];
        }
        there_and_back(g);
        for (size_t h = 0; h < g->patch->n_heads; h++) {
            float off, one;
            if (!strobe_tells(g->program, h, speeds[n], &off, &one) || !(back->intensity[h] > 0))
                continue;
            with_strobe++;
            if (!(speeds[n] > 0) ? back->strobe[h] > 0 : fabsf(fminf(1, back->strobe[h]) - speeds[n]) > off + one + 2 * step)
                tell(g, &bad_strobe, "strobe", h, back->strobe[h] - speeds[n]);
        }
    }
    for (size_t h = 0; h < g->patch->n_heads; h++)
        g->frame->strobe[h] = 0;
}

static void check_mode(struct rig *g)
{
    size_t heads = g->patch->n_heads;
    enum reason *why = calloc(heads + 1, sizeof *why), mode = COVERED;
    float *coarse = calloc(2 * heads + 1, sizeof *coarse);
    bool *colour = calloc(heads + 1, sizeof *colour), any = false;

    start(g);
    for (size_t h = 0; h < heads; h++) {
        why[h] = head_tells(g->program, h, &colour[h], &coarse[h], &coarse[heads + h]);
        mode = why[h] > mode ? why[h] : mode;
        any |= colour[h];
    }
    for (size_t n = 0; n < HUES * LEVELS; n++) {
        for (size_t h = 0; h < heads; h++) {
            rig_set(g, h, hues[n / LEVELS][0], hues[n / LEVELS][1], hues[n / LEVELS][2], levels[n % LEVELS]);
            g->frame->pan[h] = (float)n * 3 - 150, g->frame->tilt[h] = 60 - (float)n;
        }
        there_and_back(g);
        for (size_t h = 0; h < heads; h++)
            if (why[h] == COVERED)
                check_head(g, h, colour[h], coarse[h], coarse[heads + h]);
        check_axes(g);
    }
    check_strobe(g);
    frame_free(back);
    with_colour += mode == COVERED && any;
    with_axes += g->program->n_axes > 0;
    counts[mode]++;
    free(why), free(coarse), free(colour);
}

TEST(every_mode_of_the_library)
{
    if (!path_exists(library_folder))
        SKIP("the fixture library is not installed");
    CHECK_INT(library_walk(check_mode), 0);
    for (int i = 0; i < REASONS; i++)
        printf("# %zu modes %s\n", counts[i], reasons[i]);
    printf("# of those covered, %zu with the whole colour; positions of %zu modes; %zu strobes of heads\n", with_colour, with_axes, with_strobe);
    CHECK(counts[COVERED] > 1000);
    CHECK_INT(bad_level, 0);
    CHECK_INT(bad_light, 0);
    CHECK_INT(bad_axis, 0);
    CHECK(with_strobe > 1000);
    CHECK_INT(bad_strobe, 0);
}
