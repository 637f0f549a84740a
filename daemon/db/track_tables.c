/* A track and what was heard in it. */
#include "db/columns.h"

static const char *const beat_sources[] = { "analysed", "corrected", NULL };
static const char *const stem_names[] = { "drums", "bass", "vocals", "other", NULL };

const struct table tracks_table = {
    .name = "tracks", .one = "track", .order = "title COLLATE NOCASE", .synced = true,
    .doc = "A song. Id: UUIDv5 of the file's SHA-256.",
    .cols = (const struct column[]){
        ID_COLUMN,
        { "title", COL_TEXT, COL_SEARCH, .doc = "From the tags, else the file name." },
        { "artist", COL_TEXT, COL_SEARCH, .doc = "From the tags." },
        { "album", COL_TEXT, COL_SEARCH, .doc = "From the tags." },
        { "genre", COL_TEXT, COL_SEARCH, .doc = "From the tags." },
        { "year", COL_INT, COL_NULLABLE, .min = 0, .max = 9999, .doc = "From the tags." },
        { "bpm", COL_REAL, COL_NULLABLE, .min = 1, .max = 999, .doc = "From the beat grid, until then from the tags." },
        { "duration_seconds", COL_REAL, COL_READONLY, .def = "0.0", .doc = "Counted by decoding." },
        { "track_hash", COL_TEXT, COL_READONLY, .doc = "SHA-256 of the file, hex." },
        { "filename", COL_TEXT, COL_READONLY | COL_SEARCH, .max_len = 4096, .doc = "As it was uploaded." },
        { "format", COL_TEXT, COL_READONLY, .doc = "wav, w64, aiff, caf, flac, oga, ogg, opus, mp3, m4a, aac, wma, wv." },
        { "sample_rate", COL_INT, COL_READONLY, .def = "0", .doc = "Hz." },
        { "channels", COL_INT, COL_READONLY, .def = "0", .doc = "1 to 8." },
        { "size_bytes", COL_INT, COL_READONLY, .def = "0", .doc = "Of the file." },
        { "art_hash", COL_TEXT, COL_READONLY | COL_NULLABLE, .doc = "SHA-256 of the album art, from the tags or a cover.jpg beside an imported file; null = none." },
        { "file_path", COL_TEXT, COL_READONLY | COL_NULLABLE | COL_LOCAL | COL_HIDDEN, .max_len = 4096,
          .doc = "Relative to the data directory; null where the audio is not here." },
        { "loudness_lufs", COL_REAL, COL_READONLY | COL_NULLABLE, .doc = "Integrated loudness (ITU-R BS.1770-4), LUFS; null = not decoded yet, or silent." },
        { "true_peak_db", COL_REAL, COL_READONLY | COL_NULLABLE, .doc = "dBTP; null = not decoded yet." },
        SYNC_COLUMNS,
        { 0 },
    },
};

const struct table track_beats_table = {
    .name = "track_beats", .one = "beat grid", .parent = "tracks", .order = "source", .synced = true,
    .doc = "Beat grids; a corrected one stands beside the analysed one and wins. Id: UUIDv5 of track and source.",
    .cols = (const struct column[]){
        ID_COLUMN,
        { "track_id", COL_UUID, COL_PARENT, .references = "tracks", .doc = "Its track." },
        { "source", COL_TEXT, 0, .options = beat_sources, .def = "\"analysed\"", .doc = "Who says so." },
        { "beats", COL_JSON, 0, .def = "[]", .max_len = JSON_LARGE, .doc = "Seconds." },
        { "downbeats", COL_JSON, 0, .def = "[]", .max_len = JSON_LARGE, .doc = "Seconds." },
        { "bpm", COL_REAL, COL_NULLABLE, .min = 1, .max = 999, .doc = "null = no beat." },
        { "beats_per_bar", COL_INT, 0, .min = 1, .max = 32, .def = "4", .doc = "Of most bars." },
        { "confidence", COL_REAL, COL_NULLABLE, .min = 0, .max = 1, .doc = "Of the analyser." },
        { "tempo_curve", COL_JSON, COL_NULLABLE, .max_len = JSON_LARGE, .doc = "[[seconds, bpm]]" },
        ANALYSER_COLUMNS,
        SYNC_COLUMNS,
        { 0 },
    },
};

