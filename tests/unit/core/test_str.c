#include "../../tap.h"

#include <stdlib.h>

#include "core/str.h"

TEST(a_string_grows_and_is_handed_over)
{
    struct str s = { 0 };

    for (int i = 0; i < 1000; i++)
        str_addf(&s, "%d,", i);
    CHECK_INT(s.len, 3890);
    CHECK_INT(strlen(s.data), s.len);
    char *text = str_take(&s);
    bool is_right = !strncmp(text, "0,1,2,", 6) && !strcmp(text + 3886, "999,");
    free(text);
    CHECK(is_right);
    CHECK(!s.data && !s.len && !s.cap);
}

TEST(nothing_taken_is_an_empty_text)
{
    struct str s = { 0 };
    char *text = str_take(&s);
    bool is_empty = text && !*text;

    free(text);
    CHECK(is_empty);
}

TEST(memory_with_nuls_and_empty_adds)
{
    struct str s = { 0 };

    str_add_mem(&s, "a\0b", 3);
    str_add(&s, "");
    str_addf(&s, "%s", "");
    bool is_right = s.len == 3 && !memcmp(s.data, "a\0b", 4);
    str_clear(&s);
    CHECK(is_right);
    CHECK(!s.data);
    str_clear(&s);
}

TEST(after_a_failed_allocation_the_rest_is_dropped)
{
    struct str s = { 0 };

    str_add(&s, "abc");
    s.failed = true;
    str_add(&s, "def");
    str_addf(&s, "%d", 1);
    CHECK_INT(s.len, 3);
    CHECK(!str_take(&s));
    CHECK(!s.failed && !s.data);
}

TEST(copies_are_cut_between_characters)
{
    char out[5];

    CHECK(str_copy(out, sizeof(out), "abcd"));
    CHECK_STR(out, "abcd");
    CHECK(!str_copy(out, sizeof(out), "abc\xC3\xA9"));
    CHECK_STR(out, "abc");
    CHECK(!str_copy(out, sizeof(out), "a\xF0\x9F\x98\x80"));
    CHECK_STR(out, "a");
    CHECK(!str_copy(out, 1, "x"));
    CHECK_STR(out, "");
    CHECK(!str_copy(out, 0, "x"));
}

TEST(prefixes)
{
    CHECK(str_starts("stems/bass", "stems/"));
    CHECK(str_starts("x", ""));
    CHECK(!str_starts("ste", "stems"));
}

TEST(utf8_takes_what_unicode_takes)
{
    static const struct {
        const char *text;
        bool is_valid;
    } rows[] = {
        { "", true },                   { "abc \x7F", true },           { "\xC3\xA9", true },
        { "\xE2\x82\xAC", true },       { "\xED\x9F\xBF", true },       { "\xEE\x80\x80", true },
        { "\xF0\x9F\x98\x80", true },   { "\xF4\x8F\xBF\xBF", true },
        { "\x80", false },              { "\xC3", false },              { "\xC0\x80", false },
        { "\xC1\xBF", false },          { "\xE0\x9F\xBF", false },      { "\xED\xA0\x80", false },
        { "\xF0\x8F\xBF\xBF", false },  { "\xF4\x90\x80\x80", false },  { "\xF5\x80\x80\x80", false },
        { "\xE2\x82", false },          { "\xE2\x82z", false },         { "a\xFF", false },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (utf8_valid(rows[i].text, strlen(rows[i].text)) != rows[i].is_valid) {
            TAP_FAIL("row %zu", i);
            return;
        }
    CHECK(!utf8_valid("a\0b", 3));
    CHECK_INT(utf8_step("\xF0\x9F\x98\x80x", 5), 4);
    CHECK_INT(utf8_step("\xF0\x9F\x98\x80", 3), 0);
    CHECK_INT(utf8_step("x", 0), 0);
}

TEST(snake_case_as_group_names_use_it)
{
    static const struct {
        const char *in, *want;
    } rows[] = {
        { "Front Truss", "front_truss" }, { "  PAR--64 (left) ", "par_64_left" }, { "caf\xC3\xA9 bar", "caf_bar" },
        { "", "" },                       { "---", "" },                          { "a", "a" },
    };
    char out[64];

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        str_snake(out, sizeof(out), rows[i].in);
        CHECK_STR(out, rows[i].want);
    }
    str_snake(out, 4, "abc def");
    CHECK_STR(out, "abc");
    str_snake(out, 5, "abc def");
    CHECK_STR(out, "abc");              /* "abc_" would end in a '_' */
    str_snake(out, 6, "abc def");
    CHECK_STR(out, "abc_d");
}

