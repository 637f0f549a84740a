/* The drawing of a track. */
#include "analysis/steps_private.h"

#include <stdio.h>

#include "core/json.h"

enum { WAVEFORM_MAX = 64 << 20 };       /* twelve hours of the full level are 41 MB */

static enum lm_err prepare_waveform(struct step_run *r, struct db_conn *c, struct problem *p)
{
    (void)c, (void)p;
    if (snprintf(r->preview, PATH_SIZE, "%s/cache/%s.preview.wave", r->data_dir, r->track_id) >= PATH_SIZE
        || snprintf(r->full, PATH_SIZE, "%s/cache/%s.full.wave", r->data_dir, r->track_id) >= PATH_SIZE)
        return LM_INVALID;
    step_set_args(r, (const char *[]){ "--waveform", r->pcm, "--waveform-preview", r->preview, "--waveform-full", r->full, NULL });
    return LM_OK;
}

static enum lm_err collect_waveform(struct step_run *r, struct problem *p)
{
    enum lm_err err = path_read(r->preview, WAVEFORM_MAX, &r->preview_data, &r->preview_n);

    if (!err)
        err = path_read(r->full, WAVEFORM_MAX, &r->full_data, &r->full_n);
    return err ? problem_set(p, err, "The waveform cannot be read: %s", lm_err_text(err)) : LM_OK;
}

static enum lm_err store_waveform(struct db_conn *c, const struct step_run *r, struct problem *p)
{
    char id[UUID_SIZE];
    enum lm_err err = track_set_waveform(c, r->track_id, r->preview_data, r->preview_n, r->full_data, r->full_n, p);
    json_t *members = json_pack("{s:s,s:i}", "analyser", r->step->analyser, "analyser_version", r->step->version);

    uuid_from_key("waveform", r->track_id, id);
    if (!err)
        err = members ? row_put(c, &track_waveforms_table, id, members, p) : LM_NOMEM;
    json_decref(members);
    return err;
}

const struct step step_waveform = {
    .name = "waveform", .worker = "decode_worker", .analyser = "lumad-waveform", .version = 1, .needs_pcm = true, .cost = 0.1,
    .is_there = step_is_stored, .prepare = prepare_waveform, .collect = collect_waveform, .store = store_waveform,
};
