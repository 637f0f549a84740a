#include <stdlib.h>
#include <string.h>

#include "analysis/waveform.h"
#include "api/crud.h"
#include "api/mime.h"
#include "audio/pcm.h"
#include "core/json.h"
#include "core/log.h"
#include "core/path.h"
#include "core/str.h"
#include "db/domain.h"

/* Whether it can be heard here: the row of another machine's stem has no file, and a disk may have lost one. */
static enum lm_err add_is_here(const struct request *req, json_t *row, struct problem *p)
{
    struct track_stem stems[TRACK_STEMS];
    size_t n = 0;
    char full[PATH_SIZE];
    bool is_here = false;
    enum lm_err err = track_stem_files(req->db, json_get_text(row, "track_id", ""), stems, &n, p);

    for (size_t i = 0; i < n; i++)
        is_here |= !strcmp(stems[i].name, json_get_text(row, "name", "")) && !path_join(full, req->lumad->data_dir, stems[i].path) && path_exists(full);
    track_stems_free(stems, n);
    return err ? err : json_object_set_new(row, "is_here", json_boolean(is_here)) ? LM_NOMEM : LM_OK;
}

static const struct crud crud = { .table = &track_stems_table, .decorate = add_is_here };

static enum lm_err audio(struct request *req, struct response *res)
{
    struct track_stem stems[TRACK_STEMS];
    const struct track_stem *stem = NULL;
    struct problem *p = &res->problem;
    size_t n = 0;
    enum lm_err err = crud_exists(req->db, &tracks_table, req->arg[0], p);

    if (!err)
        err = track_stem_files(req->db, req->arg[0], stems, &n, p);
    for (size_t i = 0; i < n; i++)
        if (!strcmp(stems[i].name, req->arg[1]))
            stem = &stems[i];
    if (!err && !stem)
        err = problem_set(p, LM_NOT_FOUND, n ? "This track has no such stem here; there are drums, bass, vocals and other."
                                             : "This track has no stems here: run the job stems of the track.");
    if (!err && !(err = crud_respond_file(req, res, stem->path, stem->hash[0] ? stem->hash : stem->id)))
        res->type = mime_of_audio(stem->path);
    track_stems_free(stems, n);
    return err;
}

/* --- the drawing of a stem: made once, when somebody first looks, and kept beside its file, with which it goes --- */

enum { STEM_DECODE_MS = 20000, WAVE_MAX = 64 << 20 };

/* "<stem's file without its suffix>.wave" of the data directory. */
static enum lm_err drawing_path(const struct request *req, const char *stem, char out[PATH_SIZE])
{
    char name[PATH_SIZE];

    str_copy(name, sizeof(name), stem);
    char *dot = strrchr(name, '.'), *slash = strrchr(name, '/');
    if (dot && (!slash || dot > slash))
        *dot = '\0';
    if (strlen(name) + sizeof(".wave") > sizeof(name))
        return LM_INVALID;
    strcat(name, ".wave");
    return path_join(out, req->lumad->data_dir, name);
}

static enum lm_err draw(struct request *req, int which, void **data, size_t *n, struct problem *p)
{
    char *paths[JOBS_STEMS] = { NULL };
    struct pcm pcm = { 0 };
    enum lm_err err = jobs_stems(req->lumad->jobs, req->db, req->arg[0], STEM_DECODE_MS, paths, p);

    if (!err && !paths[which])
        err = problem_set(p, LM_NOT_FOUND, "The sound of this stem is not on this machine.");
    if (!err && !(err = pcm_open(paths[which], &pcm, p))) {
        err = waveform_make(pcm.data, pcm.frames, pcm.channels, pcm.rate, WAVEFORM_FULL_FRAMES, data, n);
        if (err)
            problem_set(p, err, "The stem cannot be drawn: %s", lm_err_text(err));
        pcm_close(&pcm);
    }
    for (int i = 0; i < JOBS_STEMS; i++)
        free(paths[i]);
    return err;
}

static enum lm_err waveform(struct request *req, struct response *res)
{
    struct track_stem stems[TRACK_STEMS];
    struct problem *p = &res->problem;
    char file[PATH_SIZE] = "", *known = NULL;
    void *made = NULL;
    size_t n = 0;
    int which = 0;
    enum lm_err err = crud_exists(req->db, &tracks_table, req->arg[0], p);

    while (which < JOBS_STEMS && strcmp(jobs_stem_names[which], req->arg[1]) != 0)
        which++;
    if (!err && which == JOBS_STEMS)
        err = problem_set(p, LM_NOT_FOUND, "There are drums, bass, vocals and other.");
    if (err || (err = track_stem_files(req->db, req->arg[0], stems, &n, p)))
        return err;
    for (size_t i = 0; i < n && !err; i++)
        if (!strcmp(stems[i].name, req->arg[1])) {
            err = drawing_path(req, stems[i].path, file);
            snprintf(res->etag, sizeof(res->etag), "\"%.64s\"", stems[i].hash[0] ? stems[i].hash : stems[i].id);
        }
    track_stems_free(stems, n);
    if (!err && !*file)
        return problem_set(p, LM_NOT_FOUND, "This track has no stems here: run the job stems of the track.");
    if (!err && !path_read(file, WAVE_MAX, &known, &res->n))
        made = known;
    else if (!err && !(err = draw(req, which, &made, &res->n, p)) && path_write(file, made, res->n, 0600))
        log_warn("api", "%s cannot be kept", file);     /* it is drawn again the next time */
    res->data = made;
    res->type = "application/octet-stream";
    return err;
}

const struct route api_stems[] = {
    { HTTP_GET, "/tracks/{id}/stems", crud_list, ROLE_VIEWER, NULL, "Stem[]",
      .doc = "The separated parts of a track: drums, bass, vocals and other, which add up to it. None before the job stems is done.", .query = "limit cursor",
      .crud = &crud },
    { HTTP_GET, "/tracks/{id}/stems/{name}/audio", audio, ROLE_VIEWER, NULL, "binary",
      .doc = "A separated part as FLAC; name: drums, bass, vocals or other. Range is understood." },
    { HTTP_GET, "/tracks/{id}/stems/{name}/waveform", waveform, ROLE_VIEWER, NULL, "binary",
      .doc = "The drawing of a separated part, as the full level of /tracks/{id}/waveform. The first time it is drawn from the sound, which may take seconds.", .flags = ROUTE_SLOW },
    { 0 },
};
