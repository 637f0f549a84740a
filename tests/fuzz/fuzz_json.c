/* Any bytes as JSON: parse, write, parse again (the same text must come out), merge with itself. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const known[] = { "name", "id", NULL };
    json_t *v = NULL, *again = NULL, *merged;
    struct problem p = { 0 };

    if (json_parse((const char *)data, size, &v, &p))
        return 0;
    char *text = json_text(v);
    if (!text || json_parse(text, strlen(text), &again, &p))
        abort();
    char *text_again = json_text(again);
    if (!text_again || strcmp(text, text_again))
        abort();
    merged = json_merge_patch(v, again);
    json_only(v, known, &p);
    json_decref(merged);
    json_decref(v);
    json_decref(again);
    free(text);
    free(text_again);
    return 0;
}
