/* Decodes what FFmpeg's libraries know and libsndfile does not. Its options and what it prints: decode.h. A program of its own also because of their licence, which may be the GPL. */
#include "decode.h"

const char source_worker[] = "av_worker";
const struct source_library *const source_libraries[] = { &source_av, NULL };

int main(int argc, char **argv)
{
    return decode_main(argc, argv);
}
