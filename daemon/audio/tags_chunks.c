/* Tags in chunks: RIFF INFO, the texts of AIFF, the strings of CAF, and ID3v2 in the first two. */
#include <stdlib.h>
#include <string.h>

#include "audio/tags_private.h"

enum { STRINGS = 1000 };

static void take_id3(struct tags *t, const struct file *f, const struct chunk *c)
{
    uint64_t n = c->n < TAG_BYTES ? c->n : TAG_BYTES;
    unsigned char *b = tags_load(f, c->at, n);

    if (b && n >= 10 && id3_bytes(b))
        tags_id3(t, b, n);
    free(b);
}

static void take_text(struct tags *t, const struct file *f, const struct chunk *c, enum tag tag)
{
    uint64_t n = c->n < 4 * TAG_MAX ? c->n : 4 * TAG_MAX;
    unsigned char *b = tags_load(f, c->at, n);

    if (b)
        tags_add(t, tag, b, n, TAG_UTF8);
    free(b);
}

struct named { char id[5]; enum tag tag; };

static void take_named(struct tags *t, const struct file *f, const struct chunk *c, const struct named *known)
{
    for (; known->id[0]; known++)
        if (!memcmp(c->id, known->id, 4))
            take_text(t, f, c, known->tag);
}

static void take_info(struct tags *t, const struct file *f, const struct chunk *list)
{
    static const struct named known[] = {
        { "INAM", TAG_TITLE }, { "IART", TAG_ARTIST }, { "IPRD", TAG_ALBUM }, { "IGNR", TAG_GENRE }, { "ICRD", TAG_DATE }, { "ITRK", TAG_TRACK_NUMBER }, { "IPRT", TAG_TRACK_NUMBER },
        { "ICMT", TAG_COMMENT }, { "IBPM", TAG_BPM }, { "", TAGS },
    };
    struct file part = *f;
    struct chunk c;
    uint64_t at = list->at + 4;
    char kind[4];

    if (file_read(f, list->at, kind, 4) < 4 || memcmp(kind, "INFO", 4))
        return;
    if (list->n < list->there)
        part.size = list->at + list->n;
    for (int i = 0; i < STRINGS && chunk_next(&part, &chunks_of_wav, &at, &c); i++)
        take_named(t, &part, &c, known);
}

/* CAF specification, "Strings chunk": a count, then names and values, each ended by a zero. */
static void take_strings(struct tags *t, const struct file *f, const struct chunk *c)
{
    unsigned char *b = tags_load(f, c->at, c->n);
    size_t at = 4;

    for (int i = 0; b && i < STRINGS && at < c->n; i++) {
        const unsigned char *name = b + at, *end = memchr(name, 0, c->n - at);
        if (!end)
            break;
        size_t value = (size_t)(end - b) + 1;
        const unsigned char *stop = value < c->n ? memchr(b + value, 0, c->n - value) : NULL;
        if (!stop)
            break;
        tags_add_named(t, (const char *)name, (size_t)(end - name), b + value, (size_t)(stop - b) - value);
        at = (size_t)(stop - b) + 1;
    }
    free(b);
}

void tags_chunks(struct tags *t, const struct file *f, const char *format)
{
    static const struct named texts[] = { { "NAME", TAG_TITLE }, { "AUTH", TAG_ARTIST }, { "ANNO", TAG_COMMENT }, { "", TAGS } };
    static const struct { const char *format; const struct chunk_layout *layout; int start; } kinds[] = {
        { "wav", &chunks_of_wav, 12 }, { "aiff", &chunks_of_aiff, 12 }, { "caf", &chunks_of_caf, 8 },
    };
    struct chunk c;

    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        if (strcmp(kinds[k].format, format))
            continue;
        uint64_t at = f->start + (uint64_t)kinds[k].start;
        for (int i = 0; i < CHUNKS_MAX && chunk_next(f, kinds[k].layout, &at, &c); i++) {
            if (!memcmp(c.id, "id3 ", 4) || !memcmp(c.id, "ID3 ", 4))
                take_id3(t, f, &c);
            else if (!memcmp(c.id, "LIST", 4) && k == 0)
                take_info(t, f, &c);
            else if (!memcmp(c.id, "info", 4) && k == 2)
                take_strings(t, f, &c);
            else if (k == 1)
                take_named(t, f, &c, texts);
        }
    }
}
