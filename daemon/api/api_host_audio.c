#include <math.h>
#include <string.h>

#include "api/route.h"
#include "core/json.h"

#define TRACK_MAX_SECONDS (12 * 3600.0)

static const char *const no_members[] = { NULL };

static enum lm_err state(struct request *req, struct response *res)
{
    return respond_json(res, show_host_audio(req->lumad->show));
}

/* Done what was asked: the answer is the state. */
static enum lm_err after(struct request *req, struct response *res, enum lm_err err)
{
    return err ? err : state(req, res);
}

static enum lm_err load_track(struct request *req, struct response *res)
{
    static const char *const known[] = { "track_id", NULL };
    struct problem *p = &res->problem;
    enum lm_err err = body_only(req->body, known, p);

    if (err == LM_BAD_REQUEST)
        return err;
    const char *id = body_text(req->body, "track_id", true, p);
    return p->err ? p->err : after(req, res, show_load_track(req->lumad->show, id, 0, 0, p));
}

static enum lm_err load_segment(struct request *req, struct response *res)
{
    static const char *const known[] = { "track_id", "start_time", "end_time", NULL };
    struct problem *p = &res->problem;
    enum lm_err err = body_only(req->body, known, p);

    if (err == LM_BAD_REQUEST)
        return err;
    const char *id = body_text(req->body, "track_id", true, p);
    double start = body_real(req->body, "start_time", true, 0, 0, TRACK_MAX_SECONDS, p);
    double end = body_real(req->body, "end_time", true, 0, 0, TRACK_MAX_SECONDS, p);
    if (!p->err && !(end > start))
        problem_add(p, "/end_time", "must be after start_time");
    return p->err ? p->err : after(req, res, show_load_track(req->lumad->show, id, start, end, p));
}

static enum lm_err unload(struct request *req, struct response *res)
{
    enum lm_err err = body_only(req->body, no_members, &res->problem);

    return err ? err : after(req, res, show_unload(req->lumad->show, &res->problem));
}

static enum lm_err play(struct request *req, struct response *res)
{
    enum lm_err err = body_only(req->body, no_members, &res->problem);

    return err ? err : after(req, res, show_play(req->lumad->show, &res->problem));
}

static enum lm_err pause_playing(struct request *req, struct response *res)
{
    enum lm_err err = body_only(req->body, no_members, &res->problem);

    return err ? err : after(req, res, show_pause(req->lumad->show, &res->problem));
}

static enum quantize body_quantize(const json_t *body, struct problem *p)
{
    const char *name = body_text(body, "quantize", false, p);

    for (int q = 0; name && quantize_names[q]; q++)
        if (!strcmp(name, quantize_names[q]))
            return (enum quantize)q;
    if (name)
        problem_add(p, "/quantize", "must be none, beat or bar");
    return QUANTIZE_NONE;
}

/* To a place or to a marker: one of the two. */
static enum lm_err seek(struct request *req, struct response *res)
{
    static const char *const known[] = { "seconds", "marker_id", "quantize", NULL };
    struct problem *p = &res->problem;
    struct show *show = req->lumad->show;
    enum lm_err err = body_only(req->body, known, p);

    if (err == LM_BAD_REQUEST)
        return err;
    const char *marker = body_text(req->body, "marker_id", false, p);
    double seconds = body_real(req->body, "seconds", !marker, 0, 0, TRACK_MAX_SECONDS, p), end;
    enum quantize q = body_quantize(req->body, p);
    if (marker && json_object_get(req->body, "seconds"))
        problem_add(p, "/seconds", "says another place than the marker: leave one of them out");
    if (!p->err && marker)
        show_marker(show, marker, &seconds, &end, p);
    return p->err ? p->err : after(req, res, show_seek(show, seconds, q, p));
}

/* From start to end, or the loop of a marker. */
static enum lm_err loop(struct request *req, struct response *res)
{
    static const char *const known[] = { "enabled", "start", "end", "marker_id", "quantize", NULL };
    struct problem *p = &res->problem;
    struct show *show = req->lumad->show;
    enum lm_err err = body_only(req->body, known, p);

    if (err == LM_BAD_REQUEST)
        return err;
    const char *marker = body_text(req->body, "marker_id", false, p);
    bool enabled = body_bool(req->body, "enabled", !marker, true, p);
    double start = body_real(req->body, "start", enabled && !marker, 0, 0, TRACK_MAX_SECONDS, p);
    double end = body_real(req->body, "end", enabled && !marker, 0, 0, TRACK_MAX_SECONDS, p);
    enum quantize q = body_quantize(req->body, p);
    if (marker && (json_object_get(req->body, "start") || json_object_get(req->body, "end")))
        problem_add(p, "/marker_id", "says another place than start and end: leave one of them out");
    if (!p->err && marker && enabled && !show_marker(show, marker, &start, &end, p) && !isfinite(end))
        problem_add(p, "/marker_id", "is a cue point; only a marker with an end can be looped");
    return p->err ? p->err : after(req, res, show_loop(show, enabled, start, end, q, p));
}

