/* Parked channels. */
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "db/columns.h"

enum lm_err parks_of_venue(struct db_conn *c, const char *venue_id, json_t **rows, struct problem *p)
{
    json_t *list = json_array();
    sqlite3_stmt *s = db_prepare(c, "SELECT k.fixture_id, k.channel, k.value FROM parks k JOIN fixtures f ON f.id = k.fixture_id "
                                    "WHERE f.venue_id = ?1 AND k.deleted_at IS NULL AND f.deleted_at IS NULL "
                                    "ORDER BY f.universe, f.address, f.id, k.channel");
    int rc;

    if (!list || !s) {
        json_decref(list);
        return problem_set(p, LM_INTERNAL, "the parked channels cannot be read");
    }
    sqlite3_bind_text(s, 1, venue_id, -1, SQLITE_STATIC);
    while ((rc = sqlite3_step(s)) == SQLITE_ROW)
        json_array_append_new(list, json_pack("{s:s, s:i, s:i}", "fixture_id", (const char *)sqlite3_column_text(s, 0), "channel",
                                              sqlite3_column_int(s, 1), "value", sqlite3_column_int(s, 2)));
    sqlite3_reset(s);
    if (rc != SQLITE_DONE) {
        json_decref(list);
        return db_error(c, rc, p);
    }
    *rows = list;
    return LM_OK;
}

/* "1" .. "512" as they are counted, nothing else; 0: it is no channel. */
static int channel_of(const char *key, int channels)
{
    char *end;
    long n = strtol(key, &end, 10);

    return *key >= '1' && *key <= '9' && !*end && n <= channels ? (int)n : 0;
}

static enum lm_err check(const json_t *channels, int n, struct problem *p)
{
    const char *key;
    json_t *v;

    json_object_foreach ((json_t *)channels, key, v) {
        char path[PROBLEM_PATH];
        bool is_number = strlen(key) < 10 && !key[strspn(key, "0123456789")];          /* anything else would need escapes in a pointer */
        snprintf(path, sizeof(path), "/channels%s%s", is_number ? "/" : "", is_number ? key : "");
        if (!channel_of(key, n))
            problem_add(p, path, "is no channel of this fixture: it has 1 to %d", n);
        else if (!json_is_null(v) && (!json_is_integer(v) || json_integer_value(v) < 0 || json_integer_value(v) > 255))
            problem_add(p, path, "must be a whole number from 0 to 255, or null");
    }
    return p->err;
}

enum lm_err fixture_park(struct db_conn *c, const char *fixture_id, const json_t *channels, int n, struct problem *p)
{
    json_t *rows = NULL, *row, *v;
    const char *key;
    size_t i;
    enum lm_err err = check(channels, n, p);

    if (err || (err = row_all(c, &parks_table, "fixture_id", fixture_id, &rows, p)))
        return err;
    json_array_foreach (rows, i, row) {
        char text[16];
        snprintf(text, sizeof(text), "%d", (int)json_get_int(row, "channel", 0));
        v = json_object_get(channels, text);
        if (!err && (!v || json_is_null(v)))
            err = row_delete(c, &parks_table, json_get_text(row, "id", ""), -1, NULL, p);
    }
    json_decref(rows);
    json_object_foreach ((json_t *)channels, key, v) {
        char name[2 * UUID_SIZE], id[UUID_SIZE];
        if (err || json_is_null(v))
            continue;
        snprintf(name, sizeof(name), "%s/%d", fixture_id, channel_of(key, n));
        uuid_from_key("park", name, id);
        json_t *members = json_pack("{s:s, s:i, s:O}", "fixture_id", fixture_id, "channel", channel_of(key, n), "value", v);
        err = members ? row_put(c, &parks_table, id, members, p) : problem_set(p, LM_NOMEM, "no memory for a parked channel");
        json_decref(members);
    }
    return err;
}
