#include "core/csv.h"
#include "../../tap.h"

/* Records as "a|b;c|d"; or the first error's path. */
static const char *read(const char *text, size_t n)
{
    static char out[512];
    struct csv csv;
    struct problem p;
    size_t at = 0;

    problem_clear(&p);
    out[0] = 0;
    if (csv_parse(text, n, &csv, &p)) {
        snprintf(out, sizeof(out), "%s", p.errors[0].path);
    } else {
        for (size_t i = 0; i < csv.n_records; i++) {
            at += (size_t)snprintf(out + at, sizeof(out) - at, "%s%zu:", i ? ";" : "", csv.records[i].line);
            for (size_t k = 0; k < csv.records[i].n; k++)
                at += (size_t)snprintf(out + at, sizeof(out) - at, "%s%s", k ? "|" : "", csv.fields[csv.records[i].first + k]);
        }
    }
    csv_clear(&csv);
    return out;
}

#define READ(text) read(text, sizeof(text) - 1)

TEST(records)
{
    CHECK_STR(READ(""), "");
    CHECK_STR(READ("a"), "1:a");
    CHECK_STR(READ("a,b\r\nc,d\r\n"), "1:a|b;2:c|d");
    CHECK_STR(READ("a,b\nc,d"), "1:a|b;2:c|d");
    CHECK_STR(READ("a\rb\r"), "1:a;2:b");
    CHECK_STR(READ("a,\n,b\n"), "1:a|;2:|b");
    CHECK_STR(READ("a,"), "1:a|");
    CHECK_STR(READ("\n\r\na\n\n"), "3:a");
    CHECK_STR(READ("\xef\xbb\xbf" "a,b"), "1:a|b");
    CHECK_STR(READ(" a , b "), "1: a | b ");
}

TEST(quotes)
{
    CHECK_STR(READ("\"a,b\",c"), "1:a,b|c");
    CHECK_STR(READ("\"say \"\"hi\"\"\",\"\""), "1:say \"hi\"|");
    CHECK_STR(READ("\"x\r\ny\nz\",1\nnext"), "1:x\r\ny\nz|1;4:next");
    CHECK_STR(READ("a\nb\"c\n"), "/lines/2");
    CHECK_STR(READ("a\n\"b\"c\n"), "/lines/2");
    CHECK_STR(READ("a\n\"b\nc\n"), "/lines/2");
    CHECK_STR(READ("\""), "/lines/1");
}

TEST(the_first_line_says_what_parts_fields)
{
    CHECK_STR(READ("a;b\n1,5;x\n"), "1:a|b;2:1,5|x");
    CHECK_STR(READ("a\tb;c\n1\t2;3\n"), "1:a|b;c;2:1|2;3");
    CHECK_STR(READ("a,b;c\n"), "1:a|b;c");
    CHECK_STR(READ("\xef\xbb\xbf\r\nsep=;\r\na;\"b;\"\"c\"\r\n"), "3:a|b;\"c");
    CHECK_STR(READ("sep=,\na;b,c\n"), "2:a;b|c");
    CHECK_STR(READ("sep=;"), "");
    CHECK_STR(READ("sep=x\na;b\n"), "1:sep=x;2:a;b");
    CHECK_STR(READ("\"a;b\",c\n"), "1:a;b|c");
    CHECK_STR(READ("\"a\"\"\";b\n"), "1:a\"|b");
    CHECK_STR(READ("one\na;b\n"), "1:one;2:a;b");
}

TEST(only_utf8)
{
    CHECK_STR(READ("a\nb\n\xe4"), "/lines/3");
    CHECK_STR(READ("a\0b"), "/lines/1");
}

TEST(a_field_is_no_word_about_separators)
{
    struct str s = { 0 };
    struct csv csv;

    CHECK_STR(READ("sep=,\nsep=,\n"), "2:sep=|");
    csv_add(&s, true, "sep=");
    csv_add(&s, false, "");
    csv_end(&s);
    CHECK_INT(csv_parse(s.data, s.len, &csv, NULL), LM_OK);
    CHECK_INT(csv.n_fields, 2);
    CHECK_STR(csv.fields[0], "sep=");
    csv_clear(&csv);
    str_clear(&s);
}

TEST(what_is_written_is_read)
{
    static const char *const fields[] = { "plain", "", "a,b", "\"", "two\r\nlines", "\xc3\xa4", "a;b", "a\tb" };
    struct str s = { 0 };
    struct csv csv;

    for (size_t i = 0; i < 8; i++)
        csv_add(&s, !i, fields[i]);
    csv_end(&s);
    CHECK_STR(s.data, "plain,,\"a,b\",\"\"\"\",\"two\r\nlines\",\xc3\xa4,\"a;b\",\"a\tb\"\r\n");
    CHECK_INT(csv_parse(s.data, s.len, &csv, NULL), LM_OK);
    CHECK_INT(csv.n_records, 1);
    CHECK_INT(csv.n_fields, 8);
    for (size_t i = 0; i < 8; i++)
        CHECK_STR(csv.fields[i], fields[i]);
    csv_clear(&csv);
    str_clear(&s);
}
