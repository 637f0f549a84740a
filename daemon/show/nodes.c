/* Art-Net nodes, as an operator sees them: who is there, and which of our universes nobody asks for. */
#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/json.h"
#include "core/str.h"
#include "dmx/output_control.h"
#include "show/state.h"

enum { MAX_OUTPUTS = 4096, SILENT_MS = 2 * NODES_POLL_MS + 500 };

/* Art-Net 4, table of style codes. */
static const char *const styles[] = { "node", "controller", "media", "route", "backup", "config", "visualiser" };

static json_t *address_json(const uint8_t a[4])
{
    char text[16];

    if (!(a[0] | a[1] | a[2] | a[3]))
        return json_null();
    snprintf(text, sizeof(text), "%d.%d.%d.%d", a[0], a[1], a[2], a[3]);
    return json_string(text);
}

static json_t *mac_json(const uint8_t m[6])
{
    char text[18];

    if (!(m[0] | m[1] | m[2] | m[3] | m[4] | m[5]))
        return json_null();
    snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
    return json_string(text);
}

static void add_port(json_t *list, int address, const char *direction, const struct artnet_port *p)
{
    json_array_append_new(list, json_pack("{s:i, s:s, s:b, s:b}", "port_address", address, "direction", direction, "active", (int)p->is_active, "dmx512",
                                          (int)(p->protocol == 0)));
}

static json_t *node_json(const struct node *n, int64_t now)
{
    const struct artnet_reply *r = &n->reply;
    char ip[INET_ADDRSTRLEN] = "", interface[IF_NAMESIZE] = "";
    json_t *ports = json_array();

    inet_ntop(AF_INET, &n->ip, ip, sizeof(ip));
    for (size_t i = 0; i < r->n_ports; i++) {
        if (r->ports[i].is_output)
            add_port(ports, r->ports[i].output, "output", &r->ports[i]);
        if (r->ports[i].is_input)
            add_port(ports, r->ports[i].input, "input", &r->ports[i]);
    }
    return json_pack("{s:s, s:i, s:s, s:s, s:o, s:o, s:o, s:s, s:s, s:s, s:o, s:o}", "ip", ip, "bind_index", (int)r->bind_index, "name", r->name, "long_name",
                     r->long_name, "mac", mac_json(r->mac), "bind_ip", address_json(r->bind_ip), "interface",
                     n->ifindex && if_indextoname(n->ifindex, interface) ? json_string(interface) : json_null(), "style",
                     r->style < sizeof(styles) / sizeof(styles[0]) ? styles[r->style] : "other", "report", r->report, "status",
                     now - n->seen_ns < SILENT_MS * INT64_C(1000000) ? "online" : "silent", "last_seen", json_instant(n->seen_ms), "ports", ports);
}

json_t *show_nodes(struct show *s)
{
    struct node *list = calloc(NODES_MAX, sizeof(*list));
    json_t *items = json_array();
    int64_t now = clock_mono_ns();

    for (size_t i = 0, n = list ? nodes_list(outputs_nodes(s->o.outputs), list, NODES_MAX) : 0; i < n; i++)
        json_array_append_new(items, node_json(&list[i], now));
    free(list);
    return items;
}

/* ---- universes nobody asks for ---- */

void show_check_nodes(struct show *s)
{
    struct output_stats *stats = calloc(MAX_OUTPUTS, sizeof(*stats));
    int *unheard = calloc(MAX_OUTPUTS, sizeof(*unheard));
    size_t n = stats && unheard && s->now.outputs ? output_set_stats(shared_get(s->now.outputs), stats, MAX_OUTPUTS) : 0, count = 0;
    char text[120];

    for (size_t i = 0; i < n; i++)
        if (stats[i].state == OUTPUT_NO_NODE)
            unheard[count++] = stats[i].universe;
    if (count) {
        str_number_list(text, sizeof(text), unheard, count);
        warnings_raise(s->o.warnings, "artnet.unheard", "warn",
                       "No Art-Net node asks for universe %s, so it is not sent. Set the node's port-address to the output's, or the output's destination to the node's address.",
                       text);
    } else {
        warnings_lower(s->o.warnings, "artnet.unheard");
    }
    free(stats);
    free(unheard);
}
