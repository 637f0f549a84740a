/* What a row of outputs must look like before it is stored. Pure. */
#include <arpa/inet.h>
#include <string.h>

#include "core/str.h"
#include "dmx/output.h"

const char *const output_protocol_names[] = { "artnet", "sacn", "enttec_pro", "null", NULL };

static bool is_unicast(const char *text)
{
    struct in_addr a;

    if (inet_pton(AF_INET, text, &a) != 1)
        return false;
    uint32_t ip = ntohl(a.s_addr);
    return ip >> 24 != 0 && (ip >> 28 < 14 || ip == INADDR_BROADCAST);
}

/* What the kernel takes for a name (dev_valid_name), in ASCII; "" is none. An interface that is not there now may come later. */
static bool is_interface_name(const char *text)
{
    for (const char *c = text; *c; c++)
        if (*c <= ' ' || *c >= 0x7f || *c == '/' || *c == ':')
            return false;
    return strcmp(text, ".") && strcmp(text, "..");
}

/* A path; it may not be plugged in yet. That it is a serial port is seen before it is opened (widget_port.c). */
static bool is_device(const char *text)
{
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return false;
    return text[0] == '/' && text[1] && utf8_valid(text, strlen(text));
}

static enum lm_err check_destination(const struct output_row *row, struct problem *p)
{
    const char *to = row->destination;

    switch (row->protocol) {
    case OUTPUT_ARTNET: case OUTPUT_SACN: {
        const char *word = row->protocol == OUTPUT_ARTNET ? "broadcast" : "multicast";
        return !*to || !strcmp(to, word) || is_unicast(to)
                   ? LM_OK : problem_add(p, "/destination", "a destination is an IPv4 address, \"%s\" or null", word);
    }
    case OUTPUT_ENTTEC_PRO:
        return !*to || is_device(to)
                   ? LM_OK : problem_add(p, "/destination", "a destination is a serial device like /dev/ttyUSB0, or null: the first that is found");
    default:
        return *to ? problem_add(p, "/destination", "a null output has no destination") : LM_OK;
    }
}

enum lm_err output_check(const struct output_row *row, struct problem *p)
{
    static const int sync_max[] = { [OUTPUT_ARTNET] = 1, [OUTPUT_SACN] = DMX_MAX_UNIVERSE, [OUTPUT_NULL] = 0 };
    bool artnet = row->protocol == OUTPUT_ARTNET;
    enum lm_err err;

    if ((unsigned)row->protocol >= OUTPUT_PROTOCOLS)
        return problem_add(p, "/protocol", "a protocol is artnet, sacn, enttec_pro or null");
    err = check_destination(row, p);
    if (row->universe < 1 || row->universe > DMX_MAX_UNIVERSE)
        err = problem_add(p, "/universe", "a universe is 1 to %d", DMX_MAX_UNIVERSE);
    if (!is_interface_name(row->interface))
        err = problem_add(p, "/interface", "an interface is named like eth0: without spaces, slashes and colons");
    if (artnet && (row->port_address < -1 || row->port_address > 32767))
        err = problem_add(p, "/port_address", "an Art-Net port-address is 0 to 32767");
    if (artnet && row->port_address == -1 && row->universe > 32768)
        err = problem_add(p, "/port_address", "universe %d needs an Art-Net port-address of 0 to 32767", row->universe);
    if (row->protocol == OUTPUT_SACN && (row->priority < 0 || row->priority > 200))
        err = problem_add(p, "/priority", "a priority is 0 to 200");
    if (row->preview && row->protocol != OUTPUT_SACN)
        err = problem_add(p, "/transmit", "only sACN can mark what it sends as a preview");
    if (row->sync < 0 || row->sync > sync_max[row->protocol])
        err = problem_add(p, "/sync", artnet ? "sync is 0 or 1" : row->protocol == OUTPUT_SACN ? "sync is 0 or a universe of 1 to 63999" : "sync is 0 here");
    return err;
}
