#pragma once
/*
 * A list of addresses and networks: "127.0.0.1, 10.1.0.0/16, fd00::/8". An IPv4 address is the same whether it comes as such or as ::ffff:a.b.c.d.
 *
 * THREADS  Any.
 */
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

enum { NETWORKS_MAX = 32 };
struct network { struct in6_addr base; int bits; };
struct networks { struct network list[NETWORKS_MAX]; size_t n; };

/* Separated by commas or white space; "": none. false: something in it is neither an address nor a network, or there are more than NETWORKS_MAX. */
bool networks_parse(const char *text, struct networks *out);
bool networks_have(const struct networks *s, const struct sockaddr *addr);

/* "10.0.0.1", "10.0.0.1:80", "fd00::1", "[fd00::1]", "[fd00::1]:80", of `n` bytes, as an address without its port. false: it is none of these. */
bool address_parse(const char *text, size_t n, struct sockaddr_storage *out);
