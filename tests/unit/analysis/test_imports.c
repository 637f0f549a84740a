/* Folders, playlists and libraries of this machine: what may be read, what becomes an item, what an item does. */
#include <math.h>
#include <sndfile.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../tap.h"
#include "analysis/import.h"
#include "analysis/imports.h"
#include "core/json.h"
#include "core/path.h"
#include "core/str.h"
#include "db/domain.h"

static char dir[PATH_SIZE], data[PATH_SIZE], music[PATH_SIZE];
static struct event_bus *bus;
static struct db *db;
static struct imports *im;
static struct problem p;
static json_t *items;
static char batch_name[DJ_TEXT_MAX];

static void begin(void)
{
    char path[PATH_SIZE], state[PATH_SIZE], migrations[PATH_SIZE];

    strcpy(dir, "/tmp/lumad-test-imports-XXXXXX");
    if (!mkdtemp(dir) || path_share("migrations", migrations, NULL))
        abort();
    path_join(data, dir, "data");
    path_join(music, dir, "music");
    path_join(path, data, "cache");
    path_make_dirs(path, 0700);
    path_make_dirs(music, 0700);
    path_join(path, data, "lumad.db");
    path_join(state, data, "state.db");
    bus = event_bus_new();
    if (db_open(&(struct db_options){ .path = path, .state_path = state, .migrations = migrations, .bus = bus }, &db, &p))
        abort();
    if (imports_new(&(struct imports_options){ .db = db, .data_dir = data, .folders = music }, &im))
        abort();
    p = (struct problem){ 0 };
}

static void end(void)
{
    char command[PATH_SIZE + 16];

    json_decref(items);
    items = NULL;
    imports_free(im);
    db_close(db);
    event_bus_free(bus);
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    if (system(command))
        abort();
}

static const char *at(const char *name)
{
    static char path[4][PATH_SIZE];
    static int next;
    char *out = path[next++ % 4];

    path_join(out, music, name);
    return out;
}

/* A tone, other for each `pitch`. */
static void put_song(const char *name, double pitch, double seconds)
{
    SF_INFO info = { .samplerate = 8000, .channels = 1, .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16 };
    char folder[PATH_SIZE];
    size_t n = (size_t)(seconds * 8000);
    float *x = malloc(n * sizeof(*x));

    str_copy(folder, sizeof(folder), at(name));
    *strrchr(folder, '/') = '\0';
    path_make_dirs(folder, 0700);
    SNDFILE *f = sf_open(at(name), SFM_WRITE, &info);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(.5 * sin(pitch * (double)i));
    if (f)
        sf_writef_float(f, x, (sf_count_t)n), sf_close(f);
    free(x);
}

static void put_text(const char *name, const char *text)
{
    path_write(at(name), text, strlen(text), 0600);
}

static enum lm_err list(const char *path, const struct import_wish *w)
{
    json_decref(items);
    items = NULL;
    p = (struct problem){ 0 };
    return imports_list(im, path, w, NULL, NULL, &items, batch_name, &p);
}

static const char *item_path(size_t i)
{
    return json_get_text(json_array_get(items, i), "path", "");
}

static char track[UUID_SIZE];
static bool is_duplicate;

static bool never(void *ctx)
{
    (void)ctx;
    return false;
}

static bool always(void *ctx)
{
    (void)ctx;
    return true;
}

static enum lm_err run(size_t i)
{
    const json_t *item = json_array_get(items, i);

    p = (struct problem){ 0 };
    return imports_run(im, json_get_text(item, "path", ""), json_object_get(item, "params"), never, NULL, track, &is_duplicate, &p);
}

static const struct import_wish all = { .is_recursive = true };

/* --- folders --- */

TEST(a_folder_is_walked_in_order_and_each_folder_once)
{
    begin();
    put_song("b.wav", .1, .1);
    put_song("A.wav", .2, .1);
    put_song("sub/c.wav", .3, .1);
    put_song("sub/.hidden/d.wav", .4, .1);
    put_text("notes.txt", "no");
    put_text("cover.jpg", "no");
    CHECK(!symlink(music, at("sub/loop")));
    CHECK(!symlink("/etc", at("sub/outside")));
    CHECK_INT(list(music, &all), LM_OK);
    CHECK_INT(json_array_size(items), 3);
    CHECK_STR(item_path(0), at("A.wav"));
    CHECK_STR(item_path(1), at("b.wav"));
    CHECK_STR(item_path(2), at("sub/c.wav"));
    CHECK_STR(batch_name, "music");
    CHECK_INT(list(music, &(struct import_wish){ 0 }), LM_OK);
    CHECK_INT(json_array_size(items), 2);
    end();
}

