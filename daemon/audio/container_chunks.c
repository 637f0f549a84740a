/* Files that are a row of chunks: WAV, Wave64, AIFF, CAF, MP4, ASF. */
#include <string.h>
#include <unistd.h>

#include "audio/container_private.h"

size_t file_read(const struct file *f, uint64_t at, void *buffer, size_t n)
{
    size_t done = 0;

    while (done < n && at + done < f->size) {
        ssize_t got = pread(f->fd, (char *)buffer + done, n - done, (off_t)(at + done));
        if (got <= 0)
            break;
        done += (size_t)got;
    }
    return done;
}

uint16_t le16(const unsigned char *b)
{
    return (uint16_t)(b[0] | b[1] << 8);
}

uint32_t le32(const unsigned char *b)
{
    return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

uint32_t be32(const unsigned char *b)
{
    return b[3] | (uint32_t)b[2] << 8 | (uint32_t)b[1] << 16 | (uint32_t)b[0] << 24;
}

uint64_t le64(const unsigned char *b)
{
    return le32(b) | (uint64_t)le32(b + 4) << 32;
}

uint64_t be64(const unsigned char *b)
{
    return be32(b + 4) | (uint64_t)be32(b) << 32;
}

enum lm_err cut_off(struct problem *p, uint64_t promised, uint64_t there)
{
    return problem_set(p, LM_INVALID, "The file is cut off: its header promises %llu bytes of sound, %llu are there", (unsigned long long)promised,
                       (unsigned long long)there);
}

enum lm_err no_start(struct problem *p)
{
    return problem_set(p, LM_INVALID, "The file is cut off before its sound begins");
}

static enum lm_err no_sound(struct problem *p)
{
    return problem_set(p, LM_INVALID, "There is no sound in the file");
}

/* --- chunks --- */

const struct chunk_layout chunks_of_wav = { .id_bytes = 4, .size_bytes = 4, .align = 2 };
const struct chunk_layout chunks_of_aiff = { .id_bytes = 4, .size_bytes = 4, .align = 2, .is_big_endian = true };
const struct chunk_layout chunks_of_caf = { .id_bytes = 4, .size_bytes = 8, .align = 1, .is_big_endian = true };
const struct chunk_layout chunks_of_w64 = { .id_bytes = 16, .size_bytes = 8, .align = 8, .counts_itself = true };

bool chunk_next(const struct file *f, const struct chunk_layout *l, uint64_t *at, struct chunk *c)
{
    unsigned char b[24];
    size_t head = (size_t)(l->id_bytes + l->size_bytes);

    if (*at > f->size || file_read(f, *at, b, head) < head)
        return false;
    const unsigned char *size = b + l->id_bytes;
    memcpy(c->id, b, (size_t)l->id_bytes);
    c->n = l->size_bytes == 4 ? (l->is_big_endian ? be32(size) : le32(size)) : l->is_big_endian ? be64(size) : le64(size);
    if (l->counts_itself)
        c->n = c->n > head ? c->n - head : 0;
    c->at = *at + head;
    c->there = f->size - c->at;
    uint64_t pad = (uint64_t)l->align - 1;
    *at = c->n > c->there ? f->size : c->at + ((c->n + pad) & ~pad);
    return true;
}

bool chunk_find(const struct file *f, const struct chunk_layout *l, uint64_t from, const char *id, struct chunk *c)
{
    for (int i = 0; i < CHUNKS_MAX && chunk_next(f, l, &from, c); i++)
        if (!memcmp(c->id, id, (size_t)l->id_bytes))
            return true;
    return false;
}

static enum lm_err check_sound(const struct chunk *c, uint64_t head, struct problem *p)
{
    return c->n <= head ? no_sound(p) : c->n > c->there ? cut_off(p, c->n, c->there) : LM_OK;
}

bool is_wav(const unsigned char *h)
{
    return (!memcmp(h, "RIFF", 4) || !memcmp(h, "RF64", 4)) && !memcmp(h + 8, "WAVE", 4);
}

/* EBU Tech 3306: the sizes of an RF64 that do not fit stand in its first chunk. */
enum lm_err check_wav(const struct file *f, bool *is_counted, struct problem *p)
{
    unsigned char b[16];
    struct chunk c;
    uint64_t at = f->start + 12, big = 0;

    (void)is_counted;
    for (int i = 0; i < CHUNKS_MAX && chunk_next(f, &chunks_of_wav, &at, &c); i++) {
        if (!memcmp(c.id, "ds64", 4) && file_read(f, c.at, b, 16) == 16)
            big = le64(b + 8);
        if (!memcmp(c.id, "data", 4)) {
            if (c.n == UINT32_MAX)      /* without the other size: written by who could not come back to say it */
                c.n = big ? big : c.there;
            return check_sound(&c, 0, p);
        }
    }
    return no_start(p);
}

#define W64_TAIL "\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"

bool is_w64(const unsigned char *h)
{
    return !memcmp(h, "riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00", 16) && !memcmp(h + 24, "wave" W64_TAIL, 16);
}

enum lm_err check_w64(const struct file *f, bool *is_counted, struct problem *p)
{
    struct chunk c;

    (void)is_counted;
    return chunk_find(f, &chunks_of_w64, f->start + 40, "data" W64_TAIL, &c) ? check_sound(&c, 0, p) : no_start(p);
}

bool is_aiff(const unsigned char *h)
{
    return !memcmp(h, "FORM", 4) && !memcmp(h + 8, "AIF", 3) && (h[11] == 'F' || h[11] == 'C');
}

/* The sound begins with an offset and a block size, eight bytes. */
enum lm_err check_aiff(const struct file *f, bool *is_counted, struct problem *p)
{
    struct chunk c;

    (void)is_counted;
    return chunk_find(f, &chunks_of_aiff, f->start + 12, "SSND", &c) ? check_sound(&c, 8, p) : no_start(p);
}

bool is_caf(const unsigned char *h)
{
    return !memcmp(h, "caff\0\1", 6);
}

/* The sound begins with an edit count; a size of -1 is "to the end", which only the last chunk may say. */
enum lm_err check_caf(const struct file *f, bool *is_counted, struct problem *p)
{
    struct chunk c;

    (void)is_counted;
    if (!chunk_find(f, &chunks_of_caf, f->start + 8, "data", &c))
        return no_start(p);
    if (c.n == UINT64_MAX)
        c.n = c.there;
    return check_sound(&c, 4, p);
}

/* --- MP4: ISO 14496-12, boxes --- */

bool is_mp4(const unsigned char *h)
{
    return !memcmp(h + 4, "ftyp", 4) && be32(h) >= 8;
}

enum lm_err check_mp4(const struct file *f, bool *is_counted, struct problem *p)
{
    unsigned char b[16];
    uint64_t at = f->start, n;
    bool has_index = false, has_sound = false;

    (void)is_counted;
    for (int i = 0; i < CHUNKS_MAX && at < f->size; i++, at += n) {
        if (file_read(f, at, b, 16) < 8)
            return cut_off(p, at + 8, f->size);
        n = be32(b);
        if (n == 1)
            n = be64(b + 8);
        else if (!n)
            n = f->size - at;           /* to the end */
        if (n < 8 || n > f->size - at)
            return !has_index && !has_sound ? no_start(p) : cut_off(p, n < 8 ? 8 : n, f->size - at);
        has_index |= !memcmp(b + 4, "moov", 4);
        has_sound |= !memcmp(b + 4, "mdat", 4);
    }
    if (!has_index)
        return problem_set(p, LM_INVALID, "The file is cut off: the list of its parts is missing");
    return has_sound ? LM_OK : no_sound(p);
}

/* --- ASF: Advanced Systems Format specification 01.20.05, objects --- */

bool is_asf(const unsigned char *h)
{
    return !memcmp(h, "\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c", 16);
}

enum lm_err check_asf(const struct file *f, bool *is_counted, struct problem *p)
{
    static const struct chunk_layout objects = { .id_bytes = 16, .size_bytes = 8, .align = 1, .counts_itself = true };
    static const char properties[] = "\xa1\xdc\xab\x8c\x47\xa9\xcf\x11\x8e\xe4\x00\xc0\x0c\x20\x53\x65";
    static const char data[] = "\x36\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c";
    unsigned char b[68];
    struct chunk c;
    bool is_live = false;

    *is_counted = false;                /* it says when it ends, to a few packets */
    if (chunk_find(f, &objects, f->start + 30, properties, &c) && file_read(f, c.at, b, 68) == 68) {
        uint64_t promised = le64(b + 16);
        is_live = le32(b + 64) & 1;
        if (!is_live && promised > f->size - f->start)
            return cut_off(p, promised, f->size - f->start);
    }
    uint64_t at = f->start;
    if (!chunk_next(f, &objects, &at, &c) || !chunk_next(f, &objects, &at, &c) || memcmp(c.id, data, 16))
        return no_start(p);
    return is_live ? LM_OK : check_sound(&c, 26, p);
}
