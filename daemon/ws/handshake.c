#include "ws/handshake.h"

#include <errno.h>
#include <jansson.h>
#include <nettle/base64.h>
#include <nettle/sha1.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/json.h"
#include "core/log.h"
#include "net/head.h"
#include "net/role.h"

enum { KEY_BYTES = 16, KEY_LENGTH = 24, ACCEPT_SIZE = 32, VALUE_SIZE = 512, COOKIES_SIZE = HEAD_MAX };
static const char protocol[] = "lumad.v1";

/* What was only peeked at is read first: closing with unread bytes would reset the connection and take the answer with it. */
static void refuse(int fd, size_t n, enum lm_err err, const struct problem *p)
{
    char drain[HEAD_MAX], text[2048];
    json_t *o = json_pack("{s:s, s:s, s:i, s:s, s:s}", "type", "about:blank", "title", lm_err_text(err), "status",
                          lm_err_http(err), "detail", p->detail, "code", lm_err_code(err));
    char *body = o ? json_text(o) : NULL;

    if (n && recv(fd, drain, n, MSG_DONTWAIT) > 0 && body) {
        int len = snprintf(
            text, sizeof(text),
            "HTTP/1.1 %d %s\r\nContent-Type: application/problem+json\r\nContent-Length: %zu\r\nSec-WebSocket-Version: 13\r\n"
            "%sConnection: close\r\n\r\n%s",
            lm_err_http(err), lm_err_text(err), strlen(body), err == LM_UNAUTHORIZED ? "WWW-Authenticate: Bearer realm=\"lumad\"\r\n" : "", body);
        if (len > 0 && (size_t)len < sizeof(text) && send(fd, text, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
            log_debug("ws", "a refusal could not be sent: %s", strerror(errno));
    }
    free(body);
    json_decref(o);
    close(fd);
}

/* `name` is one of the words of a list separated by commas. */
static bool is_in_list(const char *list, const char *name)
{
    size_t len = strlen(name), n;

    for (; *list; list += n) {
        list += strspn(list, ", \t");
        n = strcspn(list, ", \t");
        if (n == len && n && !strncmp(list, name, n))
            return true;
    }
    return false;
}

static bool is_key(const char *text)
{
    struct base64_decode_ctx ctx;
    uint8_t bytes[BASE64_DECODE_LENGTH(KEY_LENGTH)];
    size_t n = sizeof(bytes);

    base64_decode_init(&ctx);
    return strlen(text) == KEY_LENGTH && base64_decode_update(&ctx, &n, bytes, KEY_LENGTH, text) && base64_decode_final(&ctx) &&
           n == KEY_BYTES;
}

/* What RFC 6455, 4.2.1 asks of the head; `key` and whether our protocol was asked for are what the answer needs. */
static enum lm_err check_head(const char *head, size_t n, char key[VALUE_SIZE], bool *has_protocol, struct problem *p)
{
    char value[VALUE_SIZE];

    if (head_get(head, n, "Sec-WebSocket-Version", value, sizeof(value)) || strcmp(value, "13") != 0)
        return problem_set(p, LM_UPGRADE, "The only Sec-WebSocket-Version is 13.");
    if (head_get(head, n, "Sec-WebSocket-Key", key, VALUE_SIZE) || !is_key(key))
        return problem_set(p, LM_BAD_REQUEST, "Sec-WebSocket-Key must be 16 bytes in base64.");
    if (head_get(head, n, "Connection", value, sizeof(value)) || !strcasestr(value, "upgrade"))
        return problem_set(p, LM_BAD_REQUEST, "Connection must say Upgrade.");
    if (head_get(head, n, "Content-Length", value, sizeof(value)) != LM_NOT_FOUND ||
        head_get(head, n, "Transfer-Encoding", value, sizeof(value)) != LM_NOT_FOUND)
        return problem_set(p, LM_BAD_REQUEST, "A handshake has no body.");
    enum lm_err err = head_get(head, n, "Sec-WebSocket-Protocol", value, sizeof(value));
    if (err != LM_NOT_FOUND && (err || !is_in_list(value, protocol)))
        return problem_set(p, LM_BAD_REQUEST, "The only Sec-WebSocket-Protocol is %s.", protocol);
    *has_protocol = !err;
    return LM_OK;
}

static bool is_forwarded(const char *head, size_t n)
{
    char unused[512];

    for (const char *const *name = role_proxy_headers; *name; name++)
        if (head_get(head, n, *name, unused, sizeof(unused)) != LM_NOT_FOUND)
            return true;
    return false;
}

/* Whether whoever asks may speak at all: Host, Origin and role, as for REST. */
static enum lm_err admit(const struct guard *guard, struct auth *auth, int fd, const char *head, size_t n, struct caller *who, struct problem *p)
{
    struct sockaddr_storage addr;
    socklen_t len = sizeof(addr);
    char host[264], origin[512], cookies[COOKIES_SIZE], bearer[VALUE_SIZE], forwarded_for[VALUE_SIZE];
    struct { const char *name; char *value; size_t size; enum lm_err err; } once[] = {
        { "Host", host, sizeof(host), LM_OK },
        { "Origin", origin, sizeof(origin), LM_OK },
        { "Cookie", cookies, sizeof(cookies), LM_OK },
        { "Authorization", bearer, sizeof(bearer), LM_OK },
    };
    enum { HOST, ORIGIN, COOKIE, AUTHORIZATION, ONCE };
    bool is_clear = n && head_is_strict(head, n);

    for (int i = 0; i < ONCE; i++) {
        once[i].err = head_get(head, n, once[i].name, once[i].value, once[i].size);
        is_clear = is_clear && once[i].err != LM_BAD_REQUEST;
    }
    if (!is_clear)
        return problem_set(p, LM_BAD_REQUEST, "The head of the request cannot be read.");
    enum lm_err err = guard_check(guard, once[HOST].err ? NULL : host, once[ORIGIN].err ? NULL : origin, p);
    if (err)
        return err;
    if (getpeername(fd, (struct sockaddr *)&addr, &len))
        return problem_set(p, LM_IO, "The connection is gone.");
    bool has_chain = !head_get_all(head, n, "X-Forwarded-For", forwarded_for, sizeof(forwarded_for));
    auth_identify(auth, &(struct asker){ .addr = (struct sockaddr *)&addr, .is_forwarded = is_forwarded(head, n), .forwarded_for = has_chain ? forwarded_for : NULL, .host = host, .cookie = once[COOKIE].err ? NULL : cookies,
                                         .authorization = once[AUTHORIZATION].err ? NULL : bearer }, who);
    if (who->role < ROLE_VIEWER)
        return problem_set(p, LM_UNAUTHORIZED, "%s", auth_refusal(auth));
    return LM_OK;
}

/* Sec-WebSocket-Accept: base64 of SHA-1 of the key and the RFC's GUID (4.2.2). */
static void accept_value(const char *key, char out[ACCEPT_SIZE])
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    struct sha1_ctx sha;
    uint8_t digest[SHA1_DIGEST_SIZE];

    sha1_init(&sha);
    sha1_update(&sha, strlen(key), (const uint8_t *)key);
    sha1_update(&sha, strlen(guid), (const uint8_t *)guid);
    sha1_digest(&sha, sizeof(digest), digest);
    base64_encode_raw(out, sizeof(digest), digest);
    out[BASE64_ENCODE_RAW_LENGTH(sizeof(digest))] = '\0';
}

/* Takes the head out of the socket (what follows it are frames already) and says yes. */
static bool upgrade(int fd, size_t n, const char *key, bool has_protocol)
{
    char head[HEAD_MAX], accept[ACCEPT_SIZE], text[256];

    accept_value(key, accept);
    int len = snprintf(text, sizeof(text),
                       "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n%s%s%s\r\n",
                       accept, has_protocol ? "Sec-WebSocket-Protocol: " : "", has_protocol ? protocol : "", has_protocol ? "\r\n" : "");
    return recv(fd, head, n, MSG_DONTWAIT) == (ssize_t)n && send(fd, text, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL) == len;
}

bool handshake(const struct guard *guard, struct auth *auth, int fd, bool is_stopping, struct caller *who)
{
    char head[HEAD_MAX], key[VALUE_SIZE];
    ssize_t got = recv(fd, head, sizeof(head), MSG_PEEK | MSG_DONTWAIT);
    size_t n = got > 0 ? head_length(head, (size_t)got) : 0;
    struct problem p = { 0 };
    bool has_protocol = false;
    enum lm_err err = is_stopping ? problem_set(&p, LM_BUSY, "lumad is stopping.") : admit(guard, auth, fd, head, n, who, &p);

    if (!err)
        err = check_head(head, n, key, &has_protocol, &p);
    if (err) {
        refuse(fd, n ? n : got > 0 ? (size_t)got : 0, err, &p);
        return false;
    }
    if (!upgrade(fd, n, key, has_protocol)) {
        close(fd);
        return false;
    }
    return true;
}
