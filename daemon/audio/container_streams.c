/* Files that are a row of packets: Ogg, FLAC, MP3, ADTS, WavPack. */
#include <stdlib.h>
#include <string.h>

#include "audio/container_private.h"

enum {
    OGG_TAIL = 128 << 10,           /* a page is at most 65,307 bytes */
    OGG_HEADER = 27, OGG_END = 4,
    SEARCH = 64 << 10,              /* how far behind the tags the first frame may hide */
    MP3_SLACK = 4096,               /* encoders disagree whether the header counts itself and the tag behind */
    WAVPACK_BLOCKS = 1 << 20,
};

/* ID3v2.4 section 3.1: sizes of seven bits a byte. */
uint64_t id3_bytes(const unsigned char *h)
{
    if (memcmp(h, "ID3", 3))
        return 0;
    return 10 + ((uint64_t)(h[6] & 0x7f) << 21 | (uint64_t)(h[7] & 0x7f) << 14 | (uint64_t)(h[8] & 0x7f) << 7 | (h[9] & 0x7f)) + (h[5] & 0x10 ? 10 : 0);
}

/* --- Ogg --- */

bool is_ogg(const unsigned char *h)
{
    return !memcmp(h, "OggS", 4);
}

bool is_opus(const unsigned char *h)
{
    return is_ogg(h) && !memcmp(h + OGG_HEADER + 1, "OpusHead", 8);
}

bool is_ogg_flac(const unsigned char *h)
{
    return is_ogg(h) && !memcmp(h + OGG_HEADER + 1, "\x7f""FLAC", 5);
}

