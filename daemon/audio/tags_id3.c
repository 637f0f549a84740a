/* ID3v2.2, 2.3, 2.4 (id3.org: id3v2-00, id3v2.3.0, id3v2.4.0-structure and -frames) and ID3v1. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audio/tags_private.h"

enum { FRAMES = 2000, COVER = 3, UNSYNC = 0x80, EXTENDED = 0x40 };

/* ID3v1's 80, then what Winamp added; their numbers are the tag. */
static const char *const genres[] = {
    "Blues", "Classic Rock", "Country", "Dance", "Disco", "Funk", "Grunge", "Hip-Hop", "Jazz", "Metal", "New Age", "Oldies", "Other", "Pop", "R&B", "Rap", "Reggae", "Rock",
    "Techno", "Industrial", "Alternative", "Ska", "Death Metal", "Pranks", "Soundtrack", "Euro-Techno", "Ambient", "Trip-Hop", "Vocal", "Jazz+Funk", "Fusion", "Trance",
    "Classical", "Instrumental", "Acid", "House", "Game", "Sound Clip", "Gospel", "Noise", "Alternative Rock", "Bass", "Soul", "Punk", "Space", "Meditative",
    "Instrumental Pop", "Instrumental Rock", "Ethnic", "Gothic", "Darkwave", "Techno-Industrial", "Electronic", "Pop-Folk", "Eurodance", "Dream", "Southern Rock", "Comedy",
    "Cult", "Gangsta", "Top 40", "Christian Rap", "Pop/Funk", "Jungle", "Native US", "Cabaret", "New Wave", "Psychedelic", "Rave", "Showtunes", "Trailer", "Lo-Fi", "Tribal",
    "Acid Punk", "Acid Jazz", "Polka", "Retro", "Musical", "Rock & Roll", "Hard Rock", "Folk", "Folk-Rock", "National Folk", "Swing", "Fast Fusion", "Bebop", "Latin",
    "Revival", "Celtic", "Bluegrass", "Avantgarde", "Gothic Rock", "Progressive Rock", "Psychedelic Rock", "Symphonic Rock", "Slow Rock", "Big Band", "Chorus",
    "Easy Listening", "Acoustic", "Humour", "Speech", "Chanson", "Opera", "Chamber Music", "Sonata", "Symphony", "Booty Bass", "Primus", "Porn Groove", "Satire", "Slow Jam",
    "Club", "Tango", "Samba", "Folklore", "Ballad", "Power Ballad", "Rhythmic Soul", "Freestyle", "Duet", "Punk Rock", "Drum Solo", "A Cappella", "Euro-House", "Dance Hall",
    "Goa", "Drum & Bass", "Club-House", "Hardcore", "Terror", "Indie", "BritPop", "Afro-Punk", "Polsk Punk", "Beat", "Christian Gangsta Rap", "Heavy Metal", "Black Metal",
    "Crossover", "Contemporary Christian", "Christian Rock", "Merengue", "Salsa", "Thrash Metal", "Anime", "JPop", "Synthpop",
};

enum { GENRES = sizeof genres / sizeof *genres };

static void add_genre(struct tags *t, unsigned number)
{
    if (number < GENRES)
        tags_add(t, TAG_GENRE, genres[number], strlen(genres[number]), TAG_UTF8);
}

/* "(17)", "17" and "(17)Rock" are Rock. */
static void add_genre_text(struct tags *t, const unsigned char *b, size_t n, enum tag_text coding)
{
    struct tags one = { 0 };
    unsigned number;
    int end = 0;

    if (t->text[TAG_GENRE])
        return;
    tags_add(&one, TAG_GENRE, b, n, coding);
    const char *text = one.text[TAG_GENRE] ? one.text[TAG_GENRE] : "";
    bool is_number = (sscanf(text, "(%3u)%n", &number, &end) == 1 && end) || (sscanf(text, "%3u%n", &number, &end) == 1 && !text[end]);
    if (is_number && text[end])
        tags_add(t, TAG_GENRE, text + end, strlen(text + end), TAG_UTF8);
    else if (is_number)
        add_genre(t, number);
    else
        tags_add(t, TAG_GENRE, text, strlen(text), TAG_UTF8);
    tags_clear(&one);
}

