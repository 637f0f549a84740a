#include "analysis/melspec.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/hash.h"
#include "dsp/mel.h"
#include "dsp/spectrum.h"

enum { SIZE = 2048, BINS = SIZE / 2 + 1, COLUMNS = 128, LEVELS = 24, SPECTRA = 4, TILES = 2048 };
_Static_assert((size_t)TILES * COLUMNS * MELSPEC_BANDS_MAX <= (size_t)32 << 20, "melspec.h");

#define COLUMN_S 0.01

/* Which tile: of what sound, on which level, the how-manieth. */
struct key { uint64_t sound; uint32_t bands, level; int64_t index; };

struct tile { struct key key; uint64_t used; unsigned char *data; };      /* data NULL: empty; [COLUMNS][bands] */

struct melspec {
    pthread_mutex_t lock;
    struct tile tiles[TILES];
    uint64_t clock;
};

struct melspec *melspec_new(void)
{
    struct melspec *m = calloc(1, sizeof *m);

    if (m)
        pthread_mutex_init(&m->lock, NULL);
    return m;
}

void melspec_free(struct melspec *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < TILES; i++)
        free(m->tiles[i].data);
    pthread_mutex_destroy(&m->lock);
    free(m);
}

/* Of the file it was decoded from: decoding gives the same again. */
static uint64_t sound_of(const struct pcm *pcm)
{
    const struct pcm_header *file = pcm->map;
    uint64_t h = hash_bytes(HASH_START, &pcm->frames, sizeof pcm->frames);

    h = hash_bytes(h, &pcm->channels, sizeof pcm->channels);
    return hash_mix(hash_bytes(h, file->source_sha256, sizeof file->source_sha256));
}

/* ---- tiles that are kept ---- */

static bool is_same(const struct key *a, const struct key *b)
{
    return a->sound == b->sound && a->bands == b->bands && a->level == b->level && a->index == b->index;
}

static bool tile_get(struct melspec *m, const struct key *k, unsigned char *data)
{
    bool found = false;

    pthread_mutex_lock(&m->lock);
    for (size_t i = 0; i < TILES && !found; i++)
        if (m->tiles[i].data && is_same(&m->tiles[i].key, k)) {
            memcpy(data, m->tiles[i].data, (size_t)COLUMNS * k->bands);
            m->tiles[i].used = ++m->clock;
            found = true;
        }
    pthread_mutex_unlock(&m->lock);
    return found;
}

/* Without memory it is not kept, that is all. */
static void tile_put(struct melspec *m, const struct key *k, const unsigned char *data)
{
    size_t n = (size_t)COLUMNS * k->bands, oldest = 0;
    unsigned char *copy = malloc(n);

    if (!copy)
        return;
    memcpy(copy, data, n);
    pthread_mutex_lock(&m->lock);
    for (size_t i = 0; i < TILES; i++) {
        const struct tile *t = &m->tiles[i], *o = &m->tiles[oldest];
        if ((t->data && is_same(&t->key, k)) || (!t->data && o->data) || (t->data && o->data && t->used < o->used))
            oldest = i;
        if (m->tiles[oldest].data && is_same(&m->tiles[oldest].key, k))
            break;                      /* another thread was faster */
    }
    free(m->tiles[oldest].data);
    m->tiles[oldest] = (struct tile){ *k, ++m->clock, copy };
    pthread_mutex_unlock(&m->lock);
}

/* ---- making one ---- */

struct maker { const struct pcm *pcm; struct spectrum *spectrum; struct mel_bank *bank; float in[SIZE], bins[BINS]; };

static double span_of(uint32_t level)
{
    return ldexp(COLUMN_S, (int)level);
}

static void window_at(const struct pcm *pcm, double seconds, float out[SIZE])
{
    int64_t from = (int64_t)llround(seconds * pcm->rate) - SIZE / 2, left = (int64_t)pcm->frames - from;
    int64_t first = from < 0 ? -from : 0, end = left < SIZE ? left : SIZE;

    memset(out, 0, SIZE * sizeof *out);
    for (int64_t i = first; i < end; i++) {
        const float *x = pcm->data + (from + i) * pcm->channels;
        out[i] = pcm->channels == 1 ? x[0] : (x[0] + x[1]) * .5f;
    }
}

static unsigned char byte_of(double power)
{
    double db = power > 1e-12 ? 10 * log10(power) : -120;

    return (unsigned char)lround(255 * fmax(0, fmin(1, 1 - db / MELSPEC_FLOOR_DB)));
}

/* As many spectra in a column as do not overlap by more than half; the lanes take them as they come. */
static void tile_make(struct maker *k, const struct key *key, unsigned char *data)
{
    double span = span_of(key->level), window = SIZE / k->pcm->rate, length = (double)k->pcm->frames / k->pcm->rate;
    unsigned per_column = span <= window ? 1 : span <= 2 * window ? 2 : SPECTRA;
    double power[MELSPEC_BANDS_MAX];

    memset(data, 0, (size_t)COLUMNS * key->bands);
    for (unsigned column = 0; column < COLUMNS; column += SPECTRUM_LANES / per_column) {
        double at = ((double)key->index * COLUMNS + column) * span;
        if (at > length + window)
            return;
        for (unsigned lane = 0; lane < SPECTRUM_LANES; lane++) {
            window_at(k->pcm, at + (lane + .5) * span / per_column, k->in);
            spectrum_put(k->spectrum, lane, k->in);
        }
        spectrum_run(k->spectrum);
        for (unsigned lane = 0; lane < SPECTRUM_LANES; lane++) {
            if (lane % per_column == 0)
                memset(power, 0, sizeof power);
            spectrum_read(k->spectrum, lane, 0, BINS, k->bins);
            mel_bank_add(k->bank, k->bins, power);
            for (uint32_t b = 0; b < key->bands && lane % per_column == per_column - 1; b++)
                data[(size_t)(column + lane / per_column) * key->bands + b] = byte_of(power[b] / per_column);
        }
    }
}

