#include "show/flash.h"

#include <math.h>
#include <string.h>

#define FLASH_S 0.06
#define GAP_NS INT64_C(500000000)

void flasher_set(struct flasher *f, const struct flash *flash)
{
    f->flash = *flash;
    f->is_lit = false;
}

/* One that begins does so in the frame nearest to its instant, not in the first one behind it: so flashes are neither early nor late on average. */
static bool is_lit(struct flasher *f, double t, int64_t period_ns, int64_t mono_ns)
{
    double half = (double)period_ns / 2e9, into = fmod(t - f->flash.at + half, f->flash.interval);

    into = into < 0 ? into + f->flash.interval : into;
    bool lit = into < fmax(FLASH_S, 2 * half);
    if (lit && !f->is_lit) {
        if (f->began_ns && mono_ns - f->began_ns < GAP_NS)
            return false;
        f->began_ns = mono_ns;
    }
    f->is_lit = lit;
    return lit;
}

void flasher_run(struct flasher *f, const struct space *space, struct frame *frame, const struct player_now *now, double offset_s, int64_t period_ns, int64_t mono_ns)
{
    const struct patch *patch = space->patch->obj;

    if (!f->flash.serial || now->serial != f->flash.serial)
        return;
    float level = now->playing && is_lit(f, now->position + offset_s * now->rate, period_ns, mono_ns) ? 1 : 0;
    for (size_t g = 0; g < patch->n_groups; g++) {
        if (memcmp(patch->groups[g].id, f->flash.group, UUID_SIZE))
            continue;
        for (size_t k = 0; k < patch->groups[g].n_heads; k++) {
            uint32_t i = patch->groups[g].heads[k];
            if (space->is_fog[i] || space->is_laser[i])
                continue;
            frame->r[i] = frame->g[i] = frame->b[i] = 1;
            frame->intensity[i] = level;
            frame->strobe[i] = 0;
        }
    }
}
