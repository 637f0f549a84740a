/* How loud the room hears it, and the metronome: kept over a restart, as the masters are. */
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/log.h"
#include "show/state.h"

static const char KEY[] = "hearing";

void show_load_hearing(struct show *s)
{
    struct problem p;
    char *text = NULL;
    json_t *v = NULL;
    bool clicks;
    double click_db;

    if (db_state_get(s->o.db, KEY, &text))
        return;
    problem_clear(&p);
    show_get_metronome(s, &clicks, &click_db);
    if (!json_parse(text, strlen(text), &v, NULL)) {    /* what is out of range stays as it was */
        const json_t *metronome = json_object_get(v, "metronome");
        show_volume(s, json_get_real(v, "volume_db", 0), &p);
        show_put_metronome(s, json_get_bool(metronome, "enabled", clicks), json_get_real(metronome, "db", click_db), &p);
        double db = atomic_load(&s->volume_db);
        if (db < 0)
            log_info("show", "the volume stands where it was left: %.1f dB", db);
    }
    atomic_store(&s->hearing_changed, false);
    json_decref(v);
    free(text);
}

/* What is set while this runs is written the next time. */
bool show_save_hearing(struct show *s)
{
    bool clicks;
    double click_db;

    if (!atomic_exchange(&s->hearing_changed, false))
        return true;
    show_get_metronome(s, &clicks, &click_db);
    json_t *v = json_pack("{s:f, s:{s:b, s:f}}", "volume_db", atomic_load(&s->volume_db), "metronome", "enabled", (int)clicks, "db", click_db);
    char *text = v ? json_text(v) : NULL;
    bool saved = text && !db_state_set(s->o.db, KEY, text);
    if (!saved)
        atomic_store(&s->hearing_changed, true);
    free(text);
    json_decref(v);
    return saved;
}
