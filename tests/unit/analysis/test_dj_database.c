/* Databases of Engine DJ and Mixxx, made here as those programs make them. */
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "../../tap.h"
#include "analysis/dj.h"
#include "core/path.h"
#include "core/str.h"

static char dir[64], path[PATH_SIZE];
static sqlite3 *db;
static struct dj_library *lib;
static struct problem p;

static void begin(const char *name)
{
    strcpy(dir, "/tmp/lumad-test-dj-XXXXXX");
    if (!mkdtemp(dir))
        abort();
    snprintf(path, sizeof(path), "%s/Engine Library/Database2", dir);
    path_make_dirs(path, 0700);
    snprintf(path, sizeof(path), "%s/Engine Library/Database2/%s", dir, name);
    if (sqlite3_open(path, &db))
        abort();
}

static bool sql(const char *text)
{
    char *why = NULL;
    bool is_done = !sqlite3_exec(db, text, NULL, NULL, &why);

    if (!is_done)
        printf("# %s\n", why);
    sqlite3_free(why);
    return is_done;
}

static void put_blob(const char *text, const void *data, size_t n)
{
    sqlite3_stmt *s = NULL;

    if (sqlite3_prepare_v2(db, text, -1, &s, NULL) || sqlite3_bind_blob(s, 1, data, (int)n, SQLITE_TRANSIENT) || sqlite3_step(s) != SQLITE_DONE)
        abort();
    sqlite3_finalize(s);
}

static enum lm_err read_it(void)
{
    dj_free(lib);
    lib = NULL;
    p = (struct problem){ 0 };
    return dj_read(path, NULL, dir, &lib, &p);
}

static void end(void)
{
    char command[128];

    sqlite3_close(db);
    db = NULL;
    dj_free(lib);
    lib = NULL;
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    if (system(command))
        abort();
}

/* --- bytes --- */

static void put(struct str *s, const void *data, size_t n, bool is_big)
{
    const char *at = data;

    for (size_t i = 0; i < n; i++)
        str_add_mem(s, at + (is_big ? n - 1 - i : i), 1);
}

static void put_real(struct str *s, double v, bool is_big) { put(s, &v, 8, is_big); }
static void put_int(struct str *s, int64_t v, int n, bool is_big) { put(s, &v, (size_t)n, is_big); }

static void put_name(struct str *s, const char *name)
{
    put_int(s, (int64_t)strlen(name), 1, false);
    str_add(s, name);
}

/* As qCompress() does. */
static void store_packed(const char *text, const struct str *s)
{
    unsigned char packed[4096];
    uLongf n = sizeof(packed) - 4;

    for (int i = 0; i < 4; i++)
        packed[i] = (unsigned char)(s->len >> 8 * (3 - i));
    if (compress(packed + 4, &n, (const unsigned char *)s->data, s->len) != Z_OK)
        abort();
    put_blob(text, packed, n + 4);
}

static void put_marker(struct str *s, double sample, int64_t beat, int beats)
{
    put_real(s, sample, false);
    put_int(s, beat, 8, false);
    put_int(s, beats, 4, false);
    put_int(s, 0, 4, false);
}

/* --- Engine --- */

static const char engine_schema[] =
    "CREATE TABLE Track (id INTEGER PRIMARY KEY, path TEXT, filename TEXT, title TEXT, artist TEXT, album TEXT, length INTEGER);"
    "CREATE TABLE PerformanceData (trackId INTEGER PRIMARY KEY, trackData BLOB, beatData BLOB, quickCues BLOB, loops BLOB);"
    "CREATE TABLE Playlist (id INTEGER PRIMARY KEY, title TEXT, parentListId INTEGER, nextListId INTEGER);"
    "CREATE TABLE PlaylistEntity (id INTEGER PRIMARY KEY, listId INTEGER, trackId INTEGER, nextEntityId INTEGER);"
    "INSERT INTO Track VALUES (1, '../Music/a.wav', 'a.wav', 'A', 'One', 'First', 60), (2, '../Music/b.wav', 'b.wav', 'B', NULL, NULL, 30);"
    "INSERT INTO PerformanceData (trackId) VALUES (1), (2);"
    "INSERT INTO Playlist VALUES (1, 'Club', 0, 0), (2, 'Peak', 1, 0);"
    "INSERT INTO PlaylistEntity VALUES (1, 2, 1, 0), (2, 2, 2, 1);";

