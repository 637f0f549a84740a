#include "net/role.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

const char *const role_names[] = { "none", "viewer", "operator", "admin", NULL };
const char *const role_proxy_headers[] = { "X-Forwarded-For", "Forwarded", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via", NULL };

bool role_find(const char *name, enum role *role)
{
    for (int r = ROLE_VIEWER; role_names[r]; r++)
        if (!strcmp(name, role_names[r])) {
            *role = (enum role)r;
            return true;
        }
    return false;
}

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

static void format(const struct sockaddr *addr, int bytes, char out[ROLE_CALLER_SIZE])
{
    if (addr->sa_family == AF_INET) {
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)addr)->sin_addr, out, ROLE_CALLER_SIZE);
    } else if (addr->sa_family == AF_INET6) {
        struct in6_addr v6 = ((const struct sockaddr_in6 *)(const void *)addr)->sin6_addr;
        if (IN6_IS_ADDR_V4MAPPED(&v6)) {
            inet_ntop(AF_INET, &v6.s6_addr[12], out, ROLE_CALLER_SIZE);
            return;
        }
        for (int i = bytes; i < 16; i++)
            v6.s6_addr[i] = 0;
        inet_ntop(AF_INET6, &v6, out, ROLE_CALLER_SIZE);
    } else {
        snprintf(out, ROLE_CALLER_SIZE, "unknown");
    }
}

void role_caller(const struct sockaddr *addr, char out[ROLE_CALLER_SIZE])
{
    if (role_is_loopback(addr))
        snprintf(out, ROLE_CALLER_SIZE, "this machine");
    else
        format(addr, 8, out);
}

void role_address(const struct sockaddr *addr, char out[ROLE_CALLER_SIZE])
{
    format(addr, 16, out);
}
