#pragma once
/*
 * Comma-separated text (RFC 4180), as spreadsheets write it: where fields are parted by semicolons or tabs instead, the first line tells (whichever of
 * the three comes first in it, or a line "sep=;" before it). Lines end in CRLF, LF or CR; a field in quotes may hold separators, line ends and doubled
 * quotes; a byte order mark and empty lines are passed over. Anything else is refused with its line: a quote in the middle of a field, text behind a
 * closing quote, a quote that is never closed, text that is not UTF-8.
 *
 * THREADS  Pure.   MEMORY  Everything belongs to the struct csv; csv_clear() after success and failure.
 */
#include <stddef.h>

#include "core/err.h"
#include "core/str.h"

struct csv_record { size_t line, first, n; };           /* line: 1-based, where it begins; its fields are fields[first .. first + n - 1] */
struct csv {
    char *text;
    const char **fields;       size_t n_fields;
    struct csv_record *records; size_t n_records;
    char separator;                     /* ',', ';' or '\t' */
};

/* LM_BAD_REQUEST: "/lines/7" in p->errors. LM_NOMEM. */
enum lm_err csv_parse(const char *text, size_t n, struct csv *csv, struct problem *p);
void csv_clear(struct csv *csv);
/* One field, in quotes where it needs them; a comma before it unless it is the first of its line. csv_end() ends the line. */
void csv_add(struct str *s, bool is_first, const char *field);
void csv_end(struct str *s);
