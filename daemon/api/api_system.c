#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "analysis/stem_model.h"
#include "api/openapi.h"
#include "api/route.h"
#include "core/clock.h"
#include "core/json.h"
#include "core/path.h"
#include "core/str.h"
#include "core/version.h"

/* Answers only when the database reads and the engine goes on. */
static enum lm_err health(struct request *req, struct response *res)
{
    json_t *value = NULL;
    const char *wrong = NULL;
    struct row_query one = { .limit = 1 };

    if (row_page(req->db, table_find("venues"), NULL, &one, &value, NULL))
        wrong = "the database cannot be read";
    else if (req->is_stuck)
        wrong = "the engine makes no frames";
    json_decref(value);
    if (!wrong)
        return respond_json(res, json_pack("{s:s}", "status", "ok"));
    res->status = 503;
    return respond_json(res, json_pack("{s:s, s:s}", "status", "failed", "detail", wrong));
}

static double uptime(const struct lumad *l)
{
    return (double)(clock_mono_ns() - l->started_mono_ns) / 1e9;
}

static enum lm_err system_state(struct request *req, struct response *res)
{
    const struct lumad *l = req->lumad;

    return respond_json(res, json_pack("{s:s, s:f, s:o, s:o, s:o, s:o, s:{s:s}, s:{s:I}, s:{s:I, s:s}}", "version", LUMAD_VERSION,
                                       "uptime_s", uptime(l), "warnings", warnings_json(l->warnings), "audio",
                                       show_device(l->show), "av_error_ms", show_av_error(l->show), "dmx", show_stats(l->show), "sync", "state", "off", "jobs", "active",
                                       (json_int_t)jobs_active(l->jobs), "database", "schema_version",
                                       (json_int_t)db_schema_version(l->db), "device_id", db_device_id(l->db)));
}

static long resident_bytes(void)
{
    long pages = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "re");

    if (f && fscanf(f, "%ld %ld", &pages, &resident) != 2)
        resident = 0;
    if (f)
        fclose(f);
    return resident * sysconf(_SC_PAGESIZE);
}

static void metric(struct str *s, const char *name, const char *type, double value)
{
    str_addf(s, "# TYPE lumad_%s %s\nlumad_%s %.17g\n", name, type, name, value);
}

/* Every number of the show's statistics under its own name, "frame_us": {"p99": 1} as lumad_frame_us_p99. */
static void add_numbers(struct str *s, const char *prefix, const json_t *o)
{
    /* These only rise while lumad runs; all else may fall. */
    static const char *const counters[] = { "frames", "late", "missed_ticks", "tile_misses", NULL };
    const char *key;
    json_t *v;
    char name[128];

    json_object_foreach ((json_t *)o, key, v) {
        snprintf(name, sizeof(name), "%s%s%s", prefix, *prefix ? "_" : "", key);
        bool is_counter = false;
        for (size_t i = 0; counters[i]; i++)
            is_counter = is_counter || !strcmp(key, counters[i]);
        if (is_counter)
            str_copy(name + strlen(name), sizeof(name) - strlen(name), "_total");
        if (json_is_object(v))
            add_numbers(s, name, v);
        else if (json_is_number(v))
            metric(s, name, is_counter ? "counter" : "gauge", json_number_value(v));
    }
}

