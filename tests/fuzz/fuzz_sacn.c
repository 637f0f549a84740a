/* Any series of bytes as sACN packets from others. */
#include "input_feed.h"

#include "dmx/sacn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sacn_data d;

    if (sacn_parse_data(data, size, &d) && (d.n > 512 || d.slots + d.n != data + size || !utf8_valid(d.name, strlen(d.name)) || d.universe < 1))
        abort();
    feed_input(input_sacn, data, size);
    return 0;
}