const struct table track_roots_table = {
    .name = "track_roots", .one = "chord analysis", .parent = "tracks", .order = "track_id", .synced = true,
    .doc = "Chords and key. Id: UUIDv5 of the track.",
    .cols = (const struct column[]){
        ID_COLUMN,
        { "track_id", COL_UUID, COL_PARENT, .references = "tracks", .doc = "Its track." },
        { "sections", COL_JSON, 0, .def = "[]", .max_len = JSON_LARGE, .doc = "[{start, end, root, quality, label, confidence}]" },
        { "key", COL_TEXT, COL_NULLABLE, .doc = "Of the whole track." },
        { "key_confidence", COL_REAL, COL_NULLABLE, .min = 0, .max = 1, .doc = "Of the analyser." },
        { "from_stems", COL_BOOL, COL_READONLY, .def = "false", .doc = "Heard in bass and other, not in the mix." },
        { "chroma_rate", COL_REAL, COL_READONLY, .def = "0.0", .doc = "Frames of chroma a second." },
        { "chroma", COL_BLOB, COL_READONLY | COL_NULLABLE | COL_LOCAL | COL_HIDDEN, .doc = "12 float32 a frame, C first." },
        ANALYSER_COLUMNS,
        SYNC_COLUMNS,
        { 0 },
    },
};

const struct table track_waveforms_table = {
    .name = "track_waveforms", .one = "waveform", .parent = "tracks", .order = "track_id", .synced = true,
    .doc = "The drawing of a track. Id: UUIDv5 of the track.",
    .cols = (const struct column[]){
        ID_COLUMN,
        { "track_id", COL_UUID, COL_PARENT, .references = "tracks", .doc = "Its track." },
        { "preview", COL_BLOB, COL_READONLY | COL_NULLABLE | COL_HIDDEN, .doc = "For lists." },
        { "detail", COL_BLOB, COL_READONLY | COL_NULLABLE | COL_LOCAL | COL_HIDDEN, .doc = "For the timeline; `full` in the API." },
        ANALYSER_COLUMNS,
        SYNC_COLUMNS,
        { 0 },
    },
};

const struct table track_stems_table = {
    .name = "track_stems", .one = "stem", .parent = "tracks", .order = "name", .synced = true,
    .doc = "The separated parts of a track. Id: UUIDv5 of track and name.",
    .cols = (const struct column[]){
        ID_COLUMN,
        { "track_id", COL_UUID, COL_PARENT, .references = "tracks", .doc = "Its track." },
        { "name", COL_TEXT, COL_REQUIRED, .options = stem_names, .doc = "Which part." },
        { "format", COL_TEXT, COL_READONLY, .doc = "Of the file." },
        { "sample_rate", COL_INT, COL_READONLY, .def = "0", .doc = "Hz." },
        { "channels", COL_INT, COL_READONLY, .def = "0", .doc = "Of the file." },
        { "duration_seconds", COL_REAL, COL_READONLY, .def = "0.0", .doc = "Of the file." },
        { "size_bytes", COL_INT, COL_READONLY, .def = "0", .doc = "Of the file." },
        { "hash", COL_TEXT, COL_READONLY, .doc = "SHA-256 of the file, hex." },
        { "file_path", COL_TEXT, COL_READONLY | COL_NULLABLE | COL_LOCAL | COL_HIDDEN, .max_len = 4096,
          .doc = "Relative to the data directory; null where the audio is not here." },
        ANALYSER_COLUMNS,
        SYNC_COLUMNS,
        { 0 },
    },
};

const struct table track_features_table = {
    .name = "track_features", .one = "feature", .parent = "tracks", .order = "kind", .synced = true,
    .doc = "What else was heard: onsets, energy, loudness, centroid, sections. Id: UUIDv5 of track and kind.",
    .cols = (const struct column[]){
        ID_COLUMN,
        { "track_id", COL_UUID, COL_PARENT, .references = "tracks", .doc = "Its track." },
        { "kind", COL_TEXT, COL_REQUIRED, .doc = "What it is." },
        { "data", COL_JSON, 0, .def = "{}", .max_len = JSON_LARGE, .doc = "As its kind says." },
        ANALYSER_COLUMNS,
        SYNC_COLUMNS,
        { 0 },
    },
};

const struct table track_markers_table = {
    .name = "track_markers", .one = "marker", .parent = "tracks", .order = "start_time", .synced = true,
    .doc = "Cue points and loops on a track.",
    .cols = (const struct column[]){
        ID_COLUMN,
        { "track_id", COL_UUID, COL_PARENT, .references = "tracks", .doc = "Its track." },
        { "name", COL_TEXT, COL_SEARCH, .doc = "On the flag." },
        { "color", COL_TEXT, COL_NULLABLE, .valid = valid_color, .doc = "Of the flag." },
        { "start_time", COL_REAL, 0, .min = 0, .max = SECONDS_MAX, .def = "0.0", .doc = "Seconds." },
        { "end_time", COL_REAL, COL_NULLABLE, .min = 0, .max = SECONDS_MAX, .doc = "Of a loop; null = a point." },
        SYNC_COLUMNS,
        { 0 },
    },
};
