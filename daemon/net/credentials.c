#include "net/credentials.h"

#include <sodium.h>
#include <stdio.h>
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

void cookie_name(const char *host, char out[COOKIE_NAME_SIZE])
{
    const char *colon = host ? strrchr(host, ':') : NULL;
    size_t digits = colon ? strspn(colon + 1, "0123456789") : 0;
    bool has_port = digits && digits <= 5 && !colon[1 + digits];        /* "[::1]" has colons and no port */

    snprintf(out, COOKIE_NAME_SIZE, SESSION_COOKIE "%s%s", has_port ? "_" : "", has_port ? colon + 1 : "");
}

/* How many cookies have this name; of the last one the value. RFC 6265, 4.2.1: "a=b; c=d"; more or less white space is taken too. */
static int find_cookie(const char *header, const char *name, const char **value, size_t *value_n)
{
    size_t name_n = strlen(name);
    int found = 0;

    for (const char *at = header; *at;) {
        at += strspn(at, "; \t");
        size_t n = strcspn(at, ";"), len = n;
        while (len && (at[len - 1] == ' ' || at[len - 1] == '\t'))
            len--;
        if (len > name_n && at[name_n] == '=' && !memcmp(at, name, name_n)) {
            *value = at + name_n + 1;
            *value_n = len - name_n - 1;
            found++;
        }
        at += n;
    }
    return found;
}

bool cookie_secret(const char *header, const char *host, char out[SECRET_SIZE])
{
    char name[COOKIE_NAME_SIZE];
    const char *value = NULL;
    size_t n = 0;

    if (!header)
        return false;
    cookie_name(host, name);
    int found = find_cookie(header, name, &value, &n);
    if (!found)
        found = find_cookie(header, SESSION_COOKIE, &value, &n);
    if (found != 1 || !secret_is_one(value, n))
        return false;
    memcpy(out, value, n);
    out[n] = '\0';
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
