#pragma once
/* What the routes of tracks share. */
#include "api/crud.h"

/* How far its analysis is, and its key. */
enum lm_err track_decorate(const struct request *req, json_t *row, struct problem *p);
