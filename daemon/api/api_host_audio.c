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

static enum lm_err seek(struct request *req, struct response *res)
{
    static const char *const known[] = { "seconds", NULL };
    struct problem *p = &res->problem;
    enum lm_err err = body_only(req->body, known, p);

    if (err == LM_BAD_REQUEST)
        return err;
    double seconds = body_real(req->body, "seconds", true, 0, 0, TRACK_MAX_SECONDS, p);
    return p->err ? p->err : after(req, res, show_seek(req->lumad->show, seconds, p));
}

static enum lm_err loop(struct request *req, struct response *res)
{
    static const char *const known[] = { "enabled", "start", "end", NULL };
    struct problem *p = &res->problem;
    enum lm_err err = body_only(req->body, known, p);

    if (err == LM_BAD_REQUEST)
        return err;
    bool enabled = body_bool(req->body, "enabled", true, false, p);
    double start = body_real(req->body, "start", enabled, 0, 0, TRACK_MAX_SECONDS, p);
    double end = body_real(req->body, "end", enabled, 0, 0, TRACK_MAX_SECONDS, p);
    return p->err ? p->err : after(req, res, show_loop(req->lumad->show, enabled, start, end, p));
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
    { HTTP_POST, "/host-audio/seek", seek, ROLE_OPERATOR, "Seek", "HostAudio", .doc = "Jump." },
    { HTTP_POST, "/host-audio/loop", loop, ROLE_OPERATOR, "Loop", "HostAudio", .doc = "Loop a part, or stop looping." },
    { HTTP_POST, "/host-audio/volume", volume, ROLE_OPERATOR, "Volume", "HostAudio", .doc = "Set the volume." },
    { 0 },
};
