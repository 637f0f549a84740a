#include "api/crud.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/json.h"
#include "core/path.h"

/* What one write carries to the writer thread and back. */
struct write {
    const struct request *req;
    const struct crud *crud;
    const char *parent;
    json_t *row;
    bool created;
};

enum lm_err crud_exists(struct db_conn *c, const struct table *t, const char *id, struct problem *p)
{
    json_t *row = NULL;
    enum lm_err err = row_get(c, t, id, &row, p);

    json_decref(row);
    return err;
}

static enum lm_err decorate(const struct request *req, const struct crud *crud, json_t *row, struct problem *p)
{
    return crud && crud->decorate ? crud->decorate(req, row, p) : LM_OK;
}

enum lm_err crud_respond(const struct request *req, struct response *res, const struct crud *crud, json_t *row)
{
    res->json = row;
    res->is_more = crud && crud->decorate;
    return decorate(req, crud, row, &res->problem);
}

enum lm_err crud_respond_all(struct response *res, json_t *rows)
{
    return respond_json(res, rows ? json_pack("{s:o, s:n}", "items", rows, "next") : NULL);
}

enum lm_err crud_respond_file(struct request *req, struct response *res, const char *name, const char *hash)
{
    char full[PATH_SIZE];
    struct stat st;

    if (path_join(full, req->lumad->data_dir, name))
        return problem_set(&res->problem, LM_NOT_FOUND, "There is no such file.");
    int fd = open(full, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode)) {
        if (fd >= 0)
            close(fd);
        return problem_set(&res->problem, LM_NOT_FOUND, "The file is not on this machine.");
    }
    res->fd = fd;
    res->fd_size = (uint64_t)st.st_size;
    res->cache = "private, no-cache";
    snprintf(res->etag, sizeof(res->etag), "\"%.64s\"", hash);
    return LM_OK;
}

static const char *parent_of(const struct request *req)
{
    return req->route->crud->table->parent && strchr(req->route->path, '{') ? req->arg[0] : NULL;
}

enum lm_err crud_list(struct request *req, struct response *res)
{
    const struct crud *crud = req->route->crud;
    struct problem *p = &res->problem;
    const char *parent = parent_of(req);
    struct page_query page;
    enum lm_err err = request_page(req, &page, p);
    json_t *row;
    size_t i;

    if (!err && parent)
        err = crud_exists(req->db, table_find(crud->table->parent), parent, p);
    if (!err)
        err = row_page(req->db, crud->table, parent, &page.q, &res->json, p);
    if (!err)
        json_array_foreach (json_object_get(res->json, "items"), i, row)
            if ((err = decorate(req, crud, row, p)))
                break;
    return err;
}

enum lm_err crud_get(struct request *req, struct response *res)
{
    const struct crud *crud = req->route->crud;
    json_t *row = NULL;
    enum lm_err err = row_get(req->db, crud->table, req->arg[0], &row, &res->problem);

    return err ? err : crud_respond(req, res, crud, row);
}

/* The row was written: check it, and read it again, for a check may complete it. */
static enum lm_err settle(struct db_conn *c, struct write *w, struct problem *p)
{
    const struct crud *crud = w->crud;
    json_t *row = w->row;
    enum lm_err err;

    if (!crud->check)
        return LM_OK;
    if (!(err = crud->check(c, w->req->lumad, row, p))) {
        w->row = NULL;
        err = row_get(c, crud->table, json_get_text(row, "id", ""), &w->row, p);
        json_decref(row);
    }
    return err;
}

static enum lm_err create(struct db_conn *c, void *arg, struct problem *p)
{
    struct write *w = arg;
    const struct crud *crud = w->crud;
    enum lm_err err = crud->create ? crud->create(c, w->req->body, &w->row, &w->created, p)
                                   : row_create(c, crud->table, w->parent, w->req->body, &w->row, &w->created, p);

    return err || !w->created ? err : settle(c, w, p);
}

enum lm_err crud_create(struct request *req, struct response *res)
{
    const struct crud *crud = req->route->crud;
    struct write w = { .req = req, .crud = crud, .parent = parent_of(req) };
    enum lm_err err = w.parent ? crud_exists(req->db, table_find(crud->table->parent), w.parent, &res->problem) : LM_OK;

    if (!err)
        err = db_write(req->lumad->db, create, &w, &res->problem);
    if (err) {
        json_decref(w.row);
        return err;
    }
    res->status = w.created ? 201 : 200;
    return crud_respond(req, res, crud, w.row);
}

static enum lm_err patch(struct db_conn *c, void *arg, struct problem *p)
{
    struct write *w = arg;
    enum lm_err err = row_patch(c, w->crud->table, w->req->arg[0], w->req->body, w->req->if_match, &w->row, p);

    return err ? err : settle(c, w, p);
}

enum lm_err crud_patch(struct request *req, struct response *res)
{
    struct write w = { .req = req, .crud = req->route->crud };
    enum lm_err err = db_write(req->lumad->db, patch, &w, &res->problem);

    if (err && err != LM_STALE) {
        json_decref(w.row);
        return err;
    }
    enum lm_err decorated = crud_respond(req, res, w.crud, w.row);
    return err ? err : decorated;
}

static enum lm_err delete (struct db_conn *c, void *arg, struct problem *p) {
    struct write *w = arg; const char *id = w->req->arg[0];
    enum lm_err err = w->crud->may_delete ? w->crud->may_delete(c, id, p) : LM_OK;

    return err ? err : row_delete(c, w->crud->table, id, w->req->if_match, &w->row, p);
}

enum lm_err crud_delete(struct request *req, struct response *res)
{
    struct write w = { .req = req, .crud = req->route->crud };
    enum lm_err err = db_write(req->lumad->db, delete, &w, &res->problem);

    if (err == LM_STALE) {
        res->json = w.row;
        return err;
    }
    json_decref(w.row);
    res->status = 204;
    return err;
}
