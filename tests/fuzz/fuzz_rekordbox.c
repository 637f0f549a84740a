/* Any bytes as rekordbox's XML: refused in words, or tracks, grids and cues that make sense. */
#include <stdint.h>

#include "dj_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    check_text_file(data, n);
    return 0;
}