static enum lm_err rate(struct request *req, struct response *res)
{
    static const char *const known[] = { "rate", "keep_pitch", NULL };
    struct problem *p = &res->problem;
    enum lm_err err = body_only(req->body, known, p);

    if (err == LM_BAD_REQUEST)
        return err;
    double factor = body_real(req->body, "rate", true, 1, 0.5, 2, p);
    bool keep_pitch = body_bool(req->body, "keep_pitch", false, true, p);
    return p->err ? p->err : after(req, res, show_rate(req->lumad->show, factor, keep_pitch, p));
}

static enum lm_err next_track(struct request *req, struct response *res)
{
    static const char *const known[] = { "track_id", "crossfade_seconds", "start_time", "end_time", NULL };
    struct problem *p = &res->problem;
    const json_t *body = req->body;
    enum lm_err err = body_only(body, known, p);

    if (err == LM_BAD_REQUEST)
        return err;
    if (!json_object_get(body, "track_id"))
        problem_add(p, "/track_id", "is missing; null: nothing follows");
    const char *id = body_text(body, "track_id", false, p);
    double crossfade = body_real(body, "crossfade_seconds", false, 0, 0, PLAYER_CROSSFADE_MAX, p);
    double start = body_real(body, "start_time", false, 0, 0, TRACK_MAX_SECONDS, p), end = body_real(body, "end_time", false, 0, 0, TRACK_MAX_SECONDS, p);
    const json_t *given = json_object_get(body, "end_time");
    if (!p->err && given && !json_is_null(given) && !(end > start))
        problem_add(p, "/end_time", "must be after start_time");
    return p->err ? p->err : after(req, res, show_set_next(req->lumad->show, id, crossfade, start, end, p));
}

static enum lm_err meters(struct request *req, struct response *res)
{
    return respond_json(res, show_meters(req->lumad->show));
}

static enum lm_err volume(struct request *req, struct response *res)
{
    static const char *const known[] = { "db", NULL };
    struct problem *p = &res->problem;
    enum lm_err err = body_only(req->body, known, p);

    if (err == LM_BAD_REQUEST)
        return err;
    double db = body_real(req->body, "db", true, 0, -60, 0, p);
    return p->err ? p->err : after(req, res, show_volume(req->lumad->show, db, p));
}

const struct route api_host_audio[] = {
    { HTTP_GET, "/host-audio", state, ROLE_VIEWER, NULL, "HostAudio",
      .doc = "What is loaded and where it is, as pushed on the socket." },
    { HTTP_POST, "/host-audio/load-track", load_track, ROLE_OPERATOR, "LoadTrack", "HostAudio",
      .doc = "Load a track; it stands at 0.", .flags = ROUTE_SLOW },
    { HTTP_POST, "/host-audio/load-segment", load_segment, ROLE_OPERATOR, "LoadSegment", "HostAudio",
      .doc = "Load a part of a track.", .flags = ROUTE_SLOW },
    { HTTP_POST, "/host-audio/unload", unload, ROLE_OPERATOR, "Nothing", "HostAudio", .doc = "Take the track off.",
      .flags = ROUTE_BODY_OPTIONAL },
    { HTTP_POST, "/host-audio/play", play, ROLE_OPERATOR, "Nothing", "HostAudio", .doc = "Play; at the end, from the start.",
      .flags = ROUTE_BODY_OPTIONAL },
    { HTTP_POST, "/host-audio/pause", pause_playing, ROLE_OPERATOR, "Nothing", "HostAudio", .doc = "Stand still; the look stays.",
      .flags = ROUTE_BODY_OPTIONAL },
    { HTTP_POST, "/host-audio/seek", seek, ROLE_OPERATOR, "Seek", "HostAudio",
      .doc = "Jump to a place or a marker. quantize beat or bar: to the nearest one, and while playing when the next one comes; until then the jump is pending." },
    { HTTP_POST, "/host-audio/loop", loop, ROLE_OPERATOR, "Loop", "HostAudio",
      .doc = "Loop a part or a marker's, or stop looping. quantize beat or bar: from the nearest one to the nearest." },
    { HTTP_POST, "/host-audio/rate", rate, ROLE_OPERATOR, "Rate", "HostAudio",
      .doc = "Play slower or faster, 0.5 to 2; the pitch stays unless keep_pitch is false." },
    { HTTP_POST, "/host-audio/next", next_track, ROLE_OPERATOR, "NextTrack", "HostAudio",
      .doc = "What plays when the track is over, without a gap or faded over; null: nothing.", .flags = ROUTE_SLOW },
    { HTTP_POST, "/host-audio/volume", volume, ROLE_OPERATOR, "Volume", "HostAudio", .doc = "Set the volume." },
    { HTTP_GET, "/host-audio/meters", meters, ROLE_VIEWER, NULL, "Meters",
      .doc = "Levels in dBFS for each channel, loudness and bands of what is heard and of the input, as pushed on the socket." },
    { 0 },
};
