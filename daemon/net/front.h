#pragma once
/*
 * The front door: accepts on the one public port (IPv4 and IPv6), peeks at the head of the first request and hands the socket to the WebSocket side
 * (`GET /ws` with Upgrade: websocket) or to the HTTP side (all else). Slow or silent connections are closed after 3 s; at most 256 may be pending, the oldest
 * goes first, and at most 64 connections per address.
 */
#include <stdbool.h>

#include "core/err.h"

struct front;
struct sockaddr_storage;
typedef void front_adopt(void *ctx, int fd, const struct sockaddr_storage *addr, unsigned addr_len);

struct front_options { front_adopt *http, *ws; void *http_ctx, *ws_ctx; };

/*
 * Takes the port: ADDR:PORT, [v6]:PORT, *:PORT; port 0 = any. Whoever connects waits until front_start(). Two steps, because a port that is taken must be known before
 * the rig sees any light.
 */
enum lm_err front_open(const char *listen, struct front **result, struct problem *p);
enum lm_err front_start(struct front *f, const struct front_options *o, struct problem *p);     /* lets them in */
void front_stop(struct front *f);               /* gives the port back; nobody is handed over any more. NULL and a second time are fine */
void front_free(struct front *f);               /* after front_stop() */
int front_port(const struct front *f);
bool front_is_open(const struct front *f);      /* other machines can reach it: it listens on more than this machine's own address */
