#include "net/guard.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "core/str.h"

enum { NAME_SIZE = 256 };

struct authority {        /* "lumad.local:8080", "[::1]", taken apart */
    char name[NAME_SIZE]; /* without brackets and without a final dot */
    int port;             /* -1: not given */
    bool is_literal;      /* an IP address */
};

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

static bool parse_port(const char *text, int *port)
{
    size_t n = strspn(text, "0123456789");

    if (!n || n > 5 || text[n] || atoi(text) > 65535)
        return false;
    *port = atoi(text);
    return true;
}

static bool parse(const char *text, struct authority *a)
{
    unsigned char address[16];
    const char *after;
    size_t n;

    *a = (struct authority){ .port = -1 };
    if (text[0] == '[') {
        const char *close = strchr(text, ']');
        n = close ? (size_t)(close - text) - 1 : NAME_SIZE;
        if (n >= NAME_SIZE)
            return false;
        memcpy(a->name, text + 1, n);
        after = close + 1;
        if (inet_pton(AF_INET6, a->name, address) != 1)
            return false;
        a->is_literal = true;
    } else {
        for (n = 0; is_name_char(text[n]); n++)
            ;
        if (!n || n >= NAME_SIZE)
            return false;
        memcpy(a->name, text, n);
        after = text + n;
        a->is_literal = inet_pton(AF_INET, a->name, address) == 1;
        if (!a->is_literal && n > 1 && a->name[n - 1] == '.')
            a->name[n - 1] = '\0';
    }
    return !*after || (*after == ':' && parse_port(after + 1, &a->port));
}

void guard_init(struct guard *g, const char *allowed_hosts)
{
    if (gethostname(g->hostname, sizeof(g->hostname)))
        g->hostname[0] = '\0';
    g->hostname[sizeof(g->hostname) - 1] = '\0';
    g->allowed_hosts = allowed_hosts ? allowed_hosts : "";
}

static bool is_own_name(const struct guard *g, const char *name)
{
    char local[sizeof(g->hostname) + 8];
    size_t first = strcspn(g->hostname, ".");

    if (!g->hostname[0])
        return false;
    snprintf(local, sizeof(local), "%.*s.local", (int)first, g->hostname);
    return !strcasecmp(name, g->hostname) || !strcasecmp(name, local);
}

/* `list`: names separated by commas or white space. */
static bool is_listed(const char *list, const char *name)
{
    size_t len = strlen(name), n;

    for (; *list; list += n) {
        list += strspn(list, ", \t");
        n = strcspn(list, ", \t");
        if (n == len && n && !strncasecmp(list, name, n))
            return true;
    }
    return false;
}

static enum lm_err check_host(const struct guard *g, const struct authority *host, struct problem *p)
{
    if (host->is_literal || !strcasecmp(host->name, "localhost") || is_own_name(g, host->name) ||
        is_listed(g->allowed_hosts, host->name))
        return LM_OK;
    return problem_set(
        p, LM_FORBIDDEN,
        "lumad does not answer to the name \"%s\". If it is meant to, add it to allowed_hosts in [server] of lumad.conf: "
        "allowed_hosts = %s",
        host->name, host->name);
}

static const struct {
    const char *prefix;
    int port;
} schemes[] = { { "http://", 80 }, { "https://", 443 } };

/* A port that is left out is the scheme's; https is a proxy in front that passes Host on as it was. */
static bool is_same_origin(const struct authority *host, const char *origin)
{
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        struct authority o;
        size_t n = strlen(schemes[i].prefix);

        if (strncasecmp(origin, schemes[i].prefix, n) || !parse(origin + n, &o))
            continue;
        return !strcasecmp(o.name, host->name) &&
               (o.port < 0 ? schemes[i].port : o.port) == (host->port < 0 ? schemes[i].port : host->port);
    }
    return false;
}

enum lm_err guard_check(const struct guard *g, const char *host, const char *origin, struct problem *p)
{
    struct authority a;

    if (!host || !*host)
        return problem_set(p, LM_BAD_REQUEST, "The request has no Host header.");
    if (!parse(host, &a))
        return problem_set(p, LM_BAD_REQUEST, "The Host header is neither a name nor an address, with or without a port.");
    enum lm_err err = check_host(g, &a, p);
    if (err || !origin || is_same_origin(&a, origin))
        return err;
    char shown[128];
    str_copy(shown, sizeof(shown), origin);
    return problem_set(
        p, LM_FORBIDDEN,
        "This request was made by a page of %s. Only lumad's own pages may speak to it. If that page should be lumad's own, "
        "the address in the browser must be the one lumad is asked under, with its port.",
        shown);
}
