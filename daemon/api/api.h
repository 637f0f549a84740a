#pragma once
/*
 * The REST server: MHD daemons fed by the front door (net/front.h), a pool of request threads, the route tables.
 *
 * Whole life of a request: head parsed -> Host, Origin and role checked -> route found (404, 405 with Allow) -> body received (413 from the
 * Content-Length before it is read; a streamed route gets it in pieces) -> suspended -> a pool thread runs the handler with a read connection ->
 * resumed -> answered. Handlers never run on an MHD thread.
 */
#include "core/err.h"
#include "show/lumad.h"

struct api;
enum lm_err api_start(const struct lumad *l, struct api **result, struct problem *p);
void api_stop(struct api *a);
/* The front door hands an accepted socket over; closes it on failure. */
struct sockaddr_storage;
void api_adopt(void *api, int fd, const struct sockaddr_storage *addr, unsigned addr_len);
void api_print_routes_md(void);         /* to stdout */
void api_print_openapi(void);
