#include "net/proxy.h"

#include <string.h>

static bool is_between(char c)
{
    return c == ',' || c == ' ' || c == '\t';
}

bool proxy_client(const struct networks *trusted, const struct sockaddr *peer, const char *forwarded_for, struct sockaddr_storage *client)
{
    struct sockaddr_storage hop;
    bool is_found = false;

    if (!forwarded_for || !networks_have(trusted, peer))
        return false;
    for (size_t end = strlen(forwarded_for); end;) {
        while (end && is_between(forwarded_for[end - 1]))
            end--;
        size_t start = end;
        while (start && !is_between(forwarded_for[start - 1]))
            start--;
        if (start == end || !address_parse(forwarded_for + start, end - start, &hop))
            break;                      /* "unknown": what is left of it came by way of somebody we cannot name */
        *client = hop;
        is_found = true;
        if (!networks_have(trusted, (struct sockaddr *)&hop))
            break;
        end = start;
    }
    return is_found;
}
