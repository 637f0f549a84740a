/* Rooms and what is in them. */
#include "core/json.h"
#include "db/columns.h"

static const char *const exit_looks[] = { "hold", "blackout", NULL };
static const char *const dimmer_curves[] = { "linear", "square", "s", NULL };
static const char *const white_modes[] = { "bright", "extract", "add", "off", NULL };
static const char *const protocols[] = { "artnet", "sacn", "enttec_pro", "null", NULL };
static const char *const transmits[] = { "continuous", "on_change", "preview", NULL };

const struct table venues_table = {
    .name = "venues", .one = "venue", .order = "name COLLATE NOCASE", .synced = true,
    .doc = "A room: its patch, groups, outputs, and what is safe in it.",
    .cols = (const struct column[]){
        ID_COLUMN,
        { "name", COL_TEXT, COL_REQUIRED | COL_SEARCH, .doc = "What people call the room." },
        { "description", COL_TEXT, COL_SEARCH, .max_len = 10000, .doc = "Notes." },
        { "offset_ms", COL_REAL, 0, .min = -1000, .max = 1000, .def = "0.0", .doc = "Light later (positive) or earlier than sound, in ms." },
        { "max_brightness", COL_REAL, 0, .min = 0, .max = 1, .def = "1.0", .doc = "Ceiling of every intensity." },
        { "exit_look", COL_TEXT, COL_NULLABLE, .options = exit_looks, .doc = "What stays when lumad stops; null = the setting." },
        { "flash_guard", COL_BOOL, 0, .def = "false", .doc = "Photosensitive guard: flashes of many heads are limited." },
        SYNC_COLUMNS,
        { 0 },
    },
};

const struct table fixtures_table = {
    .name = "fixtures", .one = "fixture", .parent = "venues", .order = "universe, address", .synced = true,
    .doc = "A patched device. Metres, Z up; rotations in radians.",
    .cols = (const struct column[]){
        ID_COLUMN,
        { "venue_id", COL_UUID, COL_PARENT, .references = "venues", .doc = "Its room." },
        { "universe", COL_INT, 0, .min = 1, .max = 63999, .def = "1", .doc = "1-based." },
        { "address", COL_INT, 0, .min = 1, .max = 512, .def = "1", .doc = "First slot." },
        { "manufacturer", COL_TEXT, COL_SEARCH, .doc = "As in the definition." },
        { "model", COL_TEXT, COL_SEARCH, .doc = "As in the definition." },
        { "mode_name", COL_TEXT, 0, .doc = "A mode of the definition." },
        { "fixture_path", COL_TEXT, 0, .doc = "Definition in the library." },
        { "label", COL_TEXT, COL_SEARCH, .doc = "What people call it." },
        { "pos_x", COL_REAL, 0, .min = -10000, .max = 10000, .def = "0.0", .doc = "To the audience's right." },
        { "pos_y", COL_REAL, 0, .min = -10000, .max = 10000, .def = "0.0", .doc = "Upstage." },
        { "pos_z", COL_REAL, 0, .min = -10000, .max = 10000, .def = "0.0", .doc = "Above the floor." },
        { "rot_x", COL_REAL, 0, .min = -1000, .max = 1000, .def = "0.0", .doc = "Applied first." },
        { "rot_y", COL_REAL, 0, .min = -1000, .max = 1000, .def = "0.0", .doc = "Applied second." },
        { "rot_z", COL_REAL, 0, .min = -1000, .max = 1000, .def = "0.0", .doc = "Applied last." },
        { "invert_pan", COL_BOOL, 0, .def = "false", .doc = "Turns the other way." },
        { "invert_tilt", COL_BOOL, 0, .def = "false", .doc = "Turns the other way." },
        { "swap_pan_tilt", COL_BOOL, 0, .def = "false", .doc = "Pan and tilt change places." },
        { "dimmer_curve", COL_TEXT, 0, .options = dimmer_curves, .def = "\"linear\"", .doc = "Intensity to channel." },
        { "dimmer_min", COL_REAL, 0, .min = 0, .max = 1, .def = "0.0", .doc = "Lower end of the channel's range that is used." },
        { "dimmer_max", COL_REAL, 0, .min = 0, .max = 1, .def = "1.0", .doc = "Upper end." },
        { "white_mode", COL_TEXT, 0, .options = white_modes, .def = "\"bright\"", .doc = "How a white chip takes part in colours." },
        SYNC_COLUMNS,
        { 0 },
    },
};

const struct table fixture_groups_table = {
    .name = "fixture_groups", .one = "group", .parent = "venues", .order = "sort_index, name", .synced = true,
    .doc = "A named set of fixtures of one venue; selection expressions speak of it by name.",
    .cols = (const struct column[]){
        ID_COLUMN,
        { "venue_id", COL_UUID, COL_PARENT, .references = "venues", .doc = "Its room." },
        { "name", COL_TEXT, COL_REQUIRED | COL_SEARCH, .max_len = 64, .doc = "[a-z][a-z0-9_]*, not \"all\"; unique in the venue." },
        { "axis_lr", COL_REAL, COL_NULLABLE, .min = -1, .max = 1, .doc = "Left to right; null = from the positions." },
        { "axis_fb", COL_REAL, COL_NULLABLE, .min = -1, .max = 1, .doc = "Front to back; null = from the positions." },
        { "axis_ab", COL_REAL, COL_NULLABLE, .min = -1, .max = 1, .doc = "Below to above; null = from the positions." },
        { "movement", COL_JSON, COL_NULLABLE, .valid = valid_movement, .doc = "{pan, tilt, pan_range, tilt_range, rotation_deg}: base of apply_movement." },
        { "color", COL_TEXT, COL_NULLABLE, .valid = valid_color, .doc = "Of its mark in the UI." },
        { "sort_index", COL_REAL, 0, .def = "0.0", .doc = "Place in lists." },
        SYNC_COLUMNS,
        { 0 },
    },
};

