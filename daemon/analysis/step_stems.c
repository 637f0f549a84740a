/*
 * The four separated parts. They lie in DATA/stems/<track id>/a or b: a run makes the folder that the rows do not name, and the other one goes when the rows
 * name the new one. So whoever plays or decodes them has all of the old ones or all of the new ones, and a run that fails takes nothing away.
 */
#include "analysis/steps_private.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/statvfs.h>

#include "analysis/stem_model.h"
#include "core/json.h"
#include "core/log.h"
#include "core/str.h"

static const uint64_t ROOM_BYTES = UINT64_C(5) << 30;

static bool are_stems_here(struct db_conn *c, const char *data_dir, const struct step *s, const char *track_id)
{
    struct track_stem stems[TRACK_STEMS];
    char path[PATH_SIZE];
    size_t n = 0;
    bool there = step_is_stored(c, data_dir, s, track_id) && !track_stem_files(c, track_id, stems, &n, NULL);

    for (size_t i = 0; i < n && there; i++)
        there = !path_join(path, data_dir, stems[i].path) && path_exists(path);
    there = there && n == TRACK_STEMS;
    track_stems_free(stems, n);
    return there;
}

/* Fifteen megabytes a minute: without much room on the disk they are made for who asks. */
static bool are_stems_automatic(struct db_conn *c, const char *data_dir)
{
    struct statvfs disk;
    json_t *value = NULL;
    bool is_set = settings_get_one(c, "stems", &value) || strcmp(json_string_value(value) ? json_string_value(value) : "", "demand");

    json_decref(value);
    return is_set && (!data_dir || statvfs(data_dir, &disk) || (uint64_t)disk.f_bavail * disk.f_frsize >= ROOM_BYTES);
}

static enum lm_err prepare_stems(struct step_run *r, struct db_conn *c, struct problem *p)
{
    char used[64];
    bool is_a_used = false;
    enum lm_err err = track_stem_files(c, r->track_id, r->stems, &r->n_stems, p);

    snprintf(used, sizeof(used), "stems/%s/a/", r->track_id);
    for (size_t i = 0; i < r->n_stems; i++)
        is_a_used |= str_starts(r->stems[i].path, used);
    snprintf(r->out_name, sizeof(r->out_name), "stems/%s/%c", r->track_id, is_a_used ? 'b' : 'a');
    if (!err && (err = path_join(r->out, r->data_dir, r->out_name)))
        problem_set(p, err, "The path of the data directory is too long");
    if (!err && (err = path_make_dirs(r->out, 0700)))
        problem_set(p, err, "%s cannot be made: %s", r->out, lm_err_text(err));
    snprintf(r->threads, sizeof(r->threads), "%d", stem_model_threads(c));
    if (stem_model_look(c, r->data_dir, r->model) == STEM_MODEL_READY)
        step_set_args(r, (const char *[]){ "--model", r->model, "--threads", r->threads, r->pcm, r->out, NULL });
    else
        step_set_args(r, (const char *[]){ r->pcm, r->out, NULL });
    return err;
}

static int stems_memory(struct db_conn *c, const char *data_dir)
{
    char dir[PATH_SIZE];

    return stem_model_look(c, data_dir, dir) == STEM_MODEL_READY ? STEM_MODEL_MEMORY_MB : STEP_MEMORY_MB;
}

/* What is stored is there. */
static enum lm_err collect_stems(struct step_run *r, struct problem *p)
{
    const json_t *list = json_object_get(r->result, "stems"), *stem;
    const char *warning = json_get_text(r->result, "warning", "");
    char name[32], path[PATH_SIZE];
    size_t i;

    if (*warning)
        log_warn("jobs", "the stems of track %s were separated without the model: %s", r->track_id, warning);
    json_array_foreach((json_t *)list, i, stem) {
        snprintf(name, sizeof(name), "%.16s.flac", json_get_text(stem, "name", ""));
        if (strchr(name, '/') || path_join(path, r->out, name) || !path_exists(path))
            return problem_set(p, LM_INVALID, "The worker promised %s and did not make it", name);
    }
    return json_array_size(list) == TRACK_STEMS ? LM_OK : problem_set(p, LM_INVALID, "The worker made %zu stems, not %d", json_array_size(list), TRACK_STEMS);
}

static enum lm_err store_stems(struct db_conn *c, const struct step_run *r, struct problem *p)
{
    json_t *list = json_deep_copy(json_object_get(r->result, "stems")), *stem;
    enum lm_err err = list ? LM_OK : LM_NOMEM;
    size_t i;

    json_array_foreach(list, i, stem) {
        json_object_set_new(stem, "format", json_string("flac"));
        json_object_set_new(stem, "file_path", json_sprintf("%s/%s.flac", r->out_name, json_get_text(stem, "name", "")));
    }
    if (!err)
        err = track_set_stems(c, r->track_id, list, json_get_text(r->result, "analyser", r->step->analyser),
                              (int)json_get_int(r->result, "version", r->step->version), p);
    json_decref(list);
    return err;
}

/* What the model made stays when somebody cancels, minutes of work that a retry goes on from; the rest of the folder goes, and the folder when it is empty. */
static void keep_pieces(const char *dir)
{
    DIR *d = opendir(dir);

    for (struct dirent *e; d && (e = readdir(d));) {
        size_t n = strlen(e->d_name);
        if (n < 6 || strcmp(e->d_name + n - 6, ".piece") != 0)
            unlinkat(dirfd(d), e->d_name, 0);
    }
    if (d)
        closedir(d);
    rmdir(dir);
}

/* The files that no row names any more: the old ones after a good run, else the new ones. */
static void clear_stems(struct step_run *r)
{
    char path[PATH_SIZE];

    if (!r->is_done) {
        if (r->out[0] && r->is_cancelled)
            keep_pieces(r->out);
        else if (r->out[0] && !r->is_paused)
            path_remove(r->out);
        return;
    }
    for (size_t i = 0; i < r->n_stems; i++)
        if (!str_starts(r->stems[i].path, r->out_name) && !path_join(path, r->data_dir, r->stems[i].path))
            path_remove(path);
    str_copy(path, sizeof(path), r->out);
    path[strlen(path) - 1] ^= 'a' ^ 'b';        /* and what else is in the other folder */
    path_remove(path);
}

const struct step step_stems = {
    .name = "stems", .worker = "stem_worker", .analyser = "lumad-stems", .version = 1, .needs_pcm = true, .is_automatic = are_stems_automatic, .after = { "beats" }, .waits_only = true,
    .is_slow = true, .cost = 4, .memory = stems_memory, .quiet_s = 120,
    .is_there = are_stems_here, .prepare = prepare_stems, .collect = collect_stems, .store = store_stems, .clear = clear_stems,
};
