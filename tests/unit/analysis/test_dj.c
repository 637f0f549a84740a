/* Libraries of DJ programs that are text: what is read of them, what is refused, and what a grid becomes. */
#include <stdlib.h>

#include "../../tap.h"
#include "analysis/dj.h"
#include "core/path.h"
#include "core/str.h"

static struct dj_library *lib;
static struct problem p;

static enum lm_err parse(const char *text)
{
    dj_free(lib);
    lib = NULL;
    p = (struct problem){ 0 };
    return dj_parse(text, strlen(text), "/music", &lib, &p);
}

static enum lm_err read_data(const char *name)
{
    char path[PATH_SIZE];

    dj_free(lib);
    lib = NULL;
    p = (struct problem){ 0 };
    return path_share(name, path, &p) ? LM_NOT_FOUND : dj_read(path, NULL, "/tmp", &lib, &p);
}

/* --- rekordbox --- */

TEST(rekordbox_tracks_are_read)
{
    CHECK_INT(read_data("tests/data/dj/rekordbox.xml"), LM_OK);
    CHECK_STR(lib->program, "rekordbox");
    CHECK_INT(lib->n_tracks, 4);                /* one has no place */
    const struct dj_track *t = &lib->tracks[0];
    CHECK_STR(t->path, "/music/dance/one & only.wav");
    CHECK_STR(t->title, "Straight & narrow");
    CHECK_STR(t->artist, "One");
    CHECK_STR(t->album, "First");
    CHECK_NEAR(t->duration, 60, 0);
    CHECK_INT(t->n_segments, 1);
    CHECK_NEAR(t->segments[0].start, .25, 1e-9);
    CHECK_NEAR(t->segments[0].bpm, 120, 0);
    CHECK_INT(t->segments[0].beats_per_bar, 4);
    CHECK_INT(t->segments[0].beat, 2);
    CHECK(!t->trouble);
    CHECK_STR(lib->tracks[1].path, "C:/Users/DJ/Music/Zw\xc3\xb6lf.mp3");
    CHECK_INT(lib->tracks[1].n_segments, 2);
    CHECK_INT(lib->tracks[2].n_segments, 0);
    CHECK(!lib->tracks[2].trouble);
}

TEST(rekordbox_cues_have_names_colours_and_loops)
{
    CHECK_INT(read_data("tests/data/dj/rekordbox.xml"), LM_OK);
    const struct dj_track *t = &lib->tracks[0];
    CHECK_INT(t->n_cues, 3);
    CHECK_STR(t->cues[0].name, "Drop");
    CHECK_INT(t->cues[0].color, 0x28e214);
    CHECK_NEAR(t->cues[0].start, 12.25, 1e-9);
    CHECK(t->cues[0].end <= t->cues[0].start);
    CHECK_STR(t->cues[1].name, "Loop B");
    CHECK_NEAR(t->cues[1].end, 28.25, 1e-9);
    CHECK_STR(t->cues[2].name, "Cue");
    CHECK_INT(t->cues[2].color, -1);
}

TEST(a_grid_that_makes_no_sense_is_the_trouble_of_its_track_alone)
{
    CHECK_INT(read_data("tests/data/dj/rekordbox.xml"), LM_OK);
    CHECK(lib->tracks[3].trouble != NULL);
    CHECK_INT(lib->tracks[3].n_segments, 0);
}

TEST(numbers_beyond_all_reason_are_not_taken)
{
    CHECK_INT(parse("<DJ_PLAYLISTS><COLLECTION><TRACK Location=\"file:///a\" TotalTime=\"1e300\"><TEMPO Inizio=\"0\" Bpm=\"120\" Metro=\"99999999999999999999/4\" Battito=\"1e300\"/>"
                    "<TEMPO Inizio=\"1e300\" Bpm=\"120\"/><POSITION_MARK Type=\"-1e300\" Start=\"1e300\" Num=\"1e300\"/><POSITION_MARK Type=\"1e300\" Start=\"1\" Num=\"nan\" Red=\"inf\"/>"
                    "</TRACK></COLLECTION></DJ_PLAYLISTS>"), LM_OK);
    const struct dj_track *t = &lib->tracks[0];
    CHECK_NEAR(t->duration, 0, 0);
    CHECK_INT(t->n_segments, 1);
    CHECK_INT(t->segments[0].beats_per_bar, 0);
    CHECK_INT(t->segments[0].beat, 1);
    CHECK(t->trouble != NULL);
    CHECK_INT(t->n_cues, 1);
    CHECK_INT(t->cues[0].color, -1);
}

