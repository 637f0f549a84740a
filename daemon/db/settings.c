#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "db/columns.h"

static const char *const looks_idle[] = { "last", "blackout", NULL };
static const char *const stems_when[] = { "every", "demand", NULL };
static const char *const merges[] = { "off", "htp", "ltp", NULL };
static const char *const replies[] = { "unicast", "broadcast", NULL };
static const char *const looks_exit[] = { "hold", "blackout", NULL };

/* The column says type, range and default, as for a table. */
static const struct setting {
    struct column col;
    const char *label, *unit, *group;
} settings[] = {
    { { "upload_max_mb", COL_INT, 0, .min = 1, .max = 65536, .def = "4096", .doc = "Larger uploads are refused." },
      "Largest upload", "MB", "Library" },
    { { "jobs_concurrency", COL_INT, 0, .min = 0, .max = 64, .def = "0", .doc = "Analysis programs at a time; 0 = one less than there are cores." },
      "Analyses at a time", "", "Library" },
    { { "stems", COL_TEXT, 0, .options = stems_when, .def = "\"every\"",
        .doc = "every: each track is separated into drums, bass, vocals and other after all else that is heard in it; demand: for who asks. Takes about 15 MB on the disk a minute of music "
               "and 4 s of a core (with the stem model 40 s); with less than 5 GB of room they are made for who asks only." },
      "Separate tracks into stems", "", "Library" },
    { { "stem_model", COL_BOOL, 0, .def = "true", .doc = "Stems are separated by the model htdemucs where it is installed and its licence is accepted; off: by signal processing, which is quicker and worse." },
      "Use the stem model", "", "Library" },
    { { "stem_model_threads", COL_INT, 0, .min = 0, .max = 64, .def = "0", .doc = "Cores the model computes on at a time; 0 = one less than there are. One is the most economical." },
      "Cores for the stem model", "", "Library" },
    { { "output_rate_hz", COL_INT, 0, .min = 1, .max = 44, .def = "44", .doc = "Frames a second; 44 is what a full DMX universe can take." },
      "Frame rate", "Hz", "Output" },
    { { "idle_look", COL_TEXT, 0, .options = looks_idle, .def = "\"blackout\"", .doc = "What is sent while no show is on." },
      "Look when idle", "", "Output" },
    { { "exit_look", COL_TEXT, 0, .options = looks_exit, .def = "\"blackout\"", .doc = "What stays on the wire when lumad stops; a venue may say otherwise." },
      "Look on exit", "", "Output" },
    { { "source_name", COL_TEXT, 0, .max_len = 200, .def = "\"\"", .doc = "What nodes and other consoles see us as (Art-Net, sACN; the first 63 bytes); empty = lumad and the name of this machine." },
      "Source name", "", "Output" },
    { { "flash_limit", COL_INT, 0, .min = 1, .max = 10, .def = "3",
        .doc = "Flashes a second that the photosensitive guard lets pass where a venue has it on; guidelines for broadcast and the web say at most 3." },
      "Flashes under the guard", "a second", "Output" },
    { { "multicast_ttl", COL_INT, 0, .min = 1, .max = 255, .def = "16", .doc = "How many routers sACN multicast may pass, and one more; 1 = this network alone." },
      "Reach of multicast", "", "Output" },
    { { "artnet_reply", COL_TEXT, 0, .options = replies, .def = "\"unicast\"",
        .doc = "How another console that asks who is there (ArtPoll) is answered: it alone, or by broadcast as before Art-Net 4, for those that hear nothing else." },
      "Answer to Art-Net polls", "", "Output" },
    { { "input_merge", COL_TEXT, 0, .options = merges, .def = "\"off\"",
        .doc = "Art-Net and sACN from other senders: off; htp: the highest value of each slot; ltp: the value of whoever changed a slot last. "
               "sACN above our own priority has the universe, below it does not count." },
      "Merge received universes", "", "Input" },
    { { "layer_cache_mb", COL_INT, 0, .min = 32, .max = 65536, .def = "256",
        .doc = "Memory for computed light. What was played or edited lately is kept, so that an undo or another version is there at once; what was heard longest ago goes first." },
      "Memory for light", "MB", "Show" },
    { { "latency_offset_ms", COL_REAL, 0, .min = -1000, .max = 1000, .def = "0.0", .doc = "Light later (positive) or earlier than sound, in every venue." },
      "Light against sound", "ms", "Sound" },
    { { "stream_max_fps", COL_INT, 0, .min = 1, .max = 44, .def = "30", .doc = "Frames a second a browser gets that does not ask for a rate." },
      "Frames to browsers", "Hz", "Interface" },
    { { "revisions_keep", COL_INT, 0, .min = 50, .max = 1000000, .def = "2000",
        .doc = "So many of the newest saves of each graph and each score are all kept; of older ones the last of each hour, and those with a name." },
      "Saves kept in a history", "", "Library" },
    { { "device_label", COL_TEXT, 0, .max_len = 100, .def = "\"\"", .doc = "Name of this machine in the interface; empty = its host name." },
      "Name of this machine", "", "Interface" },
};

enum { SETTINGS = sizeof(settings) / sizeof(*settings) };

static const struct setting *find(const char *key)
{
    for (int i = 0; i < SETTINGS; i++)
        if (!strcmp(settings[i].col.name, key))
            return &settings[i];
    return NULL;
}

