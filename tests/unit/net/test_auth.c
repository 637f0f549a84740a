#include "../db/dbtest.h"

#include <arpa/inet.h>

#include "net/audit.h"
#include "net/auth.h"

#define DAY 86400000LL

static int64_t wall = 1800000000000;

static int64_t wall_ms(void)
{
    return wall;
}

/* Each test has a database and accounts of its own; passwords cost 0.1 s each. */
static struct db *db;
static struct auth *auth;
static char warned[64];

static void warn(void *ctx, const char *id, const char *level, const char *text)
{
    (void)ctx, (void)level;
    if (text)
        snprintf(warned, sizeof(warned), "%s", id);
    else if (!strcmp(warned, id))
        warned[0] = '\0';
}

static bool begin(bool is_open)
{
    clock_set_for_test(NULL, wall_ms);
    warned[0] = '\0';
    db = test_open();
    return db && !auth_start(&(struct auth_options){ .db = db, .is_open = is_open, .warn = warn }, &auth, &problem);
}

static void end(void)
{
    auth_stop(auth);
    db_close(db);
    auth = NULL, db = NULL;
}

static struct caller ask(const char *address, const char *cookie, const char *bearer, bool is_forwarded)
{
    struct sockaddr_in a = { .sin_family = AF_INET };
    char header[2][128];
    struct caller c;

    inet_pton(AF_INET, address, &a.sin_addr);
    snprintf(header[0], sizeof(header[0]), "lumad_session=%s", cookie ? cookie : "");
    snprintf(header[1], sizeof(header[1]), "Bearer %s", bearer ? bearer : "");
    auth_identify(auth, &(struct asker){ .addr = (struct sockaddr *)&a, .is_forwarded = is_forwarded, .cookie = cookie ? header[0] : NULL, .authorization = bearer ? header[1] : NULL }, &c);
    return c;
}

static enum lm_err set_up(struct signed_in *in)
{
    struct caller here = ask("127.0.0.1", NULL, NULL, false);

    problem_clear(&problem);
    return auth_setup(auth, &(struct attempt){ .from = &here }, NULL, "admin", "12345678", in, &problem);
}

static enum lm_err enter(const char *name, const char *password, struct signed_in *in)
{
    struct caller from = ask("10.0.0.9", NULL, NULL, false);

    problem_clear(&problem);
    return auth_sign_in(auth, &(struct attempt){ .from = &from }, name, password, in, &problem);
}

TEST(before_a_password_this_machine_is_admin_and_afterwards_nobody_is)
{
    struct signed_in in;

    CHECK(begin(false));
    CHECK_INT(ask("127.0.0.1", NULL, NULL, false).role, ROLE_ADMIN);
    CHECK_INT(ask("127.0.0.1", NULL, NULL, true).role, ROLE_NONE);
    CHECK_INT(ask("10.0.0.1", NULL, NULL, false).role, ROLE_NONE);
    CHECK_INT(ask("127.0.0.1", NULL, "nonsense", false).role, ROLE_NONE);       /* whoever shows something shows the right thing */
    struct caller before = ask("127.0.0.1", NULL, NULL, false);
    CHECK(auth_holds(auth, &before));
    CHECK_INT(set_up(&in), LM_OK);
    CHECK(!auth_holds(auth, &before));
    CHECK_INT(ask("127.0.0.1", NULL, NULL, false).role, ROLE_NONE);
    struct caller c = ask("10.0.0.1", in.secret, NULL, true);
    CHECK(c.role == ROLE_ADMIN && c.via == VIA_SESSION && c.is_cookie);
    CHECK_INT(ask("10.0.0.1", NULL, in.secret, false).role, ROLE_ADMIN);
    CHECK_INT(ask("10.0.0.1", in.secret, "nonsense", false).role, ROLE_NONE);   /* a bearer counts alone */
    CHECK_INT(set_up(&in), LM_CONFLICT);
    end();
}

TEST(who_listens_to_the_network_without_a_password_is_warned)
{
    struct signed_in in;

    CHECK(begin(true));
    CHECK_STR(warned, "auth.no_password");
    CHECK_INT(set_up(&in), LM_OK);
    CHECK_STR(warned, "");
    end();
}

