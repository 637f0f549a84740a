#pragma once
/*
 * The database: one file, one writer thread with the one write connection, a few read connections, migrations, backups.
 *
 * A write is a function that runs on the writer thread inside BEGIN IMMEDIATE ... COMMIT (WAL, synchronous FULL): it returns LM_OK to
 * commit, anything else rolls everything back. db_write() returns after the commit is on disk; so an answered request is never lost.
 * Rows changed in the transaction (by any statement, triggers included) become events on the bus after the commit.
 *
 * THREADS  db_write(), db_reader_take/put(): any non-real-time thread but the writer. A db_conn belongs to one thread at a time.
 */
#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "core/event.h"

struct db;
struct db_conn;
struct sqlite3;
struct sqlite3_stmt;

struct db_options {
    const char *path;               /* lumad.db; ":memory:" is allowed in tests (readers then share the writer's cache) */
    const char *state_path;         /* state.db (0600), attached as `state` to the writer only through db_state_*() */
    const char *migrations;         /* folder with 0001_*.sql ... */
    struct event_bus *bus;          /* may be NULL */
    int readers;                    /* at most; 0 = 8. Opened when first needed */
};

/* Opens, checks (PRAGMA quick_check only after an unclean stop), backs up to `<path>.backup-<from version>` before migrating, migrates each file in its own
 * transaction (PRAGMA user_version), compares every table descriptor (db/table.h) with the database. LM_INVALID: a database newer than
 * the program, or a descriptor that does not match; the file is then untouched. */
enum lm_err db_open(const struct db_options *o, struct db **result, struct problem *p);
void db_close(struct db *db);               /* waits for queued writes, checkpoints */

enum lm_err db_write(struct db *db, enum lm_err (*fn)(struct db_conn *c, void *arg, struct problem *p), void *arg, struct problem *p);
/* The same with synchronous NORMAL, for analysis rows and imports: may lose the last commits on power loss, never corrupts. */
enum lm_err db_write_bulk(struct db *db, enum lm_err (*fn)(struct db_conn *c, void *arg, struct problem *p), void *arg, struct problem *p);
/* The same as db_write() for what may touch thousands of rows: it has a commit of its own, for together with others it would take many times as long. */
enum lm_err db_write_long(struct db *db, enum lm_err (*fn)(struct db_conn *c, void *arg, struct problem *p), void *arg, struct problem *p);

/* Inside a write that stores what a pull brought: until its end (or `on` false) rows keep the version, times and device they are written with, nothing is
 * queued for sending, and the clock is raised to the highest version seen. */
enum lm_err db_apply_pulled(struct db_conn *c, bool on, struct problem *p);

struct db_conn *db_reader_take(struct db *db);      /* waits for a free one; never NULL after db_open() succeeded */
void db_reader_put(struct db *db, struct db_conn *c);

const char *db_device_id(const struct db *db);      /* this machine's UUID, made once, kept in state.db */
enum lm_err db_backup(struct db *db, const char *to_path, struct problem *p);    /* a consistent copy while running */
int64_t db_schema_version(const struct db *db);

/* Small facts that are not the show: last position, crash counter, sACN CID. Key -> text in state.db. */
enum lm_err db_state_set(struct db *db, const char *key, const char *value);     /* value NULL: removes. Not fsynced each time */
enum lm_err db_state_get(struct db *db, const char *key, char **value);          /* caller frees; LM_NOT_FOUND */

/* --- statements, for the domain files of db/ --- */
struct sqlite3 *db_handle(struct db_conn *c);
/* Prepared and kept by the connection (the 256 last used); reset and unbound on each call. NULL on a bad statement (logged). */
struct sqlite3_stmt *db_prepare(struct db_conn *c, const char *sql);
/* SQLite result code -> LM_*: constraint -> CONFLICT, full -> FULL, busy -> BUSY, corrupt/io -> IO, with the text in p. */
enum lm_err db_error(struct db_conn *c, int rc, struct problem *p);
