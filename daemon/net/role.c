#include "net/role.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>

const char role_refusal[] =
    "Only this machine itself may use lumad (http://localhost on it): signing in from other addresses, or "
    "through a proxy, is not set up.";
const char *const role_names[] = { "none", "viewer", "operator", "admin", NULL };

bool role_is_loopback(const struct sockaddr *addr)
{
    if (addr->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)addr;
        return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
    }
    if (addr->sa_family == AF_INET6) {
        const struct in6_addr *v6 = &((const struct sockaddr_in6 *)(const void *)addr)->sin6_addr;
        return IN6_IS_ADDR_LOOPBACK(v6) || (IN6_IS_ADDR_V4MAPPED(v6) && v6->s6_addr[12] == 127);
    }
    return false;
}

enum role role_of_peer(const struct sockaddr *addr, bool is_forwarded)
{
    return role_is_loopback(addr) && !is_forwarded ? ROLE_ADMIN : ROLE_NONE;
}

void role_caller(const struct sockaddr *addr, char out[ROLE_CALLER_SIZE])
{
    if (role_is_loopback(addr)) {
        snprintf(out, ROLE_CALLER_SIZE, "this machine");
    } else if (addr->sa_family == AF_INET) {
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)addr)->sin_addr, out, ROLE_CALLER_SIZE);
    } else if (addr->sa_family == AF_INET6) {
        struct in6_addr v6 = ((const struct sockaddr_in6 *)(const void *)addr)->sin6_addr;
        if (IN6_IS_ADDR_V4MAPPED(&v6)) {
            inet_ntop(AF_INET, &v6.s6_addr[12], out, ROLE_CALLER_SIZE);
            return;
        }
        for (int i = 8; i < 16; i++)
            v6.s6_addr[i] = 0;
        inet_ntop(AF_INET6, &v6, out, ROLE_CALLER_SIZE);
    } else {
        snprintf(out, ROLE_CALLER_SIZE, "unknown");
    }
}
