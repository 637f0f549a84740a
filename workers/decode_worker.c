/* Decodes what libsndfile and mpg123 know. Its options and what it prints: decode.h. */
#include "decode.h"

const char source_worker[] = "decode_worker";
const struct source_library *const source_libraries[] = { &source_mpg123, &source_sndfile, NULL };

int main(int argc, char **argv)
{
    return decode_main(argc, argv);
}