static void put_engine(void)
{
    struct str beats = { 0 }, cues = { 0 }, loops = { 0 };
    /* 120 beats a minute at 44,100: 22,050 samples a beat. As analysed at 0, as adjusted at 4,410. */
    put_real(&beats, 44100, true), put_real(&beats, 60 * 44100, true), put_int(&beats, 1, 1, true);
    for (int which = 0; which < 2; which++) {
        double at = which ? 4410 : 0;
        put_int(&beats, 3, 8, true);
        put_marker(&beats, at - 4 * 22050, -4, 44);
        put_marker(&beats, at + 40 * 22050, 40, 80);
        put_marker(&beats, at + 40 * 22050 + 80 * 11025, 120, 0);
    }
    store_packed("UPDATE PerformanceData SET beatData = ?1 WHERE trackId = 1", &beats);
    put_int(&cues, 3, 8, true);
    put_name(&cues, "Drop"), put_real(&cues, 44100, true), str_add_mem(&cues, "\xff\x11\x22\x33", 4);
    put_name(&cues, ""), put_real(&cues, -1, true), put_int(&cues, 0, 4, true);
    put_name(&cues, ""), put_real(&cues, 88200, true), put_int(&cues, 0, 4, true);
    put_real(&cues, 4410, true), put_int(&cues, 1, 1, true), put_real(&cues, 0, true);
    store_packed("UPDATE PerformanceData SET quickCues = ?1 WHERE trackId = 1", &cues);
    put_int(&loops, 1, 8, false);
    put_name(&loops, "Break"), put_real(&loops, 441000, false), put_real(&loops, 882000, false), str_add_mem(&loops, "\1\1\xff\xaa\xbb\xcc", 6);
    put_blob("UPDATE PerformanceData SET loops = ?1 WHERE trackId = 1", loops.data, loops.len);
    put_blob("UPDATE PerformanceData SET beatData = ?1 WHERE trackId = 2", "\0\0\1\0garbage", 11);
    str_clear(&beats);
    str_clear(&cues);
    str_clear(&loops);
}

TEST(engine_grids_cues_and_loops_are_read)
{
    begin("m.db");
    CHECK(sql(engine_schema));
    put_engine();
    CHECK_INT(read_it(), LM_OK);
    CHECK_STR(lib->program, "engine");
    CHECK(strstr(lib->base, "/Engine Library") && !strstr(lib->base, "Database2"));
    CHECK_INT(lib->n_tracks, 2);
    const struct dj_track *t = &lib->tracks[0];
    CHECK_STR(t->path, "../Music/a.wav");
    CHECK_STR(t->artist, "One");
    CHECK_NEAR(t->duration, 60, 0);
    CHECK_INT(t->n_segments, 2);
    CHECK_NEAR(t->segments[0].start, -1.9, 1e-9);
    CHECK_NEAR(t->segments[0].bpm, 120, 1e-9);
    CHECK_INT(t->segments[0].beat, 1);
    CHECK_NEAR(t->segments[1].start, 20.1, 1e-9);
    CHECK_NEAR(t->segments[1].bpm, 240, 1e-9);
    CHECK_INT(t->n_cues, 4);
    CHECK_STR(t->cues[0].name, "Drop");
    CHECK_INT(t->cues[0].color, 0x112233);
    CHECK_NEAR(t->cues[0].start, 1, 1e-9);
    CHECK_STR(t->cues[1].name, "Cue 3");
    CHECK_INT(t->cues[1].color, -1);
    CHECK_STR(t->cues[2].name, "Cue");
    CHECK_NEAR(t->cues[2].start, .1, 1e-9);
    CHECK_STR(t->cues[3].name, "Break");
    CHECK_NEAR(t->cues[3].end, 20, 1e-9);
    CHECK_INT(t->cues[3].color, 0xaabbcc);
    CHECK(!t->trouble);
    end();
}

TEST(a_damaged_blob_is_the_trouble_of_its_track_alone)
{
    begin("m.db");
    CHECK(sql(engine_schema));
    put_engine();
    CHECK_INT(read_it(), LM_OK);
    CHECK(lib->tracks[1].trouble && strstr(lib->tracks[1].trouble, "beat grid"));
    CHECK_INT(lib->tracks[1].n_segments, 0);
    end();
}

TEST(engine_playlists_follow_their_chain)
{
    begin("m.db");
    CHECK(sql(engine_schema));
    CHECK_INT(read_it(), LM_OK);
    CHECK_INT(lib->n_playlists, 2);
    CHECK_STR(lib->playlists[1].name, "Club/Peak");
    CHECK_INT(lib->playlists[1].n, 2);
    CHECK_INT(lib->playlists[1].tracks[0], 1);
    CHECK_INT(lib->playlists[1].tracks[1], 0);
    /* A ring instead of a chain ends all the same. */
    CHECK(sql("UPDATE PlaylistEntity SET nextEntityId = 2 WHERE id = 1; UPDATE Playlist SET parentListId = 2 WHERE id = 1"));
    CHECK_INT(read_it(), LM_OK);
    CHECK_INT(lib->playlists[1].n, 2);
    end();
}

