#include "audio/container.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    HEAD = 64,
    OGG_TAIL = 128 << 10,           /* a page is at most 65,307 bytes */
    OGG_HEADER = 27, OGG_END = 4,
    MP3_SEARCH = 64 << 10,          /* how far behind the tags the first frame may hide */
    MP3_SLACK = 4096,               /* encoders disagree whether the header counts itself and the tag behind */
    WAV_CHUNKS = 4096,
};

struct file { int fd; uint64_t size; uint64_t start; /* behind a leading ID3v2 tag */ };

static size_t read_at(const struct file *f, uint64_t at, void *buffer, size_t n)
{
    size_t done = 0;

    while (done < n) {
        ssize_t got = pread(f->fd, (char *)buffer + done, n - done, (off_t)(at + done));
        if (got <= 0)
            break;
        done += (size_t)got;
    }
    return done;
}

static uint32_t le32(const unsigned char *b)
{
    return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static uint32_t be32(const unsigned char *b)
{
    return b[3] | (uint32_t)b[2] << 8 | (uint32_t)b[1] << 16 | (uint32_t)b[0] << 24;
}

static enum lm_err cut_off(struct problem *p, uint64_t promised, uint64_t there)
{
    return problem_set(p, LM_INVALID,
                       "The file is cut off: its header promises %llu bytes of sound, %llu are there",
                       (unsigned long long)promised, (unsigned long long)there);
}

static bool is_wav(const unsigned char *h)
{
    return (!memcmp(h, "RIFF", 4) || !memcmp(h, "RF64", 4)) && !memcmp(h + 8, "WAVE", 4);
}

static enum lm_err check_wav(const struct file *f, struct problem *p)
{
    unsigned char c[36];
    uint64_t at = f->start + 12, big = 0;

    for (int i = 0; i < WAV_CHUNKS && read_at(f, at, c, 8) == 8; i++) {
        uint64_t n = le32(c + 4), there = f->size - at - 8;
        if (!memcmp(c, "ds64", 4) && read_at(f, at + 8, c + 8, 16) == 16)
            big = le32(c + 16) | (uint64_t)le32(c + 20) << 32;
        if (!memcmp(c, "data", 4)) {
            if (n == UINT32_MAX && big)
                n = big;
            if (!n)
                return problem_set(p, LM_INVALID, "There is no sound in the file");
            return n > there ? cut_off(p, n, there) : LM_OK;
        }
        at += 8 + n + (n & 1);
    }
    return problem_set(p, LM_INVALID, "The file is cut off before its sound begins");
}

static bool is_ogg(const unsigned char *h)
{
    return !memcmp(h, "OggS", 4);
}

static bool ogg_has_audio(const struct file *f)
{
    static const char *const codecs[] = { "\x01vorbis", "OpusHead", "\x7f""FLAC", NULL };
    unsigned char b[HEAD] = { 0 };

    read_at(f, f->start, b, sizeof(b));
    for (int i = 0; codecs[i]; i++)
        if (!memcmp(b + OGG_HEADER + 1, codecs[i], strlen(codecs[i])))
            return true;
    return false;
}

/* Does a page that is all there, and the last of its stream, start at `at`? */
static bool ogg_ends(const unsigned char *b, size_t n, size_t at)
{
    size_t end = at + OGG_HEADER;

    if (end > n || memcmp(b + at, "OggS", 4) || b[at + 4])
        return false;
    size_t segments = b[at + 26];
    if (end + segments > n)
        return false;
    for (size_t i = 0; i < segments; i++)
        end += b[at + OGG_HEADER + i];
    return end + segments <= n && b[at + 5] & OGG_END;
}

static enum lm_err check_ogg(const struct file *f, struct problem *p)
{
    uint64_t from = f->size > OGG_TAIL ? f->size - OGG_TAIL : 0;
    bool ends = false;

    if (!ogg_has_audio(f))
        return problem_set(p, LM_MEDIA_TYPE, "An Ogg file, but neither Vorbis, Opus nor FLAC");
    unsigned char *tail = malloc(OGG_TAIL);
    if (!tail)
        return problem_set(p, LM_NOMEM, "No memory");
    size_t n = read_at(f, from, tail, OGG_TAIL), at = n;
    while (at-- && !ends)           /* the last page that begins in the file decides */
        if (n - at >= 4 && !memcmp(tail + at, "OggS", 4)) {
            ends = ogg_ends(tail, n, at);
            break;
        }
    free(tail);
    return ends ? LM_OK
                : problem_set(p, LM_INVALID, "The file is cut off: its stream has no end");
}

static bool is_flac(const unsigned char *h)
{
    return !memcmp(h, "fLaC", 4);
}

static enum lm_err check_flac(const struct file *f, struct problem *p)
{
    unsigned char b[8];

    if (read_at(f, f->start + 4, b, 8) < 8 || (b[0] & 0x7f) || f->size - f->start < 42)
        return problem_set(p, LM_INVALID, "The file is cut off before its sound begins");
    return LM_OK;
}

/* ISO 11172-3 2.4.1.3: eleven bits of sync, then nothing reserved. */
static bool is_mp3(const unsigned char *h)
{
    return h[0] == 0xff && (h[1] & 0xe0) == 0xe0 && (h[1] & 0x18) != 0x08 && (h[1] & 0x06) == 0x02
        && (h[2] & 0xf0) != 0xf0 && (h[2] & 0xf0) && (h[2] & 0x0c) != 0x0c;
}

static size_t mp3_frame_bytes(const unsigned char *h)
{
    static const short kbps[2][15] = {
        { 0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320 },
        { 0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160 },
    };
    static const int rates[3] = { 44100, 48000, 32000 };
    int version = h[1] >> 3 & 3;            /* 3: MPEG 1, 2: MPEG 2, 0: MPEG 2.5 */
    int rate = rates[h[2] >> 2 & 3] >> (version == 3 ? 0 : version == 2 ? 1 : 2);
    int samples = version == 3 ? 144 : 72;

    return (size_t)(samples * 1000 * kbps[version != 3][h[2] >> 4] / rate + (h[2] >> 1 & 1));
}

/* The first frame that is followed by another one (or is the last); size when there is none. */
static uint64_t mp3_first(const struct file *f, const unsigned char *b, size_t n)
{
    unsigned char next[4];

    for (size_t i = 0; i + 4 <= n; i++) {
        if (!is_mp3(b + i))
            continue;
        uint64_t at = f->start + i, after = at + mp3_frame_bytes(b + i);
        if (after >= f->size || (read_at(f, after, next, 4) == 4 && is_mp3(next)))
            return at;
    }
    return f->size;
}

static enum lm_err check_mp3_from(const struct file *f, const unsigned char *search, size_t n,
                                  struct problem *p)
{
    unsigned char b[HEAD + 16];
    uint64_t at = mp3_first(f, search, n);

    if (at == f->size)
        return f->start
            ? problem_set(p, LM_INVALID, "There is no sound in the file")
            : problem_set(p, LM_MEDIA_TYPE, "Not an audio file of a kind that is understood");
    size_t got = read_at(f, at, b, sizeof(b));
    bool is_mono = got > 3 && b[3] >> 6 == 3, is_one = got > 3 && (b[1] >> 3 & 3) == 3;
    size_t xing = 4 + (is_one ? (is_mono ? 17 : 32) : (is_mono ? 9 : 17));

    if (got < xing + 16 || (memcmp(b + xing, "Xing", 4) && memcmp(b + xing, "Info", 4)))
        return LM_OK;
    uint32_t flags = be32(b + xing + 4);
    if (!(flags & 2))
        return LM_OK;
    uint64_t promised = be32(b + xing + (flags & 1 ? 12 : 8)), there = f->size - at;
    return promised > there + MP3_SLACK ? cut_off(p, promised, there) : LM_OK;
}

static enum lm_err check_mp3(const struct file *f, struct problem *p)
{
    unsigned char *search = malloc(MP3_SEARCH);

    if (!search)
        return problem_set(p, LM_NOMEM, "No memory");
    size_t n = read_at(f, f->start, search, MP3_SEARCH);
    enum lm_err err = check_mp3_from(f, search, n, p);
    free(search);
    return err;
}

static const struct container {
    const char *name;
    bool (*is)(const unsigned char *head);
    enum lm_err (*check)(const struct file *f, struct problem *p);
} containers[] = {
    { "wav", is_wav, check_wav },
    { "flac", is_flac, check_flac },
    { "ogg", is_ogg, check_ogg },
    { "mp3", is_mp3, check_mp3 },
    { 0 },
};

enum lm_err container_check(int fd, uint64_t size, const char **format, struct problem *p)
{
    struct file f = { .fd = fd, .size = size };
    unsigned char h[HEAD] = { 0 };

    if (!size)
        return problem_set(p, LM_INVALID, "The file is empty");
    read_at(&f, 0, h, sizeof(h));
    if (!memcmp(h, "ID3", 3)) {     /* sizes of seven bits a byte; ID3v2.4 section 3.1 */
        f.start = 10 + ((uint64_t)h[6] << 21 | h[7] << 14 | h[8] << 7 | h[9])
                + (h[5] & 0x10 ? 10 : 0);
        if (f.start >= size)
            return problem_set(p, LM_INVALID, "The file is cut off inside its tags");
        memset(h, 0, sizeof(h));
        read_at(&f, f.start, h, sizeof(h));
    }
    for (const struct container *c = containers; c->name; c++)
        if (c->is(h)) {
            *format = c->name;
            return c->check(&f, p);
        }
    if (f.start) {                  /* tags, then padding: only MP3 does that */
        *format = "mp3";
        return check_mp3(&f, p);
    }
    return problem_set(p, LM_MEDIA_TYPE,
                       "Not an audio file of a kind that is understood (WAV, FLAC, Ogg, Opus, MP3)");
}
