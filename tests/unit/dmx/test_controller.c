/* What other controllers are told of lumad. */
#include "dmx/controller.h"

#include <stdlib.h>

#include "../../tap.h"

static struct artnet_reply pages[CONTROLLER_REPLIES];

static size_t make(const uint16_t *sent, size_t n, const uint16_t *merged, size_t m)
{
    return controller_pages(sent, n, merged, m, pages);
}

TEST(nothing_sent_is_one_reply_without_ports)
{
    CHECK_INT(make(NULL, 0, NULL, 0), 1);
    CHECK_INT(pages[0].n_ports, 0);
    CHECK_INT(pages[0].bind_index, 1);
}

TEST(up_to_four_ports_share_a_reply)
{
    static const uint16_t sent[] = { 0, 1, 2, 15 }, apart[] = { 15, 16, 0x7fff };

    CHECK_INT(make(sent, 4, NULL, 0), 1);
    CHECK_INT(pages[0].n_ports, 4);
    CHECK_INT(pages[0].ports[3].input, 15);
    CHECK(pages[0].ports[3].is_input && !pages[0].ports[3].is_output);
    CHECK_INT(make(apart, 3, NULL, 0), 3);                      /* another Sub-Net is another reply */
    CHECK_INT(pages[2].bind_index, 3);
    CHECK_INT(pages[2].ports[0].input, 0x7fff);
}

TEST(more_than_four_have_a_reply_each)
{
    uint16_t sent[600];

    for (size_t i = 0; i < 600; i++)
        sent[i] = (uint16_t)i;
    CHECK_INT(make(sent, 5, NULL, 0), 5);
    CHECK_INT(make(sent, 255, NULL, 0), 255);
    for (size_t i = 0; i < 255; i++) {
        CHECK_INT(pages[i].n_ports, 1);
        CHECK_INT(pages[i].ports[0].input, i);
        CHECK_INT(pages[i].bind_index, i + 1);
    }
    CHECK_INT(make(sent, 256, NULL, 0), 64);                    /* no more bind indexes: four in each again */
    CHECK_INT(pages[63].ports[3].input, 255);
    CHECK_INT(make(sent, 600, NULL, 0), 150);
}

TEST(more_than_can_be_shown)
{
    static uint16_t sent[2048];

    for (size_t i = 0; i < 2048; i++)
        sent[i] = (uint16_t)(i * 16);                           /* none shares a Sub-Net with another */
    CHECK_INT(make(sent, 2048, NULL, 0), 255);
    CHECK_INT(pages[254].ports[0].input, 254 * 16);
}

TEST(what_is_merged_is_an_output_port)
{
    static const uint16_t sent[] = { 1, 3 }, merged[] = { 0, 3, 17 };

    CHECK_INT(make(sent, 2, merged, 3), 2);
    CHECK_INT(pages[0].n_ports, 3);
    CHECK(pages[0].ports[0].is_output && !pages[0].ports[0].is_input);
    CHECK(pages[0].ports[1].is_input && !pages[0].ports[1].is_output);
    CHECK(pages[0].ports[2].is_input && pages[0].ports[2].is_output);
    CHECK_INT(pages[1].ports[0].output, 17);
    static const uint16_t five[] = { 0, 1, 2, 3, 4 };
    CHECK_INT(make(five, 5, five, 5), 5);                       /* five ports, not ten */
    CHECK(pages[4].ports[0].is_input && pages[4].ports[0].is_output);
}