TEST(a_file_without_a_suffix_is_known_by_its_content)
{
    begin();
    put_song("x.wav", .1, .1);
    CHECK(!rename(at("x.wav"), at("x")));
    put_text("y", "just words, and more of them than a header has");
    CHECK_INT(list(music, &all), LM_OK);
    CHECK_INT(json_array_size(items), 1);
    CHECK_STR(item_path(0), at("x"));
    end();
}

TEST(a_name_that_is_no_text_is_listed_and_fails)
{
    begin();
    put_song("x.wav", .1, .1);
    CHECK(!rename(at("x.wav"), at("Zw\xf6lf.wav")));
    CHECK_INT(list(music, &all), LM_OK);
    CHECK_INT(json_array_size(items), 1);
    CHECK_INT(run(0), LM_INVALID);
    CHECK(strstr(p.detail, "UTF-8") != NULL);
    end();
}

TEST(nothing_outside_of_the_folders_is_read)
{
    char secret[PATH_SIZE];

    begin();
    path_join(secret, dir, "secret.wav");
    put_song("x.wav", .1, .1);
    CHECK(!rename(at("x.wav"), secret));
    CHECK(!symlink(secret, at("link.wav")));
    CHECK_INT(list("/etc", &all), LM_FORBIDDEN);
    CHECK(strstr(p.detail, "import_folders") != NULL);
    CHECK_INT(list("/etc/there/is/no/such", &all), LM_FORBIDDEN);
    CHECK_INT(list(at("../secret.wav"), &all), LM_FORBIDDEN);
    CHECK_INT(list(at("link.wav"), &all), LM_FORBIDDEN);
    CHECK_INT(list(at("not there"), &all), LM_NOT_FOUND);
    CHECK_INT(list("music", &all), LM_INVALID);
    CHECK_INT(list(data, &all), LM_FORBIDDEN);
    CHECK_INT(list(music, &all), LM_OK);           /* the link is an item, and fails */
    CHECK_INT(run(0), LM_FORBIDDEN);
    end();
}

TEST(an_empty_folder_says_so)
{
    begin();
    CHECK_INT(list(music, &all), LM_NOT_FOUND);
    CHECK(strstr(p.detail, "no audio file") != NULL);
    end();
}

/* --- files --- */

TEST(a_file_becomes_a_track_once)
{
    char first[UUID_SIZE];

    begin();
    put_song("a.wav", .1, .5);
    put_song("copy.wav", .1, .5);
    put_text("broken.wav", "RIFF....WAVE and nothing that a decoder could like, however long one looks at it");
    CHECK_INT(list(music, &all), LM_OK);
    CHECK_INT(json_array_size(items), 3);
    CHECK_INT(run(0), LM_OK);
    CHECK(!is_duplicate);
    strcpy(first, track);
    CHECK(run(1) == LM_INVALID || p.err == LM_MEDIA_TYPE);
    CHECK(*p.detail);
    CHECK_INT(run(2), LM_OK);
    CHECK(is_duplicate);
    CHECK_STR(track, first);
    end();
}

TEST(a_copy_that_is_stopped_leaves_nothing)
{
    char command[PATH_SIZE + 64];

    begin();
    put_song("a.wav", .1, .5);
    CHECK_INT(list(at("a.wav"), &all), LM_OK);
    CHECK_INT(imports_run(im, item_path(0), NULL, always, NULL, track, &is_duplicate, &p), LM_BUSY);
    snprintf(command, sizeof(command), "test -z \"$(ls -A %s/tracks)\"", data);
    CHECK_INT(system(command), 0);
    end();
}

/* --- libraries --- */