TEST(a_database_that_its_program_has_open_is_read_with_its_newest_rows_and_left_alone)
{
    char wal[PATH_SIZE + 8];
    struct stat before, after, wal_before, wal_after;

    begin("m.db");
    CHECK(sql("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0"));
    CHECK(sql(engine_schema));
    CHECK(sql("UPDATE Track SET title = 'New' WHERE id = 2"));
    snprintf(wal, sizeof(wal), "%s-wal", path);
    CHECK(!stat(path, &before) && !stat(wal, &wal_before) && wal_before.st_size > 0);
    CHECK_INT(read_it(), LM_OK);
    CHECK_STR(lib->tracks[1].title, "New");
    CHECK(!stat(path, &after) && !stat(wal, &wal_after));
    CHECK(before.st_mtim.tv_nsec == after.st_mtim.tv_nsec && before.st_size == after.st_size);
    CHECK(wal_before.st_mtim.tv_nsec == wal_after.st_mtim.tv_nsec && wal_before.st_size == wal_after.st_size);
    char command[128];
    snprintf(command, sizeof(command), "test -z \"$(ls %s | grep import-)\"", dir);
    CHECK_INT(system(command), 0);
    end();
}

TEST(a_database_of_something_else_is_refused)
{
    begin("m.db");
    CHECK(sql("CREATE TABLE things (id INTEGER)"));
    CHECK_INT(read_it(), LM_MEDIA_TYPE);
    CHECK(sql("CREATE TABLE Track (id INTEGER, path TEXT)"));
    CHECK_INT(read_it(), LM_INVALID);
    CHECK(strstr(p.detail, "Engine") != NULL);
    end();
}

TEST(a_damaged_database_is_named_as_such)
{
    begin("m.db");
    CHECK(sql(engine_schema));
    sqlite3_close(db);
    db = NULL;
    CHECK(!truncate(path, 5000));
    CHECK_INT(read_it(), LM_INVALID);
    CHECK(strstr(p.detail, "database") != NULL);
    end();
}

TEST(what_a_view_or_a_trigger_would_do_is_not_done)
{
    begin("m.db");
    CHECK(sql("CREATE TABLE PerformanceData (trackId INTEGER, beatData BLOB, quickCues BLOB, loops BLOB, trackData BLOB);"
              "CREATE VIEW Track AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
              " SELECT i AS id, 'x' AS path, '' AS title, '' AS artist, '' AS album, 0 AS length FROM n"));
    CHECK_INT(read_it(), LM_INVALID);
    end();
}

/* --- Mixxx --- */

static const char mixxx_schema[] =
    "CREATE TABLE track_locations (id INTEGER PRIMARY KEY, location TEXT);"
    "CREATE TABLE library (id INTEGER PRIMARY KEY, artist TEXT, title TEXT, album TEXT, location INTEGER, duration FLOAT, samplerate INTEGER,"
    " beats BLOB, beats_version TEXT, mixxx_deleted INTEGER);"
    "CREATE TABLE cues (id INTEGER PRIMARY KEY, track_id INTEGER, type INTEGER, position INTEGER, length INTEGER, hotcue INTEGER, label TEXT, color INTEGER);"
    "CREATE TABLE Playlists (id INTEGER PRIMARY KEY, name TEXT, position INTEGER, hidden INTEGER DEFAULT 0);"
    "CREATE TABLE PlaylistTracks (id INTEGER PRIMARY KEY, playlist_id INTEGER, track_id INTEGER, position INTEGER);"
    "CREATE TABLE crates (id INTEGER PRIMARY KEY, name TEXT);"
    "CREATE TABLE crate_tracks (crate_id INTEGER, track_id INTEGER);"
    "INSERT INTO track_locations VALUES (1, '/music/a.wav'), (2, '/music/b.wav'), (3, '/music/c.wav'), (4, '/music/d.wav');"
    "INSERT INTO library (id, artist, title, location, duration, samplerate, mixxx_deleted) VALUES"
    " (1, 'One', 'Grid', 1, 60.5, 48000, 0), (2, NULL, 'Map', 2, 10, 44100, 0), (3, '', 'Old', 3, 10, 44100, 0), (4, '', 'Gone', 4, 10, 44100, 1);"
    "INSERT INTO cues VALUES (1, 1, 1, 96000, 0, 0, 'Drop', 16711680), (2, 1, 4, 192000, 96000, 1, '', NULL), (3, 1, 2, 0, 0, -1, '', NULL),"
    " (4, 1, 6, 48000, 480000, -1, NULL, NULL), (5, 1, 1, -1, 0, 3, '', NULL);"
    "INSERT INTO Playlists VALUES (1, 'Set', 1, 0), (2, 'Auto DJ', 2, 1); INSERT INTO PlaylistTracks VALUES (1, 1, 2, 1), (2, 1, 1, 2), (3, 2, 1, 1);"
    "INSERT INTO crates VALUES (1, 'Crate'); INSERT INTO crate_tracks VALUES (1, 3);";

