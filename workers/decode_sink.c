#include "decode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audio/pcm.h"

enum { MAX_HOURS = 12 };

enum lm_err sink_open(struct sink *k, struct output *out, int channels, bool has_waveform, bool has_loudness, struct problem *p)
{
    static const char nothing[PCM_HEADER];

    *k = (struct sink){ .out = out, .channels = channels };
    if (has_waveform && !(k->waveform = waveform_new(channels, PCM_RATE, WAVEFORM_FULL_FRAMES)))
        return LM_NOMEM;
    if (has_loudness && loudness_meter_begin(&k->loudness, channels, PCM_RATE))
        return LM_NOMEM;
    return output_write(out, nothing, sizeof(nothing), p);
}

enum lm_err sink_add(struct sink *k, const float *frames, size_t n, struct problem *p)
{
    if (k->limit && k->frames + n > k->limit)
        n = (size_t)(k->limit - k->frames);
    k->frames += n;
    if (k->frames > (uint64_t)MAX_HOURS * 3600 * PCM_RATE)
        return problem_set(p, LM_TOO_LARGE, "Longer than %d hours", MAX_HOURS);
    if (k->waveform && waveform_add(k->waveform, frames, n))
        return LM_NOMEM;
    if (k->loudness && loudness_meter_feed(k->loudness, frames, n))
        return LM_NOMEM;
    return output_write(k->out, frames, n * (size_t)k->channels * sizeof(float), p);
}

static void set_hash(uint8_t out[32], const char *hex)
{
    for (int i = 0; hex && i < 32; i++) {
        unsigned v;
        if (sscanf(hex + 2 * i, "%2x", &v) != 1)
            return;
        out[i] = (uint8_t)v;
    }
}

/* The header last: what a power cut left short is not opened (audio/pcm.h) and decoded again. */
enum lm_err sink_finish(struct sink *k, const char *sha256, struct problem *p)
{
    struct pcm_header h = { .magic = PCM_MAGIC, .rate = PCM_RATE, .frames = k->frames };

    h.channels = (uint32_t)k->channels;
    set_hash(h.source_sha256, sha256 && strlen(sha256) == 64 ? sha256 : NULL);
    return output_write_at_start(k->out, &h, sizeof(h), p);
}

void sink_close(struct sink *k)
{
    waveform_free(k->waveform);
    loudness_meter_free(k->loudness);
    k->waveform = NULL;
    k->loudness = NULL;
}

enum lm_err waveform_write(const struct waveform *w, struct output *preview, struct output *full, struct problem *p)
{
    const struct { struct output *out; size_t max; } levels[] = { { preview, WAVEFORM_PREVIEW_BUCKETS }, { full, 0 } };
    enum lm_err err = LM_OK;

    for (int i = 0; i < 2 && !err; i++) {
        void *data = NULL;
        size_t n;
        if (levels[i].out->path && !(err = waveform_bytes(w, levels[i].max, &data, &n)))
            err = output_write(levels[i].out, data, n, p);
        free(data);
    }
    return err;
}
