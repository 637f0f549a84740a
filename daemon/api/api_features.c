#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "analysis/melspec.h"
#include "api/crud.h"
#include "api/etag.h"
#include "audio/pcm.h"
#include "db/domain.h"
#include "dsp/hash.h"

enum { DECODE_MS = 8000, WIDTH = 1000 };
#define LONGEST_S (12 * 3600.0)

static enum lm_err features(struct request *req, struct response *res)
{
    int64_t version;
    enum lm_err err = crud_exists(req->db, &tracks_table, req->arg[0], &res->problem);

    if (err)
        return err;
    if ((err = track_features(req->db, req->arg[0], &res->json, &version, NULL)))
        return problem_set(&res->problem, err, err == LM_NOT_FOUND ? "Nothing was heard in this track yet: run the job features of the track." : "The features cannot be read.");
    etag_of_version(version, res->etag);
    return LM_OK;
}

/* ---- the spectrogram ---- */

static struct melspec *tiles;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_tiles(void)
{
    tiles = melspec_new();
}

static bool must_stop(void *req)
{
    return request_is_gone(req);
}

static enum lm_err whole_number(const char *name, double v, struct problem *p)
{
    return v == floor(v) ? LM_OK : problem_set(p, LM_BAD_REQUEST, "The query parameter \"%s\" must be a whole number.", name);
}

/* v->end 0: the end of the track. */
static enum lm_err read_view(const struct request *req, struct melspec_view *v, struct problem *p)
{
    double bands, width;
    enum lm_err err;

    if ((err = request_query_real(req, "start", 0, LONGEST_S, 0, &v->start, p)) || (err = request_query_real(req, "end", 0, LONGEST_S, 0, &v->end, p)) ||
        (err = request_query_real(req, "bands", MELSPEC_BANDS_MIN, MELSPEC_BANDS_MAX, MELSPEC_BANDS_MAX, &bands, p)) || (err = whole_number("bands", bands, p)) ||
        (err = request_query_real(req, "width", 1, MELSPEC_WIDTH_MAX, WIDTH, &width, p)) || (err = whole_number("width", width, p)))
        return err;
    v->bands = (uint32_t)bands, v->width = (uint32_t)width;
    return LM_OK;
}

static void tag(const struct pcm *pcm, const struct melspec_view *v, char etag[ETAG_SIZE])
{
    const struct pcm_header *file = pcm->map;
    double view[] = { v->start, v->end, v->bands, v->width };
    uint64_t h = hash_bytes(HASH_START, file->source_sha256, sizeof file->source_sha256);

    h = hash_bytes(hash_bytes(h, &pcm->frames, sizeof pcm->frames), view, sizeof view);
    snprintf(etag, ETAG_SIZE, "\"%016llx\"", (unsigned long long)hash_mix(h));
}

static enum lm_err draw(struct request *req, const struct pcm *pcm, struct melspec_view *v, struct response *res)
{
    void *data = NULL;

    if (v->end <= 0)
        v->end = (double)pcm->frames / pcm->rate;
    if (v->end - v->start < 1e-3)
        return problem_set(&res->problem, LM_BAD_REQUEST, "The stretch from %g to %g s is no stretch of the track, which is %.3f s long.", v->start, v->end,
                           (double)pcm->frames / pcm->rate);
    enum lm_err err = tiles ? melspec_draw(tiles, pcm, v, must_stop, req, &data, &res->n) : LM_NOMEM;
    if (err == LM_TIMEOUT)
        return problem_set(&res->problem, LM_BUSY, "Nobody waits for this spectrogram any more.");
    if (err)
        return problem_set(&res->problem, err, "The spectrogram cannot be drawn.");
    res->data = data;
    res->type = "application/octet-stream";
    tag(pcm, v, res->etag);
    return LM_OK;
}

static enum lm_err melspec(struct request *req, struct response *res)
{
    struct problem *p = &res->problem;
    struct melspec_view v;
    struct pcm pcm = { 0 };
    char *path = NULL;
    enum lm_err err = read_view(req, &v, p);

    pthread_once(&once, make_tiles);
    if (err || (err = crud_exists(req->db, &tracks_table, req->arg[0], p)))
        return err;
    if (!(err = jobs_decoded(req->lumad->jobs, req->db, req->arg[0], DECODE_MS, &path, p)) && !(err = pcm_open(path, &pcm, p)))
        err = draw(req, &pcm, &v, res);
    if (pcm.map)
        pcm_close(&pcm);
    free(path);
    return err;
}

const struct route api_features[] = {
    { HTTP_GET, "/tracks/{id}/features", features, ROLE_VIEWER, NULL, "Features",
      .doc = "What was heard over the beats: hits of the drums, energy of the bars, sections, loudness, brightness, drops. A kind that was not heard yet is left out." },
    { HTTP_GET, "/tracks/{id}/melspec", melspec, ROLE_VIEWER, NULL, "binary",
      .doc = "LMM1: which frequencies sound when, from start to end (seconds; the whole track) in width columns (1,000) of bands (128) bytes. A 48-byte header: \"LMM1\", u32 columns, "
             "u32 bands, u32 0, f64 start, f64 end, f32 min_hz, f32 max_hz, f32 floor_db, u32 0; then the columns, lowest band first; byte b is floor_db * (1 - b / 255) dB.",
      .query = "start end bands width", .flags = ROUTE_SLOW },
    { 0 },
};
