#pragma once
/*
 * What a caller may do. Each route and each topic names the least role it asks for; who has which is net/auth.h's business.
 */
#include <stdbool.h>
#include <sys/socket.h>

enum role { ROLE_NONE, ROLE_VIEWER, ROLE_OPERATOR, ROLE_ADMIN };
extern const char *const role_names[];          /* "none", "viewer", "operator", "admin", NULL */
bool role_find(const char *name, enum role *role);      /* one that a person can have: not "none" */

bool role_is_loopback(const struct sockaddr *addr);     /* 127.0.0.0/8, ::1, and the former as ::ffff:127.0.0.0/8 */
/* Headers that a proxy adds: the address of who sends one of them is the proxy's, so that loopback says nothing. Ended by NULL. */
extern const char *const role_proxy_headers[];

/*
 * Where somebody is, as far as it can be told, to count what fails and so that what one caller holds (a socket, by its id) is of no use to another:
 * "this machine", or the address; of IPv6 the network half, for a machine changes the other one as it likes.
 */
enum { ROLE_CALLER_SIZE = 64 };
void role_caller(const struct sockaddr *addr, char out[ROLE_CALLER_SIZE]);
void role_address(const struct sockaddr *addr, char out[ROLE_CALLER_SIZE]);     /* the whole address, for people */
