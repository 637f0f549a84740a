/* What a step needs of others and of the machine. */
#include <string.h>

#include "analysis/cache.h"
#include "analysis/steps_private.h"
#include "db/track_inputs.h"

double step_cost(const struct step *s)
{
    return s->cost > 0 ? s->cost : 1;
}

int step_memory(const struct step *s, struct db_conn *c, const char *data_dir)
{
    int mb = s->memory ? s->memory(c, data_dir) : s->memory_mb;

    return mb > 0 ? mb : STEP_MEMORY_MB;
}

int step_memory_limit(int usual_mb)
{
    return 2 * usual_mb + 200;
}

bool step_comes_after(const struct step *s, const char *name)
{
    for (int i = 0; i < STEP_AFTER && s->after[i]; i++)
        if (!strcmp(s->after[i], name))
            return true;
    return false;
}

int64_t step_inputs(struct db_conn *c, const struct step *s, const char *track_id)
{
    int64_t newest = 0;

    for (int i = 0; i < STEP_AFTER && s->after[i]; i++) {
        int64_t version = track_input_version(c, track_id, s->after[i]);
        newest = version > newest ? version : newest;
    }
    return newest;
}

bool step_can_be_stale(const struct step *s)
{
    return !s->waits_only && s->analyser && s->after[0];
}

bool step_is_stale(struct db_conn *c, const struct step *s, const char *track_id)
{
    if (!step_can_be_stale(s) || !track_result_version(c, track_id, s->name))
        return false;
    return track_made_from(c, track_id, s->name) < step_inputs(c, s, track_id);
}

bool step_stem_decoded(const struct step_run *r, struct db_conn *c, const char *name, char path[PATH_SIZE])
{
    struct track_stem stems[TRACK_STEMS];
    bool there = false;
    size_t n = 0;

    if (track_stem_files(c, r->track_id, stems, &n, NULL))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!strcmp(stems[i].name, name))
            there = !cache_stem_path(r->data_dir, r->track_id, name, false, path) && cache_has_of(path, stems[i].hash);
    track_stems_free(stems, n);
    return there;
}
