/* Any bytes as a table: refused with a line, or fields that are written and read again the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct csv csv, again;
    struct problem p = { 0 };
    struct str s = { 0 };

    if (csv_parse((const char *)data, n, &csv, &p)) {
        if (p.err != LM_BAD_REQUEST || p.n != 1 || strncmp(p.errors[0].path, "/lines/", 7))
            abort();
        csv_clear(&csv);
        return 0;
    }
    for (size_t i = 0; i < csv.n_records; i++) {
        const struct csv_record *r = &csv.records[i];
        if (!r->n || !r->line || (i && r->line <= csv.records[i - 1].line))
            abort();
        for (size_t k = 0; k < r->n; k++)
            csv_add(&s, !k, csv.fields[r->first + k]);
        csv_end(&s);
    }
    /* A record of one empty field is written as an empty line, which is none. */
    if (s.data && csv_parse(s.data, s.len, &again, &p))
        abort();
    if (s.data) {
        for (size_t i = 0, k = 0; i < csv.n_records; i++) {
            const struct csv_record *r = &csv.records[i];
            if (r->n == 1 && !*csv.fields[r->first])
                continue;
            if (k == again.n_records || again.records[k].n != r->n)
                abort();
            for (size_t f = 0; f < r->n; f++)
                if (strcmp(csv.fields[r->first + f], again.fields[again.records[k].first + f]))
                    abort();
            k++;
        }
        csv_clear(&again);
    }
    str_clear(&s);
    csv_clear(&csv);
    return 0;
}
