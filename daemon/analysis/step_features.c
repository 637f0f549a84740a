/* What lies over the beats: hits of the drums, energy, sections, loudness, brightness. */
#include "analysis/steps_private.h"

#include "core/json.h"

/* Drums alone tell more than drums in a mix. */
static enum lm_err prepare_features(struct step_run *r, struct db_conn *c, struct problem *p)
{
    char *beats = r->source, *drums = r->stem[0].pcm;
    enum lm_err err = step_write_beats(r, c, beats, p);

    if (step_stem_decoded(r, c, "drums", drums))
        step_set_args(r, (const char *[]){ r->pcm, beats, "--drums", drums, NULL });
    else
        step_set_args(r, (const char *[]){ r->pcm, beats, NULL });
    return err;
}

static enum lm_err store_features(struct db_conn *c, const struct step_run *r, struct problem *p)
{
    return track_set_features(c, r->track_id, r->result, json_get_text(r->result, "analyser", r->step->analyser),
                              (int)json_get_int(r->result, "version", r->step->version), p);
}

const struct step step_features = {
    .name = "features", .worker = "feature_worker", .analyser = "lumad-features", .version = 1, .needs_pcm = true, .after = { "beats", "stems" }, .has_dir = true,
    .reads_stems = true, .cost = .15,
    .is_there = step_is_stored, .prepare = prepare_features, .store = store_features,
};
