#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "core/json.h"
#include "core/uuid.h"
#include "db/private.h"

enum { TEXT_MAX = 1000, JSON_TEXT_MAX = 64 << 10 };

static const char *const type_names[] = {
    [JSON_OBJECT] = "an object", [JSON_ARRAY] = "an array", [JSON_STRING] = "a string", [JSON_INTEGER] = "an integer",
    [JSON_REAL] = "a number", [JSON_TRUE] = "true", [JSON_FALSE] = "false", [JSON_NULL] = "null",
};

__attribute__((format(printf, 2, 3)))
static json_t *refuse(char message[PROBLEM_MESSAGE], const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(message, PROBLEM_MESSAGE, fmt, ap);
    va_end(ap);
    return NULL;
}

static json_t *check_text(const struct column *col, const json_t *v, char message[PROBLEM_MESSAGE])
{
    size_t max = col->max_len ? col->max_len : TEXT_MAX;
    struct str names = { 0 };

    if (!json_is_string(v))
        return refuse(message, "must be a string, not %s", type_names[json_typeof(v)]);
    const char *text = json_string_value(v);
    if (strlen(text) != json_string_length(v))
        return refuse(message, "must not contain a NUL character");
    if (json_string_length(v) > max)
        return refuse(message, "must be at most %zu bytes long", max);
    if ((col->flags & COL_REQUIRED) && !text[strspn(text, " \t\r\n")])
        return refuse(message, "must not be empty");
    if (!col->options)
        return json_incref((json_t *)v);
    for (const char *const *o = col->options; *o; o++)
        if (!strcmp(*o, text))
            return json_incref((json_t *)v);
    for (const char *const *o = col->options; *o; o++)
        str_addf(&names, "%s%s", o == col->options ? "" : ", ", *o);
    refuse(message, "must be one of %s", names.data ? names.data : "");
    str_clear(&names);
    return NULL;
}

static json_t *check_number(const struct column *col, const json_t *v, char message[PROBLEM_MESSAGE])
{
    const char *kind = col->type == COL_INT ? "an integer" : "a number";

    if (!json_is_number(v))
        return refuse(message, "must be %s, not %s", kind, type_names[json_typeof(v)]);
    double number = json_number_value(v);
    if (col->type == COL_INT && json_is_real(v) && (number != floor(number) || fabs(number) > 9007199254740991.0))
        return refuse(message, "must be an integer");
    if ((col->min != 0 || col->max != 0) && (number < col->min || number > col->max))
        return refuse(message, "must be %.10g to %.16g", col->min, col->max);
    if (col->type == COL_REAL)
        return json_real(number + 0.0);         /* -0 is 0: it would be no change, and still differ */
    return json_is_integer(v) ? json_incref((json_t *)v) : json_integer((json_int_t)number);
}

static json_t *check_json(const struct column *col, const json_t *v, char message[PROBLEM_MESSAGE])
{
    size_t max = col->max_len ? col->max_len : JSON_TEXT_MAX;
    char kind = col->def ? col->def[0] : '\0';

    if (kind == '{' && !json_is_object(v))
        return refuse(message, "must be an object, not %s", type_names[json_typeof(v)]);
    if (kind == '[' && !json_is_array(v))
        return refuse(message, "must be an array, not %s", type_names[json_typeof(v)]);
    char *text = json_text(v);
    if (!text)
        return refuse(message, "out of memory");
    size_t n = strlen(text);
    free(text);
    return n > max ? refuse(message, "must be at most %zu bytes of JSON", max) : json_incref((json_t *)v);
}

static json_t *check_uuid(struct db_conn *c, const struct column *col, const json_t *v, char message[PROBLEM_MESSAGE])
{
    const char *id = json_string_value(v);

    if (!id || !uuid_valid(id))
        return refuse(message, "must be a UUID in lower case");
    if (!col->references)
        return json_incref((json_t *)v);

    const struct table *t = table_find(col->references);
    struct str sql = { 0 };
    str_addf(&sql, "SELECT 1 FROM %s WHERE id = ?1%s", t->name, t->synced ? " AND deleted_at IS NULL" : "");
    sqlite3_stmt *s = sql.failed ? NULL : db_prepare(c, sql.data);
    int rc = SQLITE_ERROR;
    if (s) {
        sqlite3_bind_text(s, 1, id, -1, SQLITE_STATIC);
        rc = sqlite3_step(s);
        sqlite3_reset(s);
    }
    str_clear(&sql);
    return rc == SQLITE_ROW ? json_incref((json_t *)v) : refuse(message, "there is no %s %s", t->one, id);
}

/* "2026-01-31T21:14:03.250Z" or the milliseconds themselves -> milliseconds */
static json_t *check_instant(const json_t *v, char message[PROBLEM_MESSAGE])
{
    struct tm tm = { 0 };
    int ms = 0, end = 0;
    const char *text = json_string_value(v);

    if (json_is_integer(v))
        return json_incref((json_t *)v);
    if (text && sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &end) == 6) {
        int more = 0;
        if (text[end] == '.' && sscanf(text + end, ".%3d%n", &ms, &more) == 1 && more == 4)
            end += more;
        if (!strcmp(text + end, "Z")) {
            tm.tm_year -= 1900;
            tm.tm_mon--;
            return json_integer((json_int_t)timegm(&tm) * 1000 + ms);
        }
    }
    return refuse(message, "must be an instant like 2026-01-31T21:14:03.250Z");
}

