#include "net/credentials.h"

#include <sodium.h>
#include <string.h>
#include <strings.h>

#include "core/str.h"

static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void secret_new(char out[SECRET_SIZE])
{
    unsigned char bytes[32];

    randombytes_buf(bytes, sizeof(bytes));
    sodium_bin2base64(out, SECRET_SIZE, bytes, sizeof(bytes), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(bytes, sizeof(bytes));
}

bool secret_is_one(const char *text, size_t n)
{
    if (n != SECRET_LENGTH)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!text[i] || !strchr(base64url, text[i]))
            return false;
    return true;
}

void secret_hash(const char *secret, char out[SECRET_HASH_SIZE])
{
    unsigned char digest[crypto_hash_sha256_BYTES];

    crypto_hash_sha256(digest, (const unsigned char *)secret, strlen(secret));
    sodium_bin2hex(out, SECRET_HASH_SIZE, digest, sizeof(digest));
}

/* RFC 6265, 4.2.1: "a=b; c=d"; more or less white space is taken too. */
bool cookie_secret(const char *header, char out[SECRET_SIZE])
{
    static const char name[] = SESSION_COOKIE "=";
    const char *found = NULL;
    size_t found_n = 0;

    for (const char *at = header ? header : ""; *at;) {
        at += strspn(at, "; \t");
        size_t n = strcspn(at, ";"), len = n;
        while (len && (at[len - 1] == ' ' || at[len - 1] == '\t'))
            len--;
        if (len >= sizeof(name) - 1 && !memcmp(at, name, sizeof(name) - 1)) {
            if (found)
                return false;
            found = at + sizeof(name) - 1;
            found_n = len - (sizeof(name) - 1);
        }
        at += n;
    }
    if (!found || !secret_is_one(found, found_n))
        return false;
    memcpy(out, found, found_n);
    out[found_n] = '\0';
    return true;
}

enum bearer bearer_secret(const char *header, char out[SECRET_SIZE])
{
    static const char scheme[] = "Bearer";
    size_t n = sizeof(scheme) - 1;

    if (!header || strncasecmp(header, scheme, n) || (header[n] && header[n] != ' ' && header[n] != '\t'))
        return BEARER_NONE;
    header += n + strspn(header + n, " \t");
    n = strcspn(header, " \t");
    if (!secret_is_one(header, n) || header[n + strspn(header + n, " \t")])
        return BEARER_BAD;
    memcpy(out, header, n);
    out[n] = '\0';
    return BEARER_GOOD;
}

void code_new(char out[CODE_SIZE])
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

    for (size_t i = 0; i < CODE_SIZE - 1; i++)
        out[i] = i == 4 ? '-' : letters[randombytes_uniform(sizeof(letters) - 1)];
    out[CODE_SIZE - 1] = '\0';
}

bool code_is(const char *code, const char *given)
{
    char plain[2][CODE_SIZE] = { "", "" };
    const char *from[2] = { code, given };
    bool fits = code[0];

    for (int k = 0; k < 2; k++) {
        size_t n = 0;
        for (const char *c = from[k]; *c; c++) {
            if (*c == '-' || *c == ' ')
                continue;
            if (n < CODE_SIZE - 1)
                plain[k][n++] = *c >= 'a' && *c <= 'z' ? (char)(*c - 32) : *c;
            else
                fits = false;
        }
    }
    return !sodium_memcmp(plain[0], plain[1], sizeof(plain[0])) && fits;
}

enum lm_err password_check(const char *password, const char *pointer, struct problem *p)
{
    size_t characters = 0;

    if (!password)
        return problem_add(p, pointer, "is missing");
    for (const char *c = password; *c; c++)
        characters += ((unsigned char)*c & 0xc0) != 0x80;
    if (characters < PASSWORD_MIN)
        return problem_add(p, pointer, "must have at least %d characters", PASSWORD_MIN);
    if (strlen(password) > PASSWORD_MAX)
        return problem_add(p, pointer, "may have %d bytes", PASSWORD_MAX);
    return LM_OK;
}

enum lm_err password_make(const char *password, char out[PASSWORD_HASH_SIZE], struct problem *p)
{
    char hash[crypto_pwhash_STRBYTES];

    if (crypto_pwhash_str(hash, password, strlen(password), crypto_pwhash_OPSLIMIT_INTERACTIVE, crypto_pwhash_MEMLIMIT_INTERACTIVE))
        return problem_set(p, LM_NOMEM, "There is no memory to store a password safely (64 MiB).");
    str_copy(out, PASSWORD_HASH_SIZE, hash);
    return LM_OK;
}

bool password_is(const char *hash, const char *password)
{
    /* Of 32 random bytes that nobody kept: whoever is unknown takes as long as whoever is not. */
    static const char nobody[] = "$argon2id$v=19$m=65536,t=2,p=1$sZHTqCqHSemaJNWGIQHGFA$CMvZZXLdNtTC0ugBaSA+4L1eNqYhYtncthXSrq5RSy4";
    bool fits = !crypto_pwhash_str_verify(hash ? hash : nobody, password, strlen(password));

    return hash && fits;
}
