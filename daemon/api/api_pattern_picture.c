#include <pthread.h>
#include <stdio.h>

#include "api/crud.h"
#include "api/etag.h"
#include "core/json.h"
#include "db/domain.h"
#include "show/picture.h"

static struct picture_stage *stage;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_stage(void)
{
    stage = picture_stage_new();
}

static enum lm_err picture(struct request *req, struct response *res)
{
    json_t *row = NULL;
    void *data = NULL;
    enum lm_err err = crud_exists(req->db, &patterns_table, req->arg[0], &res->problem);

    pthread_once(&once, make_stage);
    if (err || (err = pattern_implementation(req->db, req->arg[0], NULL, &row, &res->problem)))
        return err;
    if (!(err = stage ? picture_make(stage, json_object_get(row, "graph"), &data, &res->n) : LM_NOMEM)) {
        res->data = data;
        res->type = "image/bmp";
        etag_of_version(json_get_int(row, "version", 0), res->etag);
    }
    json_decref(row);
    return err;
}

const struct route api_pattern_picture[] = {
    { HTTP_GET, "/patterns/{id}/picture", picture, ROLE_VIEWER, NULL, "binary",
      .doc = "What the pattern looks like, as an image (BMP): eight seconds on a small stage, time to the right, a stripe for each head." },
    { 0 },
};
