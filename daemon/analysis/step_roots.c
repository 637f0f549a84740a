/* Chords, key and notes. */
#include "analysis/steps_private.h"

#include "core/json.h"

enum { CHROMA_MAX = 64 << 20 };         /* twelve hours are 21 MB */

/* What plays the chords tells more alone than under a voice. */
static enum lm_err prepare_roots(struct step_run *r, struct db_conn *c, struct problem *p)
{
    char *beats = r->source, *bass = r->stem[0].pcm, *other = r->stem[1].pcm;
    enum lm_err err = path_join(r->full, r->dir, "chroma");

    if (err)
        return problem_set(p, err, "The path of the data directory is too long");
    if ((err = step_write_beats(r, c, beats, p)))
        return err;
    if (step_stem_decoded(r, c, "bass", bass) && step_stem_decoded(r, c, "other", other))
        step_set_args(r, (const char *[]){ r->pcm, beats, r->full, bass, other, NULL });
    else
        step_set_args(r, (const char *[]){ r->pcm, beats, r->full, NULL });
    return LM_OK;
}

static enum lm_err collect_roots(struct step_run *r, struct problem *p)
{
    enum lm_err err = path_read(r->full, CHROMA_MAX, &r->full_data, &r->full_n);

    return err ? problem_set(p, err, "The chroma cannot be read: %s", lm_err_text(err)) : LM_OK;
}

static enum lm_err store_roots(struct db_conn *c, const struct step_run *r, struct problem *p)
{
    return track_set_roots(c, r->track_id, r->result, r->full_data, r->full_n, json_get_text(r->result, "analyser", r->step->analyser),
                           (int)json_get_int(r->result, "version", r->step->version), p);
}

const struct step step_roots = {
    .name = "roots", .worker = "root_worker", .analyser = "lumad-roots", .version = 1, .needs_pcm = true, .after = { "beats", "stems" }, .has_dir = true,
    .reads_stems = true, .cost = .12,
    .is_there = step_is_stored, .prepare = prepare_roots, .collect = collect_roots, .store = store_roots,
};