/* Bytes up to and with the zero that ends a text; n when there is none. */
static size_t text_bytes(const unsigned char *b, size_t n, enum tag_text coding)
{
    bool is_wide = coding == TAG_UTF16 || coding == TAG_UTF16_BE;
    size_t step = is_wide ? 2 : 1;

    for (size_t i = 0; i + step <= n; i += step)
        if (!b[i] && (!is_wide || !b[i + 1]))
            return i + step;
    return n;
}

/* Coding, type, kind, description, the picture. ID3v2.2 writes the type in three letters. */
static void take_picture(struct tags *t, const unsigned char *b, size_t n, bool is_old)
{
    if (n < 6)
        return;
    size_t at = is_old ? 4 : 1 + text_bytes(b + 1, n - 1, TAG_LATIN1);
    if (at >= n)
        return;
    bool is_cover = b[at++] == COVER;
    at += text_bytes(b + at, n - at, (enum tag_text)(b[0] & 3));
    if (at < n)
        tags_add_picture(t, b + at, n - at, is_cover);
}

/* Coding, language, description, the text; descriptions are of what programs keep for themselves ("iTunNORM"). */
static void take_comment(struct tags *t, const unsigned char *b, size_t n)
{
    if (n < 5)
        return;
    enum tag_text coding = (enum tag_text)(b[0] & 3);
    size_t skip = 4 + text_bytes(b + 4, n - 4, coding);
    bool is_plain = skip <= 4 + (coding == TAG_LATIN1 || coding == TAG_UTF8 ? 1u : 4u);
    if (is_plain && skip < n)
        tags_add(t, TAG_COMMENT, b + skip, n - skip, coding);
}

/* Coding, what it is, the text: what programs write for which there is no frame. */
static void take_other(struct tags *t, const unsigned char *b, size_t n)
{
    struct tags one = { 0 };

    if (n < 3)
        return;
    enum tag_text coding = (enum tag_text)(b[0] & 3);
    size_t skip = 1 + text_bytes(b + 1, n - 1, coding);
    tags_add(&one, TAG_TITLE, b + 1, skip - 1, coding);
    tags_add(&one, TAG_COMMENT, b + skip, n - skip, coding);
    if (one.text[TAG_TITLE] && one.text[TAG_COMMENT])
        tags_add_named(t, one.text[TAG_TITLE], strlen(one.text[TAG_TITLE]), one.text[TAG_COMMENT], strlen(one.text[TAG_COMMENT]));
    tags_clear(&one);
}

static void take_frame(struct tags *t, const char id[4], const unsigned char *b, size_t n, int version)
{
    static const struct { char now[5], old[4]; enum tag tag; } known[] = {
        { "TIT2", "TT2", TAG_TITLE }, { "TPE1", "TP1", TAG_ARTIST }, { "TALB", "TAL", TAG_ALBUM }, { "TDRC", "", TAG_DATE }, { "TYER", "TYE", TAG_DATE },
        { "TRCK", "TRK", TAG_TRACK_NUMBER }, { "TBPM", "TBP", TAG_BPM }, { "TKEY", "TKE", TAG_KEY }, { "TCON", "TCO", TAG_GENRE },
    };
    size_t letters = version == 2 ? 3 : 4;

    if (!memcmp(id, version == 2 ? "PIC" : "APIC", letters)) {
        take_picture(t, b, n, version == 2);
    } else if (!memcmp(id, version == 2 ? "COM" : "COMM", letters)) {
        take_comment(t, b, n);
    } else if (!memcmp(id, version == 2 ? "TXX" : "TXXX", letters)) {
        take_other(t, b, n);
    } else if (n > 1) {
        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
            if (!memcmp(id, version == 2 ? known[i].old : known[i].now, letters) && known[i].tag == TAG_GENRE)
                add_genre_text(t, b + 1, n - 1, (enum tag_text)(b[0] & 3));
            else if (!memcmp(id, version == 2 ? known[i].old : known[i].now, letters))
                tags_add(t, known[i].tag, b + 1, n - 1, (enum tag_text)(b[0] & 3));
    }
}

