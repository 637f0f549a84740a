#include "graph/view_audio.h"

#include <math.h>
#include <nettle/base64.h>
#include <stdlib.h>

#include "core/json.h"
#include "dsp/dmath.h"
#include "dsp/mel.h"
#include "dsp/spectrum.h"

enum { COLUMNS = 512, PIECE = 4096, BANDS = 128, SIZE = 2048, FRAMES = SPECTRUM_LANES };
#define FLOOR_DB  -80.0
#define MIN_HZ    20.0
#define MAX_HZ    16000.0

static json_t *missing(const char *type)
{
    return json_pack("{s:s, s:b}", "type", type, "missing", 1);
}

/* --- waveform --- */

struct wave { float low[COLUMNS], high[COLUMNS], samples[PIECE]; double sum[COLUMNS]; uint64_t count[COLUMNS]; };

static void wave_add(struct wave *w, int64_t from, uint32_t n, double start, double length)
{
    for (uint32_t i = 0; i < n; i++) {
        int k = (int)(((double)(from + i) - start) / length * COLUMNS);
        float x = w->samples[i];
        k = k < 0 ? 0 : k < COLUMNS ? k : COLUMNS - 1;
        w->low[k] = w->count[k] && w->low[k] < x ? w->low[k] : x;
        w->high[k] = w->count[k] && w->high[k] > x ? w->high[k] : x;
        w->sum[k] += (double)x;
        w->count[k]++;
    }
}

static json_t *column_list(const struct wave *w, int which)
{
    json_t *l = json_array();

    for (int i = 0; i < COLUMNS; i++) {
        double x = which == 0 ? (double)w->low[i] : which == 1 ? (double)w->high[i] : w->sum[i] / (double)w->count[i];
        json_array_append_new(l, w->count[i] ? json_number(x) : json_null());
    }
    return l;
}

/* Where there is no track there is no wave: such columns are null. */
json_t *view_audio_json(const struct node_context *ctx, const struct audio_chain *sound, bool (*stop)(void *), void *stop_ctx)
{
    struct audio_reader r = audio_open(sound);

    if (!audio_is_there(sound))
        return missing("audio");
    struct wave *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    double rate = sound->source->rate, start = ctx->start * rate, length = (ctx->end - ctx->start) * rate;
    int64_t at = (int64_t)ceil(start), end = (int64_t)ceil(start + length);
    at = at > 0 ? at : 0;
    end = end < (int64_t)sound->source->n ? end : (int64_t)sound->source->n;
    bool is_stopped = false;
    for (uint32_t n; at < end && !is_stopped; at += n) {
        n = end - at < PIECE ? (uint32_t)(end - at) : PIECE;
        audio_read(&r, at, n, w->samples);
        wave_add(w, at, n, start, length);
        is_stopped = stop && stop(stop_ctx);
    }
    json_t *o = is_stopped ? NULL : json_pack("{s:s, s:i, s:f, s:o, s:o, s:o}", "type", "audio", "columns", COLUMNS, "rate", rate, "min",
                                              column_list(w, 0), "max", column_list(w, 1), "mean", column_list(w, 2));
    free(w);
    return o;
}

/* --- spectrogram --- */

struct mel {
    struct spectrum *spectrum;
    struct mel_bank *bank;
    float samples[SIZE], bins[SIZE / 2 + 1];
    double power[BANDS];
    uint8_t bytes[COLUMNS * BANDS];
};

static uint8_t byte_of(double power)
{
    double db = power > 0 ? 10 * dsp_log2(power) * M_LN2 / M_LN10 : FLOOR_DB, x = (1 - db / FLOOR_DB) * 255;

    return (uint8_t)(x > 0 ? x < 255 ? x + .5 : 255 : 0);
}

/* The mean power of four frames within the column's time; in a short column they overlap. */
static void mel_column(struct mel *m, struct audio_window *w, double from, double length, uint8_t *out)
{
    for (unsigned i = 0; i < FRAMES; i++) {
        audio_window_move(w, (int64_t)floor(from + length * (i + .5) / FRAMES) - SIZE / 2);
        spectrum_put(m->spectrum, i, m->samples);
    }
    spectrum_run(m->spectrum);
    for (int b = 0; b < BANDS; b++)
        m->power[b] = 0;
    for (unsigned i = 0; i < FRAMES; i++) {
        spectrum_read(m->spectrum, i, 0, SIZE / 2 + 1, m->bins);
        mel_bank_add(m->bank, m->bins, m->power);
    }
    for (int b = 0; b < BANDS; b++)
        out[b] = byte_of(m->power[b] / FRAMES);
}

static json_t *base64(const uint8_t *data, size_t n)
{
    char *text = malloc(BASE64_ENCODE_RAW_LENGTH(n) + 1);

    if (!text)
        return NULL;
    base64_encode_raw(text, n, data);
    json_t *s = json_stringn(text, BASE64_ENCODE_RAW_LENGTH(n));
    free(text);
    return s;
}

json_t *view_mel_json(const struct node_context *ctx, const struct audio_chain *sound, bool (*stop)(void *), void *stop_ctx)
{
    json_t *o = NULL;

    if (!audio_is_there(sound))
        return missing("mel");
    double rate = sound->source->rate, max_hz = rate / 2 < MAX_HZ ? rate / 2 : MAX_HZ;
    uint32_t columns = ctx->samples < COLUMNS ? ctx->samples : COLUMNS;
    struct mel *m = calloc(1, sizeof *m);
    if (m && (m->spectrum = spectrum_new(SIZE)) && (m->bank = mel_bank_new(BANDS, MIN_HZ, max_hz, rate, SIZE))) {
        struct audio_window w = { .sound = audio_open(sound), .size = SIZE, .samples = m->samples };
        double length = (ctx->end - ctx->start) * rate / columns;
        bool is_stopped = false;
        for (uint32_t i = 0; i < columns && !is_stopped; i++) {
            mel_column(m, &w, ctx->start * rate + i * length, length, m->bytes + i * BANDS);
            is_stopped = stop && stop(stop_ctx);
        }
        if (!is_stopped)
            o = json_pack("{s:s, s:i, s:i, s:f, s:f, s:f, s:f, s:f, s:o}", "type", "mel", "bands", BANDS, "columns", (int)columns, "start", ctx->start, "end",
                          ctx->end, "min_hz", MIN_HZ, "max_hz", max_hz, "floor_db", FLOOR_DB, "data", base64(m->bytes, columns * BANDS));
    }
    if (m) {
        spectrum_free(m->spectrum);
        mel_bank_free(m->bank);
    }
    free(m);
    return o;
}
