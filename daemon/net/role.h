#pragma once
/*
 * What a caller may do. Each route and each socket names the least role it asks for.
 *
 * No accounts exist yet: whoever sits at this machine (loopback, and not by way of a proxy) is admin, everybody else is nobody.
 */
#include <stdbool.h>
#include <sys/socket.h>

enum role { ROLE_NONE, ROLE_VIEWER, ROLE_OPERATOR, ROLE_ADMIN };
extern const char *const role_names[];          /* "none", "viewer", "operator", "admin", NULL */

bool role_is_loopback(const struct sockaddr *addr);     /* 127.0.0.0/8, ::1, and the former as ::ffff:127.0.0.0/8 */
/* Why ROLE_NONE may do nothing, and what to do about it. */
extern const char role_refusal[];
/* `is_forwarded`: the request carries X-Forwarded-For or Forwarded, so the address is the proxy's. */
enum role role_of_peer(const struct sockaddr *addr, bool is_forwarded);

/*
 * Who that is, as far as it can be told, so that what one caller holds (a socket, by its id) is of no use to another: "this machine", or the address; of
 * IPv6 the network half, for a machine changes the other one as it likes.
 */
enum { ROLE_CALLER_SIZE = 64 };
void role_caller(const struct sockaddr *addr, char out[ROLE_CALLER_SIZE]);
