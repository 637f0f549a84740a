/* What files say of the music in them; all of it written by hand, or from tests/data/audio. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../tap.h"
#include "audio/container.h"
#include "audio/picture.h"
#include "audio/tags_private.h"
#include "core/path.h"
#include "core/str.h"

static const char *const texts[TAGS] = {
    [TAG_TITLE] = "Ton", [TAG_ARTIST] = "K\xc3\xbcnstler", [TAG_ALBUM] = "Album", [TAG_GENRE] = "House", [TAG_DATE] = "2001", [TAG_TRACK_NUMBER] = "7",
};

TEST(every_format_says_the_same)
{
    static const struct { const char *name, *picture; } files[] = {
        { "info.wav", NULL }, { "rf64.wav", NULL }, { "id3.aiff", NULL }, { "strings.caf", NULL }, { "picture.flac", "image/jpeg" }, { "vorbis.ogg", NULL }, { "opus.opus", NULL },
        { "flac.oga", NULL }, { "id3v24.mp3", "image/jpeg" }, { "id3v23.mp3", "image/png" }, { "adts.aac", NULL },
    };
    char dir[PATH_SIZE], path[PATH_SIZE];

    CHECK_INT(path_share("tests/data/audio", dir, NULL), LM_OK);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        struct tags t = { 0 };
        struct container c;
        CHECK_INT(path_join(path, dir, files[i].name), LM_OK);
        FILE *f = fopen(path, "rb");
        CHECK(f);
        fseek(f, 0, SEEK_END);
        CHECK_INT(container_check(fileno(f), (uint64_t)ftell(f), &c, NULL), LM_OK);
        tags_read(&t, fileno(f), (uint64_t)ftell(f), c.format);
        fclose(f);
        for (int k = 0; k <= TAG_TRACK_NUMBER; k++) {
            CHECK(t.text[k]);
            CHECK(!strncmp(t.text[k], texts[k], strlen(texts[k])));     /* some have a whole date */
        }
        CHECK(!t.picture == !files[i].picture);
        if (t.picture)
            CHECK_STR(picture_type(t.picture, t.picture_n), files[i].picture);
        tags_clear(&t);
    }
}

/* A tag of one version with these frames. */
static struct tags id3(int version, int flags, const void *frames, size_t n)
{
    static unsigned char b[4096];
    struct tags t = { 0 };

    memcpy(b, "ID3", 3);
    b[3] = (unsigned char)version, b[4] = 0, b[5] = (unsigned char)flags;
    b[6] = b[7] = 0, b[8] = (unsigned char)(n >> 7), b[9] = n & 0x7f;
    memcpy(b + 10, frames, n);
    tags_id3(&t, b, n + 10);
    return t;
}

#define ID3(version, flags, text) id3(version, flags, text, sizeof(text) - 1)

static bool says(struct tags *t, enum tag tag, const char *text)
{
    bool same = t->text[tag] && !strcmp(t->text[tag], text);

    if (!same)
        printf("# it says %s\n", t->text[tag] ? t->text[tag] : "nothing");
    tags_clear(t);
    return same;
}

TEST(texts_of_every_coding_become_utf8)
{
    struct tags t = ID3(3, 0, "TIT2\0\0\0\5\0\0\0" "Z\xfc" "ri");
    CHECK(says(&t, TAG_TITLE, "Z\xc3\xbcri"));
    t = ID3(3, 0, "TIT2\0\0\0\7\0\0\1\xff\xfe" "Z\0\xfc\0");
    CHECK(says(&t, TAG_TITLE, "Z\xc3\xbc"));
    t = ID3(4, 0, "TIT2\0\0\0\7\0\0\1\xfe\xff\0Z\0\xfc");
    CHECK(says(&t, TAG_TITLE, "Z\xc3\xbc"));
    t = ID3(4, 0, "TIT2\0\0\0\5\0\0\2\xd8\x3d\xde\x00");
    CHECK(says(&t, TAG_TITLE, "\xf0\x9f\x98\x80"));
    t = ID3(4, 0, "TIT2\0\0\0\5\0\0\2\xd8\x3d\0A");
    CHECK(says(&t, TAG_TITLE, "\xef\xbf\xbd" "A"));
    t = ID3(4, 0, "TIT2\0\0\0\4\0\0\3" "Z\xc3\xbc");
    CHECK(says(&t, TAG_TITLE, "Z\xc3\xbc"));
    t = ID3(4, 0, "TIT2\0\0\0\4\0\0\3" "\xfc\1!");
    CHECK(says(&t, TAG_TITLE, "\xc3\xbc !"));
    t = ID3(2, 0, "TT2\0\0\4\0Zug" "TBP\0\0\4\0" "128");
    CHECK(t.text[TAG_BPM] && !strcmp(t.text[TAG_BPM], "128"));
    CHECK(says(&t, TAG_TITLE, "Zug"));
}

