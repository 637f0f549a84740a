#include <stdio.h>
#include <string.h>

#include "api/route.h"
#include "core/json.h"

/* Done what was asked: the answer is the state. */
static enum lm_err after(struct request *req, struct response *res, enum lm_err err)
{
    return err ? err : respond_json(res, show_host_audio(req->lumad->show));
}

/* What is not said stays as it is. */
static void read_stem(const json_t *body, const char *name, struct show_stem *stem, struct problem *p)
{
    static const char *const known[] = { "gain_db", "mute", "solo", NULL };
    const json_t *o = json_object_get(body, name);
    struct problem own;
    char prefix[32];

    if (!o)
        return;
    problem_clear(&own);
    snprintf(prefix, sizeof(prefix), "/%s", name);
    if (!json_is_object(o)) {
        problem_add(p, prefix, "must be an object");
        return;
    }
    body_only(o, known, &own);
    stem->gain_db = body_real(o, "gain_db", false, stem->gain_db, SHOW_STEM_DB_MIN, SHOW_STEM_DB_MAX, &own);
    stem->mute = body_bool(o, "mute", false, stem->mute, &own);
    stem->solo = body_bool(o, "solo", false, stem->solo, &own);
    body_under(prefix, &own);
    for (size_t i = 0; i < own.n; i++)
        problem_add(p, own.errors[i].path, "%s", own.errors[i].message);
}

static enum lm_err put_stems(struct request *req, struct response *res)
{
    /* What GET says of them may be sent back. */
    static const char *const known[] = { "drums", "bass", "vocals", "other", "available", "decoding", "problem", NULL };
    struct problem *p = &res->problem;
    struct show_stem stem[SHOW_STEMS];
    enum lm_err err = body_only(req->body, known, p);

    if (err == LM_BAD_REQUEST)
        return err;
    show_get_stems(req->lumad->show, stem);
    for (int i = 0; i < SHOW_STEMS; i++)
        read_stem(req->body, jobs_stem_names[i], &stem[i], p);
    return p->err ? p->err : after(req, res, show_put_stems(req->lumad->show, stem, p));
}

static enum lm_err put_metronome(struct request *req, struct response *res)
{
    static const char *const known[] = { "enabled", "db", NULL };
    struct problem *p = &res->problem;
    enum lm_err err = body_only(req->body, known, p);
    bool is_on;
    double db;

    if (err == LM_BAD_REQUEST)
        return err;
    show_get_metronome(req->lumad->show, &is_on, &db);
    is_on = body_bool(req->body, "enabled", false, is_on, p);
    db = body_real(req->body, "db", false, db, -60, 0, p);
    return p->err ? p->err : after(req, res, show_put_metronome(req->lumad->show, is_on, db, p));
}

static enum lm_err put_calibration(struct request *req, struct response *res)
{
    static const char *const known[] = { "enabled", "group_id", "interval", "client", NULL };
    struct problem *p = &res->problem;
    enum lm_err err = body_only(req->body, known, p);

    if (err == LM_BAD_REQUEST)
        return err;
    struct show_calibration wish = { .enabled = body_bool(req->body, "enabled", true, false, p), .caller = req->caller };
    wish.group_id = body_text(req->body, "group_id", wish.enabled, p);
    wish.interval = body_real(req->body, "interval", false, CALIBRATION_INTERVAL, CALIBRATION_INTERVAL_MIN, CALIBRATION_INTERVAL_MAX, p);
    wish.client = body_text(req->body, "client", false, p);
    if (!wish.client)
        wish.client = "";
    return p->err ? p->err : after(req, res, show_put_calibration(req->lumad->show, &wish, p));
}

const struct route api_listening[] = {
    { HTTP_PUT, "/host-audio/stems", put_stems, ROLE_OPERATOR, "StemsInput", "HostAudio",
      .doc = "Stems of the loaded track louder, softer, muted or alone; the position goes on. Heard within a tenth of a second, and the first time as soon as they are decoded "
             "(`stems.decoding`). Another track is heard as it is." },
    { HTTP_PUT, "/host-audio/metronome", put_metronome, ROLE_OPERATOR, "Metronome", "HostAudio",
      .doc = "A tick on each beat of the track's grid, brighter on the first of a bar." },
    { HTTP_PUT, "/host-audio/calibration", put_calibration, ROLE_OPERATOR, "CalibrationInput", "HostAudio",
      .doc = "A click once in `interval` seconds and, at the instant it is heard and as the venue's offset has it, a flash of one group of the active venue. Takes the player "
             "until it is over, then the track is on again where it was. Refused while something plays. Ends after five minutes, when the player is paused or another track is "
             "loaded, and when the WebSocket `client` (else every socket of the caller) is gone.",
      .flags = ROUTE_SLOW },
    { 0 },
};
