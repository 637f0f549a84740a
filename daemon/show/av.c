#include "show/av.h"

#include <math.h>

static bool is_steady(const struct player_now *a, const struct player_now *b)
{
    return a->playing && b->playing && a->serial == b->serial && a->jumps == b->jumps && a->rate == b->rate && a->state == b->state;
}

void av_look(struct av *av, const struct player *player, const struct player_now *now)
{
    struct player_now then;

    if (!is_steady(now, &av->now))
        av->n_sent = 0;
    av->now = *now;
    if (av->n_sent < AV_LATER)
        return;
    player_now(player, av->sent[av->next].ns, &then);
    if (!is_steady(now, &then))
        return;
    double us = fabs(then.position - av->sent[av->next].position) * 1e6;
    histogram_add(&av->us, us < 1e9 ? (uint32_t)us : 1000000000);
}

void av_sent(struct av *av, int64_t mono_ns)
{
    av->sent[av->next].ns = mono_ns;
    av->sent[av->next].position = av->now.position;
    av->next = (av->next + 1) % AV_LATER;
    av->n_sent += av->n_sent < AV_LATER;
}

void av_read(const struct av *av, struct av_error *error)
{
    histogram_read(&av->us, &error->us_p50, &error->us_p99, &error->us_max);
    error->frames = histogram_count(&av->us);
}