static enum lm_err metrics(struct request *req, struct response *res)
{
    const struct lumad *l = req->lumad;
    struct str s = { 0 };
    struct timespec cpu = { 0 };
    json_t *stats = show_stats(l->show), *warnings = warnings_json(l->warnings);

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    str_addf(&s, "# TYPE lumad_build_info gauge\nlumad_build_info{version=\"%s\"} 1\n", LUMAD_VERSION);
    metric(&s, "uptime_seconds", "gauge", uptime(l));
    metric(&s, "cpu_seconds_total", "counter", (double)cpu.tv_sec + (double)cpu.tv_nsec / 1e9);
    metric(&s, "resident_bytes", "gauge", (double)resident_bytes());
    metric(&s, "warnings", "gauge", (double)json_array_size(warnings));
    metric(&s, "jobs_active", "gauge", (double)jobs_active(l->jobs));
    show_audio_metrics(l->show, &s);
    add_numbers(&s, "", stats);
    json_decref(stats);
    json_decref(warnings);
    res->n = s.len;
    res->data = str_take(&s);
    res->type = "text/plain; version=0.0.4; charset=utf-8";
    return res->data ? LM_OK : LM_NOMEM;
}

/* A copy on disk, sent and gone: its name is removed as soon as it is open. */
static enum lm_err backup(struct request *req, struct response *res)
{
    char name[64], path[PATH_SIZE], when[25];
    struct stat st;
    static _Atomic unsigned serial;

    snprintf(name, sizeof(name), ".backup-%ld-%u.tmp", (long)getpid(), ++serial);
    enum lm_err err = path_join(path, req->lumad->data_dir, name);
    if (!err)
        err = db_backup(req->lumad->db, path, &res->problem);
    if (err) {
        unlink(path);
        return err;
    }
    res->fd = open(path, O_RDONLY | O_CLOEXEC);
    unlink(path);
    if (res->fd < 0 || fstat(res->fd, &st))
        return problem_set(&res->problem, LM_IO, "The copy cannot be read.");
    res->fd_size = (uint64_t)st.st_size;
    res->type = "application/vnd.sqlite3";
    clock_format_rfc3339(clock_wall_ms(), when);
    snprintf(res->disposition, sizeof(res->disposition), "attachment; filename=\"lumad-%.10s.db\"", when);
    return LM_OK;
}

static enum lm_err stem_model(struct request *req, struct response *res)
{
    return respond_json(res, stem_model_json(req->db, req->lumad->data_dir));
}

static enum lm_err accept_stem_model(struct request *req, struct response *res)
{
    const json_t *accepted = json_object_get(req->body, "accepted");

    if (!json_is_boolean(accepted))
        return problem_set(&res->problem, LM_INVALID, "Say whether the licence is accepted: {\"accepted\": true}.");
    enum lm_err err = stem_model_accept(req->lumad->data_dir, json_is_true(accepted), &res->problem);
    if (err)
        return err;
    event_publish(req->lumad->bus, &(struct event){ .table = "settings", .op = 'u' }, 1);
    return stem_model(req, res);
}

static enum lm_err openapi(struct request *req, struct response *res)
{
    (void)req;
    return respond_json(res, openapi_json());
}

const struct route api_system[] = {
    { HTTP_GET, "/health", health, ROLE_NONE, NULL, "Health", .doc = "200 when all is well, 503 with what is wrong." },
    { HTTP_GET, "/system", system_state, ROLE_VIEWER, NULL, "System", .doc = "Version, warnings and how each part does." },
    { HTTP_GET, "/metrics", metrics, ROLE_VIEWER, NULL, "text", .doc = "The same for Prometheus." },
    { HTTP_POST, "/system/backup", backup, ROLE_ADMIN, NULL, "binary", .doc = "A consistent copy of the database.",
      .flags = ROUTE_SLOW },
    { HTTP_GET, "/system/stem-model", stem_model, ROLE_VIEWER, NULL, "StemModel",
      .doc = "The optional model that separates stems: missing; asks: installed, and its licence not accepted; off: by the setting; ready." },
    { HTTP_POST, "/system/stem-model", accept_stem_model, ROLE_ADMIN, "StemModelAcceptance", "StemModel",
      .doc = "Accept the licence of the model's weights (personal and research use only), or take that back." },
    { HTTP_GET, "/openapi.json", openapi, ROLE_VIEWER, NULL, "object", .doc = "This interface as OpenAPI 3.1." },
    { 0 },
};
