#include "graph/movement.h"

#include <ctype.h>
#include <string.h>

#include "dsp/dmath.h"

static const struct patch_group *find_group(const struct patch *p, const char *name, size_t n)
{
    for (size_t i = 0; i < p->n_groups; i++)
        if (strlen(p->groups[i].name) == n && !memcmp(p->groups[i].name, name, n))
            return &p->groups[i];
    return NULL;
}

/* Heads of a selection ascend in the patch. */
static void mark(const struct patch_group **base, const struct node_selection *s, const struct patch_group *g)
{
    for (size_t k = 0; k < g->n_heads; k++) {
        uint32_t low = 0, high = s->n;
        while (low < high) {
            uint32_t mid = (low + high) / 2;
            if (s->heads[mid] < g->heads[k])
                low = mid + 1;
            else
                high = mid;
        }
        if (low < s->n && s->heads[low] == g->heads[k] && !base[low])
            base[low] = g;
    }
}

const struct patch_group **movement_bases(struct arena *a, const struct patch *patch, const struct node_selection *s)
{
    const struct patch_group **base = arena_array(a, s->n + 1, sizeof *base);

    if (!base)
        return NULL;
    for (uint32_t i = 0; i < s->n; i++)
        base[i] = NULL;
    const char *text = s->expression ? s->expression : "";
    for (const char *c = text; *c;) {
        size_t n = 0;
        while (isalnum((unsigned char)c[n]) || c[n] == '_')
            n++;
        bool is_test = c[n] == ':' || (c > text && c[-1] == ':');       /* of side:left, neither word is a group's name */
        const struct patch_group *g = n && !is_test ? find_group(patch, c, n) : NULL;
        if (g)
            mark(base, s, g);
        c += n ? n : 1;
    }
    return base;
}

struct movement movement_of(const struct patch_group *base, enum property property)
{
    static const struct patch_group standard = { .pan_range = 90, .tilt_range = 45 };
    const struct patch_group *g = base ? base : &standard;
    double turns = g->rotation_deg / 360, sin = dsp_sin_turns(turns), cos = dsp_sin_turns(turns + 0.25);

    if (property == PROP_PAN)
        return (struct movement){ (float)g->pan, (float)(g->pan_range * cos), (float)(-g->pan_range * sin) };
    return (struct movement){ (float)g->tilt, (float)(g->tilt_range * sin), (float)(g->tilt_range * cos) };
}
