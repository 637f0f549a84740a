#include "dsp/outline.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/loudness.h"
#include "dsp/order.h"

const char *const outline_names[OUTLINE_KINDS] = { "intro", "verse", "build", "drop", "break", "outro" };

enum {
    SOUND = TEXTURE_BANDS, NOTES = TEXTURE_PITCHES,
    LEVEL = SOUND + NOTES, HITS, TRAITS = HITS + OUTLINE_DRUMS * OUTLINE_SLOTS,
    NEAR = 2, FAR = 4,                  /* bars that are compared on either side */
    PART_MIN = 3, PART_MAX = 64,        /* bars; a shorter part must be worth it, a longer one is cut */
    TAIL = 2,                           /* bars at the end in which the last sound may ring */
};

/* What a bar is compared by; each such that 1 is a difference that one notices. */
struct traits { float v[TRAITS]; };

static const float SILENT_LUFS = -60;
static const float FLOOR_DB = -75;      /* of a band: below it nothing is heard */
static const float RANGE_DB = 12;       /* energies are spread over at least so much: what is evenly loud stays even */
static const float BUSY_PART = .2f, FILLED_PART = .3f;       /* of an energy; the rest is loudness */
static const float COST_MAX = .7f;      /* of a beginning: great changes elsewhere do not hide it */
static const float SHORT_COST = 1.2f;   /* of a part under PART_MIN, in novelty */
static const float TAIL_DB = 9;         /* below the usual bar: that is no part, only the end of one */

static float decibels(float power)
{
    return power > 1e-9f ? 10 * log10f(power) : -90;
}

static float lufs(const struct outline_bar *b)
{
    return (float)loudness_of_power(b->power);
}

/* ---- energy ---- */

static float clamp(float x)
{
    return x < 0 ? 0 : x > 1 ? 1 : x;
}

/* Among the bars that are heard. */
static enum lm_err spread(const float *v, const struct outline_bar *bars, size_t n, float *low, float *high)
{
    float *heard = malloc((n + 1) * sizeof *heard);
    size_t m = 0;
    enum lm_err err = heard ? LM_OK : LM_NOMEM;

    *low = *high = 0;
    for (size_t i = 0; i < n && !err; i++)
        if (lufs(&bars[i]) > SILENT_LUFS)
            heard[m++] = v[i];
    if (!err && m && !(err = order_percentile(heard, m, 2, low)))
        err = order_percentile(heard, m, 98, high);
    free(heard);
    return err;
}

/* How much of what the bands have at most is in each of them: a bar in which everything plays has all of it. */
static enum lm_err find_filled(const struct outline_bar *bars, size_t n, float *filled)
{
    float *v = calloc(n + 1, sizeof *v), most;
    enum lm_err err = v ? LM_OK : LM_NOMEM;

    for (int k = 0; k < SOUND && !err && n; k++) {
        for (size_t i = 0; i < n; i++)
            v[i] = decibels(bars[i].texture.power[k]);
        err = order_percentile(v, n, 95, &most);
        for (size_t i = 0; i < n && !err; i++)
            filled[i] += clamp((v[i] - most) / RANGE_DB + 1) / SOUND;
    }
    free(v);
    return err;
}

static float busy_of(const struct outline_bar *b)
{
    float sum = 0;

    for (int d = 0; d < OUTLINE_DRUMS; d++) {
        float of_drum = 0;
        for (int k = 0; k < OUTLINE_SLOTS; k++)
            of_drum += b->hits[d][k];
        sum += sqrtf(of_drum);
    }
    return sum;
}

static enum lm_err find_energy(struct outline_bar *bars, size_t n)
{
    float *loud = calloc(n + 1, sizeof *loud), *busy = calloc(n + 1, sizeof *busy), *filled = calloc(n + 1, sizeof *filled);
    float low = 0, high = 0, least, most = 0;
    enum lm_err err = loud && busy && filled ? LM_OK : LM_NOMEM;

