/* Beats, bars and tempo. */
#include "analysis/steps_private.h"

#include "core/json.h"

static enum lm_err prepare_beats(struct step_run *r, struct db_conn *c, struct problem *p)
{
    (void)c, (void)p;
    step_set_args(r, (const char *[]){ r->pcm, NULL });
    return LM_OK;
}

static enum lm_err store_beats(struct db_conn *c, const struct step_run *r, struct problem *p)
{
    static const char *const members[] = { "beats", "downbeats", "bpm", "beats_per_bar", "confidence", "tempo_curve", NULL };
    json_t *beats = json_object();

    if (!beats)
        return LM_NOMEM;
    for (int i = 0; members[i]; i++)
        if (json_object_get(r->result, members[i]))
            json_object_set(beats, members[i], json_object_get(r->result, members[i]));
    enum lm_err err = track_set_beats(c, r->track_id, beats, false, json_get_text(r->result, "analyser", r->step->analyser),
                                      (int)json_get_int(r->result, "version", r->step->version), p);
    json_decref(beats);
    return err;
}

const struct step step_beats = {
    .name = "beats", .worker = "beat_worker", .analyser = "lumad-beats", .version = 3, .needs_pcm = true,
    .is_there = step_is_stored, .prepare = prepare_beats, .store = store_beats,
};