TEST(what_stands_around_a_frame_is_passed_over)
{
    struct tags t = ID3(3, 0x40, "\0\0\0\6\0\0\0\0\0\0" "TIT2\0\0\0\2\0\0\0A");        /* extended header */
    CHECK(says(&t, TAG_TITLE, "A"));
    t = ID3(4, 0x40, "\0\0\0\6\1\0" "TIT2\0\0\0\2\0\0\0A");
    CHECK(says(&t, TAG_TITLE, "A"));
    t = ID3(4, 0, "TIT2\0\0\0\6\0\1\0\0\0\2\0A" "TALB\0\0\0\3\0\x40\7\0B");             /* its length, its group */
    CHECK(t.text[TAG_ALBUM] && !strcmp(t.text[TAG_ALBUM], "B"));
    CHECK(says(&t, TAG_TITLE, "A"));
    t = ID3(3, 0, "TIT2\0\0\0\2\0\x80" "xx" "TIT2\0\0\0\2\0\0\0A");                     /* packed */
    CHECK(says(&t, TAG_TITLE, "A"));
    t = ID3(3, 0x80, "TIT2\0\0\0\3\0\0\0\xff\0\xe0");                                   /* FF 00 is FF */
    CHECK(says(&t, TAG_TITLE, "\xc3\xbf\xc3\xa0"));
}

TEST(genres_are_words)
{
    static const struct { const char *text, *genre; } cases[] = { { "(17)", "Rock" }, { "35", "House" }, { "(4)Italo", "Italo" }, { "Techno", "Techno" }, { "80s", "80s" } };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char frame[64] = "TCON\0\0\0\0\0\0";
        size_t n = strlen(cases[i].text);
        frame[7] = (char)(n + 1);
        memcpy(frame + 11, cases[i].text, n);
        struct tags t = id3(4, 0, frame, n + 11);
        CHECK(says(&t, TAG_GENRE, cases[i].genre));
    }
    struct tags t = ID3(4, 0, "TCON\0\0\0\4\0\0\0" "999");
    CHECK(!t.text[TAG_GENRE]);
    tags_clear(&t);
}

TEST(the_front_cover_is_the_picture)
{
    static const char back[] = "\0image/png\0\4\0\x89PNG\r\n\x1a\n------------------------", front[] = "\0image/png\0\3x\0\xff\xd8\xff-----------------------------";
    char frames[200] = "APIC\0\0\0\0\0\0";
    size_t n = 10 + sizeof(back) - 1;

    frames[7] = sizeof(back) - 1;
    memcpy(frames + 10, back, sizeof(back) - 1);
    struct tags t = id3(4, 0, frames, n);
    CHECK_STR(picture_type(t.picture, t.picture_n), "image/png");
    tags_clear(&t);
    memcpy(frames + n, "APIC\0\0\0\0\0\0", 10);
    frames[n + 7] = sizeof(front) - 1;
    memcpy(frames + n + 10, front, sizeof(front) - 1);
    t = id3(4, 0, frames, n + 10 + sizeof(front) - 1);
    CHECK_STR(picture_type(t.picture, t.picture_n), "image/jpeg");          /* by its bytes, whatever it is called */
    tags_clear(&t);
}

