#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "db/private.h"

/*
 * TEMP triggers of the write connection call lm_changed() for every row that any statement touches, other triggers included. What one
 * transaction does to one row becomes one event with the version the row ends with.
 */
struct change {
    const char *table;
    char id[UUID_SIZE];
    int64_t version;
    bool was_live, is_live;
};

struct changes {
    struct change *list;                /* of the write function that runs */
    size_t n, cap;
    uint32_t *slots;                    /* hash table: index + 1 into list; a power of two, at least twice cap */
    size_t n_slots;
    struct event *kept;
    size_t n_kept, cap_kept;
    bool lost;                          /* no memory for one of them: listeners are told to fetch everything */
    const char *names[64];              /* by the number the triggers give */
};

static size_t slot_of(const struct changes *x, const char *table, const char *id)
{
    uint64_t h = (uintptr_t)table * 0x9e3779b97f4a7c15u;

    for (const char *s = id; *s; s++)
        h = (h ^ (unsigned char)*s) * 0x100000001b3;
    size_t i = (size_t)(h >> 20) & (x->n_slots - 1);
    for (; x->slots[i]; i = (i + 1) & (x->n_slots - 1)) {
        const struct change *c = &x->list[x->slots[i] - 1];
        if (c->table == table && !strcmp(c->id, id))
            break;
    }
    return i;
}

static bool grow(struct changes *x)
{
    size_t cap = x->cap ? 2 * x->cap : 64;
    struct change *list = realloc(x->list, cap * sizeof(*list));

    if (!list)
        return false;
    x->list = list;
    uint32_t *slots = calloc(2 * cap, sizeof(*slots));
    if (!slots)
        return false;
    free(x->slots);
    x->slots = slots;
    x->n_slots = 2 * cap;
    x->cap = cap;
    for (size_t i = 0; i < x->n; i++)
        x->slots[slot_of(x, x->list[i].table, x->list[i].id)] = (uint32_t)i + 1;
    return true;
}

/* lm_changed(table number, id, version, was live, is live) */
static void sql_changed(sqlite3_context *context, int n, sqlite3_value **v)
{
    struct changes *x = sqlite3_user_data(context);
    const char *table = x->names[sqlite3_value_int(v[0])];
    char id[UUID_SIZE];

    (void)n;
    sqlite3_result_null(context);
    str_copy(id, sizeof(id), (const char *)sqlite3_value_text(v[1]));
    if (x->n == x->cap && !grow(x)) {
        x->lost = true;
        return;
    }
    size_t slot = slot_of(x, table, id);
    if (!x->slots[slot]) {
        struct change *c = &x->list[x->n++];
        *c = (struct change){ .table = table, .was_live = sqlite3_value_int(v[3]) };
        memcpy(c->id, id, sizeof(id));
        x->slots[slot] = (uint32_t)x->n;
    }
    struct change *c = &x->list[x->slots[slot] - 1];
    c->version = sqlite3_value_int64(v[2]);
    c->is_live = sqlite3_value_int(v[4]);
}

/* A change of content always ends in a new version; of the other columns only those that stay on this machine are news. */
static void add_triggers(struct str *sql, const struct table *t, int number)
{
    const char *live_old = t->synced ? "OLD.deleted_at IS NULL" : "1", *live_new = t->synced ? "NEW.deleted_at IS NULL" : "1";

    str_addf(sql, "CREATE TEMP TRIGGER tell_%s_i AFTER INSERT ON main.%s BEGIN SELECT lm_changed(%d, NEW.id, NEW.version, 0, %s); END;",
             t->name, t->name, number, live_new);
    str_addf(sql, "CREATE TEMP TRIGGER tell_%s_u AFTER UPDATE OF version%s", t->name, t->synced ? ", deleted_at" : "");
    for (const struct column *c = t->cols; c->name; c++)
        if ((c->flags & COL_LOCAL) && t->synced)
            str_addf(sql, ", %s", c->name);
    str_addf(sql, " ON main.%s BEGIN SELECT lm_changed(%d, NEW.id, NEW.version, %s, %s); END;", t->name, number, live_old, live_new);
    if (!t->synced)
        str_addf(sql, "CREATE TEMP TRIGGER tell_%s_d AFTER DELETE ON main.%s BEGIN SELECT lm_changed(%d, OLD.id, OLD.version, 1, 0); END;",
                 t->name, t->name, number);
}

struct changes *changes_new(struct db_conn *c, struct problem *p)
{
    struct changes *x = calloc(1, sizeof(*x));
    struct str sql = { 0 };
    int n = 0;

    if (!x || sqlite3_create_function(c->h, "lm_changed", 5, SQLITE_UTF8 | SQLITE_DIRECTONLY, x, sql_changed, NULL, NULL))
        goto failed;
    str_add(&sql, "BEGIN;");
    for (const struct table *const *t = table_list(); *t; t++) {
        x->names[n] = (*t)->name;
        add_triggers(&sql, *t, n++);
    }
    x->names[n] = "settings";
    str_addf(&sql, "CREATE TEMP TRIGGER tell_settings_i AFTER INSERT ON main.settings BEGIN SELECT lm_changed(%d, NEW.key, NEW.version, 0, 1); END;"
             "CREATE TEMP TRIGGER tell_settings_u AFTER UPDATE OF version ON main.settings BEGIN SELECT lm_changed(%d, NEW.key, NEW.version, 1, 1); END;"
             "CREATE TEMP TRIGGER tell_settings_d AFTER DELETE ON main.settings BEGIN SELECT lm_changed(%d, OLD.key, OLD.version, 1, 0); END;"
             "COMMIT;", n, n, n);
    if (sql.failed || conn_exec(c, sql.data, p))
        goto failed;
    str_clear(&sql);
    return x;
failed:
    problem_set(p, LM_INTERNAL, "the triggers that report changes cannot be made: %s", sqlite3_errmsg(c->h));
    str_clear(&sql);
    free(x);
    return NULL;
}

void changes_free(struct changes *x)
{
    if (!x)
        return;
    free(x->list);
    free(x->slots);
    free(x->kept);
    free(x);
}

void changes_drop(struct changes *x)
{
    if (x->n)
        memset(x->slots, 0, x->n_slots * sizeof(*x->slots));
    x->n = 0;
}

void changes_keep(struct changes *x)
{
    if (x->n_kept + x->n > x->cap_kept) {
        size_t cap = x->n_kept + x->n + 64;
        struct event *kept = realloc(x->kept, cap * sizeof(*kept));
        if (!kept) {
            x->lost = true;
            changes_drop(x);
            return;
        }
        x->kept = kept;
        x->cap_kept = cap;
    }
    for (size_t i = 0; i < x->n; i++) {
        const struct change *c = &x->list[i];
        if (!c->was_live && !c->is_live)
            continue;                           /* nobody ever saw it */
        struct event *e = &x->kept[x->n_kept++];
        *e = (struct event){ .table = c->table, .version = c->version, .op = !c->is_live ? 'd' : c->was_live ? 'u' : 'i' };
        memcpy(e->id, c->id, sizeof(e->id));
    }
    changes_drop(x);
}

void changes_forget(struct changes *x)
{
    changes_drop(x);
    x->n_kept = 0;
    x->lost = false;
}

void changes_publish(struct changes *x, struct event_bus *bus)
{
    static const struct event everything = { .table = "*", .op = 'u' };

    if (bus && x->lost)
        event_publish(bus, &everything, 1);
    else if (bus && x->n_kept)
        event_publish(bus, x->kept, x->n_kept);
    changes_forget(x);
}
