#include "graph/audio.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/arena.h"

enum { PIECE = 512 };                   /* samples filtered at a time */
#define MOST 8.0f                       /* as the decoder holds it */
#define WARM_UP_S 0.5
#define WARM_UP_MAX_S 4.0

static const char *const stem_names[GRAPH_STEMS] = {
    [STEM_DRUMS] = "drums", [STEM_BASS] = "bass", [STEM_VOCALS] = "vocals", [STEM_OTHER] = "other",
};

static bool fail(struct node_setup *s, const char *port, const char *code, const char *message)
{
    s->port = port;
    s->code = code;
    snprintf(s->message, sizeof s->message, "%s", message);
    return false;
}

/* --- chains --- */

static const struct graph_audio *source_of(const struct node_setup *s, int stem)
{
    return stem == AUDIO_MIX ? &s->ctx->audio : &s->ctx->stems[stem];
}

static struct audio_chain *chain_new(struct node_setup *s, unsigned out)
{
    struct audio_chain *c = arena_alloc(s->arena, sizeof *c);

    s->is_starved |= !c;
    s->out[out].audio = c;
    return c;
}

bool audio_source(struct node_setup *s, unsigned out, int stem)
{
    struct audio_chain *c = chain_new(s, out);

    if (c)
        *c = (struct audio_chain){ .source = source_of(s, stem), .stem = stem };
    return c;
}

bool audio_is_there(const struct audio_chain *chain)
{
    const struct graph_audio *a = chain->source;

    return a->frames && a->n > 0 && a->channels > 0 && a->rate >= AUDIO_MIN_RATE && a->rate <= AUDIO_MAX_RATE;
}

static bool expect(struct node_setup *s, const struct audio_chain *c, const char *port)
{
    if (audio_is_there(c))
        return true;
    s->port = port;
    if (c->stem == AUDIO_MIX) {
        s->code = "missing_audio";
        snprintf(s->message, sizeof s->message, "there is no decoded sound: run the job decode of the track");
    } else {
        s->code = "missing_stem";
        snprintf(s->message, sizeof s->message, "the stem %s is not there: run the job stems of the track", stem_names[c->stem]);
    }
    return false;
}

bool audio_expect(struct node_setup *s, unsigned port)
{
    return expect(s, s->in[port].value.audio, s->desc->in[port].id);
}

bool audio_replace(struct node_setup *s, unsigned out, int stem)
{
    const struct audio_chain *from = s->in[0].value.audio;
    struct audio_chain *c = chain_new(s, out);

    if (!c)
        return false;
    /* Filters were made for the rate of what is replaced; decoded sounds of a track have one rate. */
    *c = *from;
    c->source = source_of(s, stem);
    c->stem = stem;
    if (!(s->used >> out & 1))
        return true;
    if (!expect(s, c, s->desc->out[out].id))
        return false;
    return !from->n || c->source->rate == from->source->rate
        || fail(s, NULL, "bad_input", "the stem has another sample rate than the track: put the filter behind the splitter");
}

static bool section_add(struct node_setup *s, struct audio_chain *c, const struct audio_filter *f)
{
    double rate = c->source->rate, memory;
    struct biquad b;

    if (f->hz >= rate / 2) {            /* all of the sound is below it */
        c->is_silent |= f->pass == AUDIO_HIGH_PASS;
        return true;
    }
    if (c->n == AUDIO_SECTIONS)
        return fail(s, NULL, "too_deep", "a sound may pass at most 16 filters");
    if (f->pass == AUDIO_LOW_PASS)
        biquad_low_pass(&b, f->hz, f->q, rate);
    else
        biquad_high_pass(&b, f->hz, f->q, rate);
    c->section[c->n++] = (struct audio_section){ b.b0, b.b1, b.b2, b.a1, b.a2 };
    memory = fmin(fmax(biquad_memory(&b), WARM_UP_S * rate), WARM_UP_MAX_S * rate);
    if (memory > c->warm_up)
        c->warm_up = (uint32_t)memory;
    return true;
}

bool audio_filter(struct node_setup *s, unsigned out, const struct audio_filter *filters, uint32_t n)
{
    const struct audio_chain *from = s->in[0].value.audio;
    struct audio_chain *c = audio_expect(s, 0) ? chain_new(s, out) : NULL;
    bool good = c;

    if (c)
        *c = *from;
    for (uint32_t i = 0; i < n && good; i++)
        good = section_add(s, c, &filters[i]);
    return good;
}

uint32_t audio_effort(const struct audio_chain *chain)
{
    return (uint32_t)(chain->source->rate / SAMPLE_RATE * (1 + 6 * chain->n));
}

