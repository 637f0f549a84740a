/* `lumad --reset-password`: for the person at the machine. Whoever may write state.db is lumad's user or root, and needs no other proof. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <termios.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/str.h"
#include "net/auth.h"

/* A line of the terminal, unseen, or of whatever stdin is. */
static bool ask(const char *what, char *out, size_t size)
{
    struct termios before, quiet;
    bool is_terminal = isatty(STDIN_FILENO) && !tcgetattr(STDIN_FILENO, &before);

    if (is_terminal) {
        fprintf(stderr, "%s: ", what);
        quiet = before;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    }
    bool got = fgets(out, (int)size, stdin);
    if (is_terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        fputc('\n', stderr);
    }
    if (!got)
        return false;
    size_t n = strcspn(out, "\r\n");
    bool is_whole = out[n] || n + 1 < size;
    out[n] = '\0';
    return is_whole;
}

static enum lm_err ask_password(char out[PASSWORD_MAX + 2], struct problem *p)
{
    char again[PASSWORD_MAX + 2] = "";
    struct problem wrong = { 0 };
    enum lm_err err = LM_OK;

    if (!ask("New password", out, PASSWORD_MAX + 2))
        err = problem_set(p, LM_INVALID, "no password was given");
    else if (password_check(out, "", &wrong))
        err = problem_set(p, LM_INVALID, "the password %s", wrong.errors[0].message);
    else if (isatty(STDIN_FILENO) && (!ask("Once more", again, sizeof(again)) || strcmp(out, again) != 0))
        err = problem_set(p, LM_INVALID, "the two are not the same; nothing was changed");
    sodium_memzero(again, sizeof(again));
    return err;
}

/* Whose: the one of that name, else the first admin, else a new one called admin. */
static enum lm_err choose(struct state *s, const char *name, struct user_row *u, struct problem *p)
{
    struct user_row *list = NULL;
    size_t n = 0;
    enum lm_err err = users_load(s, &list, &n, p);

    if (err)
        return err;
    const struct user_row *found = NULL;
    for (size_t i = 0; i < n && !found; i++)
        if (name ? !strcasecmp(list[i].name, name) : !strcmp(list[i].role, role_names[ROLE_ADMIN]))
            found = &list[i];
    if (found) {
        *u = *found;
    } else if (name) {
        err = problem_set(p, LM_NOT_FOUND, "there is no user called %.100s", name);
    } else {
        uuid_new(u->id);
        str_copy(u->name, sizeof(u->name), "admin");
        str_copy(u->role, sizeof(u->role), role_names[ROLE_ADMIN]);
        u->created_at = clock_wall_ms();
    }
    free(list);
    return err;
}

enum lm_err auth_reset_password(const char *state_path, const char *migrations, const char *name, struct problem *p)
{
    char password[PASSWORD_MAX + 2] = "";
    struct user_row u = { 0 };
    struct state *s = NULL;
    enum lm_err err = sodium_init() < 0 ? LM_INTERNAL : accounts_open(state_path, migrations, &s, p);

    if (!err && !(err = choose(s, name, &u, p))) {
        fprintf(stderr, "A new password for %s (%s), who is signed out everywhere by it. Tokens of programs stay.\n", u.name, u.role);
        err = ask_password(password, p);
    }
    if (!err && !(err = password_make(password, u.password_hash, p))) {
        u.updated_at = clock_wall_ms();
        err = user_store(s, &u, true, NULL, p);
    }
    if (!err)
        printf("%s has a new password. A lumad that runs takes it within two seconds; nothing else of it stops.\n", u.name);
    sodium_memzero(password, sizeof(password));
    accounts_close(s);
    return err;
}
