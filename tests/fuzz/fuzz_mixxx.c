/* Any bytes as beats of Mixxx: damaged, or a grid that makes sense. The first byte says which version. */
#include <stdint.h>

#include "analysis/dj_private.h"
#include "dj_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const versions[] = { "BeatGrid-2.0", "BeatMap-1.0", "BeatGrid-1.0", "BeatGrid-3.0" };
    struct dj_library *l = NULL;
    struct dj_reading r;
    struct problem p = { 0 };

    if (!n || dj_begin(&r, "mixxx", "", &p))
        return 0;
    dj_track_begin(&r);
    r.now.path = "/a";
    if (!dj_mixxx_beats(&r, versions[data[0] % 4], data + 1, n - 1, 44100) && !r.now.trouble)
        abort();
    dj_track_end(&r);
    if (!dj_end(&r, LM_OK, &l))
        check_library(l);
    dj_free(l);
    return 0;
}
