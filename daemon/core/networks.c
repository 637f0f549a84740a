#include "core/networks.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

enum { V4_BITS = 32, V6_BITS = 128 };
static const char separators[] = ", \t";

/* Either family as sixteen bytes. false: it is of another. */
static bool as_v6(const struct sockaddr *addr, struct in6_addr *out)
{
    if (addr->sa_family == AF_INET6) {
        *out = ((const struct sockaddr_in6 *)(const void *)addr)->sin6_addr;
        return true;
    }
    if (addr->sa_family != AF_INET)
        return false;
    memset(out, 0, sizeof(*out));
    out->s6_addr[10] = out->s6_addr[11] = 0xff;
    memcpy(&out->s6_addr[12], &((const struct sockaddr_in *)(const void *)addr)->sin_addr, 4);
    return true;
}

/* `text` without brackets or port. */
static bool plain_address(const char *text, struct sockaddr_storage *out)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)out;

    memset(out, 0, sizeof(*out));
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        return true;
    }
    if (inet_pton(AF_INET6, text, &v6->sin6_addr) != 1)
        return false;
    v6->sin6_family = AF_INET6;
    return true;
}

static bool is_port(const char *text)
{
    size_t digits = strspn(text, "0123456789");

    return digits && digits <= 5 && !text[digits];
}

bool address_parse(const char *text, size_t n, struct sockaddr_storage *out)
{
    char copy[INET6_ADDRSTRLEN + 8], *start = copy;

    if (!n || n >= sizeof(copy))
        return false;
    memcpy(copy, text, n);
    copy[n] = '\0';
    char *colon = strchr(copy, ':'), *close = strchr(copy, ']');
    if (copy[0] == '[') {
        if (!close || (close[1] && (close[1] != ':' || !is_port(close + 2))))
            return false;
        *close = '\0';
        start++;
    } else if (colon && !strchr(colon + 1, ':')) {      /* one colon: what is behind it is a port */
        if (!is_port(colon + 1))
            return false;
        *colon = '\0';
    }
    return plain_address(start, out) && (start == copy || out->ss_family == AF_INET6);
}

static bool parse_one(const char *text, size_t n, struct network *out)
{
    char copy[INET6_ADDRSTRLEN + 8];
    struct sockaddr_storage addr;

    if (n >= sizeof(copy))
        return false;
    memcpy(copy, text, n);
    copy[n] = '\0';
    char *slash = strchr(copy, '/');
    if (slash)
        *slash = '\0';
    if (!plain_address(copy, &addr) || !as_v6((struct sockaddr *)&addr, &out->base))
        return false;
    int most = addr.ss_family == AF_INET ? V4_BITS : V6_BITS;
    if (slash && (!is_port(slash + 1) || atoi(slash + 1) > most))
        return false;
    out->bits = V6_BITS - most + (slash ? atoi(slash + 1) : most);
    return true;
}

bool networks_parse(const char *text, struct networks *out)
{
    *out = (struct networks){ .n = 0 };
    for (text += strspn(text, separators); *text; text += strspn(text, separators)) {
        size_t n = strcspn(text, separators);
        if (out->n == NETWORKS_MAX || !parse_one(text, n, &out->list[out->n]))
            return false;
        out->n++;
        text += n;
    }
    return true;
}

static bool has(const struct network *net, const struct in6_addr *a)
{
    size_t whole = (size_t)net->bits / 8;
    unsigned rest = (unsigned)net->bits % 8, mask = 0xff00u >> rest & 0xff;

    return !memcmp(net->base.s6_addr, a->s6_addr, whole) && (!rest || !((net->base.s6_addr[whole] ^ a->s6_addr[whole]) & mask));
}

bool networks_have(const struct networks *s, const struct sockaddr *addr)
{
    struct in6_addr a;

    if (!as_v6(addr, &a))
        return false;
    for (size_t i = 0; i < s->n; i++)
        if (has(&s->list[i], &a))
            return true;
    return false;
}