    for (size_t i = 0; i < n && !err; i++) {
        loud[i] = lufs(&bars[i]);
        busy[i] = busy_of(&bars[i]);
    }
    if (!err && !(err = spread(loud, bars, n, &low, &high)) && !(err = spread(busy, bars, n, &least, &most)))
        err = find_filled(bars, n, filled);
    for (size_t i = 0; i < n && !err; i++) {
        float range = high - low > RANGE_DB ? high - low : RANGE_DB, level = clamp((loud[i] - high) / range + 1);
        float part = most > 0 ? BUSY_PART : 0;
        float e = level * (1 - part - FILLED_PART) + filled[i] * FILLED_PART + (most > 0 ? busy[i] / most : 0) * part;
        bars[i].energy = loud[i] > SILENT_LUFS ? clamp(e) : 0;
    }
    free(loud);
    free(busy);
    free(filled);
    return err;
}

/* ---- where parts begin ---- */

static void traits_of(const struct outline_bar *b, struct traits *t)
{
    for (int i = 0; i < SOUND; i++)
        t->v[i] = fmaxf(FLOOR_DB, decibels(b->texture.power[i])) / 64;
    for (int i = 0; i < NOTES; i++)
        t->v[SOUND + i] = b->texture.chroma[i] * 4;
    t->v[LEVEL] = fmaxf(SILENT_LUFS, lufs(b)) / 12;
    for (int d = 0; d < OUTLINE_DRUMS; d++)
        for (int k = 0; k < OUTLINE_SLOTS; k++)
            t->v[HITS + d * OUTLINE_SLOTS + k] = sqrtf(b->hits[d][k]) * .8f;
}

static float mean_of(const struct traits *t, size_t from, size_t to, int trait)
{
    float sum = 0;

    for (size_t i = from; i < to; i++)
        sum += t[i].v[trait];
    return sum / (float)(to - from);
}

/* Between the means of two stretches of bars. */
static float difference(const struct traits *t, size_t a, size_t a_end, size_t b, size_t b_end)
{
    /* Each two bars have chords of their own: harmony tells something from a loop of four on. */
    bool with_notes = a_end - a != NEAR || b_end - b != NEAR;
    float sum = 0;

    for (int k = 0; k < TRAITS; k++) {
        if (!with_notes && k >= SOUND && k < SOUND + NOTES)
            continue;
        float d = mean_of(t, a, a_end, k) - mean_of(t, b, b_end, k);
        sum += d * d;
    }
    return sqrtf(sum);
}

static float around(const struct traits *t, size_t n, size_t i, size_t width)
{
    return difference(t, i > width ? i - width : 0, i, i, i + width < n ? i + width : n);
}

/* Mean of the differences of the bars from <= i < to, at most FAR, from those FAR before; false: there are none. */
static bool repeated(const struct traits *t, size_t n, size_t from, float *mean)
{
    float sum = 0;
    size_t count = 0;

    for (size_t i = from; i < from + FAR && i < n; i++)
        if (i >= FAR) {
            sum += difference(t, i - FAR, i - FAR + 1, i, i + 1);
            count++;
        }
    *mean = count ? sum / (float)count : 0;
    return count >= NEAR;
}

/* Four bars that are not what the four before were, where others around are: a loop has given way to another. */
static float loop_change(const struct traits *t, size_t n, size_t i)
{
    float across, before = 0, behind = 0;

    if (!repeated(t, n, i, &across))
        return 0;
    bool has_before = i >= FAR && repeated(t, n, i - FAR, &before), has_behind = repeated(t, n, i + FAR, &behind);
    if (!has_before && !has_behind)
        return 0;
    float usual = (has_before ? before : 0) + (has_behind ? behind : 0);
    return fmaxf(0, across - usual / (float)(has_before + has_behind));
}

/* How much a part of so many bars is worth against one of eight. */
static float worth(size_t bars)
{
    return bars % 8 == 0 ? 0 : bars % 4 == 0 ? -.25f : bars % 2 == 0 ? -.3f : -.5f;
}

static enum lm_err find_novelty(const struct outline_bar *bars, size_t n, float *novelty)
{
    struct traits *t = malloc((n + 1) * sizeof *t);

