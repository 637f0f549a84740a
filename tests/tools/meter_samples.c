/*
 * What the bars of daemon/dsp/meter.c are told by, for who learns their weights (meter_train.py): `meter_samples PCM`.
 *
 * Writes one line of JSON: a list of the readings (dsp/readings.h) that make sense of the recording, [{"beats":[s],"cues":[[...] of each cue],"traits":[...],"again":[...]}].
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "audio/pcm.h"
#include "dsp/meter.h"
#include "dsp/onset.h"
#include "dsp/readings.h"

static json_t *floats(const float *v, size_t n)
{
    json_t *list = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_real((double)v[i]));
    return list;
}

static json_t *reading(const struct reading *r)
{
    json_t *beats = json_array(), *cues = json_array();

    for (size_t i = 0; i < r->n; i++)
        json_array_append_new(beats, json_real(r->beat[i] / ONSET_RATE));
    for (int c = 0; c < READING_CUES; c++)
        json_array_append_new(cues, floats(r->cue[c], r->n));
    return json_pack("{s:o,s:o,s:o,s:o}", "beats", beats, "cues", cues, "traits", floats(r->trait, READING_TRAITS), "again", floats(r->again, READING_LAGS));
}

static enum lm_err readings(const struct pcm *pcm, const struct beats *b, const struct beat_cues *c, json_t *list)
{
    size_t n = READING_SPANS * (b->n - 1);
    struct harmony *spans = malloc(n * sizeof(*spans));
    double *edge = malloc((n + 1) * sizeof(*edge));
    enum lm_err err = spans && edge ? LM_OK : LM_NOMEM;

    if (!err) {
        meter_edges(b, edge);
        err = harmony_find(pcm->data, pcm->frames, pcm->channels, pcm->rate, edge, n, NULL, spans);
    }
    for (int way = 0; way < READING_WAYS && !err; way++) {
        struct reading r;
        if (!(err = reading_make(way, b, c, spans, &r)) && r.n)
            json_array_append_new(list, reading(&r));
        if (!err)
            reading_clear(&r);
    }
    free(spans);
    free(edge);
    return err;
}

int main(int argc, char **argv)
{
    struct pcm pcm;
    struct problem p = { 0 };
    struct onsets onsets;
    struct beat_cues cues;
    struct beats beats;
    double periodicity;
    json_t *list;

    if (argc != 2) {
        fprintf(stderr, "Use meter_samples PCM\n");
        return 2;
    }
    if (pcm_open(argv[1], &pcm, &p)) {
        fprintf(stderr, "%s\n", p.detail);
        return 1;
    }
    list = json_array();
    if (onset_find(pcm.data, pcm.frames, pcm.channels, pcm.rate, NULL, &onsets) || beat_cues_make(&onsets, &cues) || beats_find(&cues, &beats, &periodicity)
        || (beats.n > 1 && readings(&pcm, &beats, &cues, list)))
        return 1;
    json_dumpf(list, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
    putchar('\n');
    return fclose(stdout) ? 1 : 0;      /* what was allocated goes with the process */
}