static void put_rekordbox(const char *location, const char *rest)
{
    struct str s = { 0 };

    str_addf(&s, "<DJ_PLAYLISTS><COLLECTION>"
                 "<TRACK TrackID=\"1\" Name=\"Song\" Artist=\"Who\" Album=\"What\" TotalTime=\"8\" Location=\"file://localhost%s\">"
                 "<TEMPO Inizio=\"0.100\" Bpm=\"120.00\" Metro=\"4/4\" Battito=\"1\"/>"
                 "<POSITION_MARK Name=\"Drop\" Type=\"0\" Start=\"2.1\" Num=\"0\" Red=\"255\" Green=\"0\" Blue=\"0\"/>"
                 "<POSITION_MARK Name=\"Round\" Type=\"4\" Start=\"4.1\" End=\"6.1\" Num=\"1\"/>"
                 "</TRACK>%s</COLLECTION><PLAYLISTS><NODE Type=\"0\" Name=\"ROOT\"><NODE Name=\"Mine\" Type=\"1\" KeyType=\"0\"><TRACK Key=\"1\"/></NODE></NODE></PLAYLISTS></DJ_PLAYLISTS>",
             location, rest);
    put_text("rekordbox.xml", s.data);
    str_clear(&s);
}

static json_t *beats_now(void)
{
    struct db_conn *c = db_reader_take(db);
    json_t *beats = NULL;

    track_beats(c, track, &beats, NULL);
    db_reader_put(db, c);
    return beats;
}

static json_t *markers_now(void)
{
    struct db_conn *c = db_reader_take(db);
    json_t *rows = NULL;

    row_all(c, &track_markers_table, "track_id", track, &rows, NULL);
    db_reader_put(db, c);
    return rows;
}

TEST(beats_and_cues_of_a_library_come_with_its_files_and_not_twice)
{
    begin();
    put_song("dance/one.wav", .1, 8);
    put_rekordbox(at("dance/one.wav"), "");
    CHECK_INT(list(at("rekordbox.xml"), &all), LM_OK);
    CHECK_INT(json_array_size(items), 1);
    CHECK_STR(json_get_text(json_array_get(items, 0), "name", ""), "Who - Song");
    for (int again = 0; again < 2; again++) {
        CHECK_INT(run(0), LM_OK);
        CHECK_INT(is_duplicate, again);
        json_t *beats = beats_now(), *markers = markers_now();
        CHECK(json_get_bool(beats, "corrected", false));
        CHECK_NEAR(json_get_real(beats, "bpm", 0), 120, 1e-6);
        CHECK_INT(json_array_size(json_object_get(beats, "beats")), 16);
        CHECK_NEAR(json_real_value(json_array_get(json_object_get(beats, "downbeats"), 1)), 2.1, 1e-9);
        CHECK_INT(json_array_size(markers), 2);
        CHECK_STR(json_get_text(json_array_get(markers, 0), "name", ""), "Drop");
        CHECK_STR(json_get_text(json_array_get(markers, 0), "color", ""), "#ff0000");
        CHECK_NEAR(json_get_real(json_array_get(markers, 1), "end_time", 0), 6.1, 1e-9);
        json_decref(beats);
        json_decref(markers);
    }
    struct db_conn *c = db_reader_take(db);
    json_t *row = NULL;
    row_get(c, &tracks_table, track, &row, NULL);
    db_reader_put(db, c);
    CHECK_STR(json_get_text(row, "title", ""), "Song");
    CHECK_STR(json_get_text(row, "artist", ""), "Who");
    json_decref(row);
    end();
}

static enum lm_err correct(struct db_conn *c, void *arg, struct problem *problem)
{
    json_t *beats = json_pack("{s:[f,f,f],s:[f],s:f,s:i}", "beats", 0.0, 1.0, 2.0, "downbeats", 0.0, "bpm", 60.0, "beats_per_bar", 3);
    (void)arg;
    enum lm_err err = track_set_beats(c, track, beats, true, "operator", 1, problem);

    json_decref(beats);
    return err;
}

TEST(an_operators_grid_stays_unless_it_is_to_be_replaced)
{
    begin();
    put_song("one.wav", .1, 8);
    put_rekordbox(at("one.wav"), "");
    CHECK_INT(list(at("rekordbox.xml"), &all), LM_OK);
    CHECK_INT(run(0), LM_OK);
    CHECK_INT(db_write(db, correct, NULL, &p), LM_OK);
    CHECK_INT(run(0), LM_OK);
    json_t *beats = beats_now();
    CHECK_NEAR(json_get_real(beats, "bpm", 0), 60, 1e-6);
    json_decref(beats);
    CHECK_INT(list(at("rekordbox.xml"), &(struct import_wish){ .replace = true }), LM_OK);
    CHECK_INT(run(0), LM_OK);
    beats = beats_now();
    CHECK_NEAR(json_get_real(beats, "bpm", 0), 120, 1e-6);
    json_decref(beats);
    end();
}

