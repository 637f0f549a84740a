#include "dsp/chroma.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/notes.h"

enum { ROUNDS = 60, ROUNDS_FRAME = 20, PROGRESS = 500 };

static const float SILENCE = 1e-4f;     /* of level: -80 dB */

/* The mean of some frames. */
struct mean { float strength[PITCHES], level, steady; int n; };

struct work {
    struct notes *notes;
    float treble[PITCH_NOTES], bass[PITCH_NOTES];       /* how much each note is of them */
    struct chord_step *step;
    size_t steps;
    float weight;
    struct chroma *out;
    struct mean of_step, of_frame;
    size_t at_step, at_frame;
    float note[PITCH_NOTES];            /* of the last chroma frame: where the next search begins */
};

/* 0 up to a, 1 from b to c, 0 again from d on (MIDI notes). */
static void slopes(double a, double b, double c, double d, float *out)
{
    for (int i = 0; i < PITCH_NOTES; i++) {
        double note = PITCH_LOWEST + i;
        out[i] = (float)(fmax(0, fmin(1, (note - a) / (b - a))) * fmax(0, fmin(1, (d - note) / (d - c))));
    }
}

static void add(struct mean *m, const struct pitch_frame *f)
{
    for (int i = 0; i < PITCHES; i++)
        m->strength[i] += f->strength[i];
    m->level += f->level;
    m->steady += f->steady;
    m->n++;
}

static void take(struct mean *m)
{
    float part = m->n ? 1 / (float)m->n : 0;

    for (int i = 0; i < PITCHES; i++)
        m->strength[i] *= part;
    m->level *= part;
    m->steady *= part;
}

static void end_step(struct work *w)
{
    struct chord_step *s = &w->step[w->at_step++];
    float note[PITCH_NOTES] = { 0 };

    take(&w->of_step);
    notes_find(w->notes, w->of_step.strength, ROUNDS, note);
    for (int i = 0; i < PITCH_NOTES; i++) {
        float root = w->weight * sqrtf(sqrtf(note[i]));
        s->treble[(PITCH_LOWEST + i) % 12] += w->treble[i] * root;
        s->bass[(PITCH_LOWEST + i) % 12] += w->bass[i] * root;
    }
    s->level += w->weight * w->of_step.level;
    s->steady += w->weight * w->of_step.steady;
    memset(&w->of_step, 0, sizeof(w->of_step));
}

static void end_frame(struct work *w)
{
    float *out = w->out->frame[w->at_frame++], sum = 0;

    take(&w->of_frame);
    notes_find(w->notes, w->of_frame.strength, ROUNDS_FRAME, w->note);
    memset(out, 0, CHROMA_CLASSES * sizeof(*out));
    for (int i = 0; i < PITCH_NOTES; i++) {
        float part = sqrtf(w->note[i]) * fmaxf(w->treble[i], w->bass[i]);
        out[(PITCH_LOWEST + i) % 12] += part;
        sum += part;
    }
    bool sounds = sum > 0 && w->of_frame.level >= SILENCE;
    for (int i = 0; i < CHROMA_CLASSES; i++)
        out[i] = sounds ? out[i] / sum : 0;
    memset(&w->of_frame, 0, sizeof(w->of_frame));
}

/* A frame belongs to the step it is in, and to the chroma frame it is nearest to; a step too short for one has the next one. */
static void hear(struct work *w, const struct pitch_frame *f)
{
    while (w->at_step < w->steps && f->at >= w->step[w->at_step].end) {
        if (!w->of_step.n)
            add(&w->of_step, f);
        end_step(w);
    }
    if (w->at_step < w->steps && f->at >= w->step[w->at_step].start)
        add(&w->of_step, f);
    if (!w->out)
        return;
    while (w->at_frame < w->out->n && f->at * CHROMA_RATE >= (double)w->at_frame + .5)
        end_frame(w);
    add(&w->of_frame, f);
}

static void end(struct work *w)
{
    while (w->at_step < w->steps)
        end_step(w);
    while (w->out && w->at_frame < w->out->n)
        end_frame(w);
}

enum lm_err chroma_find(const struct pitch_input *in, int inputs, uint64_t count, double rate, struct chord_step *step, size_t steps, float weight,
                        void (*progress)(double), struct chroma *out)
{
    struct work *w = calloc(1, sizeof(*w));
    struct pitches *p = pitches_new(in, inputs, count, rate);
    struct pitch_frame f;

    if (out)
        *out = (struct chroma){ .n = (size_t)((double)count / rate * CHROMA_RATE) + 1 };
    if (out && !(out->frame = calloc(out->n, sizeof(*out->frame))))
        goto out;
    if (!w || !p || !(w->notes = notes_new()))
        goto out;
    w->step = step, w->steps = steps, w->weight = weight, w->out = out;
    slopes(48, 55, 84, 92, w->treble);
    slopes(24, 28, 48, 56, w->bass);
    for (int since = 0; pitches_next(p, &f);) {
        hear(w, &f);
        if (progress && ++since % PROGRESS == 0)
            progress(pitches_done(p));
    }
    end(w);
    if (out)
        out->tuning = pitches_tuning(p, &out->tuning_confidence);
    notes_free(w->notes);
    free(w);
    pitches_free(p);
    return LM_OK;
out:
    if (out)
        chroma_clear(out);
    free(w);
    pitches_free(p);
    return LM_NOMEM;
}

void chroma_clear(struct chroma *c)
{
    free(c->frame);
    *c = (struct chroma){ 0 };
}