    if (!t)
        return LM_NOMEM;
    for (size_t i = 0; i < n; i++)
        traits_of(&bars[i], &t[i]);
    novelty[0] = 0;
    for (size_t i = 1; i < n; i++) {
        size_t edge = i < n - i ? i : n - i;        /* near the ends little is compared with little */
        float known = edge < FAR ? (float)edge / FAR : 1;
        novelty[i] = known * (.5f * around(t, n, i, NEAR) + .2f * around(t, n, i, FAR) + .5f * loop_change(t, n, i));
    }
    free(t);
    return LM_OK;
}

/* The bars beside a great change have much of it too; beside a small one it is not known which bar it is. */
static bool is_high(const float *v, size_t n, size_t i)
{
    return (!i || v[i] >= .6f * v[i - 1]) && (i + 1 >= n || v[i] >= .6f * v[i + 1]);
}

/* The sequence of beginnings with the highest sum; from[i] is where the best part that ends at i begins. */
static enum lm_err find_parts(const float *novelty, size_t n, float cost, bool *begins)
{
    float *best = malloc((n + 1) * sizeof *best);
    size_t *from = malloc((n + 1) * sizeof *from);
    enum lm_err err = best && from ? LM_OK : LM_NOMEM;

    for (size_t i = 0; i <= n && !err; i++) {
        best[i] = i ? -1e9f : 0;
        from[i] = 0;
        for (size_t length = 1; length <= PART_MAX && length <= i; length++) {
            size_t start = i - length;
            float edge = i < n ? (is_high(novelty, n, i) ? novelty[i] : 0) - cost : 0;
            float value = best[start] + edge + worth(length) - (length < PART_MIN ? SHORT_COST : 0);
            if (value > best[i])
                best[i] = value, from[i] = start;
        }
    }
    memset(begins, 0, n * sizeof *begins);
    for (size_t i = n; i && !err; i = from[i])
        begins[from[i]] = true;
    free(best);
    free(from);
    return err;
}

/* ---- what they are ---- */

struct part { size_t from, to; float energy, low, rise; bool is_full, is_quiet; };

/* The least-squares line through its bars: how much it rises from end to end. */
static float rise_of(const struct outline_bar *bars, size_t from, size_t to)
{
    double n = (double)(to - from), moment = 0;

    for (size_t i = from; i < to; i++) {
        double high = 0;
        for (int b = SOUND / 2; b < SOUND; b++)
            high += (double)decibels(bars[i].texture.power[b]) / (SOUND - SOUND / 2);
        double x = (double)bars[i].energy + high / 24;
        moment += x * ((double)(i - from) - (n - 1) / 2);
    }
    return n > 1 ? (float)(moment * 12 / (n * (n + 1))) : 0;
}

static void measure(const struct outline_bar *bars, struct part *p)
{
    float low = 0;

    p->energy = 0;
    for (size_t i = p->from; i < p->to; i++) {
        p->energy += bars[i].energy;
        low += bars[i].texture.power[0] + bars[i].texture.power[1];
    }
    p->energy /= (float)(p->to - p->from);
    p->low = decibels(low / (float)(p->to - p->from));
    p->rise = rise_of(bars, p->from, p->to);
}

/* Against the fullest part that is no mere moment. */
static void compare(struct part *p, size_t n)
{
    float most = 0, low = -90;

    for (size_t i = 0; i < n; i++) {
        bool counts = p[i].to - p[i].from >= FAR || n < 3;
        most = counts && p[i].energy > most ? p[i].energy : most;
        low = counts && p[i].low > low ? p[i].low : low;
    }
    for (size_t i = 0; i < n; i++) {
        p[i].is_full = p[i].energy > most - .1f && p[i].low > low - 6;
        p[i].is_quiet = p[i].energy < most - .3f || (p[i].energy < most - .15f && p[i].low < low - 10);
    }
}

static bool is_lift(const struct part *before, const struct part *p)
{
    return p->is_full && !before->is_full && (p->energy > before->energy + .1f || p->low > before->low + 6);
}

static enum outline_kind name(const struct part *p, size_t i, size_t n, enum outline_kind before)
{
    bool is_first = i == 0, is_last = i + 1 == n;