TEST(rekordbox_playlists_name_tracks_by_id_and_by_place)
{
    CHECK_INT(read_data("tests/data/dj/rekordbox.xml"), LM_OK);
    CHECK_INT(lib->n_playlists, 2);
    CHECK_STR(lib->playlists[0].name, "Saturday/Opening");
    CHECK_INT(lib->playlists[0].n, 2);
    CHECK_INT(lib->playlists[0].tracks[0], 2);
    CHECK_INT(lib->playlists[0].tracks[1], 0);
    CHECK_STR(lib->playlists[1].name, "By place");
    CHECK_INT(lib->playlists[1].n, 1);
    CHECK_INT(lib->playlists[1].tracks[0], 1);
}

TEST(wrong_xml_is_named_with_its_line)
{
    CHECK_INT(parse("<DJ_PLAYLISTS>\n<COLLECTION>\n<TRACK Location=\"file:///a.wav\">\n</COLLECTION>\n</DJ_PLAYLISTS>\n"), LM_INVALID);
    CHECK(strstr(p.detail, "Line 4") != NULL);
    CHECK(!lib);
    CHECK_INT(parse("<DJ_PLAYLISTS>\n<COLLECTION>\n"), LM_INVALID);
    CHECK_INT(parse("<html><body/></html>"), LM_MEDIA_TYPE);
    CHECK(strstr(p.detail, "<html>") != NULL);
}

TEST(entities_and_doctypes_are_refused)
{
    CHECK_INT(parse("<!DOCTYPE DJ_PLAYLISTS [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>\n<DJ_PLAYLISTS><COLLECTION><TRACK Name=\"&e;\" Location=\"file:///a\"/></COLLECTION></DJ_PLAYLISTS>"),
              LM_INVALID);
    CHECK_INT(parse("<!DOCTYPE DJ_PLAYLISTS SYSTEM \"http://example.org/a.dtd\"><DJ_PLAYLISTS/>"), LM_INVALID);
    CHECK(strstr(p.detail, "DOCTYPE") != NULL);
    CHECK_INT(parse("<!DOCTYPE a [<!ENTITY x \"xxxxxxxxxx\"><!ENTITY y \"&x;&x;&x;&x;\">]><DJ_PLAYLISTS/>"), LM_INVALID);
}

TEST(what_is_nested_too_deep_is_refused)
{
    struct str s = { 0 };

    str_add(&s, "<DJ_PLAYLISTS><PLAYLISTS>");
    for (int i = 0; i < 200; i++)
        str_add(&s, "<NODE Type=\"0\" Name=\"a\">");
    CHECK_INT(parse(s.data), LM_INVALID);
    str_clear(&s);
}

/* --- Traktor --- */

TEST(traktor_markers_and_cues_are_read)
{
    CHECK_INT(read_data("tests/data/dj/collection.nml"), LM_OK);
    CHECK_STR(lib->program, "traktor");
    CHECK_INT(lib->n_tracks, 3);
    const struct dj_track *t = &lib->tracks[0];
    CHECK_STR(t->path, "/Users/dj/Music/marker.wav");
    CHECK_STR(t->album, "First");
    CHECK_NEAR(t->duration, 59.875, 1e-9);
    CHECK_INT(t->n_segments, 1);
    CHECK_NEAR(t->segments[0].start, .48, 1e-9);
    CHECK_NEAR(t->segments[0].bpm, 125, 0);
    CHECK_INT(t->segments[0].beat, 1);
    CHECK_INT(t->n_cues, 2);
    CHECK_STR(t->cues[0].name, "Cue 2");
    CHECK_INT(t->cues[0].color, 0xff8000);
    CHECK_NEAR(t->cues[0].start, .96, 1e-9);
    CHECK_STR(t->cues[1].name, "Break");
    CHECK_NEAR(t->cues[1].end, 12, 1e-9);
    CHECK_STR(lib->tracks[1].path, "C:/Users/dj/win.mp3");
    CHECK_INT(lib->tracks[1].n_segments, 2);
    CHECK_NEAR(lib->tracks[1].segments[0].bpm, 90, 0);      /* of a tempo that stands behind the marker */
    CHECK(lib->tracks[2].trouble != NULL);
    CHECK_STR(lib->tracks[2].path, "/bare.wav");
}

TEST(traktor_playlists_name_tracks_by_volume_and_path)
{
    CHECK_INT(read_data("tests/data/dj/collection.nml"), LM_OK);
    CHECK_INT(lib->n_playlists, 1);
    CHECK_STR(lib->playlists[0].name, "Club/Peak");
    CHECK_INT(lib->playlists[0].n, 2);
    CHECK_INT(lib->playlists[0].tracks[0], 1);
    CHECK_INT(lib->playlists[0].tracks[1], 0);
}