json_t *value_check(struct db_conn *c, const struct column *col, const json_t *v, char message[PROBLEM_MESSAGE])
{
    json_t *value = NULL;

    switch (col->type) {
    case COL_TEXT:    value = check_text(col, v, message); break;
    case COL_INT:
    case COL_REAL:    value = check_number(col, v, message); break;
    case COL_BOOL:    value = json_is_boolean(v) ? json_incref((json_t *)v)
                                                 : refuse(message, "must be true or false, not %s", type_names[json_typeof(v)]); break;
    case COL_JSON:    value = check_json(col, v, message); break;
    case COL_UUID:    value = check_uuid(c, col, v, message); break;
    case COL_INSTANT: value = check_instant(v, message); break;
    case COL_BLOB:
    case COL_END:     refuse(message, "cannot be written as JSON"); break;
    }
    char reason[160];
    if (value && col->valid && !col->valid(value, reason)) {
        json_decref(value);
        value = refuse(message, "%s", reason);
    }
    return value;
}

enum lm_err value_bind(sqlite3_stmt *s, int i, const struct column *col, const json_t *v)
{
    char *text;
    int rc;

    if (!v || json_is_null(v))
        return sqlite3_bind_null(s, i) ? LM_NOMEM : LM_OK;
    switch (col->type) {
    case COL_INT:
    case COL_INSTANT: rc = sqlite3_bind_int64(s, i, json_integer_value(v)); break;
    case COL_BOOL:    rc = sqlite3_bind_int(s, i, json_is_true(v)); break;
    case COL_REAL:    rc = sqlite3_bind_double(s, i, json_number_value(v)); break;
    case COL_JSON:
        if (!(text = json_text(v)))
            return LM_NOMEM;
        rc = sqlite3_bind_text(s, i, text, -1, free);
        break;
    default:          rc = sqlite3_bind_text(s, i, json_string_value(v), (int)json_string_length(v), SQLITE_STATIC); break;
    }
    return rc ? LM_NOMEM : LM_OK;
}

static json_t *random_integer(double max)
{
    uint64_t r;

    if (getrandom(&r, sizeof(r), 0) != sizeof(r))
        r = (uint64_t)time(NULL) * 0x9e3779b97f4a7c15u;
    return json_integer((json_int_t)(r % ((uint64_t)max + 1)));
}

json_t *value_default(const struct column *col, const json_t *members)
{
    if (col->def && col->def[0] == '=') {
        if (!strcmp(col->def, "=random"))
            return random_integer(col->max);
        return json_incref(json_object_get(members, col->def + 1));
    }
    if (col->def)
        return json_loads(col->def, JSON_DECODE_ANY, NULL);
    if (col->flags & COL_NULLABLE)
        return json_null();
    switch (col->type) {
    case COL_TEXT: return json_string("");
    case COL_REAL: return json_real(0);
    case COL_BOOL: return json_false();
    case COL_INT:  return json_integer(0);
    default:       return json_null();
    }
}

bool value_same(const json_t *a, const json_t *b)
{
    bool no_a = !a || json_is_null(a), no_b = !b || json_is_null(b);

    return no_a || no_b ? no_a && no_b : json_equal((json_t *)a, (json_t *)b);
}

bool valid_color(const json_t *v, char message[160])
{
    const char *s = json_string_value(v);
    size_t n = strlen(s);

    if (s[0] == '#' && (n == 7 || n == 9) && strspn(s + 1, "0123456789abcdefABCDEF") == n - 1)
        return true;
    snprintf(message, 160, "must be a colour like #ff8800 or #ff8800ff");
    return false;
}

bool valid_name(const json_t *v, char message[160])
{
    const char *s = json_string_value(v);

    if (s[strspn(s, " \t\r\n")])
        return true;
    snprintf(message, 160, "must not be empty");
    return false;
}

bool valid_movement(const json_t *v, char message[160])
{
    static const char *const names[] = { "pan", "tilt", "pan_range", "tilt_range", "rotation_deg" };
    const char *key;
    json_t *value;

    if (!json_is_object(v)) {
        snprintf(message, 160, "must be an object with pan, tilt, pan_range, tilt_range, rotation_deg");
        return false;
    }
    json_object_foreach((json_t *)v, key, value) {
        size_t i = 0;
        while (i < 5 && strcmp(names[i], key))
            i++;
        if (i == 5 || !json_is_number(value) || fabs(json_number_value(value)) > 3600) {
            snprintf(message, 160, "%.40s %s", key, i == 5 ? "is not known: pan, tilt, pan_range, tilt_range, rotation_deg"
                                                           : "must be a number of degrees, -3600 to 3600");
            return false;
        }
    }
    return true;
}

static bool two_digits(const char *s, int max)
{
    return s[0] >= '0' && s[0] <= '9' && s[1] >= '0' && s[1] <= '9' && 10 * (s[0] - '0') + s[1] - '0' <= max;
}

bool valid_time_of_day(const json_t *v, char message[160])
{
    const char *s = json_string_value(v);

    if (strlen(s) == 8 && two_digits(s, 23) && s[2] == ':' && two_digits(s + 3, 59) && s[5] == ':' && two_digits(s + 6, 59))
        return true;
    snprintf(message, 160, "must be a time of day like 21:30:00");
    return false;
}

bool valid_date(const json_t *v, char message[160])
{
    const char *s = json_string_value(v);
    struct tm tm = { 0 };
    const char *end = strptime(s, "%Y-%m-%d", &tm);

    if (strlen(s) == 10 && end && !*end) {
        struct tm normal = tm;
        timegm(&normal);
        if (normal.tm_mday == tm.tm_mday)
            return true;                        /* there is such a day */
    }
    snprintf(message, 160, "must be a date like 2026-01-31");
    return false;
}
