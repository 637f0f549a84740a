#include "../../tap.h"

#include <stdlib.h>

#include "api/multipart.h"

struct seen {
    char name[64], bytes[4096];
    size_t n;
    int begun;
    bool is_full;
};

static enum lm_err begin(void *ctx, const char *filename, struct problem *p)
{
    struct seen *s = ctx;

    (void)p;
    snprintf(s->name, sizeof(s->name), "%s", filename);
    s->begun++;
    return LM_OK;
}

static enum lm_err data(void *ctx, const void *bytes, size_t n, struct problem *p)
{
    struct seen *s = ctx;

    if (s->is_full)
        return problem_set(p, LM_FULL, "full");
    memcpy(s->bytes + s->n, bytes, n);
    s->n += n;
    return LM_OK;
}

/* Fed in pieces of `step` bytes. */
static enum lm_err feed(const char *body, size_t n, size_t step, struct seen *s)
{
    struct multipart *m = NULL;
    struct problem p = { 0 };
    enum lm_err err = multipart_new("multipart/form-data; boundary=\"AaB\"", &(struct multipart_sink){ begin, data, s }, &m, &p);

    for (size_t at = 0; !err && at < n; at += step)
        err = multipart_feed(m, body + at, at + step < n ? step : n - at, &p);
    if (!err)
        err = multipart_end(m, &p);
    multipart_free(m);
    return err;
}

static const char upload[] =
    "preamble\r\n--AaB\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n--AaB  \r\ncontent-disposition: form-data; name=\"file\"; filename=\"a \\\"b\\\".wav\"\r\n"
    "Content-Type: audio/wav\r\n\r\nR\r\n--Aa\r\n--AaX\r\r\n-\r\n\r\n--AaB\r\nContent-Disposition: form-data; name=\"g\"; filename=\"second\"\r\n\r\nno\r\n--AaB--\r\nepilogue";

TEST(the_file_comes_out_whole_however_it_is_cut)
{
    static const char want[] = "R\r\n--Aa\r\n--AaX\r\r\n-\r\n";

    for (size_t step = 1; step < sizeof(upload); step++) {
        struct seen s = { 0 };
        CHECK_INT(feed(upload, sizeof(upload) - 1, step, &s), LM_OK);
        CHECK_INT(s.begun, 1);
        CHECK_STR(s.name, "a \"b\".wav");
        CHECK_INT(s.n, sizeof(want) - 1);
        CHECK(!memcmp(s.bytes, want, s.n));
    }
}

TEST(an_empty_file_is_a_file)
{
    static const char body[] = "--AaB\r\nContent-Disposition: form-data; filename=x\r\n\r\n\r\n--AaB--";
    struct seen s = { 0 };

    CHECK_INT(feed(body, sizeof(body) - 1, 7, &s), LM_OK);
    CHECK_INT(s.begun, 1);
    CHECK_INT(s.n, 0);
}

TEST(what_breaks_off_is_refused)
{
    size_t whole = (size_t)(strstr(upload, "--AaB--") - upload) + 7;

    for (size_t n = 0; n < whole; n++) {
        struct seen s = { 0 };
        if (feed(upload, n, 5, &s) != LM_BAD_REQUEST)
            TAP_FAIL("cut at %d of %d is taken", (int)n, (int)whole);
    }
}

TEST(no_file_and_no_boundary_are_refused)
{
    static const char note[] = "--AaB\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n--AaB--\r\n";
    static const char *const types[] = {
        "multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"x",
        "multipart/form-data; boundary=01234567890123456789012345678901234567890123456789012345678901234567890"
    };
    struct seen s = { 0 };

    CHECK_INT(feed(note, sizeof(note) - 1, 100, &s), LM_BAD_REQUEST);
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        struct multipart *m = NULL;
        CHECK_INT(multipart_new(types[i], &(struct multipart_sink){ begin, data, &s }, &m, NULL), LM_BAD_REQUEST);
    }
}

TEST(what_the_sink_says_ends_it)
{
    struct seen s = { .is_full = true };

    CHECK_INT(feed(upload, sizeof(upload) - 1, 50, &s), LM_FULL);
}

TEST(a_head_without_end_is_refused)
{
    size_t n = 20000;
    char *body = malloc(n);
    struct seen s = { 0 };

    memset(body, 'a', n);
    memcpy(body, "--AaB\r\n", 7);
    enum lm_err err = feed(body, n, 1000, &s);
    free(body);
    CHECK_INT(err, LM_BAD_REQUEST);
}