/* --- M3U, PLS --- */

TEST(m3u_has_paths_lengths_and_titles)
{
    CHECK_INT(parse("\xef\xbb\xbf#EXTM3U\r\n#PLAYLIST:Evening\r\n#EXTINF:123,One - Two - Three\r\nsub/a b.mp3\r\n\r\n# a note\r\n/abs/c.flac\r\n"
                    "file:///abs/d%20e.ogg\r\n..\\win\\f.wav\r\nhttp://radio.example/stream\r\nlast.wav"), LM_OK);
    CHECK_STR(lib->program, "playlist");
    CHECK_STR(lib->base, "/music");
    CHECK_INT(lib->n_tracks, 6);
    CHECK_STR(lib->tracks[0].path, "sub/a b.mp3");
    CHECK_STR(lib->tracks[0].artist, "One");
    CHECK_STR(lib->tracks[0].title, "Two - Three");
    CHECK_NEAR(lib->tracks[0].duration, 123, 0);
    CHECK_STR(lib->tracks[1].path, "/abs/c.flac");
    CHECK_STR(lib->tracks[1].title, "");
    CHECK_STR(lib->tracks[2].path, "/abs/d e.ogg");
    CHECK_STR(lib->tracks[3].path, "../win/f.wav");
    CHECK_STR(lib->tracks[4].path, "http://radio.example/stream");
    CHECK_STR(lib->tracks[5].path, "last.wav");
    CHECK_INT(lib->n_playlists, 1);
    CHECK_STR(lib->playlists[0].name, "Evening");
    CHECK_INT(lib->playlists[0].n, 6);
    CHECK_INT(lib->playlists[0].tracks[5], 5);
}

TEST(m3u_of_other_times_is_windows_1252)
{
    CHECK_INT(parse("Zw\xf6lf \x80.mp3\nZw\xc3\xb6lf.mp3\n"), LM_OK);
    CHECK_INT(lib->n_tracks, 2);
    CHECK_STR(lib->tracks[0].path, "Zw\xc3\xb6lf \xe2\x82\xac.mp3");
    CHECK_STR(lib->tracks[1].path, "Zw\xc3\xb6lf.mp3");
}

TEST(pls_is_read_by_number)
{
    CHECK_INT(parse("[playlist]\nFile1=a.mp3\nTitle1=One - Two\nLength1=60\nFile2=/b.mp3\nNumberOfEntries=2\nVersion=2\n"), LM_OK);
    CHECK_INT(lib->n_tracks, 2);
    CHECK_STR(lib->tracks[0].path, "a.mp3");
    CHECK_STR(lib->tracks[0].artist, "One");
    CHECK_NEAR(lib->tracks[0].duration, 60, 0);
    CHECK_STR(lib->tracks[1].path, "/b.mp3");
    CHECK_STR(lib->tracks[1].title, "");
}

TEST(what_is_no_text_is_no_playlist)
{
    static const char sound[] = "RIFF\x24\0\0\0WAVEfmt ";

    dj_free(lib);
    lib = NULL;
    CHECK_INT(dj_parse(sound, sizeof(sound), "", &lib, &p), LM_MEDIA_TYPE);
    CHECK_INT(dj_parse("", 0, "", &lib, &p), LM_MEDIA_TYPE);
    CHECK_INT(dj_parse("SQLite format 3\0more", 20, "", &lib, &p), LM_MEDIA_TYPE);
    CHECK_INT(dj_read("/nowhere/at/all.m3u", NULL, "/tmp", &lib, &p), LM_NOT_FOUND);
    CHECK_INT(dj_read("/dev/null", NULL, "/tmp", &lib, &p), LM_MEDIA_TYPE);
}

TEST(names_of_libraries_are_known)
{
    static const char *const yes[] = { "a.m3u", "A.M3U8", "x.pls", "rekordbox.xml", "collection.nml", "m.db", "/a/Database2/m.db", "mixxxdb.sqlite" };
    static const char *const no[] = { "a.wav", ".m3u", "am.db", "notes.txt", "sm3u", "" };

    for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++)
        CHECK(dj_program_of_name(yes[i]) != NULL);
    for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++)
        CHECK(!dj_program_of_name(no[i]));
    CHECK_STR(dj_program_of_name("/a/Database2/m.db"), "engine");
    CHECK_STR(dj_program_of_name("a.M3U8"), "playlist");
    CHECK(dj_is_program("playlist") && dj_is_program("rekordbox") && dj_is_program("traktor") && dj_is_program("engine") && dj_is_program("mixxx"));
    CHECK(!dj_is_program("operator") && !dj_is_program("lumad-beats") && !dj_is_program(""));
}

