#pragma once
/*
 * Who may sign in, as it is stored: users, browsers that are signed in (sessions) and the tokens of programs, in state.db, which belongs to this machine alone (0600, in no
 * backup, never synced). What they mean is net/auth.h's business.
 *
 * Secrets are here as hashes only: passwords in libsodium's text form of argon2id, sessions and tokens as SHA-256 in hexadecimal.
 *
 * THREADS  Any that may block. Each function is one transaction; what it wrote is on the disk when it returns. Another process may write the same file
 *          (`lumad --reset-password`): accounts_version() tells.
 * MEMORY   Lists are the caller's to free().
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/uuid.h"

struct db;
struct state;

enum { USER_NAME_SIZE = 128, ROLE_SIZE = 16, PASSWORD_HASH_SIZE = 136, SECRET_HASH_SIZE = 65, TOKEN_NAME_SIZE = 208, ADDRESS_SIZE = 64, AGENT_SIZE = 160 };

/* Instants: Unix ms; 0 where there is none. `role`: "viewer", "operator" or "admin". */
struct user_row { char id[UUID_SIZE], name[USER_NAME_SIZE], role[ROLE_SIZE], password_hash[PASSWORD_HASH_SIZE]; int64_t created_at, updated_at; };
struct session_row { char token_hash[SECRET_HASH_SIZE], user_id[UUID_SIZE], address[ADDRESS_SIZE], user_agent[AGENT_SIZE]; int64_t created_at, last_used_at, expires_at; };
struct token_row { char id[UUID_SIZE], name[TOKEN_NAME_SIZE], role[ROLE_SIZE], token_hash[SECRET_HASH_SIZE], user_id[UUID_SIZE]; int64_t created_at, last_used_at, expires_at; };

struct state *db_state(struct db *db);
/* state.db by itself, beside a lumad that may run; LM_NOT_FOUND: it is not there. */
enum lm_err accounts_open(const char *path, const char *migrations, struct state **result, struct problem *p);
void accounts_close(struct state *s);                           /* what accounts_open() made; NULL is fine */
/* Another number when another process changed something since the last call. */
enum lm_err accounts_version(struct state *s, int64_t *version);

/* users.c */
enum lm_err users_load(struct state *s, struct user_row **list, size_t *n, struct problem *p);
/* Inserts or replaces. `ends`: the user's sessions end with it, but the one with the hash `but` (NULL: all). LM_CONFLICT: the name is another's. */
enum lm_err user_store(struct state *s, const struct user_row *u, bool ends, const char *but, struct problem *p);
enum lm_err user_forget(struct state *s, const char *id, struct problem *p);    /* with sessions and tokens */

/* sessions.c */
enum lm_err sessions_load(struct state *s, struct session_row **list, size_t *n, struct problem *p);
enum lm_err session_store(struct state *s, const struct session_row *row, struct problem *p);
enum lm_err session_forget(struct state *s, const char *token_hash, struct problem *p);
/* These and no others are stored. LM_STALE: another process wrote since accounts_version() said `version`; nothing is changed then. */
enum lm_err sessions_store(struct state *s, const struct session_row *list, size_t n, int64_t version, struct problem *p);

/* tokens.c */
enum lm_err tokens_load(struct state *s, struct token_row **list, size_t *n, struct problem *p);
enum lm_err token_store(struct state *s, const struct token_row *row, struct problem *p);
enum lm_err token_forget(struct state *s, const char *id, struct problem *p);
/* When they were used, and: those that are not listed are gone. LM_STALE as above. */
enum lm_err tokens_keep(struct state *s, const struct token_row *list, size_t n, int64_t version, struct problem *p);
