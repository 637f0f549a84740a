/* Others who send our universes: what REST shows of them, and the warning when two send the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/str.h"
#include "dmx/output_control.h"
#include "show/state.h"

enum { MAX_SOURCES = 512, MAX_SENDERS = 64, TEXT = 320 };

static json_t *number_or_null(int n)
{
    return n < 0 ? json_null() : json_integer(n);
}

/* Those of the universe, 0 = all, with a name where one is known. */
static size_t sources(struct show *s, int universe, struct input_source *x, size_t max)
{
    size_t n = input_sources(s->o.input, universe, x, max, clock_mono_ns());

    for (size_t i = 0; i < n; i++)
        if (x[i].protocol == OUTPUT_ARTNET)
            nodes_name(outputs_nodes(s->o.outputs), x[i].ip, x[i].name);
    return n;
}

json_t *show_sources(struct show *s, int universe)
{
    struct input_source x[2 * INPUT_SOURCES];
    json_t *list = json_array();
    size_t n = sources(s, universe, x, 2 * INPUT_SOURCES);

    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:o, s:o, s:I, s:f, s:I, s:b, s:b}", "protocol", output_protocol_names[x[i].protocol],
                                              "address", x[i].address, "name", x[i].name, "port_address", number_or_null(x[i].port_address), "priority",
                                              number_or_null(x[i].priority), "packets", (json_int_t)x[i].packets, "fps", x[i].fps, "age_ms",
                                              (json_int_t)x[i].age_ms, "merged", (int)x[i].is_merged, "second_sender", (int)x[i].is_second));
    return list;
}

/* ---- the warning ---- */

/*
 * What is wanted is no trouble: a source that is merged, and by its lower priority a backup that waits. One of a higher priority is no fault either, but an
 * operator who wonders about the light must find it.
 */
enum relation { REL_FINE, REL_ABOVE, REL_SAME };

static enum relation relation_of(const struct input_source *x)
{
    if (!x->is_second || x->is_merged || x->priority < x->our_priority)
        return REL_FINE;
    return x->priority > x->our_priority ? REL_ABOVE : REL_SAME;
}

static bool is_same_sender(const struct input_source *a, const struct input_source *b)
{
    return a->protocol == b->protocol && a->priority == b->priority && !strcmp(a->address, b->address) && !strcmp(a->name, b->name) &&
           relation_of(a) == relation_of(b);
}

/* "universe 3", "universes 1-4, 7": those of the sender of x[from], ascending as they are listed. */
static void universes_of(const struct input_source *x, size_t n, size_t from, char *out, size_t size)
{
    int numbers[MAX_SOURCES] = { 0 };
    size_t count = 0;

    for (size_t i = from; i < n && count < MAX_SOURCES; i++)
        if (is_same_sender(&x[i], &x[from]) && (!count || numbers[count - 1] != x[i].universe))
            numbers[count++] = x[i].universe;
    int length = snprintf(out, size, count == 1 ? "universe " : "universes ");
    str_number_list(out + length, size - (size_t)length, numbers, count);
}

static void describe(const struct input_source *x, size_t n, size_t from, char id[96], char text[TEXT])
{
    const struct input_source *o = &x[from];
    char which[88], who[120];
    bool sacn = o->protocol == OUTPUT_SACN;

    universes_of(x, n, from, which, sizeof(which));
    if (*o->name)
        snprintf(who, sizeof(who), "\"%s\" (%s)", o->name, o->address);
    else
        snprintf(who, sizeof(who), "%s", o->address);
    uint32_t h = 2166136261u;           /* a name is free text, and no part of an id */
    for (const char *c = o->name; *c; c++)
        h = (h ^ (uint8_t)*c) * 16777619u;
    snprintf(id, 96, sacn ? "%s.%s.%08x.%d" : "%s.%s", output_protocol_names[o->protocol], o->address, h, o->priority);
    if (!sacn)
        snprintf(text, TEXT, "%s sends our %s by Art-Net too: what receives both may flicker. Stop one of the two, or merge what is received.", who, which);
    else if (relation_of(o) == REL_SAME)
        snprintf(text, TEXT, "%s sends our %s by sACN too, at the same priority of %d: receivers mix both.", who, which, o->priority);
    else
        snprintf(text, TEXT, "%s sends our %s by sACN at priority %d, above our %d: receivers follow that and not lumad.", who, which, o->priority, o->our_priority);
}

static void check(struct show *s, enum relation relation, const char *prefix, const char *level, const struct input_source *x, size_t n)
{
    static char ids[MAX_SENDERS][96], texts[MAX_SENDERS][TEXT];         /* the control thread's alone */
    const char *id[MAX_SENDERS], *text[MAX_SENDERS];
    size_t found = 0;

    for (size_t i = 0; i < n && found < MAX_SENDERS; i++) {
        bool is_first = relation_of(&x[i]) == relation;
        for (size_t k = 0; k < i && is_first; k++)
            is_first = !is_same_sender(&x[k], &x[i]);
        if (!is_first)
            continue;
        describe(x, n, i, ids[found], texts[found]);
        id[found] = ids[found], text[found] = texts[found];
        found++;
    }
    warnings_sync_ids(s->o.warnings, prefix, level, id, text, found);
}

void show_check_senders(struct show *s)
{
    static struct input_source x[MAX_SOURCES];          /* the control thread's alone */
    size_t n = sources(s, 0, x, MAX_SOURCES);

    check(s, REL_SAME, "sender", "warn", x, n);
    check(s, REL_ABOVE, "sender_above", "info", x, n);
}