/* --- grids --- */

static struct dj_beats beats;

static enum lm_err make(const struct dj_segment *s, size_t n, double duration, double offset)
{
    struct dj_track t = { .segments = s, .n_segments = n };

    dj_beats_clear(&beats);
    return dj_grid_make(&t, duration, offset, NULL, 0, &beats);
}

TEST(a_grid_reaches_from_end_to_end_and_counts_its_bars)
{
    /* Beat 2 of the bar at 0.75 s: the downbeat is at 0.25. */
    struct dj_segment s = { .75, 120, 4, 2 };

    CHECK_INT(make(&s, 1, 10, 0), LM_OK);
    CHECK_INT(beats.n_beats, 20);
    CHECK_NEAR(beats.beats[0], .25, 1e-9);
    CHECK_NEAR(beats.beats[19], 9.75, 1e-9);
    CHECK_INT(beats.n_downbeats, 5);
    CHECK_NEAR(beats.downbeats[0], .25, 1e-9);
    CHECK_NEAR(beats.downbeats[1], 2.25, 1e-9);
    CHECK(beats.downbeats[1] == beats.beats[4]);
    CHECK_NEAR(beats.bpm, 120, 0);
    CHECK_INT(beats.beats_per_bar, 4);
}

TEST(a_grid_that_begins_before_the_track_begins_with_it)
{
    struct dj_segment s = { -1.9, 120, 4, 1 };

    CHECK_INT(make(&s, 1, 4, 0), LM_OK);
    CHECK_NEAR(beats.beats[0], .1, 1e-9);
    CHECK_NEAR(beats.downbeats[0], .1, 1e-9);
    CHECK_INT(beats.n_beats, 8);
}

TEST(a_change_of_tempo_begins_with_its_own_beat)
{
    struct dj_segment s[] = { { 0, 100, 4, 1 }, { 12.02, 150, 3, 1 } };

    CHECK_INT(make(s, 2, 20, 0), LM_OK);
    for (size_t i = 1; i < beats.n_beats; i++)
        CHECK(beats.beats[i] - beats.beats[i - 1] > .39);
    CHECK_NEAR(beats.beats[19], 11.4, 1e-9);
    CHECK_NEAR(beats.beats[20], 12.02, 1e-9);
    CHECK_NEAR(beats.downbeats[5], 12.02, 1e-9);
    CHECK_NEAR(beats.downbeats[6], 13.22, 1e-9);
    CHECK_NEAR(beats.bpm, 100, 0);
    CHECK_INT(beats.beats_per_bar, 4);
}

TEST(bars_are_counted_on_over_a_marker_that_does_not_say_them)
{
    struct dj_segment s[] = { { 0, 120, 4, 1 }, { 3, 60, 0, 0 } };       /* six beats, then the third of a bar */

    CHECK_INT(make(s, 2, 10, 0), LM_OK);
    CHECK_NEAR(beats.downbeats[1], 2, 1e-9);
    CHECK_NEAR(beats.downbeats[2], 5, 1e-9);
}

TEST(a_grid_without_bars_takes_those_that_were_heard)
{
    struct dj_segment s = { .5, 120, 0, 0 };
    struct dj_track t = { .segments = &s, .n_segments = 1 };
    double heard[] = { 1.02, 3.01, 4.6, 5.0, 6.98 };

    dj_beats_clear(&beats);
    CHECK_INT(dj_grid_make(&t, 10, 0, heard, 5, &beats), LM_OK);
    CHECK_NEAR(beats.downbeats[0], 1, 1e-9);
    CHECK_NEAR(beats.downbeats[1], 3, 1e-9);
    CHECK_INT(make(&s, 1, 10, 0), LM_OK);
    CHECK_NEAR(beats.downbeats[0], .5, 1e-9);
}

TEST(an_offset_moves_everything)
{
    struct dj_segment s = { .5, 120, 4, 1 };

    CHECK_INT(make(&s, 1, 10, -.026), LM_OK);
    CHECK_NEAR(beats.downbeats[0], .474, 1e-9);
}

TEST(a_grid_of_nothing_or_too_much_is_none)
{
    struct dj_segment s = { 0, 1000, 4, 1 };

    CHECK_INT(make(&s, 0, 10, 0), LM_NOT_FOUND);
    CHECK_INT(make(&s, 1, 0, 0), LM_INVALID);
    CHECK_INT(make(&s, 1, 12 * 3600, 0), LM_INVALID);
    dj_beats_clear(&beats);
    dj_free(lib);
    lib = NULL;
}
