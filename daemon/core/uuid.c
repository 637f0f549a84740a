#include "core/uuid.h"

#include <stdlib.h>
#include <string.h>
#include <uuid/uuid.h>

#include "core/log.h"

/* lumad's name space. Changing it would give every row with a natural key another id. */
static const uuid_t name_space = {
    0x6c, 0x75, 0x6d, 0x61, 0x64, 0x2e, 0x4e, 0x53, 0x9d, 0x1b, 0x31, 0x5a, 0xe0, 0x7f, 0x42, 0xc6,
};

void uuid_new(char out[UUID_SIZE])
{
    uuid_t u;

    uuid_generate_random(u);
    uuid_unparse_lower(u, out);
}

void uuid_from_key(const char *kind, const char *key, char out[UUID_SIZE])
{
    char small[512], *name = small;
    size_t nk = strlen(kind), n = nk + 1 + strlen(key);
    uuid_t u;

    if (n > sizeof(small) && !(name = malloc(n))) {
        log_error("core", "no memory for the key of a row of %s", kind);
        abort();                /* a made-up id would be stored for good */
    }
    memcpy(name, kind, nk);
    name[nk] = '/';
    memcpy(name + nk + 1, key, n - nk - 1);
    uuid_generate_sha1(u, name_space, name, n);
    uuid_unparse_lower(u, out);
    if (name != small)
        free(name);
}

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool uuid_to_bytes(const char *s, unsigned char out[16])
{
    unsigned char bytes[16];
    size_t n = 0;

    if (!s)
        return false;
    for (int i = 0; i < UUID_LEN;) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (s[i++] != '-')
                return false;
            continue;
        }
        int high = hex(s[i]), low = high < 0 ? -1 : hex(s[i + 1]);
        if (low < 0)
            return false;
        bytes[n++] = (unsigned char)(high << 4 | low);
        i += 2;
    }
    if (s[UUID_LEN])
        return false;
    memcpy(out, bytes, sizeof(bytes));
    return true;
}

bool uuid_valid(const char *s)
{
    unsigned char bytes[16];

    return uuid_to_bytes(s, bytes);
}