/* ---- putting them together ---- */

static void put_u32(unsigned char *at, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(v >> 8 * i);
}

static void put_f32(unsigned char *at, float v)
{
    uint32_t bits;

    memcpy(&bits, &v, sizeof bits);
    put_u32(at, bits);
}

static void put_f64(unsigned char *at, double v)
{
    uint64_t bits;

    memcpy(&bits, &v, sizeof bits);
    put_u32(at, (uint32_t)bits);
    put_u32(at + 4, (uint32_t)(bits >> 32));
}

static void put_header(const struct melspec_view *v, unsigned char *at)
{
    memset(at, 0, MELSPEC_HEADER);
    memcpy(at, "LMM1", 4);
    put_u32(at + 4, v->width);
    put_u32(at + 8, v->bands);
    put_f64(at + 16, v->start);
    put_f64(at + 24, v->end);
    put_f32(at + 32, (float)MELSPEC_MIN_HZ);
    put_f32(at + 36, (float)MELSPEC_MAX_HZ);
    put_f32(at + 40, (float)MELSPEC_FLOOR_DB);
}

/* The coarsest level whose columns are no longer than those that are drawn. */
static uint32_t level_for(double span)
{
    uint32_t level = 0;

    while (level + 1 < LEVELS && span_of(level + 1) <= span)
        level++;
    return level;
}

/* The mean of the tile columns from <= c <= to, of which `columns` begins with the one numbered `first`. */
static void mean_columns(const unsigned char *columns, int64_t first, int64_t from, int64_t to, uint32_t bands, unsigned char *out)
{
    for (uint32_t b = 0; b < bands; b++) {
        unsigned sum = 0;
        for (int64_t c = from; c <= to; c++)
            sum += columns[(size_t)(c - first) * bands + b];
        out[b] = (unsigned char)(sum / (unsigned)(to - from + 1));
    }
}

static void assemble(const struct melspec_view *v, const unsigned char *columns, int64_t first, double span, unsigned char *out)
{
    double step = (v->end - v->start) / v->width;

    for (uint32_t x = 0; x < v->width; x++) {
        int64_t from = (int64_t)floor((v->start + x * step) / span + .25), to = (int64_t)floor((v->start + (x + 1) * step) / span - .25);
        mean_columns(columns, first, from, to > from ? to : from, v->bands, out + (size_t)x * v->bands);
    }
}

static enum lm_err maker_init(struct maker *k, const struct pcm *pcm, uint32_t bands)
{
    double top = fmin(MELSPEC_MAX_HZ, pcm->rate / 2);

    *k = (struct maker){ .pcm = pcm, .spectrum = spectrum_new(SIZE), .bank = mel_bank_new(bands, MELSPEC_MIN_HZ, top, pcm->rate, SIZE) };
    return k->spectrum && k->bank ? LM_OK : LM_NOMEM;
}

enum lm_err melspec_draw(struct melspec *m, const struct pcm *pcm, const struct melspec_view *v, bool (*stop)(void *ctx), void *ctx, void **data, size_t *size)
{
    uint32_t level = level_for((v->end - v->start) / v->width);
    double span = span_of(level), tile_s = span * COLUMNS;
    int64_t first = (int64_t)floor(v->start / tile_s), last = (int64_t)floor(v->end / tile_s) + 1;
    size_t tile_n = (size_t)COLUMNS * v->bands;
    struct maker *k = calloc(1, sizeof *k);
    unsigned char *columns = malloc((size_t)(last - first + 1) * tile_n), *out = malloc(MELSPEC_HEADER + (size_t)v->width * v->bands);
    enum lm_err err = k && columns && out ? maker_init(k, pcm, v->bands) : LM_NOMEM;

    for (int64_t i = first; i <= last && !err; i++) {
        struct key key = { sound_of(pcm), v->bands, level, i };
        unsigned char *at = columns + (size_t)(i - first) * tile_n;
        if (tile_get(m, &key, at))
            continue;
        if (stop && stop(ctx)) {
            err = LM_TIMEOUT;
            break;
        }
        tile_make(k, &key, at);
        tile_put(m, &key, at);
    }
    if (!err) {
        put_header(v, out);
        assemble(v, columns, first * COLUMNS, span, out + MELSPEC_HEADER);
        *data = out, *size = MELSPEC_HEADER + (size_t)v->width * v->bands;
        out = NULL;
    }
    if (k) {
        spectrum_free(k->spectrum);
        mel_bank_free(k->bank);
    }
    free(k);
    free(columns);
    free(out);
    return err;
}