TEST(a_text_field_of_a_packet_is_text_whatever_it_holds)
{
    static const struct { const char *field, *text; } rows[] = {
        { "abcdefgh", "abcdefg" }, { "abcdefg\0", "abcdefg" }, { "abc\0efgh", "abc" }, { "\0bcdefgh", "" }, { "a\nb\x7f" "c\0\0\0", "a b c" },
        { "a\xff" "b\xc3" "c\0\0\0", "a?b?c" }, { "abcdef\xc3\xa4", "abcdef" }, { "abcde\xc3\xa4z", "abcde\xc3\xa4" }, { "abcdef\xf0\x9f", "abcdef?" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *field = malloc(8), *out = malloc(8);      /* nothing behind either is touched */
        memcpy(field, rows[i].field, 8);
        utf8_tidy(out, field, 8);
        CHECK_STR(out, rows[i].text);
        free(field), free(out);
    }
}

TEST(numbers_are_listed_as_ranges)
{
    static const struct { int n, numbers[8]; size_t size; const char *text; } rows[] = {
        { 0, { 0 }, 40, "" }, { 1, { 7 }, 40, "7" }, { 5, { 7, 1, 3, 2, 2 }, 40, "1-3, 7" }, { 3, { 5, 5, 5 }, 40, "5" }, { 4, { 1, 3, 5, 7 }, 40, "1, 3, 5, 7" },
        { 4, { 100, 300, 500, 700 }, 17, "100, 300 ..." },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[40];
        int numbers[8];
        memcpy(numbers, rows[i].numbers, sizeof numbers);
        str_number_list(text, rows[i].size, numbers, (size_t)rows[i].n);
        CHECK_STR(text, rows[i].text);
    }
}

TEST(halves_of_characters_are_taken_out)
{
    static const char *const rows[][2] = { { "", "" }, { "as it is \xC3\xA9\n", "as it is \xC3\xA9\n" }, { "cut \xC3", "cut " },
                                           { "\xE2\x82 and \xF0\x9F\x92, \xA9", " and , " }, { "\xFF", "" } };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *s = strdup(rows[i][0]);
        utf8_mend(s);
        CHECK_STR(s, rows[i][1]);
        free(s);
    }
}

TEST(distance_is_levenshteins_up_to_max)
{
    char a[301], b[301];

    CHECK_INT(str_distance("kitten", "sitting", 10), 3);
    CHECK_INT(str_distance("", "abc", 10), 3);
    CHECK_INT(str_distance("abc", "", 10), 3);
    CHECK_INT(str_distance("same", "same", 10), 0);
    CHECK_INT(str_distance("flaw", "lawn", 10), 2);
    CHECK_INT(str_distance("kitten", "sitting", 2), 2);
    CHECK_INT(str_distance("a", "zzzzzzzzzzzz", 4), 4);
    CHECK_INT(str_distance("a", "b", 0), 0);
    memset(a, 'x', 300), memset(b, 'x', 300);
    a[0] = 'a', a[150] = 'q', a[299] = 'z', a[300] = b[300] = 0;
    CHECK_INT(str_distance(a, b, 10), 3);
}
