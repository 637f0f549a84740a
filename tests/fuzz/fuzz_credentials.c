/* The value of a Cookie, an Authorization header and a setup code: whatever is taken has the form of a secret, and comes from the bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/credentials.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const hosts[] = { "booth:8080", NULL };
    char *text = strndup((const char *)data, size), out[SECRET_SIZE];

    for (size_t i = 0; i < 2; i++) {
        if (!cookie_secret(text, hosts[i], out))
            continue;
        char *first = strstr(text, SESSION_COOKIE);
        if (strlen(out) != SECRET_LENGTH || !secret_is_one(out, SECRET_LENGTH) || !first || !strstr(text, out))
            abort();
    }
    enum bearer b = bearer_secret(text, out);
    if (b == BEARER_GOOD && (strlen(out) != SECRET_LENGTH || !secret_is_one(out, SECRET_LENGTH) || !strstr(text, out)))
        abort();
    if (code_is("AB2D-9XYZ", text) && strlen(text) < 8)
        abort();
    code_is(text, "AB2D-9XYZ");
    free(text);
    return 0;
}
