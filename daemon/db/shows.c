/* What runs a show by hand or by itself: cues, playlists, schedules, the sound's chain; and the jobs behind it. */
#include "db/columns.h"

const char *const blend_modes[] = { "replace", "add", "subtract", "multiply", "screen", "max", "min", "lighten", "value", NULL };
static const char *const cue_modes[] = { "hold", "toggle", "one_shot", NULL };
static const char *const quantizes[] = { "none", "beat", "bar", NULL };
static const char *const transitions[] = { "cut", "gap", "crossfade", NULL };
static const char *const job_states[] = { "queued", "running", "done", "failed", "cancelled", NULL };

static bool valid_device(const json_t *value, char message[160])
{
    if (json_is_string(value) && *json_string_value(value))
        return true;
    snprintf(message, 160, "must be the name of an output, or null for every one");
    return false;
}

const struct table cues_table = {
    .name = "cues", .one = "cue", .parent = "venues", .order = "page, slot", .synced = true,
    .doc = "A pattern on a live control.",
    .cols = (const struct column[]){
        ID_COLUMN,
        { "venue_id", COL_UUID, COL_PARENT, .references = "venues", .doc = "Its room." },
        { "pattern_id", COL_UUID, COL_REQUIRED, .references = "patterns", .doc = "What it plays." },
        { "name", COL_TEXT, COL_SEARCH, .doc = "On the pad." },
        { "color", COL_TEXT, COL_NULLABLE, .valid = valid_color, .doc = "Of the pad." },
        { "page", COL_INT, 0, .min = 0, .max = 999, .def = "0", .doc = "Page of pads." },
        { "slot", COL_INT, 0, .min = 0, .max = 999, .def = "0", .doc = "Pad on the page." },
        { "mode", COL_TEXT, 0, .options = cue_modes, .def = "\"toggle\"", .doc = "While held, on and off, or once." },
        { "quantize", COL_TEXT, 0, .options = quantizes, .def = "\"none\"", .doc = "When it begins." },
        { "fade_in", COL_REAL, 0, .min = 0, .max = 3600, .def = "0.0", .doc = "Seconds." },
        { "fade_out", COL_REAL, 0, .min = 0, .max = 3600, .def = "0.0", .doc = "Seconds." },
        { "level", COL_REAL, 0, .min = 0, .max = 1, .def = "1.0", .doc = "At full velocity." },
        { "z_index", COL_INT, 0, .min = -100000, .max = 100000, .def = "0", .doc = "Higher is on top." },
        { "blend_mode", COL_TEXT, 0, .options = blend_modes, .def = "\"replace\"", .doc = "How it meets what is below." },
        { "args", COL_JSON, 0, .def = "{}", .doc = "{\"<arg id>\": value}" },
        { "seed", COL_INT, 0, .min = 0, .max = SEED_MAX, .def = "=random", .doc = "Of its randomness." },
        { "binding", COL_JSON, COL_NULLABLE, .doc = "Key, MIDI note or OSC path." },
        SYNC_COLUMNS,
        { 0 },
    },
};

const struct table audio_chains_table = {
    .name = "audio_chains", .one = "audio chain", .order = "name COLLATE NOCASE", .synced = true,
    .doc = "The effects of an audio output, in order.",
    .cols = (const struct column[]){
        ID_COLUMN,
        { "name", COL_TEXT, COL_SEARCH, .doc = "What people call it." },
        { "device", COL_TEXT, COL_NULLABLE, .valid = valid_device, .doc = "Name of the output; null = every one without a chain of its own. One chain for each." },
        { "effects", COL_JSON, 0, .def = "[]", .doc = "[{\"type\", \"bypass\", parameters}], at most 16; GET /audio-effects says what there is." },
        { "is_enabled", COL_BOOL, 0, .def = "true", .doc = "false = all bypassed, bit for bit." },
        SYNC_COLUMNS,
        { 0 },
    },
};

const struct table playlists_table = {
    .name = "playlists", .one = "playlist", .order = "name COLLATE NOCASE", .synced = true,
    .doc = "Tracks and scores one after the other.",
    .cols = (const struct column[]){
        ID_COLUMN,
        { "name", COL_TEXT, COL_REQUIRED | COL_SEARCH, .doc = "What people call it." },
        { "description", COL_TEXT, COL_SEARCH, .max_len = 10000, .doc = "Notes." },
        { "is_loop", COL_BOOL, 0, .def = "false", .doc = "Begins again at the end." },
        { "is_shuffle", COL_BOOL, 0, .def = "false", .doc = "In a new order each round." },
        SYNC_COLUMNS,
        { 0 },
    },
};