static void put_varint(struct str *s, uint64_t v)
{
    char c;

    do {
        c = (char)((v & 0x7f) | (v > 0x7f ? 0x80 : 0));
        str_add_mem(s, &c, 1);
        v >>= 7;
    } while (v);
}

static void put_mixxx(void)
{
    struct str grid = { 0 }, map = { 0 }, beat = { 0 };
    double old[2] = { 150, 4410 };

    /* Bpm { 125 }, Beat { 24000 } */
    str_add(&grid, "\x0a\x09\x09"), put_real(&grid, 125, false);
    put_varint(&beat, 8), put_varint(&beat, 24000);
    put_varint(&grid, 0x12), put_varint(&grid, beat.len), str_add_mem(&grid, beat.data, beat.len);
    put_blob("UPDATE library SET beats_version = 'BeatGrid-2.0', beats = ?1 WHERE id = 1", grid.data, grid.len);
    /* Ten beats at 120, ten at 60, one of them switched off. */
    for (int i = 0, frame = 4410; i < 20; i++, frame += i < 10 ? 22050 : 44100) {
        str_clear(&beat);
        put_varint(&beat, 8), put_varint(&beat, (uint64_t)frame);
        put_varint(&map, 0x0a), put_varint(&map, beat.len), str_add_mem(&map, beat.data, beat.len);
    }
    put_blob("UPDATE library SET beats_version = 'BeatMap-1.0', beats = ?1 WHERE id = 2", map.data, map.len);
    put_blob("UPDATE library SET beats_version = 'BeatGrid-1.0', beats = ?1 WHERE id = 3", old, sizeof(old));
    str_clear(&grid);
    str_clear(&map);
    str_clear(&beat);
}

TEST(mixxx_grids_of_every_version_are_read)
{
    begin("mixxxdb.sqlite");
    CHECK(sql(mixxx_schema));
    put_mixxx();
    CHECK_INT(read_it(), LM_OK);
    CHECK_STR(lib->program, "mixxx");
    CHECK_INT(lib->n_tracks, 3);
    CHECK_STR(lib->tracks[0].path, "/music/a.wav");
    CHECK_NEAR(lib->tracks[0].duration, 60.5, 1e-9);
    CHECK_INT(lib->tracks[0].n_segments, 1);
    CHECK_NEAR(lib->tracks[0].segments[0].bpm, 125, 0);
    CHECK_NEAR(lib->tracks[0].segments[0].start, .5, 1e-9);
    CHECK_INT(lib->tracks[0].segments[0].beat, 0);
    CHECK_INT(lib->tracks[1].n_segments, 2);
    CHECK_NEAR(lib->tracks[1].segments[0].start, .1, 1e-9);
    CHECK_NEAR(lib->tracks[1].segments[0].bpm, 120, .1);
    CHECK_NEAR(lib->tracks[1].segments[1].start, 4.6, 1e-9);
    CHECK_NEAR(lib->tracks[1].segments[1].bpm, 60, .1);
    CHECK_NEAR(lib->tracks[2].segments[0].bpm, 150, 0);
    CHECK_NEAR(lib->tracks[2].segments[0].start, .1, 1e-9);
    end();
}

TEST(mixxx_cues_and_playlists_are_read)
{
    begin("mixxxdb.sqlite");
    CHECK(sql(mixxx_schema));
    CHECK_INT(read_it(), LM_OK);
    const struct dj_track *t = &lib->tracks[0];
    CHECK_INT(t->n_cues, 3);
    CHECK_STR(t->cues[0].name, "Intro");
    CHECK_NEAR(t->cues[0].start, .5, 1e-9);
    CHECK_NEAR(t->cues[0].end, 5.5, 1e-9);
    CHECK_STR(t->cues[1].name, "Drop");
    CHECK_INT(t->cues[1].color, 0xff0000);
    CHECK_NEAR(t->cues[1].start, 1, 1e-9);
    CHECK_STR(t->cues[2].name, "Loop 2");
    CHECK_NEAR(t->cues[2].end, 3, 1e-9);
    CHECK_INT(lib->n_playlists, 2);
    CHECK_STR(lib->playlists[0].name, "Set");
    CHECK_INT(lib->playlists[0].n, 2);
    CHECK_INT(lib->playlists[0].tracks[0], 1);
    CHECK_STR(lib->playlists[1].name, "Crate");
    CHECK_INT(lib->playlists[1].n, 1);
    end();
}
