#pragma once
/*
 * What proves who somebody is: random secrets (a cookie's value, a token), passwords, the code of the first set-up. Headers are bytes from the network: any content is fine.
 *
 * THREADS  Any. password_make() and password_is() take some 0.1 s and 64 MiB each.
 */
#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"
#include "db/accounts.h"

#define SESSION_COOKIE "lumad_session"
enum { COOKIE_NAME_SIZE = 24, SECRET_LENGTH = 43, SECRET_SIZE = 44, CODE_SIZE = 10, PASSWORD_MIN = 8, PASSWORD_MAX = 1024 };

void secret_new(char out[SECRET_SIZE]);                         /* 256 random bits, base64url */
bool secret_is_one(const char *text, size_t n);                 /* has the form of one */
void secret_hash(const char *secret, char out[SECRET_HASH_SIZE]);       /* SHA-256, hex: what is stored and compared */

/* Cookies belong to a host and not to its port: so that two lumads on one machine do not sign each other out, the cookie's name says the port that the browser asks: "lumad_session_8080" for
 * the Host "booth:8080", "lumad_session" for one without a port (a proxy in front) or NULL. */
void cookie_name(const char *host, char out[COOKIE_NAME_SIZE]);
/* The secret in a Cookie header (NULL: none was sent) of whoever asks for `host`: of the cookie with the port; where none is sent of the one without, which scripts may set
 * whatever the port. false: there is none, it has another form, or there are two of that name: whoever can set cookies of this host beside ours must not choose which one counts. */
bool cookie_secret(const char *header, const char *host, char out[SECRET_SIZE]);

enum bearer { BEARER_NONE, BEARER_GOOD, BEARER_BAD };
/* The secret in an Authorization header. BEARER_NONE: there is none, or one of another scheme, which is meant for a proxy in front. BEARER_BAD: ours, and no secret. */
enum bearer bearer_secret(const char *header, char out[SECRET_SIZE]);

void code_new(char out[CODE_SIZE]);                             /* "K7QX-02MN": 41 bits; of A-Z and 0-9 */
bool code_is(const char *code, const char *given);              /* however it is written: small letters, without the dash. Takes as long whatever is given */

enum lm_err password_check(const char *password, const char *pointer, struct problem *p);     /* its length; `pointer`: "/password" */
enum lm_err password_make(const char *password, char out[PASSWORD_HASH_SIZE], struct problem *p);
/* `hash` NULL: nobody has that name; takes as long as a wrong password, and is one. */
bool password_is(const char *hash, const char *password);
