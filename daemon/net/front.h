#pragma once
/*
 * The front door: accepts on the one public port (IPv4 and IPv6), peeks at the head of the first request and hands the socket to the WebSocket side
 * (`GET /ws` with Upgrade: websocket) or to the HTTP side (all else). Slow or silent connections are closed after 3 s; at most 256 may be pending, the oldest
 * goes first, and at most 64 connections per address.
 */
#include "core/err.h"

struct front;
struct sockaddr_storage;
typedef void front_adopt(void *ctx, int fd, const struct sockaddr_storage *addr, unsigned addr_len);

struct front_options { const char *listen; /* ADDR:PORT, [v6]:PORT, *:PORT; port 0 = any */ front_adopt *http, *ws; void *http_ctx, *ws_ctx; };

enum lm_err front_start(const struct front_options *o, struct front **result, struct problem *p);
void front_stop(struct front *f);
int front_port(const struct front *f);