TEST(what_is_no_picture_is_left_out)
{
    struct tags t = { 0 };
    char html[64] = "<html><script>alert(1)</script>";

    tags_add_picture(&t, html, sizeof(html), true);
    CHECK(!t.picture);
    CHECK(!picture_type("\xff\xd8\xff", 3) && !picture_type("RIFF....WAVE--------------------------", 36));
    CHECK_STR(picture_type("RIFF....WEBP--------------------------", 36), "image/webp");
    CHECK_STR(picture_type("GIF89a--------------------------------", 36), "image/gif");
    CHECK(!picture_type("\xff\xd8\xff", PICTURE_MAX + 1));
}

TEST(a_text_has_an_end_and_no_spaces_around_it)
{
    struct tags t = { 0 };
    char long_text[2000];

    for (size_t i = 0; i < sizeof(long_text); i += 2)
        memcpy(long_text + i, "\xc3\xbc", 2);
    long_text[0] = ' ', long_text[1] = '\t';
    tags_add(&t, TAG_TITLE, long_text, sizeof(long_text), TAG_UTF8);
    CHECK(t.text[TAG_TITLE] && strlen(t.text[TAG_TITLE]) <= TAG_MAX && utf8_valid(t.text[TAG_TITLE], strlen(t.text[TAG_TITLE])) && t.text[TAG_TITLE][0] != ' ');
    tags_add(&t, TAG_ALBUM, " \n ", 3, TAG_UTF8);
    CHECK(!t.text[TAG_ALBUM]);
    tags_add_named(&t, "InitialKey", 10, "8A", 2);
    CHECK_STR(t.text[TAG_KEY], "8A");
    tags_clear(&t);
}

TEST(vorbis_comments_end_where_their_bytes_do)
{
    static const unsigned char packet[] = "\3\0\0\0lib\3\0\0\0\7\0\0\0title=A\xff\xff\xff\x7f""album=B\7\0\0\0genre=C";
    struct tags t = { 0 };

    tags_vorbis(&t, packet, sizeof(packet) - 1);
    CHECK_STR(t.text[TAG_TITLE], "A");
    CHECK(!t.text[TAG_ALBUM] && !t.text[TAG_GENRE]);
    tags_clear(&t);
}

/* A picture as Ogg and Opus hold it: a block of FLAC's in letters. */
TEST(a_picture_may_be_a_comment)
{
    static const char comment[] = "METADATA_BLOCK_PICTURE=AAAAAwAAAAlpbWFnZS9naWYAAAAAAAAAAAAAAAAAAAAAAAAAAAAAACRHSUY4OWFBQkNERUZHSElKS"
                                  "0xNTk9QUVJTVFVWV1hZWltcXV4=";
    unsigned char packet[300] = { 0 };
    struct tags t = { 0 };
    size_t n = sizeof(comment) - 1;

    packet[4] = 1;
    packet[8] = (unsigned char)n;
    memcpy(packet + 12, comment, n);
    tags_vorbis(&t, packet, n + 12);
    CHECK_INT(t.picture_n, 36);
    CHECK_STR(picture_type(t.picture, t.picture_n), "image/gif");
    CHECK(t.is_cover);
    tags_clear(&t);
    tags_vorbis(&t, packet, n + 11);            /* a byte of it is missing */
    CHECK(!t.picture);
    tags_clear(&t);
}

TEST(id3v1_is_what_is_left)
{
    unsigned char b[128] = "TAGTitle";
    struct tags t = { 0 };

    memcpy(b + 33, "Somebody                      ", 30);
    memcpy(b + 93, "1987", 4);
    b[126] = 9, b[127] = 17;
    tags_id3v1(&t, b);
    CHECK_STR(t.text[TAG_ARTIST], "Somebody");
    CHECK_STR(t.text[TAG_DATE], "1987");
    CHECK_STR(t.text[TAG_TRACK_NUMBER], "9");
    CHECK(says(&t, TAG_GENRE, "Rock"));
}
