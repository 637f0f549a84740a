/* Any bytes as a blob of Engine DJ, as they are and as what is packed in one: damaged, or a grid, cues and loops that make sense. The first byte says which. */
#include <stdint.h>
#include <zlib.h>

#include "analysis/dj_private.h"
#include "dj_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static bool read_blob(struct dj_reading *r, int which, const void *blob, size_t n)
{
    return which == 0 ? dj_engine_beats(r, blob, n) : which == 1 ? dj_engine_cues(r, blob, n, 44100) : which == 2 ? dj_engine_loops(r, blob, n, 48000) : dj_engine_rate(blob, n) > 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static unsigned char packed[1 << 20];
    struct dj_library *l = NULL;
    struct dj_reading r;
    struct problem p = { 0 };
    uLongf size = sizeof(packed) - 4;

    if (!n || dj_begin(&r, "engine", "/music", &p))
        return 0;
    int which = data[0] % 4;
    for (int pack = 0; pack < 2; pack++) {
        if (pack && compress2(packed + 4, &size, data + 1, (uLong)(n - 1), 1) != Z_OK)
            break;
        for (int i = 0; i < 4; i++)
            packed[i] = (unsigned char)((n - 1) >> 8 * (3 - i));
        dj_track_begin(&r);
        r.now.path = "a";
        if (!(pack ? read_blob(&r, which, packed, size + 4) : read_blob(&r, which, data + 1, n - 1)) && which < 3 && !r.now.trouble)
            abort();
        dj_track_end(&r);
    }
    if (!dj_end(&r, LM_OK, &l))
        check_library(l);
    dj_free(l);
    return 0;
}