/* FF 00 stands for FF where unsynchronisation is on. In place; how many are left. */
static size_t resync(unsigned char *b, size_t n)
{
    size_t to = 0;

    for (size_t i = 0; i < n; i++) {
        b[to++] = b[i];
        if (b[i] == 0xff && i + 1 < n && !b[i + 1])
            i++;
    }
    return to;
}

static uint32_t seven_bits(const unsigned char *b)
{
    return (uint32_t)(b[0] & 0x7f) << 21 | (uint32_t)(b[1] & 0x7f) << 14 | (uint32_t)(b[2] & 0x7f) << 7 | (b[3] & 0x7f);
}

/* What a frame of 2.3 and 2.4 has before its content, by its flags; false: packed or encrypted. */
static bool open_frame(unsigned char **b, size_t *n, unsigned flags, int version)
{
    bool is_packed = flags & (version == 4 ? 0x0c : 0xc0);
    size_t skip = flags & (version == 4 ? 0x40 : 0x20) ? 1 : 0;             /* its group */

    if (version == 4 && flags & 1)
        skip += 4;                                                          /* its length once it is unpacked */
    if (is_packed || skip > *n)
        return false;
    *b += skip;
    *n -= skip;
    if (version == 4 && flags & 2)
        *n = resync(*b, *n);
    return true;
}

/* iTunes wrote 2.4 with sizes as in 2.3: what a frame leads to decides. */
static uint32_t frame_bytes(const unsigned char *b, size_t at, size_t n, int version)
{
    uint32_t plain = be32(b + at + 4), seven = seven_bits(b + at + 4);

    if (version == 3 || plain == seven)
        return plain;
    size_t next = at + 10 + seven;
    bool fits = next == n || (next < n && (!b[next] || (b[next] >= 'A' && b[next] <= 'Z')));
    return fits || plain > n - at - 10 ? seven : plain;
}

static void take_frames(struct tags *t, unsigned char *b, size_t n, int version)
{
    size_t head = version == 2 ? 6 : 10, at = 0;

    for (int i = 0; i < FRAMES && at + head <= n && b[at]; i++) {
        uint32_t bytes = version == 2 ? (uint32_t)b[at + 3] << 16 | (uint32_t)b[at + 4] << 8 | b[at + 5] : frame_bytes(b, at, n, version);
        unsigned flags = version == 2 ? 0 : b[at + 9];
        const char *id = (const char *)b + at;
        unsigned char *content = b + at + head;
        size_t content_n = bytes;

        if (bytes > n - at - head)
            return;
        if (version == 2 || open_frame(&content, &content_n, flags, version))
            take_frame(t, id, content, content_n, version);
        at += head + bytes;
    }
}

void tags_id3(struct tags *t, unsigned char *b, size_t n)
{
    if (n < 10 || !id3_bytes(b))
        return;
    int version = b[3];
    unsigned flags = b[5];
    size_t bytes = seven_bits(b + 6);

    b += 10;
    n = bytes < n - 10 ? bytes : n - 10;
    if (version < 2 || version > 4 || (version == 2 && flags & 0x40))      /* packed, in a way nobody defined */
        return;
    if (flags & UNSYNC && version < 4)
        n = resync(b, n);
    if (version > 2 && flags & EXTENDED && n >= 4) {                        /* 2.3 does not count the size itself */
        size_t skip = version == 3 ? (size_t)be32(b) + 4 : seven_bits(b);
        if (skip > n)
            return;
        b += skip;
        n -= skip;
    }
    take_frames(t, b, n, version);
}

void tags_id3v1(struct tags *t, const unsigned char b[128])
{
    static const struct { int at, n; enum tag tag; } fields[] = { { 3, 30, TAG_TITLE }, { 33, 30, TAG_ARTIST }, { 63, 30, TAG_ALBUM }, { 93, 4, TAG_DATE }, { 97, 28, TAG_COMMENT } };
    char number[8];

    if (memcmp(b, "TAG", 3))
        return;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        tags_add(t, fields[i].tag, b + fields[i].at, (size_t)fields[i].n, TAG_UTF8);
    if (!b[125] && b[126]) {
        snprintf(number, sizeof(number), "%d", b[126]);
        tags_add(t, TAG_TRACK_NUMBER, number, strlen(number), TAG_UTF8);
    }
    add_genre(t, b[127]);
}
