/* Any series of bytes as ArtDmx packets from others. */
#include "input_feed.h"

#include "dmx/artnet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct artnet_dmx d;

    if (artnet_parse_dmx(data, size, &d) && (d.n < 1 || d.n > 512 || d.slots + d.n > data + size || d.port_address < 0 || d.port_address > 32767))
        abort();
    feed_input(input_artnet, data, size);
    return 0;
}
