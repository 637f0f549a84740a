#include "core/csv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    const char *at, *end;
    char *out;                  /* into csv->text: what is read is never longer than what stood there */
    size_t line;
    struct csv *csv;
    size_t fields_cap, records_cap;
};

static void *grow(void *list, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return list;
    void *grown = realloc(list, (*cap ? *cap * 2 : 64) * size);
    if (grown)
        *cap = *cap ? *cap * 2 : 64;
    return grown;
}

static enum lm_err wrong(const struct reader *r, struct problem *p, const char *what)
{
    char path[PROBLEM_PATH];

    snprintf(path, sizeof(path), "/lines/%zu", r->line);
    problem_set(p, LM_BAD_REQUEST, "Line %zu %s.", r->line, what);
    problem_add(p, path, "%s", what);
    return LM_BAD_REQUEST;
}

static bool at_line_end(const struct reader *r)
{
    return r->at == r->end || *r->at == '\n' || *r->at == '\r';
}

static void skip_line_end(struct reader *r)
{
    if (r->at == r->end)
        return;
    if (*r->at == '\r' && r->at + 1 < r->end && r->at[1] == '\n')
        r->at++;
    r->at++;
    r->line++;
}

static enum lm_err quoted(struct reader *r, struct problem *p)
{
    size_t opened = r->line;

    for (r->at++; r->at < r->end; r->at++) {
        if (*r->at == '"') {
            if (r->at + 1 == r->end || r->at[1] != '"') {
                r->at++;
                return at_line_end(r) || *r->at == r->csv->separator ? LM_OK : wrong(r, p, "has text behind a closing quote");
            }
            r->at++;
        }
        r->line += *r->at == '\n' || (*r->at == '\r' && (r->at + 1 == r->end || r->at[1] != '\n'));
        *r->out++ = *r->at;
    }
    r->line = opened;
    return wrong(r, p, "opens a quote that is never closed");
}

static enum lm_err field(struct reader *r, struct problem *p)
{
    struct csv *csv = r->csv;
    const char **fields = grow(csv->fields, csv->n_fields, &r->fields_cap, sizeof(*fields));
    enum lm_err err = LM_OK;

    if (!fields)
        return problem_set(p, LM_NOMEM, "no memory for a table");
    csv->fields = fields;
    csv->fields[csv->n_fields++] = r->out;
    if (r->at < r->end && *r->at == '"') {
        err = quoted(r, p);
    } else {
        while (!at_line_end(r) && *r->at != csv->separator && *r->at != '"')
            *r->out++ = *r->at++;
        if (!at_line_end(r) && *r->at == '"')
            err = wrong(r, p, "has a quote in the middle of a field");
    }
    return err;
}

static enum lm_err record(struct reader *r, struct problem *p)
{
    struct csv *csv = r->csv;
    struct csv_record *records = grow(csv->records, csv->n_records, &r->records_cap, sizeof(*records));
    struct csv_record now = { .line = r->line, .first = csv->n_fields };
    enum lm_err err;

    if (!records)
        return problem_set(p, LM_NOMEM, "no memory for a table");
    csv->records = records;
    for (;;) {
        if ((err = field(r, p)))
            return err;
        bool goes_on = !at_line_end(r);         /* at a separator: its place in the text is free for the field's end */
        if (goes_on)
            r->at++;
        else
            skip_line_end(r);
        *r->out++ = '\0';
        if (!goes_on)
            break;
    }
    now.n = csv->n_fields - now.first;
    csv->records[csv->n_records++] = now;
    return LM_OK;
}

static bool is_separator(char c)
{
    return c == ',' || c == ';' || c == '\t';
}

/* At the first line that is not empty: a spreadsheet's own word for it, or the first that stands outside of quotes. */
static void find_separator(struct reader *r)
{
    bool in_quotes = false;

    if (r->end - r->at >= 5 && !memcmp(r->at, "sep=", 4) && is_separator(r->at[4]) && (r->at + 5 == r->end || r->at[5] == '\n' || r->at[5] == '\r')) {
        r->csv->separator = r->at[4];
        r->at += 5;
        skip_line_end(r);
        return;
    }
    for (const char *c = r->at; c < r->end && (in_quotes || (*c != '\n' && *c != '\r')); c++)
        if (*c == '"') {
            in_quotes = !in_quotes;
        } else if (!in_quotes && is_separator(*c)) {
            r->csv->separator = *c;
            return;
        }
}

enum lm_err csv_parse(const char *text, size_t n, struct csv *csv, struct problem *p)
{
    struct reader r = { .at = text, .end = text + n, .line = 1, .csv = csv };
    enum lm_err err = LM_OK;

    *csv = (struct csv){ .separator = ',' };
    for (size_t i = 0, step; i < n; i += step) {
        if (!(step = utf8_step(text + i, n - i)))
            return wrong(&r, p, "is not UTF-8: save the table as \"CSV UTF-8\"");
        r.line += text[i] == '\n' || (text[i] == '\r' && (i + 1 == n || text[i + 1] != '\n'));
    }
    r.line = 1;
    if (!(csv->text = malloc(n + 1)))           /* the last field's end needs a byte that the text may not have */
        return problem_set(p, LM_NOMEM, "no memory for a table");
    r.out = csv->text;
    if (n >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
        r.at += 3;
    while (r.at < r.end && at_line_end(&r))
        skip_line_end(&r);
    find_separator(&r);
    while (!err && r.at < r.end)
        if (at_line_end(&r))
            skip_line_end(&r);
        else
            err = record(&r, p);
    return err;
}

void csv_clear(struct csv *csv)
{
    free(csv->text);
    free(csv->fields);
    free(csv->records);
    *csv = (struct csv){ 0 };
}

void csv_add(struct str *s, bool is_first, const char *text)
{
    /* What a file begins with must not be taken for its mark or for the word of a spreadsheet. */
    bool plain = !text[strcspn(text, ",;\t\"\r\n")] && !str_starts(text, "\xef\xbb\xbf") && !str_starts(text, "sep=");

    if (!is_first)
        str_add(s, ",");
    if (plain) {
        str_add(s, text);
        return;
    }
    str_add(s, "\"");
    for (; *text; text++) {
        if (*text == '"')
            str_add(s, "\"");
        str_add_mem(s, text, 1);
    }
    str_add(s, "\"");
}

void csv_end(struct str *s)
{
    str_add(s, "\r\n");
}