static bool ogg_has_audio(const struct file *f)
{
    static const char *const codecs[] = { "\x01vorbis", "OpusHead", "\x7f""FLAC", NULL };
    unsigned char b[CONTAINER_HEAD] = { 0 };

    file_read(f, f->start, b, sizeof(b));
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

enum lm_err check_ogg(const struct file *f, bool *is_counted, struct problem *p)
{
    uint64_t from = f->size > OGG_TAIL ? f->size - OGG_TAIL : 0;
    bool ends = false;

    (void)is_counted;
    if (!ogg_has_audio(f))
        return problem_set(p, LM_MEDIA_TYPE, "An Ogg file, but neither Vorbis, Opus nor FLAC");
    unsigned char *tail = malloc(OGG_TAIL);
    if (!tail)
        return problem_set(p, LM_NOMEM, "No memory");
    size_t n = file_read(f, from, tail, OGG_TAIL), at = n;
    while (at-- && !ends)           /* the last page that begins in the file decides */
        if (n - at >= 4 && !memcmp(tail + at, "OggS", 4)) {
            ends = ogg_ends(tail, n, at);
            break;
        }
    free(tail);
    return ends ? LM_OK
                : problem_set(p, LM_INVALID, "The file is cut off: its stream has no end");
}

/* --- FLAC --- */

bool is_flac(const unsigned char *h)
{
    return !memcmp(h, "fLaC", 4);
}

enum lm_err check_flac(const struct file *f, bool *is_counted, struct problem *p)
{
    unsigned char b[8];

    (void)is_counted;
    if (file_read(f, f->start + 4, b, 8) < 8 || (b[0] & 0x7f) || f->size - f->start < 42)
        return no_start(p);
    return LM_OK;
}

/* --- frames one behind the other --- */

/* The first frame that is followed by another one (or is the last); size when there is none. */
static uint64_t first_frame(const struct file *f, const unsigned char *b, size_t n, bool (*is)(const unsigned char *), size_t (*bytes)(const unsigned char *), size_t head)
{
    unsigned char next[8];

    for (size_t i = 0; i + head <= n; i++) {
        if (!is(b + i))
            continue;
        uint64_t at = f->start + i, after = at + bytes(b + i);
        if (after >= f->size || (file_read(f, after, next, head) == head && is(next)))
            return at;
    }
    return f->size;
}

static enum lm_err search(const struct file *f, bool (*is)(const unsigned char *), size_t (*bytes)(const unsigned char *), size_t head, uint64_t *at, struct problem *p)
{
    unsigned char *b = malloc(SEARCH);

    if (!b)
        return problem_set(p, LM_NOMEM, "No memory");
    *at = first_frame(f, b, file_read(f, f->start, b, SEARCH), is, bytes, head);
    free(b);
    if (*at < f->size)
        return LM_OK;
    return f->start ? problem_set(p, LM_INVALID, "There is no sound in the file")
                    : problem_set(p, LM_MEDIA_TYPE, "Not an audio file of a kind that is understood");
}

/* ISO 11172-3 2.4.1.3: eleven bits of sync, then nothing reserved. */
bool is_mp3(const unsigned char *h)
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

/* Xing's flags: 1 = how many frames, 2 = how many bytes. */
enum lm_err check_mp3(const struct file *f, bool *is_counted, struct problem *p)
{
    unsigned char b[CONTAINER_HEAD + 16] = { 0 };
    uint64_t at = 0;
    enum lm_err err = search(f, is_mp3, mp3_frame_bytes, 4, &at, p);

    *is_counted = false;
    if (err)
        return err;
    size_t got = file_read(f, at, b, sizeof(b));
    bool is_mono = b[3] >> 6 == 3, is_one = (b[1] >> 3 & 3) == 3;
    size_t xing = 4 + (is_one ? (is_mono ? 17 : 32) : (is_mono ? 9 : 17));

    if (got < xing + 16 || (memcmp(b + xing, "Xing", 4) && memcmp(b + xing, "Info", 4)))
        return LM_OK;
    uint32_t flags = be32(b + xing + 4);
    *is_counted = flags & 1;
    if (!(flags & 2))
        return LM_OK;
    uint64_t promised = be32(b + xing + (flags & 1 ? 12 : 8)), there = f->size - at;
    return promised > there + MP3_SLACK ? cut_off(p, promised, there) : LM_OK;
}

/* ISO 13818-7 6.2: twelve bits of sync, layer 0, one of thirteen rates. */
bool is_adts(const unsigned char *h)
{
    return h[0] == 0xff && (h[1] & 0xf6) == 0xf0 && (h[2] >> 2 & 15) < 13 && ((h[3] & 3) << 11 | h[4] << 3 | h[5] >> 5) >= 7;
}

static size_t adts_frame_bytes(const unsigned char *h)
{
    return (size_t)((h[3] & 3) << 11 | h[4] << 3 | h[5] >> 5);
}

enum lm_err check_adts(const struct file *f, bool *is_counted, struct problem *p)
{
    uint64_t at = 0;

    *is_counted = false;
    return search(f, is_adts, adts_frame_bytes, 7, &at, p);
}

/* --- WavPack --- */

bool is_wavpack(const unsigned char *h)
{
    return !memcmp(h, "wvpk", 4) && le32(h + 4) >= 24;
}

/* WavPack 4 & 5 binary format: each block says which samples it holds, and of how many. */
enum lm_err check_wavpack(const struct file *f, bool *is_counted, struct problem *p)
{
    unsigned char b[32];
    uint64_t at = f->start, reached = 0, total = 0;

    if (file_read(f, at, b, 32) < 32)
        return no_start(p);
    for (int i = 0; i < WAVPACK_BLOCKS && file_read(f, at, b, 32) == 32 && is_wavpack(b); i++) {
        uint64_t n = (uint64_t)le32(b + 4) + 8;
        if (n > f->size - at)
            return cut_off(p, n, f->size - at);
        if (!i && !(*is_counted = le32(b + 12) != UINT32_MAX))
            return LM_OK;
        if (!total)
            total = le32(b + 12) | (uint64_t)b[11] << 32;
        if (le32(b + 20))
            reached = (le32(b + 16) | (uint64_t)b[10] << 32) + le32(b + 20);
        at += n;
        if (i == WAVPACK_BLOCKS - 1)
            return LM_OK;
    }
    if (reached < total)
        return problem_set(p, LM_INVALID, "The file is cut off: its header promises %llu samples, %llu are there", (unsigned long long)total, (unsigned long long)reached);
    return LM_OK;
}