    if (i && before != OUTLINE_INTRO && (is_lift(&p[i - 1], &p[i]) || (before == OUTLINE_DROP && p[i].is_full)))
        return OUTLINE_DROP;
    if (!is_last && is_lift(&p[i], &p[i + 1]) && !is_first && (p[i].rise > .1f || p[i].to - p[i].from <= FAR) && p[i].to - p[i].from <= 4 * FAR)
        return OUTLINE_BUILD;
    if (is_first && n > 1 && !p[i].is_full)
        return OUTLINE_INTRO;
    if (is_last && n > 1 && !p[i].is_full)
        return OUTLINE_OUTRO;
    return p[i].is_quiet && i ? OUTLINE_BREAK : OUTLINE_VERSE;
}

/* Silence at the ends is no part of the form, and the last sound's ringing is no part of its own: *tail bars belong to the last part. */
static enum lm_err trim(const struct outline_bar *bars, size_t *from, size_t *to, size_t *tail)
{
    float *loud, usual;

    while (*from < *to && lufs(&bars[*from]) <= SILENT_LUFS)
        ++*from;
    while (*to > *from && lufs(&bars[*to - 1]) <= SILENT_LUFS)
        --*to;
    *tail = 0;
    size_t n = *to - *from;
    if (n <= FAR)
        return LM_OK;
    if (!(loud = malloc(n * sizeof *loud)))
        return LM_NOMEM;
    for (size_t i = 0; i < n; i++)
        loud[i] = lufs(&bars[*from + i]);
    enum lm_err err = order_percentile(loud, n, 50, &usual);
    while (!err && *tail < TAIL && loud[n - 1 - *tail] < usual - TAIL_DB)
        ++*tail;
    free(loud);
    return err;
}

static enum lm_err name_parts(const struct outline_bar *bars, size_t from, size_t n, const bool *begins, struct outline_part **parts, size_t *n_parts)
{
    struct part *p = calloc(n + 1, sizeof *p);
    struct outline_part *named = calloc(n + 1, sizeof *named);
    size_t m = 0;

    if (!p || !named) {
        free(p), free(named);
        return LM_NOMEM;
    }
    for (size_t i = 0; i < n; i++) {
        if (begins[i])
            p[m++].from = from + i;
        p[m - 1].to = from + i + 1;
    }
    for (size_t i = 0; i < m; i++)
        measure(bars, &p[i]);
    compare(p, m);
    for (size_t i = 0; i < m; i++)
        named[i] = (struct outline_part){ p[i].from, p[i].to, name(p, i, m, i ? named[i - 1].kind : OUTLINE_KINDS) };
    free(p);
    *parts = named, *n_parts = m;
    return LM_OK;
}

/* What a beginning costs: above what is usual in this piece, and a part of that is the same in all. */
static enum lm_err find_cost(const float *novelty, size_t n, float *cost)
{
    float usual = 0, high = 0;
    enum lm_err err = n > 1 ? order_percentile(novelty + 1, n - 1, 50, &usual) : LM_OK;

    if (!err && n > 1)
        err = order_percentile(novelty + 1, n - 1, 90, &high);
    *cost = fminf(COST_MAX, fmaxf(.4f, .16f + .3f * (usual + high)));
    return err;
}

enum lm_err outline_find(struct outline_bar *bars, size_t n, struct outline_part **parts, size_t *n_parts)
{
    float *novelty = malloc((n + 1) * sizeof *novelty), cost = 0;
    bool *begins = malloc((n + 1) * sizeof *begins);
    size_t from = 0, to = n, tail = 0;
    enum lm_err err = novelty && begins ? find_energy(bars, n) : LM_NOMEM;

    *parts = NULL, *n_parts = 0;
    if (!err)
        err = trim(bars, &from, &to, &tail);
    size_t form = to - from - tail;
    if (!err && to > from && !(err = find_novelty(bars + from, form, novelty)) && !(err = find_cost(novelty, form, &cost)) &&
        !(err = find_parts(novelty, form, cost, begins)) && !(err = name_parts(bars, from, form, begins, parts, n_parts)))
        (*parts)[*n_parts - 1].to += tail;
    free(novelty);
    free(begins);
    return err;
}