TEST(an_offset_and_what_is_left_out_count)
{
    begin();
    put_song("one.wav", .1, 8);
    put_rekordbox(at("one.wav"), "");
    CHECK_INT(list(at("rekordbox.xml"), &(struct import_wish){ .offset_ms = -50, .no_cues = true }), LM_OK);
    CHECK_INT(run(0), LM_OK);
    json_t *beats = beats_now(), *markers = markers_now();
    CHECK_NEAR(json_real_value(json_array_get(json_object_get(beats, "downbeats"), 0)), .05, 1e-9);
    CHECK_INT(json_array_size(markers), 0);
    json_decref(beats);
    json_decref(markers);
    end();
}

TEST(a_library_of_another_machine_finds_its_files_beside_it)
{
    begin();
    put_song("stick/Music/one.wav", .1, 8);
    put_rekordbox("/Volumes/STICK/Music/one.wav", "");
    CHECK(!rename(at("rekordbox.xml"), at("stick/rekordbox.xml")));
    CHECK_INT(list(at("stick/rekordbox.xml"), &all), LM_OK);
    CHECK_STR(item_path(0), at("stick/Music/one.wav"));
    end();
}

TEST(a_track_that_is_elsewhere_is_known_by_name_and_length)
{
    begin();
    put_song("one.wav", .1, 8);
    CHECK_INT(list(at("one.wav"), &all), LM_OK);
    CHECK_INT(run(0), LM_OK);
    put_rekordbox("/C:/Users/DJ/One.wav", "<TRACK TrackID=\"2\" Name=\"Long\" TotalTime=\"80\" Location=\"file://localhost/C:/other/one.wav\"/>"
                                          "<TRACK TrackID=\"3\" Name=\"Gone\" TotalTime=\"8\" Location=\"file://localhost/C:/other/gone.wav\"/>");
    CHECK_INT(list(at("rekordbox.xml"), &all), LM_OK);
    CHECK_INT(json_array_size(items), 3);
    CHECK_INT(run(0), LM_OK);
    CHECK(is_duplicate);
    json_t *beats = beats_now();
    CHECK(json_get_bool(beats, "corrected", false));
    json_decref(beats);
    CHECK_INT(run(1), LM_NOT_FOUND);
    CHECK(strstr(p.detail, "no such file") != NULL);
    CHECK_INT(run(2), LM_NOT_FOUND);
    end();
}

TEST(beats_of_another_recording_are_left_out)
{
    begin();
    put_song("one.wav", .1, 4);
    put_rekordbox(at("one.wav"), "");
    CHECK_INT(list(at("rekordbox.xml"), &all), LM_OK);
    CHECK_INT(run(0), LM_INVALID);
    CHECK(strstr(p.detail, "another recording") != NULL);
    CHECK(!beats_now());
    end();
}

TEST(only_what_is_known_copies_nothing)
{
    begin();
    put_song("one.wav", .1, 8);
    put_rekordbox(at("one.wav"), "<TRACK TrackID=\"2\" Name=\"Bare\" TotalTime=\"8\" Location=\"file:///x.wav\"/>");
    CHECK_INT(list(at("rekordbox.xml"), &(struct import_wish){ .only_known = true }), LM_OK);
    CHECK_INT(json_array_size(items), 1);
    CHECK_INT(run(0), LM_NOT_FOUND);
    CHECK_INT(list(at("one.wav"), &all), LM_OK);
    CHECK_INT(run(0), LM_OK);
    CHECK_INT(list(at("rekordbox.xml"), &(struct import_wish){ .only_known = true }), LM_OK);
    CHECK_INT(run(0), LM_OK);
    CHECK(is_duplicate);
    json_t *beats = beats_now();
    CHECK(json_get_bool(beats, "corrected", false));
    json_decref(beats);
    end();
}

TEST(one_playlist_of_a_library_is_enough)
{
    begin();
    put_song("one.wav", .1, 1);
    put_rekordbox(at("one.wav"), "<TRACK TrackID=\"2\" Name=\"Two\" Location=\"file:///x.wav\"/>");
    CHECK_INT(list(at("rekordbox.xml"), &(struct import_wish){ .playlist = "Mine" }), LM_OK);
    CHECK_INT(json_array_size(items), 1);
    CHECK_STR(batch_name, "rekordbox.xml: Mine");
    CHECK_INT(list(at("rekordbox.xml"), &(struct import_wish){ .playlist = "Yours" }), LM_NOT_FOUND);
    end();
}