TEST(wrong_codes_wait_like_wrong_passwords)
{
    struct caller far;
    struct signed_in in;
    enum lm_err err = LM_OK;

    CHECK(begin(true));
    far = ask("10.0.0.1", NULL, NULL, false);
    struct attempt t = { .from = &far };
    CHECK_INT(auth_setup(auth, &t, NULL, "admin", "12345678", &in, &problem), LM_UNAUTHORIZED);
    for (int i = 0; i < 5; i++)
        err = auth_setup(auth, &t, "0000-0000", "admin", "12345678", &in, &problem);
    CHECK_INT(err, LM_RATE_LIMITED);
    CHECK_INT(t.wait_s, 1);
    struct caller other = ask("10.0.0.2", NULL, NULL, false);   /* from elsewhere too: it is one code */
    CHECK_INT(auth_setup(auth, &(struct attempt){ .from = &other }, "0000-0000", "admin", "12345678", &in, &problem), LM_RATE_LIMITED);
    CHECK(auth_needs_setup(auth));
    end();
}

TEST(a_session_lasts_thirty_days_from_its_last_use_on)
{
    struct signed_in in;
    int64_t start = wall;

    CHECK(begin(false));
    CHECK_INT(set_up(&in), LM_OK);
    wall += DAY / 2;
    CHECK(!ask("10.0.0.1", in.secret, NULL, false).is_renewed);         /* to the day */
    wall += DAY * 29;
    struct caller c = ask("10.0.0.1", in.secret, NULL, false);
    CHECK(c.role == ROLE_ADMIN && c.is_renewed && c.expires_ms == wall + 30 * DAY);
    CHECK(auth_holds(auth, &c) && ask("10.0.0.1", in.secret, NULL, false).is_renewed);  /* a page or a socket was first, and has no way to tell the browser */
    auth_told(auth, &c);
    CHECK(!ask("10.0.0.1", in.secret, NULL, false).is_renewed);
    wall += DAY * 29;
    CHECK(auth_holds(auth, &c));        /* an open socket is use */
    wall += DAY * 29;
    CHECK(auth_holds(auth, &c));
    wall += DAY * 31;
    CHECK(!auth_holds(auth, &c));
    CHECK_INT(ask("10.0.0.1", in.secret, NULL, false).role, ROLE_NONE);
    wall = start;
    end();
}

TEST(a_token_is_for_less_than_its_user_and_ends_when_it_says)
{
    struct signed_in in;
    json_t *token = NULL, *user = NULL;
    char secret[SECRET_SIZE];

    CHECK(begin(false));
    CHECK_INT(set_up(&in), LM_OK);
    struct caller admin = ask("10.0.0.1", in.secret, NULL, false);
    CHECK_INT(auth_token_add(auth, &admin, "bridge", ROLE_OPERATOR, 1, &token, &problem), LM_OK);
    snprintf(secret, sizeof(secret), "%s", json_get_text(token, "token", ""));
    json_decref(token);
    struct caller c = ask("10.0.0.1", NULL, secret, false);
    CHECK(c.role == ROLE_OPERATOR && c.user_role == ROLE_ADMIN && c.via == VIA_TOKEN);
    CHECK_INT(ask("10.0.0.1", secret, NULL, false).role, ROLE_NONE);    /* no cookie */
    token = NULL;
    CHECK_INT(auth_token_add(auth, &c, "more", ROLE_VIEWER, 0, &token, &problem), LM_FORBIDDEN);

    /* Its user becomes a viewer: so does the token. */
    CHECK_INT(auth_user_add(auth, &admin, &(struct user_wish){ "eve", "12345678", "admin" }, &user, &problem), LM_OK);
    json_decref(user);
    user = NULL;
    CHECK_INT(auth_user_change(auth, &admin, admin.user_id, &(struct user_wish){ .role = "viewer" }, &user, &problem), LM_OK);
    json_decref(user);
    CHECK(!auth_holds(auth, &c));
    CHECK_INT(ask("10.0.0.1", NULL, secret, false).role, ROLE_VIEWER);
    CHECK_INT(ask("10.0.0.1", in.secret, NULL, false).role, ROLE_VIEWER);       /* one's own session goes on */
    wall += DAY + 1;
    CHECK_INT(ask("10.0.0.1", NULL, secret, false).role, ROLE_NONE);
    wall -= DAY + 1;
    end();
}

TEST(what_was_signed_in_is_after_a_restart_and_what_ended_is_not)
{
    struct signed_in a, b;

    CHECK(begin(false));
    CHECK_INT(set_up(&a), LM_OK);
    CHECK_INT(enter("ADMIN", "12345678", &b), LM_OK);
    CHECK_INT(enter("admin", "12345679", &b), LM_UNAUTHORIZED);
    CHECK_INT(enter("nobody", "12345678", &b), LM_UNAUTHORIZED);
    CHECK_INT(enter("admin", "12345678", &b), LM_OK);
    struct caller c = ask("10.0.0.1", b.secret, NULL, false);
    CHECK_INT(auth_sign_out(auth, &c, &problem), LM_OK);
    CHECK(!auth_holds(auth, &c));
    auth_stop(auth);
    CHECK_INT(auth_start(&(struct auth_options){ .db = db }, &auth, &problem), LM_OK);
    CHECK_INT(ask("10.0.0.1", a.secret, NULL, false).role, ROLE_ADMIN);
    CHECK_INT(ask("10.0.0.1", b.secret, NULL, false).role, ROLE_NONE);
    end();
}

