/* Vorbis comments: FLAC's metadata blocks and the second packet of an Ogg stream. xiph.org "Ogg Vorbis I format specification: comment field", RFC 9639 section 8, RFC 7845 section 5.2. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "audio/tags_private.h"

enum { COMMENTS = 1000, BLOCKS = 200, PAGES = 4096, COVER = 3 };

struct bytes { const unsigned char *b; size_t n; bool is_short; };

static const unsigned char *take(struct bytes *s, size_t n)
{
    const unsigned char *b = s->b;

    if (n > s->n)
        s->is_short = true;
    if (s->is_short)
        return NULL;
    s->b += n;
    s->n -= n;
    return b;
}

static uint32_t take32(struct bytes *s, bool is_big_endian)
{
    const unsigned char *b = take(s, 4);

    return !b ? 0 : is_big_endian ? be32(b) : le32(b);
}

/* Kind, MIME type, description, four numbers, the picture. */
void tags_flac_picture(struct tags *t, const unsigned char *b, size_t n)
{
    struct bytes s = { b, n, false };
    uint32_t kind = take32(&s, true);

    take(&s, take32(&s, true));
    take(&s, take32(&s, true));
    take(&s, 16);
    uint32_t bytes = take32(&s, true);
    const unsigned char *picture = take(&s, bytes);
    if (picture)
        tags_add_picture(t, picture, bytes, kind == COVER);
}

static int base64_value(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' : c >= 'a' && c <= 'z' ? c - 'a' + 26 : c >= '0' && c <= '9' ? c - '0' + 52 : c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* RFC 4648; what is none of its letters is passed over. NULL: no memory. */
static unsigned char *base64(const unsigned char *b, size_t n, size_t *out_n)
{
    unsigned char *out = malloc(n / 4 * 3 + 4);
    uint32_t bits = 0;
    int have = 0;

    *out_n = 0;
    for (size_t i = 0; out && i < n && b[i] != '='; i++) {
        int v = base64_value(b[i]);
        if (v < 0)
            continue;
        bits = bits << 6 | (uint32_t)v;
        if ((have += 6) >= 8)
            out[(*out_n)++] = (unsigned char)(bits >> (have -= 8));
    }
    return out;
}

static void take_comment(struct tags *t, const unsigned char *b, size_t n)
{
    const unsigned char *equals = memchr(b, '=', n);
    static const struct { const char *name; bool is_bare; } pictures[] = { { "METADATA_BLOCK_PICTURE", false }, { "COVERART", true } };

    if (!equals)
        return;
    size_t name_n = (size_t)(equals - b), value_n = n - name_n - 1, m;
    for (int i = 0; i < 2; i++)
        if (strlen(pictures[i].name) == name_n && !strncasecmp((const char *)b, pictures[i].name, name_n)) {
            unsigned char *picture = base64(equals + 1, value_n, &m);
            if (picture && pictures[i].is_bare)
                tags_add_picture(t, picture, m, false);
            else if (picture)
                tags_flac_picture(t, picture, m);
            free(picture);
            return;
        }
    tags_add_named(t, (const char *)b, name_n, equals + 1, value_n);
}

void tags_vorbis(struct tags *t, const unsigned char *b, size_t n)
{
    struct bytes s = { b, n, false };

    take(&s, take32(&s, false));            /* who wrote it */
    uint32_t count = take32(&s, false);
    for (uint32_t i = 0; i < count && i < COMMENTS && !s.is_short; i++) {
        uint32_t bytes = take32(&s, false);
        const unsigned char *comment = take(&s, bytes);
        if (comment)
            take_comment(t, comment, bytes);
    }
}

static void take_block(struct tags *t, int kind, const unsigned char *b, size_t n)
{
    if (kind == 4)
        tags_vorbis(t, b, n);
    else if (kind == 6)
        tags_flac_picture(t, b, n);
}

void tags_flac(struct tags *t, const struct file *f)
{
    unsigned char h[4] = { 0 };
    uint64_t at = f->start + 4;

    for (int i = 0; i < BLOCKS && !(h[0] & 0x80) && file_read(f, at, h, 4) == 4; i++) {
        uint32_t n = be32(h) & 0xffffff;
        int kind = h[0] & 0x7f;
        unsigned char *b = kind == 4 || kind == 6 ? tags_load(f, at + 4, n) : NULL;
        if (b)
            take_block(t, kind, b, n);
        free(b);
        at += 4 + (uint64_t)n;
    }
}

/* --- Ogg: RFC 3533, pages of segments; a segment below 255 bytes ends a packet --- */

struct ogg { const struct file *f; uint64_t at; unsigned char sizes[255]; int n, next, pages; uint32_t stream; };

static bool next_page(struct ogg *o)
{
    unsigned char h[27];

    do {
        for (int i = o->next; i < o->n; i++)
            o->at += o->sizes[i];           /* of a page that was passed over */
        o->n = o->next = 0;
        if (o->pages++ > PAGES || file_read(o->f, o->at, h, 27) < 27 || memcmp(h, "OggS", 4) || file_read(o->f, o->at + 27, o->sizes, h[26]) < h[26])
            return false;
        o->at += 27 + (uint64_t)h[26];
        o->n = h[26];
        if (o->pages == 1)
            o->stream = le32(h + 14);
    } while (le32(h + 14) != o->stream);
    return true;
}

/* A whole packet, the caller's to free; NULL: no more, or longer than tags are. */
static unsigned char *next_packet(struct ogg *o, size_t *n)
{
    unsigned char *b = NULL;
    size_t room = 0;

    *n = 0;
    for (;;) {
        if (o->next == o->n && !next_page(o))
            break;
        while (o->next < o->n) {
            size_t bytes = o->sizes[o->next++];
            if (*n + bytes > TAG_BYTES)
                goto fail;
            if (*n + bytes >= room) {
                unsigned char *more = realloc(b, room = 2 * (*n + bytes) + 256);
                if (!more)
                    goto fail;
                b = more;
            }
            if (file_read(o->f, o->at, b + *n, bytes) < bytes)
                goto fail;
            *n += bytes;
            o->at += bytes;
            if (bytes < 255)
                return b;
        }
    }
fail:
    free(b);
    return NULL;
}

/* The first packet says what is in the stream; Vorbis and Opus have their comments in the second, FLAC its blocks in those behind it. */
void tags_ogg(struct tags *t, const struct file *f)
{
    struct ogg o = { .f = f, .at = f->start };
    size_t n;
    unsigned char *b = next_packet(&o, &n);
    bool is_flac_stream = b && n > 5 && !memcmp(b, "\x7f""FLAC", 5), is_last = !is_flac_stream;

    free(b);
    for (int i = 0; i < BLOCKS && (b = next_packet(&o, &n)); i++) {
        if (is_flac_stream && n >= 4 && (be32(b) & 0xffffff) <= n - 4) {
            is_last = b[0] & 0x80;
            take_block(t, b[0] & 0x7f, b + 4, be32(b) & 0xffffff);
        } else if (n > 7 && !memcmp(b, "\x03vorbis", 7)) {
            tags_vorbis(t, b + 7, n - 7);
        } else if (n > 8 && !memcmp(b, "OpusTags", 8)) {
            tags_vorbis(t, b + 8, n - 8);
        }
        free(b);
        if (is_last)
            break;
    }
}