/* --- reading --- */

static inline float held(float x)
{
    float y = x < MOST ? x : MOST;

    y = y > -MOST ? y : -MOST;
    return x == x ? y : 0;
}

/* The mean of the channels, as it is decoded. */
static void mono(const struct graph_audio *a, int64_t from, uint32_t n, float *out)
{
    int64_t first = from > 0 ? from : 0, last = from + (int64_t)n;

    if (last > (int64_t)a->n)
        last = (int64_t)a->n;
    if (first >= last) {
        memset(out, 0, n * sizeof *out);
        return;
    }
    uint32_t before = (uint32_t)(first - from), count = (uint32_t)(last - first);
    const float *in = a->frames + (size_t)first * (size_t)a->channels;
    memset(out, 0, before * sizeof *out);
    out += before;
    if (a->channels == 1)
        for (uint32_t i = 0; i < count; i++)
            out[i] = held(in[i]);
    else if (a->channels == 2)
        for (uint32_t i = 0; i < count; i++)
            out[i] = (held(in[2 * i]) + held(in[2 * i + 1])) * .5f;
    else
        for (uint32_t i = 0; i < count; i++, in += a->channels) {
            float sum = 0;
            for (int c = 0; c < a->channels; c++)
                sum += held(in[c]);
            out[i] = sum / (float)a->channels;
        }
    memset(out + count, 0, (n - before - count) * sizeof *out);
}

/* Direct form I: of each sample only one product and one difference wait for the sample before. */
static void section_run(const struct audio_section *f, double in[2], double out[2], double *x, uint32_t n)
{
    double x1 = in[0], x2 = in[1], y1 = out[0], y2 = out[1];

    for (uint32_t i = 0; i < n; i++) {
        double now = x[i], y = f->b0 * now + f->b1 * x1 + f->b2 * x2 - f->a2 * y2 - f->a1 * y1;
        x2 = x1, x1 = now, y2 = y1, y1 = y;
        x[i] = y;
    }
    in[0] = x1, in[1] = x2;
    /* The next section's input is this one's output: it keeps that itself. */
    out[0] = y1, out[1] = y2;
}

/* The next n samples through all filters; `out` NULL: they only warm up. */
static void pass(struct audio_reader *r, int64_t to, float *out)
{
    const struct audio_chain *c = r->chain;
    float samples[PIECE];
    double x[PIECE];

    while (r->at < to) {
        uint32_t n = to - r->at < PIECE ? (uint32_t)(to - r->at) : PIECE;
        mono(c->source, r->at, n, samples);
        for (uint32_t i = 0; i < n; i++)
            x[i] = (double)samples[i];
        for (uint32_t k = 0; k < c->n; k++) {
            double out_past[2] = { r->past[k + 1][0], r->past[k + 1][1] };
            section_run(&c->section[k], r->past[k], out_past, x, n);
            if (k + 1 == c->n)
                r->past[c->n][0] = out_past[0], r->past[c->n][1] = out_past[1];
        }
        for (uint32_t i = 0; out && i < n; i++)
            *out++ = (float)x[i];
        r->at += n;
    }
}

static void block_begin(struct audio_reader *r, int64_t at)
{
    int64_t size = AUDIO_BLOCK_S * (int64_t)r->chain->source->rate, block = at / size - (at % size < 0);

    memset(r->past, 0, sizeof r->past);
    r->at = block * size - r->chain->warm_up;
    r->end = (block + 1) * size;
    r->is_on = true;
}

void audio_read(struct audio_reader *r, int64_t from, uint32_t n, float *out)
{
    const struct audio_chain *c = r->chain;

    if (c->is_silent) {
        memset(out, 0, n * sizeof *out);
        return;
    }
    if (!c->n) {
        mono(c->source, from, n, out);
        return;
    }
    while (n > 0) {
        if (!r->is_on || from < r->at || from >= r->end)
            block_begin(r, from);
        int64_t to = from + (int64_t)n < r->end ? from + (int64_t)n : r->end;
        pass(r, from, NULL);
        pass(r, to, out);
        out += to - from;
        n -= (uint32_t)(to - from);
        from = to;
    }
}

void audio_window_move(struct audio_window *w, int64_t from)
{
    uint32_t keep = 0;

    if (w->is_filled && from >= w->from && from - w->from < w->size)
        keep = w->size - (uint32_t)(from - w->from);
    memmove(w->samples, w->samples + (w->size - keep), keep * sizeof *w->samples);
    audio_read(&w->sound, from + keep, w->size - keep, w->samples + keep);
    w->from = from;
    w->is_filled = true;
}
