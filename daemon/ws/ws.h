#pragma once
/*
 * The WebSocket /ws: one thread, libwslay for the framing, the table of topics (api.md "WebSocket"). Sockets come from the front door before their handshake.
 * A slow client skips to the newest state on streams; 1 MiB behind on the rest (or 5 s stuck) it is disconnected with a reason.
 */
#include "core/err.h"
#include "show/lumad.h"

struct sockaddr_storage;

struct ws;
enum lm_err ws_start(const struct lumad *l, struct ws **result, struct problem *p);
void ws_stop(struct ws *w);
void ws_adopt(void *ws, int fd, const struct sockaddr_storage *addr, unsigned addr_len);