const struct table playlist_items_table = {
    .name = "playlist_items", .one = "playlist item", .parent = "playlists", .order = "sort_index", .synced = true,
    .doc = "One track of a playlist.",
    .cols = (const struct column[]){
        ID_COLUMN,
        { "playlist_id", COL_UUID, COL_PARENT, .references = "playlists", .doc = "Its playlist." },
        { "track_id", COL_UUID, COL_REQUIRED, .references = "tracks", .doc = "What is heard." },
        { "score_id", COL_UUID, COL_NULLABLE, .references = "scores", .doc = "What is seen; null = the score of the active venue." },
        { "sort_index", COL_REAL, 0, .def = "0.0", .doc = "A fraction, so that moving an item writes one row." },
        { "transition", COL_TEXT, 0, .options = transitions, .def = "\"cut\"", .doc = "To the next item." },
        { "transition_seconds", COL_REAL, 0, .min = 0, .max = 3600, .def = "0.0", .doc = "Length of the gap or crossfade." },
        SYNC_COLUMNS,
        { 0 },
    },
};

const struct table schedules_table = {
    .name = "schedules", .one = "schedule", .order = "start_at, name COLLATE NOCASE", .synced = true,
    .doc = "When a playlist plays by itself, in local time.",
    .cols = (const struct column[]){
        ID_COLUMN,
        { "name", COL_TEXT, COL_SEARCH, .doc = "What people call it." },
        { "venue_id", COL_UUID, COL_NULLABLE, .references = "venues", .doc = "null = the active venue." },
        { "playlist_id", COL_UUID, COL_REQUIRED, .references = "playlists", .doc = "What plays." },
        { "is_enabled", COL_BOOL, 0, .def = "true", .doc = "false = never." },
        { "weekdays", COL_INT, 0, .min = 0, .max = 127, .def = "127", .doc = "Bit 0 = Monday." },
        { "start_at", COL_TEXT, 0, .def = "\"00:00:00\"", .valid = valid_time_of_day, .doc = "HH:MM:SS." },
        { "stop_at", COL_TEXT, COL_NULLABLE, .valid = valid_time_of_day, .doc = "Before start_at = the next day; null = to its end." },
        { "first_day", COL_TEXT, COL_NULLABLE, .valid = valid_date, .doc = "YYYY-MM-DD." },
        { "last_day", COL_TEXT, COL_NULLABLE, .valid = valid_date, .doc = "YYYY-MM-DD, included." },
        { "priority", COL_INT, 0, .min = -100, .max = 100, .def = "0", .doc = "The highest of those that overlap plays." },
        SYNC_COLUMNS,
        { 0 },
    },
};

const struct table jobs_table = {
    .name = "jobs", .one = "job", .order = "created_at DESC",
    .doc = "Work in the background.",
    .cols = (const struct column[]){
        ID_COLUMN,
        { "kind", COL_TEXT, COL_REQUIRED | COL_SEARCH, .doc = "The step: decode, waveform, beats..." },
        { "track_id", COL_UUID, COL_NULLABLE, .references = "tracks", .doc = "What it works on." },
        { "state", COL_TEXT, 0, .options = job_states, .def = "\"queued\"", .doc = "Where it is." },
        { "progress", COL_REAL, 0, .min = 0, .max = 1, .def = "0.0", .doc = "0 to 1." },
        { "step", COL_TEXT, 0, .doc = "What the worker says it is doing." },
        { "error", COL_TEXT, COL_NULLABLE, .max_len = 4000, .doc = "Why it failed." },
        { "log", COL_TEXT, 0, .max_len = 1 << 20, .doc = "What the worker said." },
        { "priority", COL_INT, 0, .def = "0", .doc = "Higher first." },
        { "attempts", COL_INT, 0, .def = "0", .doc = "How often it was begun." },
        { "crashes", COL_INT, 0, .def = "0", .doc = "How often lumad went down while it ran." },
        { "params", COL_JSON, COL_HIDDEN, .def = "{}", .doc = "What the step needs to run again." },
        { "started_at", COL_INSTANT, COL_NULLABLE | COL_READONLY, .doc = "Last begun." },
        { "finished_at", COL_INSTANT, COL_NULLABLE | COL_READONLY, .doc = "When it was over." },
        TIME_COLUMNS,
        { 0 },
    },
};