const struct table fixture_group_members_table = {
    .name = "fixture_group_members", .one = "group member", .parent = "fixture_groups", .order = "sort_index", .synced = true,
    .doc = "Which fixtures are in a group, in order. Id: UUIDv5 of group and fixture.",
    .cols = (const struct column[]){
        ID_COLUMN,
        { "group_id", COL_UUID, COL_PARENT, .references = "fixture_groups", .doc = "The group." },
        { "fixture_id", COL_UUID, COL_REQUIRED, .references = "fixtures", .doc = "The member." },
        { "sort_index", COL_INT, 0, .def = "0", .doc = "Place in the group." },
        SYNC_COLUMNS,
        { 0 },
    },
};

const struct table outputs_table = {
    .name = "outputs", .one = "output", .parent = "venues", .order = "universe", .synced = true,
    .doc = "Where a universe is sent.",
    .cols = (const struct column[]){
        ID_COLUMN,
        { "venue_id", COL_UUID, COL_PARENT, .references = "venues", .doc = "Its room." },
        { "universe", COL_INT, 0, .min = 1, .max = 63999, .def = "1", .doc = "1-based." },
        { "protocol", COL_TEXT, 0, .options = protocols, .def = "\"artnet\"", .doc = "Art-Net 4, sACN E1.31-2018, Enttec DMX USB Pro; null: rendered and sent nowhere, for previews." },
        { "destination", COL_TEXT, COL_NULLABLE | COL_SEARCH, .max_len = 255, .doc = "IP, \"broadcast\", \"multicast\", a serial device, or null: Art-Net to the directed broadcast address, sACN to multicast, USB to the first device that is found." },
        { "interface", COL_TEXT, COL_NULLABLE, .max_len = 15, .doc = "Name of the network interface; null = the system's route." },
        { "port_address", COL_INT, COL_NULLABLE, .min = 0, .max = 32767, .doc = "Art-Net; null = universe - 1." },
        { "priority", COL_INT, 0, .min = 0, .max = 200, .def = "100", .doc = "sACN." },
        { "sync", COL_INT, COL_NULLABLE, .min = 0, .max = 63999, .doc = "sACN synchronisation universe; Art-Net: not 0 = ArtSync." },
        { "transmit", COL_TEXT, 0, .options = transmits, .def = "\"continuous\"", .doc = "Every tick; when something changed and each 0.9 s; every tick, marked as a preview for visualisers (sACN)." },
        SYNC_COLUMNS,
        { 0 },
    },
};

const struct table parks_table = {
    .name = "parks", .one = "parked channel", .parent = "fixtures", .order = "channel", .synced = true,
    .doc = "A channel held at a value, above everything else. Id: UUIDv5 of fixture and channel.",
    .cols = (const struct column[]){
        ID_COLUMN,
        { "fixture_id", COL_UUID, COL_PARENT, .references = "fixtures", .doc = "The fixture." },
        { "channel", COL_INT, COL_REQUIRED, .min = 1, .max = 512, .doc = "1-based within the fixture." },
        { "value", COL_INT, 0, .min = 0, .max = 255, .def = "0", .doc = "What is sent." },
        SYNC_COLUMNS,
        { 0 },
    },
};

enum lm_err venues_count(struct db_conn *c, json_t **counts, struct problem *p)
{
    json_t *list = json_array();
    sqlite3_stmt *s = db_prepare(c, "SELECT v.id, count(f.id), count(DISTINCT f.universe), "
                                    "(SELECT count(*) FROM fixture_groups WHERE venue_id = v.id AND deleted_at IS NULL), "
                                    "(SELECT count(*) FROM outputs WHERE venue_id = v.id AND deleted_at IS NULL), "
                                    "(SELECT count(*) FROM scores WHERE venue_id = v.id AND deleted_at IS NULL) "
                                    "FROM venues v LEFT JOIN fixtures f ON f.venue_id = v.id AND f.deleted_at IS NULL WHERE v.deleted_at IS NULL GROUP BY v.id");
    int rc;

    if (!list || !s) {
        json_decref(list);
        return problem_set(p, LM_INTERNAL, "what venues have cannot be counted");
    }
    while ((rc = sqlite3_step(s)) == SQLITE_ROW)
        json_array_append_new(list, json_pack("{s:s, s:i, s:i, s:i, s:i, s:i}", "venue_id", (const char *)sqlite3_column_text(s, 0), "fixtures",
                                              sqlite3_column_int(s, 1), "universes", sqlite3_column_int(s, 2), "groups", sqlite3_column_int(s, 3), "outputs",
                                              sqlite3_column_int(s, 4), "scores", sqlite3_column_int(s, 5)));
    sqlite3_reset(s);
    if (rc != SQLITE_DONE) {
        json_decref(list);
        return db_error(c, rc, p);
    }
    *counts = list;
    return LM_OK;
}