TEST(one_user_has_thirty_sessions_and_the_unused_goes)
{
    struct signed_in first, in;

    CHECK(begin(false));
    CHECK_INT(set_up(&first), LM_OK);
    for (int i = 0; i < 30; i++) {
        wall += 1000;
        CHECK_INT(enter("admin", "12345678", &in), LM_OK);
    }
    CHECK_INT(ask("10.0.0.1", first.secret, NULL, false).role, ROLE_NONE);
    CHECK_INT(ask("10.0.0.1", in.secret, NULL, false).role, ROLE_ADMIN);
    end();
}

TEST(who_floods_hides_nothing)
{
    struct caller who = { .role = ROLE_OPERATOR, .name = "ann", .address = "10.0.0.1" };
    json_t *page = NULL;
    char id[24];
    int again_ms;

    db = test_open();
    CHECK(db);
    struct audit *a = audit_new(db);
    for (int i = 0; i < 2000; i++) {
        snprintf(id, sizeof(id), "%d", i);
        audit_add(a, &who, "POST /venues", "venues", id, NULL);
        if (i % 100 == 99)
            CHECK_INT(audit_flush(a, &again_ms), LM_OK);
    }
    struct db_conn *c = db_reader_take(db);
    CHECK_INT(audit_page(c, "lost", NULL, 10, &page, &problem), LM_OK);
    CHECK_INT(json_array_size(json_object_get(page, "items")), 0);
    json_decref(page);
    CHECK_INT(audit_page(c, NULL, NULL, 1, &page, &problem), LM_OK);
    CHECK_STR(json_get_text(json_array_get(json_object_get(page, "items"), 0), "row_id", ""), "1999");
    json_decref(page);
    db_reader_put(db, c);
    audit_free(a);
    db_close(db);
}

TEST(a_fader_is_one_line_and_another_thing_is_another)
{
    struct caller who = { .role = ROLE_OPERATOR, .name = "ann", .address = "10.0.0.1" };
    json_t *page = NULL, *items;

    db = test_open();
    CHECK(db);
    struct audit *a = audit_new(db);
    for (int i = 0; i < 50; i++) {
        audit_add(a, &who, "POST /show/master", "show", NULL, json_pack("{s:f}", "level", i / 50.0));
        if (i == 20)
            CHECK_INT(audit_flush(a, NULL), LM_OK);
    }
    audit_add(a, &who, "PATCH /fixtures/{id}", "fixtures", "x", json_pack("{s:i}", "address", 1));
    audit_add(a, &who, "PATCH /fixtures/{id}", "fixtures", "x", json_pack("{s:s}", "label", "a"));
    audit_add(a, &who, "PATCH /fixtures/{id}", "fixtures", "y", json_pack("{s:s}", "label", "a"));
    CHECK_INT(audit_flush(a, NULL), LM_OK);
    struct db_conn *c = db_reader_take(db);
    CHECK_INT(audit_page(c, NULL, NULL, 3, &page, &problem), LM_OK);
    items = json_object_get(page, "items");
    CHECK_INT(json_array_size(items), 3);
    CHECK_STR(json_get_text(json_array_get(items, 0), "row_id", ""), "y");
    char *next = strdup(json_get_text(page, "next", ""));
    json_decref(page);
    CHECK_INT(audit_page(c, NULL, next, 3, &page, &problem), LM_OK);
    items = json_object_get(page, "items");
    CHECK_INT(json_array_size(items), 1);
    CHECK(json_is_null(json_object_get(page, "next")));
    json_t *detail = json_object_get(json_array_get(items, 0), "detail");
    CHECK_INT(json_get_int(detail, "times", 0), 50);
    CHECK_NEAR(json_get_real(detail, "level", 0), 0.98, 1e-9);
    json_decref(page);
    CHECK_INT(audit_page(c, "ANN fixtures addr", NULL, 10, &page, &problem), LM_OK);
    CHECK_INT(json_array_size(json_object_get(page, "items")), 1);
    json_decref(page);
    CHECK_INT(audit_page(c, NULL, "x", 10, &page, &problem), LM_BAD_REQUEST);
    db_reader_put(db, c);
    free(next);
    audit_free(a);
    db_close(db);
}
