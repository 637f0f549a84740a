#include "analysis/stem_model.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/json.h"
#include "core/str.h"
#include "db/domain.h"
#include "dsp/demucs.h"

#define FOLDER     "stem-model"
#define ACCEPTANCE "accepted.json"

enum { ACCEPTANCE_MAX = 4096 };

static const char licence[] =
    "The weights of htdemucs come from Meta and are not under lumad's licence: they are made available for personal and research use only. ONNX Runtime, which runs them, is "
    "under the MIT licence.";

static bool is_complete(const char *dir)
{
    char model[PATH_SIZE], runtime[PATH_SIZE];

    return !path_join(model, dir, DEMUCS_MODEL) && !path_join(runtime, dir, DEMUCS_RUNTIME) && path_exists(model) && path_exists(runtime);
}

/* Where a complete one lies; "": nowhere. */
static void find(const char *data_dir, char dir[PATH_SIZE])
{
    const char *other = getenv("LUMAD_STEM_MODEL");

    if (!path_join(dir, data_dir, FOLDER) && is_complete(dir))
        return;
    if (other)
        str_copy(dir, PATH_SIZE, other);
    else if (path_share(FOLDER, dir, NULL))
        dir[0] = '\0';
    if (*dir && !is_complete(dir))
        dir[0] = '\0';
}

/* When the licence of exactly these weights was accepted in this folder; false: it was not. */
static bool read_acceptance(const char *dir, char when[25])
{
    char path[PATH_SIZE], *text = NULL;
    json_t *v = NULL;
    size_t n;

    bool is_accepted = !path_join(path, dir, ACCEPTANCE) && !path_read(path, ACCEPTANCE_MAX, &text, &n) && !json_parse(text, n, &v, NULL) &&
                       !strcmp(json_get_text(v, "sha256", ""), DEMUCS_SHA256);
    if (is_accepted)
        str_copy(when, 25, json_get_text(v, "accepted_at", ""));
    json_decref(v);
    free(text);
    return is_accepted;
}

static bool is_accepted_in_data(const char *data_dir, char when[25])
{
    char dir[PATH_SIZE];

    return !path_join(dir, data_dir, FOLDER) && read_acceptance(dir, when);
}

static bool is_on(struct db_conn *c)
{
    json_t *v = NULL;
    bool on = !settings_get_one(c, "stem_model", &v) && json_is_true(v);

    json_decref(v);
    return on;
}

int stem_model_threads(struct db_conn *c)
{
    json_t *v = NULL;
    int n = settings_get_one(c, "stem_model_threads", &v) ? 0 : (int)json_integer_value(v);

    json_decref(v);
    return n;
}

static enum stem_model_state look(struct db_conn *c, const char *data_dir, char dir[PATH_SIZE], char when[25])
{
    when[0] = '\0';
    find(data_dir, dir);
    if (!*dir)
        return STEM_MODEL_MISSING;
    if (!is_accepted_in_data(data_dir, when) && !read_acceptance(dir, when))
        return STEM_MODEL_ASKS;
    return is_on(c) ? STEM_MODEL_READY : STEM_MODEL_OFF;
}

enum stem_model_state stem_model_look(struct db_conn *c, const char *data_dir, char dir[PATH_SIZE])
{
    char when[25];

    return look(c, data_dir, dir, when);
}

json_t *stem_model_json(struct db_conn *c, const char *data_dir)
{
    static const char *const states[] = { [STEM_MODEL_MISSING] = "missing", [STEM_MODEL_ASKS] = "asks", [STEM_MODEL_OFF] = "off", [STEM_MODEL_READY] = "ready" };
    char dir[PATH_SIZE], when[25], place[PATH_SIZE] = "";
    enum stem_model_state state = look(c, data_dir, dir, when);

    if (path_join(place, data_dir, FOLDER))
        place[0] = '\0';
    return json_pack("{s:s,s:s,s:s,s:o,s:o,s:s,s:i}", "state", states[state], "name", "htdemucs", "licence", licence, "accepted_at",
                     json_text_or_null(*when ? when : NULL), "directory", json_text_or_null(*dir ? dir : NULL), "place", place, "memory_mb", (int)STEM_MODEL_MEMORY_MB);
}

static enum lm_err write_acceptance(const char *path, struct problem *p)
{
    char when[25];

    clock_format_rfc3339(clock_wall_ms(), when);
    json_t *v = json_pack("{s:s,s:s,s:s,s:s}", "model", "htdemucs", "sha256", DEMUCS_SHA256, "licence", licence, "accepted_at", when);
    char *text = v ? json_text(v) : NULL;
    enum lm_err err = text ? path_write(path, text, strlen(text), 0644) : LM_NOMEM;
    free(text);
    json_decref(v);
    return err ? problem_set(p, err, "%s cannot be written: %s", path, lm_err_text(err)) : LM_OK;
}

enum lm_err stem_model_accept(const char *data_dir, bool is_accepted, struct problem *p)
{
    char dir[PATH_SIZE], own[PATH_SIZE], path[PATH_SIZE], when[25];

    find(data_dir, dir);
    if (!*dir)
        return problem_set(p, LM_NOT_FOUND, "The model is not installed on this machine; `make stem-model` does that");
    enum lm_err err = path_join(own, data_dir, FOLDER);
    if (!err)
        err = path_join(path, own, ACCEPTANCE);
    if (!err && is_accepted)
        err = path_make_dirs(own, 0755);
    if (err)
        return problem_set(p, err, "The acceptance cannot be kept in %s: %s", data_dir, lm_err_text(err));
    if (is_accepted)
        return write_acceptance(path, p);
    if (unlink(path) && errno != ENOENT)
        return problem_set(p, lm_err_from_errno(errno), "%s cannot be removed: %s", path, strerror(errno));
    if (read_acceptance(dir, when))
        return problem_set(p, LM_CONFLICT, "The licence was accepted when the model was installed, in %s: remove %s there, or switch the model off", dir, ACCEPTANCE);
    return LM_OK;
}
