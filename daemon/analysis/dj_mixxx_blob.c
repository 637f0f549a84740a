/*
 * Mixxx's beats. "BeatGrid-1.0": two f64, beats a minute and the frame of the first beat. "BeatGrid-2.0" and "BeatMap-1.0": Protocol Buffers (the wire format is documented at
 * protobuf.dev, "Encoding") of
 *   BeatGrid { Bpm bpm = 1 { double bpm = 1 }, Beat first_beat = 2 }     BeatMap { repeated Beat beat = 1 }     Beat { int32 frame_position = 1, bool enabled = 2 [default true] }
 */
#include <string.h>

#include "analysis/dj_private.h"

enum wire { WIRE_VARINT, WIRE_FIXED64, WIRE_BYTES, WIRE_FIXED32 = 5 };

struct field {
    uint64_t number, value;             /* value: of a varint, or the bits of fixed ones */
    enum wire wire;
    const unsigned char *data; size_t n;
};

static bool take_varint(const unsigned char **at, const unsigned char *end, uint64_t *v)
{
    *v = 0;
    for (int shift = 0; shift < 64 && *at < end; shift += 7) {
        unsigned char c = *(*at)++;
        *v |= (uint64_t)(c & 0x7f) << shift;
        if (!(c & 0x80))
            return true;
    }
    return false;
}

/* false: the end, or *is_good is false. */
static bool next_field(const unsigned char **at, const unsigned char *end, struct field *f, bool *is_good)
{
    uint64_t tag, n;

    *is_good = true;
    if (*at == end)
        return false;
    *is_good = false;
    if (!take_varint(at, end, &tag))
        return false;
    *f = (struct field){ .number = tag >> 3, .wire = (enum wire)(tag & 7) };
    if (f->wire == WIRE_VARINT) {
        *is_good = take_varint(at, end, &f->value);
    } else if (f->wire == WIRE_BYTES) {
        if (take_varint(at, end, &n) && n <= (size_t)(end - *at)) {
            f->data = *at, f->n = (size_t)n;
            *at += n;
            *is_good = true;
        }
    } else if (f->wire == WIRE_FIXED64 || f->wire == WIRE_FIXED32) {
        size_t size = f->wire == WIRE_FIXED64 ? 8 : 4;
        if ((size_t)(end - *at) >= size) {
            for (size_t i = 0; i < size; i++)
                f->value |= (uint64_t)(*at)[i] << 8 * i;
            *at += size;
            *is_good = true;
        }
    }
    return *is_good;
}

static bool read_beat(const struct field *message, int32_t *frame, bool *is_enabled)
{
    const unsigned char *at = message->data, *end = at + message->n;
    struct field f;
    bool is_good;

    *frame = 0, *is_enabled = true;
    while (next_field(&at, end, &f, &is_good))
        if (f.wire == WIRE_VARINT && f.number == 1)
            *frame = (int32_t)f.value;
        else if (f.wire == WIRE_VARINT && f.number == 2)
            *is_enabled = f.value != 0;
    return is_good;
}

static bool read_bpm(const struct field *message, double *bpm)
{
    const unsigned char *at = message->data, *end = at + message->n;
    struct field f;
    bool is_good;

    while (next_field(&at, end, &f, &is_good))
        if (f.wire == WIRE_FIXED64 && f.number == 1)
            memcpy(bpm, &f.value, sizeof(*bpm));
    return is_good;
}

static bool read_grid(struct dj_reading *r, const unsigned char *at, size_t n, double rate)
{
    const unsigned char *end = at + n;
    struct field f;
    double bpm = 0;
    int32_t frame = 0;
    bool is_good, is_enabled;

    while (next_field(&at, end, &f, &is_good))
        if (f.wire == WIRE_BYTES && ((f.number == 1 && !read_bpm(&f, &bpm)) || (f.number == 2 && !read_beat(&f, &frame, &is_enabled))))
            return false;
    if (is_good)
        dj_add_segment(r, frame / rate, bpm, 0, 0);
    return is_good;
}

static bool read_map(struct dj_reading *r, const unsigned char *at, size_t n, double rate)
{
    const unsigned char *end = at + n;
    struct field f;
    int32_t frame;
    bool is_good, is_enabled;

    while (next_field(&at, end, &f, &is_good)) {
        if (f.wire != WIRE_BYTES || f.number != 1)
            continue;
        if (!read_beat(&f, &frame, &is_enabled))
            return false;
        if (is_enabled)
            dj_add_beat(r, frame / rate);
    }
    return is_good;
}

static bool read_old_grid(struct dj_reading *r, const unsigned char *at, size_t n, double rate)
{
    double v[2];

    if (n != sizeof(v))
        return false;
    memcpy(v, at, sizeof(v));           /* as a machine of today has them */
    dj_add_segment(r, v[1] / rate, v[0], 0, 0);
    return true;
}

bool dj_mixxx_beats(struct dj_reading *r, const char *version, const void *blob, size_t n, double rate)
{
    static const struct { const char *version; bool (*read)(struct dj_reading *r, const unsigned char *at, size_t n, double rate); } versions[] = {
        { "BeatGrid-2.0", read_grid }, { "BeatMap-1.0", read_map }, { "BeatGrid-1.0", read_old_grid },
    };

    if (!(rate >= 1000 && rate <= 1e6)) {
        dj_trouble(r, "Its beats cannot be placed: its sample rate is not known.");
        return false;
    }
    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
        if (!strcmp(versions[i].version, version)) {
            if (versions[i].read(r, blob, n, rate))
                return true;
            r->n_beats = r->n_segments = 0;
            dj_trouble(r, "Its beats are damaged.");
            return false;
        }
    dj_trouble(r, "Its beats are of a kind that lumad does not know (%.40s).", version);
    return false;
}
