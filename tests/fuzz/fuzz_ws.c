/* A text message of the WebSocket. */
#include <stdint.h>
#include <stdlib.h>

#include "ws/topics.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct message m;
    struct problem p;
    enum lm_err err = message_parse((const char *)data, size, &m, &p);

    if (err) {
        if (!p.detail[0] && !p.n) /* whatever is refused is refused with a reason */
            abort();
        return 0;
    }
    if (m.n_dmx > MESSAGE_DMX_MAX || m.max_fps < 0 || m.max_fps > FPS_MAX || m.topics >> TOPICS)
        abort();
    return 0;
}