/* The stored value; LM_NOT_FOUND. */
static enum lm_err read_value(struct db_conn *c, const char *key, json_t **value)
{
    sqlite3_stmt *s = db_prepare(c, "SELECT value FROM settings WHERE key = ?1");
    enum lm_err err = LM_NOT_FOUND;

    *value = NULL;
    if (!s)
        return LM_INTERNAL;
    sqlite3_bind_text(s, 1, key, -1, SQLITE_STATIC);
    int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        err = json_parse((const char *)sqlite3_column_text(s, 0), (size_t)sqlite3_column_bytes(s, 0), value, NULL);
    else if (rc != SQLITE_DONE)
        err = db_error(c, rc, NULL);
    sqlite3_reset(s);
    return err;
}

/* value NULL: removes. A value that is there already is not written again: it would be news. */
static enum lm_err write_value(struct db_conn *c, const char *key, const json_t *value, struct problem *p)
{
    sqlite3_stmt *s = db_prepare(c, value ? "INSERT INTO settings (key, value) VALUES (?1, ?2) "
                                            "ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE value <> excluded.value"
                                          : "DELETE FROM settings WHERE key = ?1");
    char *text = value ? json_text(value) : NULL;

    if (!s || (value && !text))
        return problem_set(p, LM_INTERNAL, "the setting %s cannot be written", key);
    sqlite3_bind_text(s, 1, key, -1, SQLITE_STATIC);
    if (value)
        sqlite3_bind_text(s, 2, text, -1, SQLITE_STATIC);
    int rc = sqlite3_step(s);
    sqlite3_reset(s);
    sqlite3_clear_bindings(s);
    free(text);
    return db_error(c, rc, p);
}

enum lm_err settings_get_one(struct db_conn *c, const char *key, json_t **value)
{
    const struct setting *s = find(key);
    char message[PROBLEM_MESSAGE];
    json_t *stored;

    *value = NULL;
    if (!s)
        return LM_NOT_FOUND;
    enum lm_err err = read_value(c, key, &stored);
    if (err && err != LM_NOT_FOUND && err != LM_BAD_REQUEST)
        return err;
    /* One that a later or earlier lumad stored and this one cannot take counts as not set. */
    if (stored)
        *value = value_check(c, &s->col, stored, message);
    json_decref(stored);
    if (!*value)
        *value = value_default(&s->col, NULL);
    return *value ? LM_OK : LM_NOMEM;
}

enum lm_err settings_get(struct db_conn *c, json_t **all, struct problem *p)
{
    json_t *o = json_object(), *value;
    enum lm_err err = o ? LM_OK : LM_NOMEM;

    for (int i = 0; !err && i < SETTINGS; i++)
        if (!(err = settings_get_one(c, settings[i].col.name, &value)))
            json_object_set_new(o, settings[i].col.name, value);
    if (err) {
        json_decref(o);
        return problem_set(p, err, "the settings cannot be read");
    }
    *all = o;
    return LM_OK;
}

enum lm_err settings_patch(struct db_conn *c, const json_t *patch, json_t **all, struct problem *p)
{
    const char *names[SETTINGS + 1] = { NULL }, *key;
    char path[PROBLEM_PATH], message[PROBLEM_MESSAGE];
    json_t *v, *value;

    *all = NULL;
    for (int i = 0; i < SETTINGS; i++)
        names[i] = settings[i].col.name;
    enum lm_err err = json_only(patch, names, p);
    if (err == LM_BAD_REQUEST)
        return err;
    json_object_foreach((json_t *)patch, key, v) {
        const struct setting *s = find(key);
        enum lm_err one = LM_OK;
        if (!s)
            continue;
        if (json_is_null(v)) {
            one = write_value(c, key, NULL, p);         /* merge patch: back to the default */
        } else if ((value = value_check(c, &s->col, v, message))) {
            one = write_value(c, key, value, p);
            json_decref(value);
        } else {
            snprintf(path, sizeof(path), "/%s", key);
            problem_add(p, path, "%s", message);
            one = LM_INVALID;
        }
        err = err ? err : one;
    }
    return err ? err : settings_get(c, all, p);
}

json_t *settings_schema(void)
{
    static const char *const types[] = { [COL_TEXT] = "string", [COL_INT] = "integer", [COL_REAL] = "number", [COL_BOOL] = "boolean" };
    json_t *list = json_array();

    for (int i = 0; list && i < SETTINGS; i++) {
        const struct setting *s = &settings[i];
        json_t *o = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:o}", "key", s->col.name, "label", s->label, "type", types[s->col.type], "unit", s->unit,
                              "help", s->col.doc, "group", s->group, "default", value_default(&s->col, NULL));
        json_t *options = s->col.options ? json_array() : json_null();
        bool has_range = s->col.min != 0 || s->col.max != 0;
        for (const char *const *text = s->col.options; text && *text; text++)
            json_array_append_new(options, json_string(*text));
        json_object_set_new(o, "options", options);
        json_object_set_new(o, "min", has_range ? json_real(s->col.min) : json_null());
        json_object_set_new(o, "max", has_range ? json_real(s->col.max) : json_null());
        json_array_append_new(list, o);
    }
    return list;
}

enum lm_err setting_hidden_get(struct db_conn *c, const char *key, json_t **value)
{
    return find(key) ? LM_INVALID : read_value(c, key, value);
}

enum lm_err setting_hidden_set(struct db_conn *c, const char *key, const json_t *value, struct problem *p)
{
    if (find(key))
        return problem_set(p, LM_INTERNAL, "%s is an ordinary setting", key);
    return write_value(c, key, json_is_null(value) ? NULL : value, p);
}
