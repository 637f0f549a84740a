#pragma once
/*
 * Handlers for rows of a table (db/table.h), so that most resources are a few route rows. A route names its `crud`; {id} is its first argument:
 * the row's own, or, for list and create of a table with a parent, the parent's.
 */
#include "api/route.h"

struct crud {
    const struct table *table;
    /* What the table alone cannot check; on the writer, in the transaction that wrote the row. May change the row: it is read again. NULL: nothing. */
    enum lm_err (*check)(struct db_conn *c, const struct lumad *l, const json_t *row, struct problem *p);
    /* Further members of the row on the wire. NULL: none. */
    enum lm_err (*decorate)(const struct request *req, json_t *row, struct problem *p);
    /* May this row go? On the writer. NULL: yes. */
    enum lm_err (*may_delete)(struct db_conn *c, const char *id, struct problem *p);
    /* Makes the row when row_create() is not enough. NULL: row_create(). */
    enum lm_err (*create)(struct db_conn *c, const json_t *body, json_t **row, bool *created, struct problem *p);
};

route_handler crud_list, crud_get, crud_create, crud_patch, crud_delete;

/* LM_NOT_FOUND: there is no such live row. */
enum lm_err crud_exists(struct db_conn *c, const struct table *t, const char *id, struct problem *p);
/* Decorates and answers with the row (taken). */
enum lm_err crud_respond(const struct request *req, struct response *res, const struct crud *crud, json_t *row);
/* {"items": rows, "next": null}; takes the array. */
enum lm_err crud_respond_all(struct response *res, json_t *rows);
/* Answers with a file of the data directory, or a part of it; `hash` of what is in it becomes its ETag. */
enum lm_err crud_respond_file(struct request *req, struct response *res, const char *name, const char *hash);
