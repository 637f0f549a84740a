#include "analysis/steps_private.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analysis/cache.h"
#include "core/str.h"
#include "db/domain.h"
#include "db/track_inputs.h"

bool step_is_stored(struct db_conn *c, const char *data_dir, const struct step *s, const char *track_id)
{
    char analyser[64];
    int64_t version;

    (void)data_dir;
    return track_result_made_by(c, track_id, s->name, analyser, &version) && (version >= s->version || strcmp(analyser, s->analyser));
}

const struct step *const steps[] = { &step_decode, &step_decode_stems, &step_decode_stems_stereo, &step_waveform, &step_beats, &step_stems, &step_roots, &step_features, NULL };

void step_set_args(struct step_run *r, const char *const *args)
{
    int n = 1;

    while (*args && n < STEP_ARGS - 1)
        r->argv[n++] = *args++;
    r->argv[n] = NULL;
}

const struct step *step_find(const char *name)
{
    for (size_t i = 0; steps[i]; i++)
        if (!strcmp(steps[i]->name, name))
            return steps[i];
    return NULL;
}

static enum lm_err make_dir(struct step_run *r, struct problem *p)
{
    if (snprintf(r->dir, sizeof(r->dir), "%s/cache/%s.%s.d", r->data_dir, r->track_id, r->step->name) >= PATH_SIZE)
        return problem_set(p, LM_INVALID, "The path of the data directory is too long");
    enum lm_err err = path_make_dirs(r->dir, 0700);
    return err ? problem_set(p, err, "%s cannot be made: %s", r->dir, lm_err_text(err)) : LM_OK;
}

enum lm_err step_write_beats(const struct step_run *r, struct db_conn *c, char path[PATH_SIZE], struct problem *p)
{
    json_t *beats = NULL;
    char *text = NULL;
    enum lm_err err = path_join(path, r->dir, "beats.json");

    if (!err && (err = track_beats(c, r->track_id, &beats, p)) == LM_NOT_FOUND) {
        problem_clear(p);
        beats = json_pack("{s:[],s:[],s:i,s:n}", "beats", "downbeats", "beats_per_bar", 4, "bpm");
        err = LM_OK;
    }
    if (!err && !(text = json_dumps(beats, JSON_COMPACT)))
        err = problem_set(p, LM_NOMEM, "No memory for beats");
    if (!err && (err = path_write(path, text, strlen(text), 0600)))
        problem_set(p, err, "%s cannot be written: %s", path, lm_err_text(err));
    free(text);
    json_decref(beats);
    return err;
}

enum lm_err step_prepare(struct step_run *r, const struct step *s, const char *data_dir, const char *track_id,
                         struct db_conn *c, struct problem *p)
{
    enum lm_err err;

    memset(r, 0, sizeof(*r));
    r->step = s;
    r->data_dir = data_dir;
    str_copy(r->track_id, sizeof(r->track_id), track_id);
    if ((err = path_worker(s->worker, r->program, p)) || (err = cache_path(data_dir, track_id, r->pcm)))
        return err;
    r->argv[0] = r->program;
    r->inputs = step_inputs(c, s, track_id);    /* before they are read: what changes meanwhile makes the result stale */
    if (s->has_dir && (err = make_dir(r, p)))
        return err;
    return s->prepare(r, c, p);
}

void step_tidy(struct step_run *r)
{
    char part[PATH_SIZE];

    /* What a decoder that was cancelled or crashed could not take away itself. */
    if (r->pcm[0] && r->step->makes_pcm && !r->n_stems && snprintf(part, sizeof(part), "%s.part", r->pcm) < (int)sizeof(part))
        unlink(part);
    for (size_t i = 0; i < r->n_stems; i++)
        if (r->stem[i].pcm[0] && snprintf(part, sizeof(part), "%s.part", r->stem[i].pcm) < (int)sizeof(part))
            unlink(part);
    if (r->step->clear)
        r->step->clear(r);
    if (r->dir[0])
        path_remove(r->dir);
    if (r->preview[0])
        unlink(r->preview);
    if (r->full[0])
        unlink(r->full);
}

void step_clear(struct step_run *r)
{
    track_stems_free(r->stems, r->n_stems);
    free(r->preview_data);
    free(r->full_data);
}
