/* Whose the bytes of a universe are. */
#include "core/json.h"
#include "show/dmx_test.h"
#include "show/state.h"

enum { FROM_OWN, FROM_INPUT, FROM_PARK, FROM_TEST };
static const char *const names[] = { [FROM_INPUT] = "input", [FROM_PARK] = "park", [FROM_TEST] = "test" };

static void mark_parks(struct show *s, int universe, uint8_t marks[DMX_SLOTS])
{
    pthread_mutex_lock(&s->control);
    const struct show_parks *parks = shared_get(s->now.parks);
    for (size_t i = 0; parks && i < parks->n; i++)
        if (parks->p[i].universe == universe)
            marks[parks->p[i].slot] = FROM_PARK;
    pthread_mutex_unlock(&s->control);
}

json_t *show_origins(struct show *s, int universe, const uint8_t slots[512], const uint8_t own[512])
{
    uint8_t marks[DMX_SLOTS];
    json_t *list = json_array();

    for (int i = 0; i < DMX_SLOTS; i++)
        marks[i] = slots[i] != own[i] ? FROM_INPUT : FROM_OWN;          /* where both say the same it is lumad's */
    mark_parks(s, universe, marks);
    show_tests_mark(s, universe, marks, FROM_TEST);
    for (int i = 0, from = 0; i < DMX_SLOTS; i++) {
        if (i + 1 < DMX_SLOTS && marks[i + 1] == marks[from])
            continue;
        if (marks[from] != FROM_OWN)
            json_array_append_new(list, json_pack("{s:s, s:i, s:i}", "from", names[marks[from]], "first", from + 1, "slots", i + 1 - from));
        from = i + 1;
    }
    return list;
}