TEST(a_playlist_counts_from_where_it_lies)
{
    begin();
    put_song("sub/a b.wav", .1, 1);
    put_song("c.wav", .2, 1);
    put_text("list.m3u8", "#EXTM3U\n#EXTINF:1,Who - A\nsub/a b.wav\nC:\\Music\\c.wav\nhttp://radio.example/x\nsub/none.wav\n");
    CHECK_INT(list(at("list.m3u8"), &all), LM_OK);
    CHECK_INT(json_array_size(items), 4);
    CHECK_STR(item_path(0), at("sub/a b.wav"));
    CHECK_STR(item_path(1), at("c.wav"));
    CHECK_INT(run(0), LM_OK);
    CHECK_INT(run(1), LM_OK);
    CHECK_INT(run(2), LM_INVALID);
    CHECK(strstr(p.detail, "stream") != NULL);
    CHECK_INT(run(3), LM_NOT_FOUND);
    end();
}

TEST(an_uploaded_playlist_names_files_of_this_machine)
{
    char text[2 * PATH_SIZE];

    begin();
    put_song("a.wav", .1, 1);
    snprintf(text, sizeof(text), "%s\na.wav\n", at("a.wav"));
    put_text("upload", text);
    CHECK_INT(imports_list_upload(im, at("upload"), "Saturday.m3u", &all, &items, batch_name, &p), LM_OK);
    CHECK_STR(batch_name, "Saturday.m3u");
    CHECK_INT(json_array_size(items), 2);
    CHECK_INT(run(0), LM_OK);
    CHECK_INT(run(1), LM_OK);                   /* matched: a relative path means nothing here */
    CHECK(is_duplicate);
    end();
}

/* --- pickers --- */

TEST(browsing_shows_folders_libraries_and_counts)
{
    json_t *page = NULL;

    begin();
    put_song("b/x.wav", .1, .1);
    put_song("a.wav", .1, .1);
    put_song("c.wav", .2, .1);
    put_text("list.m3u", "a.wav\n");
    put_song("Engine Library/Database2/m.wav", .1, .1);
    put_text("Engine Library/Database2/m.db", "x");
    put_song(".hidden/x.wav", .1, .1);
    CHECK_INT(imports_browse(im, "", &page, &p), LM_OK);
    CHECK_STR(json_get_text(json_array_get(json_object_get(page, "folders"), 0), "path", ""), music);
    json_decref(page);
    CHECK_INT(imports_browse(im, music, &page, &p), LM_OK);
    CHECK_INT(json_get_int(page, "files", -1), 2);
    CHECK_STR(json_get_text(page, "parent", "none"), "");
    CHECK_INT(json_array_size(json_object_get(page, "folders")), 2);
    CHECK_STR(json_get_text(json_array_get(json_object_get(page, "folders"), 0), "name", ""), "b");
    CHECK_INT(json_array_size(json_object_get(page, "libraries")), 2);
    json_decref(page);
    CHECK_INT(imports_browse(im, at("b"), &page, &p), LM_OK);
    CHECK_STR(json_get_text(page, "parent", "none"), music);
    json_decref(page);
    CHECK_INT(imports_browse(im, "/etc", &page, &p), LM_FORBIDDEN);
    CHECK_INT(imports_browse(im, at("a.wav"), &page, &p), LM_INVALID);
    end();
}

TEST(a_library_is_looked_at_before_it_is_imported)
{
    json_t *library = NULL;

    begin();
    put_rekordbox("/x.wav", "<TRACK TrackID=\"2\" Name=\"Two\" Location=\"file:///y.wav\"/>");
    CHECK_INT(imports_look(im, at("rekordbox.xml"), &library, &p), LM_OK);
    CHECK_STR(json_get_text(library, "program", ""), "rekordbox");
    CHECK_INT(json_get_int(library, "tracks", 0), 2);
    CHECK_INT(json_get_int(library, "with_beats", 0), 1);
    CHECK_INT(json_get_int(library, "with_cues", 0), 1);
    CHECK_STR(json_get_text(json_array_get(json_object_get(library, "playlists"), 0), "name", ""), "Mine");
    json_decref(library);
    end();
}
