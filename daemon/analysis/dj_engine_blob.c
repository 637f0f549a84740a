/*
 * Engine DJ's performance data. beatData and quickCues: four bytes length (big-endian), then zlib. Numbers in them are big-endian, except those of a marker of the grid, which are
 * little-endian as those of `loops` are; that one is not compressed.
 *   beatData   f64 rate, f64 samples, u8 is_set, then twice (as analysed, as adjusted): i64 n, n markers { f64 sample, i64 beat, i32 beats to the next, i32 }
 *   quickCues  i64 n, n { u8 length, name, f64 sample, u8 alpha, red, green, blue }, f64 main cue, u8 is_adjusted, f64 main cue as analysed
 *   loops      i64 n, n { u8 length, name, f64 start, f64 end, u8 has_start, has_end, alpha, red, green, blue }
 * A sample of -1 is "none". Beat 0 is a downbeat, and bars have four beats; a grid begins before the music (beat -4) and ends behind it.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "analysis/dj_private.h"

enum { PLAIN_MAX = 16 << 20, LIST_MAX = 100000, MARKER = 24, BEAT_FAR = 1000000, BAR = 4 };

struct bytes { const unsigned char *at, *end; bool is_short; };

static uint64_t take(struct bytes *b, int n, bool is_little)
{
    uint64_t v = 0;

    if (b->end - b->at < n) {
        b->is_short = true;
        return 0;
    }
    for (int i = 0; i < n; i++)
        v |= (uint64_t)b->at[i] << 8 * (is_little ? i : n - 1 - i);
    b->at += n;
    return v;
}

static double take_real(struct bytes *b, bool is_little)
{
    uint64_t bits = take(b, 8, is_little);
    double v;

    memcpy(&v, &bits, sizeof(v));
    return v;
}

/* *plain is malloc'd. */
static bool inflate_blob(const void *blob, size_t n, unsigned char **plain, struct bytes *b)
{
    const unsigned char *at = blob;

    *plain = NULL;
    if (n < 5)
        return false;
    uLongf size = (uLongf)at[0] << 24 | (uLongf)at[1] << 16 | (uLongf)at[2] << 8 | at[3];
    if (!size || size > PLAIN_MAX || !(*plain = malloc(size)))
        return false;
    if (uncompress(*plain, &size, at + 4, (uLong)(n - 4)) != Z_OK)
        return false;
    *b = (struct bytes){ *plain, *plain + size, false };
    return true;
}

static bool is_rate(double rate)
{
    return rate >= 1000 && rate <= 1e6;
}

double dj_engine_rate(const void *blob, size_t n)
{
    unsigned char *plain;
    struct bytes b;
    double rate = inflate_blob(blob, n, &plain, &b) ? take_real(&b, false) : 0;

    free(plain);
    return is_rate(rate) ? rate : 0;
}

/* Between two markers beats are evenly spread; behind the last one they go on as before it. */
static bool read_markers(struct dj_reading *r, struct bytes *b, double rate, bool is_wanted, size_t *found)
{
    int64_t n = (int64_t)take(b, 8, false);
    double sample = 0, next;
    int64_t beat = 0;
    int32_t beats = 0;

    if (b->is_short || n < 0 || n > LIST_MAX || n * MARKER > b->end - b->at)
        return false;
    *found = (size_t)n;
    for (int64_t i = 0; i < n; i++) {
        next = take_real(b, true);
        int64_t next_beat = (int64_t)take(b, 8, true);
        int32_t to_next = (int32_t)take(b, 4, true);
        take(b, 4, true);
        if (!is_wanted)
            continue;
        if (i && beats > 0 && next > sample && beat > -BEAT_FAR && beat < BEAT_FAR)
            dj_add_segment(r, sample / rate, 60 * rate * beats / (next - sample), BAR, (int)((beat % BAR + BAR) % BAR) + 1);
        else if (i)
            dj_trouble(r, "Its beat grid is damaged.");
        sample = next, beat = next_beat, beats = to_next;
    }
    return true;
}

bool dj_engine_beats(struct dj_reading *r, const void *blob, size_t n)
{
    unsigned char *plain;
    struct bytes b;
    bool is_good = inflate_blob(blob, n, &plain, &b);

    if (is_good) {
        double rate = take_real(&b, false);
        take_real(&b, false);
        take(&b, 1, false);
        /* The adjusted grid is the one that plays; it stands behind the other. */
        struct bytes first = b;
        size_t analysed = 0, adjusted = 0;
        is_good = !b.is_short && is_rate(rate) && read_markers(r, &b, rate, false, &analysed) && read_markers(r, &b, rate, true, &adjusted);
        if (is_good && adjusted < 2 && analysed >= 2)
            is_good = read_markers(r, &first, rate, true, &analysed);
    }
    free(plain);
    if (!is_good)
        dj_trouble(r, "Its beat grid is damaged.");
    return is_good;
}

static bool take_name(struct bytes *b, char name[256])
{
    size_t n = (size_t)take(b, 1, false);

    if (b->is_short || (size_t)(b->end - b->at) < n)
        return false;
    memcpy(name, b->at, n);
    name[n] = '\0';
    b->at += n;
    return true;
}

static int take_color(struct bytes *b)
{
    uint64_t argb = take(b, 4, false);

    return argb >> 24 ? (int)(argb & 0xffffff) : -1;
}

static bool read_cues(struct dj_reading *r, struct bytes *b, double rate)
{
    int64_t n = (int64_t)take(b, 8, false);
    char name[256], plain[32];

    if (n < 0 || n > LIST_MAX)
        return false;
    for (int64_t i = 0; i < n; i++) {
        if (!take_name(b, name))
            return false;
        double sample = take_real(b, false);
        int color = take_color(b);
        if (b->is_short)
            return false;
        snprintf(plain, sizeof(plain), "Cue %d", (int)i + 1);
        dj_add_cue(r, *name ? name : plain, color, sample / rate, -1);
    }
    double adjusted = take_real(b, false);
    if (!b->is_short && take(b, 1, false) && !b->is_short)
        dj_add_cue(r, "Cue", -1, adjusted / rate, -1);
    return !b->is_short;
}

bool dj_engine_cues(struct dj_reading *r, const void *blob, size_t n, double rate)
{
    unsigned char *plain;
    struct bytes b;
    bool is_good = inflate_blob(blob, n, &plain, &b) && is_rate(rate) && read_cues(r, &b, rate);

    free(plain);
    if (!is_good)
        dj_trouble(r, "Its cues are damaged.");
    return is_good;
}

bool dj_engine_loops(struct dj_reading *r, const void *blob, size_t n, double rate)
{
    struct bytes b = { blob, (const unsigned char *)blob + n, false };
    int64_t loops = (int64_t)take(&b, 8, true);
    bool is_good = is_rate(rate) && !b.is_short && loops >= 0 && loops <= LIST_MAX;
    char name[256], plain[32];

    for (int64_t i = 0; i < loops && is_good; i++) {
        is_good = take_name(&b, name);
        double start = take_real(&b, true), end = take_real(&b, true);
        bool has_start = take(&b, 1, true), has_end = take(&b, 1, true);
        int color = take_color(&b);
        is_good = is_good && !b.is_short;
        snprintf(plain, sizeof(plain), "Loop %d", (int)i + 1);
        if (is_good && has_start && has_end && end > start)
            dj_add_cue(r, *name ? name : plain, color, start / rate, end / rate);
    }
    if (!is_good)
        dj_trouble(r, "Its loops are damaged.");
    return is_good;
}
