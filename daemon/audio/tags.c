#include "audio/tags_private.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "audio/picture.h"
#include "core/str.h"

const char *const tag_names[TAGS] = {
    [TAG_TITLE] = "title", [TAG_ARTIST] = "artist", [TAG_ALBUM] = "album", [TAG_GENRE] = "genre", [TAG_DATE] = "date", [TAG_TRACK_NUMBER] = "track_number",
    [TAG_COMMENT] = "comment", [TAG_BPM] = "bpm", [TAG_KEY] = "key",
};

/* --- text --- */

static void add_char(struct str *s, uint32_t c)
{
    if (c < ' ' || (c >= 0x7f && c < 0xa0))
        str_add(s, " ");
    else if (c < 0x80)
        str_addf(s, "%c", (int)c);
    else if (c < 0x800)
        str_addf(s, "%c%c", 0xc0 | c >> 6, 0x80 | (c & 0x3f));
    else if (c < 0x10000)
        str_addf(s, "%c%c%c", 0xe0 | c >> 12, 0x80 | (c >> 6 & 0x3f), 0x80 | (c & 0x3f));
    else
        str_addf(s, "%c%c%c%c", 0xf0 | c >> 18, 0x80 | (c >> 12 & 0x3f), 0x80 | (c >> 6 & 0x3f), 0x80 | (c & 0x3f));
}

/* RFC 2781; half a pair is U+FFFD. */
static void add_utf16(struct str *s, const unsigned char *b, size_t n, bool is_big_endian)
{
    for (size_t i = 0; i + 2 <= n && s->len < TAG_MAX; i += 2) {
        uint32_t c = is_big_endian ? (uint32_t)b[i] << 8 | b[i + 1] : (uint32_t)b[i + 1] << 8 | b[i];
        if (!c)
            return;
        if (c == 0xfeff)
            continue;
        if (c >= 0xd800 && c < 0xdc00 && i + 4 <= n) {
            uint32_t low = is_big_endian ? (uint32_t)b[i + 2] << 8 | b[i + 3] : (uint32_t)b[i + 3] << 8 | b[i + 2];
            if (low >= 0xdc00 && low < 0xe000) {
                c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
                i += 2;
            }
        }
        add_char(s, c >= 0xd800 && c < 0xe000 ? 0xfffd : c);
    }
}

static void add_bytes(struct str *s, const unsigned char *b, size_t n, bool may_be_utf8)
{
    const unsigned char *nul = memchr(b, 0, n);
    bool is_utf8;

    n = nul ? (size_t)(nul - b) : n;
    is_utf8 = may_be_utf8 && utf8_valid((const char *)b, n);
    for (size_t i = 0; i < n && s->len < TAG_MAX; i++)
        if (is_utf8 && b[i] >= 0x80)
            str_add_mem(s, b + i, 1);
        else
            add_char(s, b[i]);
}

void tags_add(struct tags *t, enum tag tag, const void *text, size_t n, enum tag_text coding)
{
    const unsigned char *b = text;
    struct str s = { 0 };

    if (t->text[tag] || !n)
        return;
    if (coding == TAG_UTF16)            /* without a mark it is what Windows writes */
        add_utf16(&s, b, n, n >= 2 && b[0] == 0xfe && b[1] == 0xff);
    else if (coding == TAG_UTF16_BE || coding == TAG_UTF16_LE)
        add_utf16(&s, b, n, coding == TAG_UTF16_BE);
    else                                /* many say Latin-1 and write UTF-8 */
        add_bytes(&s, b, n, true);
    while (s.len && !s.failed && (s.data[s.len - 1] == ' ' || !utf8_valid(s.data, s.len)))
        s.data[--s.len] = '\0';         /* spaces, and a character that the limit cut */
    size_t from = s.data ? strspn(s.data, " ") : 0;
    if (s.len > from && !s.failed)
        t->text[tag] = strdup(s.data + from);
    str_clear(&s);
}

void tags_add_named(struct tags *t, const char *name, size_t name_n, const void *text, size_t n)
{
    static const struct { const char *name; enum tag tag; } known[] = {
        { "title", TAG_TITLE }, { "artist", TAG_ARTIST }, { "album", TAG_ALBUM }, { "genre", TAG_GENRE }, { "date", TAG_DATE }, { "year", TAG_DATE }, { "wm/year", TAG_DATE },
        { "recorded date", TAG_DATE }, { "track", TAG_TRACK_NUMBER }, { "tracknumber", TAG_TRACK_NUMBER }, { "track number", TAG_TRACK_NUMBER }, { "comment", TAG_COMMENT }, { "comments", TAG_COMMENT },
        { "description", TAG_COMMENT }, { "bpm", TAG_BPM }, { "tempo", TAG_BPM }, { "tbpm", TAG_BPM }, { "tmpo", TAG_BPM }, { "wm/beatsperminute", TAG_BPM },
        { "initialkey", TAG_KEY }, { "initial_key", TAG_KEY }, { "key", TAG_KEY }, { "key signature", TAG_KEY }, { "tkey", TAG_KEY }, { "wm/initialkey", TAG_KEY },
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strlen(known[i].name) == name_n && !strncasecmp(known[i].name, name, name_n))
            tags_add(t, known[i].tag, text, n, TAG_UTF8);
}

void tags_add_picture(struct tags *t, const void *data, size_t n, bool is_cover)
{
    if ((t->picture && (t->is_cover || !is_cover)) || !picture_type(data, n))
        return;
    void *copy = malloc(n);
    if (!copy)
        return;
    free(t->picture);
    memcpy(copy, data, n);
    t->picture = copy;
    t->picture_n = n;
    t->is_cover = is_cover;
}

void tags_clear(struct tags *t)
{
    for (int i = 0; i < TAGS; i++)
        free(t->text[i]);
    free(t->picture);
    memset(t, 0, sizeof(*t));
}

/* --- where they are --- */

unsigned char *tags_load(const struct file *f, uint64_t at, uint64_t n)
{
    unsigned char *b = NULL;

    if (!n || n > TAG_BYTES || at > f->size || n > f->size - at || !(b = malloc(n)))
        return NULL;
    if (file_read(f, at, b, n) == n)
        return b;
    free(b);
    return NULL;
}

static void read_mp3(struct tags *t, const struct file *f)
{
    unsigned char b[128];

    if (f->size >= 128 && file_read(f, f->size - 128, b, 128) == 128)
        tags_id3v1(t, b);
}

void tags_read(struct tags *t, int fd, uint64_t size, const char *format)
{
    static const struct { const char *format; void (*read)(struct tags *t, const struct file *f); } readers[] = {
        { "mp3", read_mp3 }, { "flac", tags_flac }, { "ogg", tags_ogg }, { "opus", tags_ogg }, { "oga", tags_ogg },
    };
    struct file f = { .fd = fd, .size = size };
    unsigned char h[10];

    if (file_read(&f, 0, h, 10) == 10 && (f.start = id3_bytes(h)) && f.start < size) {
        uint64_t n = f.start < TAG_BYTES ? f.start : TAG_BYTES;        /* of a longer one what comes first */
        unsigned char *b = tags_load(&f, 0, n);
        if (b)
            tags_id3(t, b, n);
        free(b);
    }
    for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++)
        if (!strcmp(readers[i].format, format)) {
            readers[i].read(t, &f);
            return;
        }
    tags_chunks(t, &f, format);
}
