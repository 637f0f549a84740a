#include "../../tap.h"

#include <errno.h>

#include "core/err.h"
#include "core/str.h"

TEST(every_error_has_a_text_a_code_and_a_status)
{
    for (int i = 0; i < LM_ERR_COUNT; i++) {
        CHECK(lm_err_text(i)[0] && lm_err_code(i)[0]);
        CHECK(i == LM_OK ? lm_err_http(i) == 200 : lm_err_http(i) >= 400 && lm_err_http(i) < 600);
        for (const char *c = lm_err_code(i); *c; c++)
            CHECK(*c == '_' || (*c >= 'a' && *c <= 'z'));
        for (int j = 0; j < i; j++)
            CHECK(strcmp(lm_err_code(i), lm_err_code(j)));
    }
    CHECK_STR(lm_err_text(LM_NOT_FOUND), "Not found");
    CHECK_STR(lm_err_code(LM_NOT_FOUND), "not_found");
    CHECK_INT(lm_err_http(LM_NOT_FOUND), 404);
}

TEST(a_number_that_is_no_error_reads_as_internal)
{
    CHECK_STR(lm_err_code((enum lm_err)LM_ERR_COUNT), "internal");
    CHECK_INT(lm_err_http((enum lm_err)-1), 500);
}

TEST(errno_becomes_its_kind_and_else_io)
{
    CHECK_INT(lm_err_from_errno(0), LM_OK);
    CHECK_INT(lm_err_from_errno(ENOENT), LM_NOT_FOUND);
    CHECK_INT(lm_err_from_errno(ENOSPC), LM_FULL);
    CHECK_INT(lm_err_from_errno(ENOMEM), LM_NOMEM);
    CHECK_INT(lm_err_from_errno(EACCES), LM_FORBIDDEN);
    CHECK_INT(lm_err_from_errno(EEXIST), LM_CONFLICT);
    CHECK_INT(lm_err_from_errno(EIO), LM_IO);
    CHECK_INT(lm_err_from_errno(123456), LM_IO);
}

TEST(problem_set_sets_kind_and_sentence_and_returns_the_kind)
{
    struct problem p;

    memset(&p, 1, sizeof(p));
    problem_clear(&p);
    CHECK_INT(p.err, LM_OK);
    CHECK_INT(p.n + p.more, 0);
    CHECK_INT(problem_set(&p, LM_CONFLICT, "slot %d is %s", 7, "taken"), LM_CONFLICT);
    CHECK_INT(p.err, LM_CONFLICT);
    CHECK_STR(p.detail, "slot 7 is taken");
}

TEST(context_can_be_put_in_front_of_the_sentence)
{
    struct problem p = { 0 };

    problem_set(&p, LM_INVALID, "bad value");
    problem_set(&p, p.err, "lumad.conf:3: %s", p.detail);
    CHECK_STR(p.detail, "lumad.conf:3: bad value");
}

TEST(problem_add_lists_members_and_keeps_an_earlier_kind)
{
    struct problem p = { 0 };

    CHECK_INT(problem_add(&p, "/address", "must be %d to %d", 1, 512), LM_INVALID);
    CHECK_INT(p.err, LM_INVALID);
    CHECK_INT(p.n, 1);
    CHECK_STR(p.errors[0].path, "/address");
    CHECK_STR(p.errors[0].message, "must be 1 to 512");
    problem_clear(&p);
    problem_set(&p, LM_CONFLICT, "overlap");
    CHECK_INT(problem_add(&p, "", "whole"), LM_CONFLICT);
    CHECK_STR(p.detail, "overlap");
}

TEST(more_members_than_fit_are_counted)
{
    struct problem p = { 0 };

    for (int i = 0; i < PROBLEM_ERRORS + 5; i++)
        problem_add(&p, "/x", "%d", i);
    CHECK_INT(p.n, PROBLEM_ERRORS);
    CHECK_INT(p.more, 5);
    CHECK_STR(p.errors[PROBLEM_ERRORS - 1].message, "15");
}

TEST(long_texts_are_cut_between_characters)
{
    char wide[2 * PROBLEM_DETAIL + 1];
    struct problem p = { 0 };

    for (int i = 0; i < PROBLEM_DETAIL; i++)
        memcpy(wide + 2 * i, "\xC3\xA9", 3);
    problem_set(&p, LM_INVALID, "x%s", wide);
    problem_add(&p, wide, "x%s", wide);
    CHECK_INT(strlen(p.detail), PROBLEM_DETAIL - 1);
    CHECK(utf8_valid(p.detail, strlen(p.detail)));
    CHECK_INT(strlen(p.errors[0].message), PROBLEM_MESSAGE - 1);
    CHECK(utf8_valid(p.errors[0].message, strlen(p.errors[0].message)));
    CHECK(utf8_valid(p.errors[0].path, strlen(p.errors[0].path)));
}

TEST(a_cut_in_the_format_leaves_no_half_character)
{
    struct problem p = { 0 };

    problem_set(&p, LM_CONFLICT, "%.2s is there", "a\xC3\xA9");
    problem_add(&p, "/a\xC3", "%.2s is there", "a\xC3\xA9");
    CHECK_STR(p.detail, "a is there");
    CHECK_STR(p.errors[0].message, "a is there");
    CHECK_STR(p.errors[0].path, "/a");
}

TEST(no_problem_is_wanted_and_none_is_needed)
{
    problem_clear(NULL);
    CHECK_INT(problem_set(NULL, LM_BUSY, "x"), LM_BUSY);
    CHECK_INT(problem_add(NULL, "/x", "x"), LM_INVALID);
}
