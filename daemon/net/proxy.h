#pragma once
/*
 * Who stands behind a proxy. X-Forwarded-For is a list to which each proxy adds whom it was asked by, at its right end; what stands left of that anybody can have written. So it is believed only
 * from a proxy that the configuration names, and only as far as such proxies go: who counts is the last one in it that is none of them.
 *
 * For the limiter and for lists that people read; it gives nobody a right, and whoever comes by a proxy is never at this machine.
 *
 * THREADS  Any.
 */
#include "core/networks.h"

/* `forwarded_for`: all headers of that name, in their order, with commas between; NULL: there is none. false: `peer` itself is who asks, as far as can be told. */
bool proxy_client(const struct networks *trusted, const struct sockaddr *peer, const char *forwarded_for, struct sockaddr_storage *client);
