#include "analysis/grid_edit.h"

#include <math.h>
#include <stdlib.h>

enum { FIT_ROUNDS = 6 };
#define TAP_DOUBLE 0.35                 /* of the usual distance: the same tap twice */
#define TAP_OFF 0.25                    /* of a beat: it was meant for none */
#define TAPS_GOOD 0.7                   /* share that must lie on the line */
#define TAPS_RMS 0.12                   /* of a beat: taps that are anywhere have .14 */
#define TAPS_HOLES 2.5                  /* beats for each tap */
#define HEARD_NEAR 0.2                  /* of a beat, around what they all are late */
#define HEARD_SHARE 0.75                /* of the taps that must go with what was heard */
#define LEAD_NEAR 0.15                  /* of a beat: a drum that near is this beat's */
#define LEAD_PHASE 0.35                 /* how far a drum draws the beat, and the tempo */
#define LEAD_TEMPO 0.08
#define LEAD_RANGE 0.06                 /* how far from the tapped tempo the music may go */
#define STRAIGHT_RMS 0.015              /* seconds: what is that near to a line was played to a click */
#define BAR_AGREE 0.45

struct line { double at, gap; };        /* beat k is at + k * gap */

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *v, size_t n)
{
    qsort(v, n, sizeof(*v), compare);
    return n ? (v[(n - 1) / 2] + v[n / 2]) / 2 : 0;
}

/* Least squares of t over k, weights 0 or 1. False: there is no line. */
static bool fit(const double *t, const double *k, const bool *counts, size_t n, struct line *line)
{
    double w = 0, sk = 0, st = 0, skk = 0, skt = 0;

    for (size_t i = 0; i < n; i++)
        if (!counts || counts[i])
            w++, sk += k[i], st += t[i], skk += k[i] * k[i], skt += k[i] * t[i];
    double d = w * skk - sk * sk;
    if (w < 2 || !(d > 0))
        return false;
    line->gap = (w * skt - sk * st) / d;
    line->at = (st - line->gap * sk) / w;
    return line->gap > 0;
}

/* The taps that are not the one before once more; *gap: the usual distance. */
static size_t single_taps(const double *taps, size_t n, double *out, double *work, double *gap)
{
    size_t kept = 0;

    for (size_t i = 0; i + 1 < n; i++)
        work[i] = taps[i + 1] - taps[i];
    *gap = median(work, n - 1);
    for (size_t i = 0; i < n; i++)
        if (!kept || taps[i] - out[kept - 1] > TAP_DOUBLE * *gap)
            out[kept++] = taps[i];
    for (size_t i = 0; i + 1 < kept; i++)
        work[i] = out[i + 1] - out[i];
    if (kept > 1)
        *gap = median(work, kept - 1);
    return kept;
}

/* The line through the taps t[n]; k, counts: room for n each. The taps that count are on it. */
static bool fit_taps(const double *t, size_t n, double gap, double *k, bool *counts, struct line *line)
{
    size_t good = 0;
    double sum = 0;

    k[0] = 0, counts[0] = true;
    for (size_t i = 1; i < n; i++) {
        k[i] = k[i - 1] + fmax(1, round((t[i] - t[i - 1]) / gap));      /* missing ones leave a larger hole */
        counts[i] = true;
    }
    for (int round_ = 0; round_ < FIT_ROUNDS; round_++) {
        if (!fit(t, k, counts, n, line))
            return false;
        good = 0, sum = 0;
        for (size_t i = 0; i < n; i++) {
            k[i] = round((t[i] - line->at) / line->gap);
            double off = t[i] / line->gap - line->at / line->gap - k[i];
            counts[i] = fabs(off) <= TAP_OFF;
            good += counts[i];
            sum += counts[i] ? off * off : 0;
        }
    }
    return good >= GRID_TAPS_MIN && (double)good >= TAPS_GOOD * (double)n && sqrt(sum / (double)good) <= TAPS_RMS &&
           k[n - 1] - k[0] <= TAPS_HOLES * (double)n && line->gap >= 60 / GRID_BPM_MAX && line->gap <= 60 / GRID_BPM_MIN;
}

/* --- the analysed grid, if it goes with the taps --- */

static const struct level { int from, step; double middle; double times; } levels[] = {
    { 0, 1, 0, 1 }, { 0, 1, .5, 1 }, { 0, 1, 0, 2 }, { 0, 2, 0, .5 }, { 1, 2, 0, .5 },
};

/* The analysed beats at one level: each, those between, both, every second. */
static enum lm_err at_level(const struct grid *heard, const struct level *l, struct grid *out)
{
    enum lm_err err = LM_OK;

    for (size_t i = (size_t)l->from; i < heard->n && !err; i += (size_t)l->step) {
        double gap = i + 1 < heard->n ? heard->at[i + 1] - heard->at[i] : 0;
        if (l->middle > 0 && gap <= 0)
            break;
        err = grid_add(out, heard->at[i] + l->middle * gap, false);
        if (!err && l->times > 1 && gap > 0)
            err = grid_add(out, heard->at[i] + gap / 2, false);
    }
    out->bpm = heard->bpm * l->times;
    return err;
}

/* How many of the taps, 0 to 1, are beats of the grid, each of them one; *late: how far they all are behind, in beats. */
static double go_together(const struct grid *g, const double *t, const bool *counts, size_t n, const struct line *line, double *work, double *late)
{
    double first = NAN, last = NAN;
    size_t used = 0, near = 0;

    for (size_t i = 0; i < n; i++)
        if (counts[i]) {
            first = isnan(first) ? t[i] : first;
            last = t[i];
            work[used++] = (t[i] - g->at[grid_nearest(g, t[i])]) / line->gap;
        }
    double beats = round((last - first) / line->gap), there = fabs((double)grid_nearest(g, last) - (double)grid_nearest(g, first));
    if (fabs(there - beats) > fmax(0.9, .06 * beats))
        return 0;
    *late = median(work, used);
    for (size_t i = 0; i < used; i++)
        near += fabs(work[i] - *late) <= HEARD_NEAR;
    return fabs(*late) <= TAP_OFF ? (double)near / (double)used : 0;
}

static enum lm_err take_heard(struct grid *out, const struct grid *heard, const double *t, const bool *counts, size_t n, const struct line *line, double *work)
{
    double best = HEARD_SHARE, best_late = 1;
    enum lm_err err = LM_OK;

    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]) && !err && heard && heard->n > 2; i++) {
        struct grid g = { .per_bar = out->per_bar };
        double late = 0;
        if ((err = at_level(heard, &levels[i], &g)) || g.n < 2) {
            grid_clear(&g);
            continue;
        }
        double share = go_together(&g, t, counts, n, line, work, &late);
        if (share > best || (share == best && fabs(late) < best_late)) {
            best = share, best_late = fabs(late);
            grid_clear(out);
            *out = g;
        } else {
            grid_clear(&g);
        }
    }
    return err;
}

/* --- else the line, led by the drums --- */

static double nearest_onset(const struct grid_heard *h, double at)
{
    size_t low = 0, high = h->n_onsets;

    while (low < high) {
        size_t mid = (low + high) / 2;
        if (h->onsets[mid] < at)
            low = mid + 1;
        else
            high = mid;
    }
    if (low == h->n_onsets)
        return low ? h->onsets[low - 1] : -INFINITY;
    return low && at - h->onsets[low - 1] < h->onsets[low] - at ? h->onsets[low - 1] : h->onsets[low];
}

/* Taps are late or early together: how much, by the drums beside them. */
static double lateness(const struct grid_heard *h, const struct line *line, double from, double to, double *work, size_t room)
{
    size_t n = 0;

    for (double k = from; k <= to && n < room; k++) {
        double at = line->at + k * line->gap, off = nearest_onset(h, at) - at;
        if (fabs(off) <= LEAD_NEAR * line->gap)
            work[n++] = off;
    }
    return n >= GRID_TAPS_MIN ? median(work, n) : 0;
}

/* From `at` on in steps of `gap` (negative: backwards) to the end of the track; not the first. */
static enum lm_err lead(struct grid *out, const struct grid_heard *h, double at, double gap, double end)
{
    double usual = gap;
    enum lm_err err = LM_OK;

    while (!err) {
        at += gap;
        double off = nearest_onset(h, at) - at;
        if (fabs(off) <= LEAD_NEAR * fabs(gap)) {
            at += LEAD_PHASE * off;
            gap += LEAD_TEMPO * off;
            gap = copysign(fmin(fmax(fabs(gap), fabs(usual) * (1 - LEAD_RANGE)), fabs(usual) * (1 + LEAD_RANGE)), usual);
        }
        if (at < 0 || at > end)
            break;
        err = grid_add(out, at, false);
    }
    return err;
}

/* What is nearly a line becomes one. */
static void straighten(struct grid *g)
{
    struct line line = { 0 };
    double *k = malloc(g->n * sizeof(*k)), sum = 0;

    for (size_t i = 0; i < g->n && k; i++)
        k[i] = (double)i;
    if (k && fit(g->at, k, NULL, g->n, &line)) {
        for (size_t i = 0; i < g->n; i++)
            sum += pow(g->at[i] - line.at - k[i] * line.gap, 2);
        if (sqrt(sum / (double)g->n) <= STRAIGHT_RMS) {
            g->bpm = 60 / line.gap;
            for (size_t i = 0; i < g->n; i++)
                g->at[i] = fmax(0, line.at + k[i] * line.gap);
        }
    }
    free(k);
}

static enum lm_err take_line(struct grid *out, struct line line, double from, double to, const struct grid_heard *h, double *work, size_t room)
{
    double end = h->duration > 0 ? h->duration : line.at + to * line.gap;
    struct grid back = { 0 };
    size_t one;

    grid_clear(out);
    out->bpm = 60 / line.gap;
    if (h->n_onsets < 2 * GRID_TAPS_MIN)
        return grid_fill(out, line.at, line.gap, end, &one);
    line.at += lateness(h, &line, from, to, work, room);
    double middle = fmin(end, fmax(0, line.at + round((from + to) / 2) * line.gap));
    enum lm_err err = lead(&back, h, middle, -line.gap, end);
    for (size_t i = back.n; i-- > 0 && !err;)
        err = grid_add(out, back.at[i], false);
    if (!err && !(err = grid_add(out, middle, false)) && !(err = lead(out, h, middle, line.gap, end))) {
        out->bpm = 60 / grid_median_gap(out);
        straighten(out);
    }
    grid_clear(&back);
    return err;
}

/* --- bars --- */

static void count_bars(struct grid *g, const struct grid *old, double first_tap)
{
    size_t votes[GRID_BAR_MAX] = { 0 }, all = 0, best = 0, per_bar = (size_t)g->per_bar;

    for (size_t i = 0; i < old->n; i++) {
        if (!old->is_one[i])
            continue;
        size_t k = grid_nearest(g, old->at[i]);
        double gap = 60 / g->bpm;
        all++;
        if (fabs(g->at[k] - old->at[i]) <= TAP_OFF * gap)
            votes[k % per_bar]++;
    }
    for (size_t i = 1; i < per_bar; i++)
        if (votes[i] > votes[best])
            best = i;
    bool agree = all > 1 && (double)votes[best] >= BAR_AGREE * (double)all;
    grid_count_bars(g, agree ? best : grid_nearest(g, first_tap));
}

enum lm_err grid_tap(struct grid *g, const double *taps, size_t n, const struct grid_heard *heard, struct problem *p)
{
    double *t = malloc(3 * n * sizeof(*t)), *k = t ? t + n : NULL, *work = t ? t + 2 * n : NULL, gap;
    bool *counts = malloc(n * sizeof(*counts));
    struct grid out = { .per_bar = g->per_bar };
    struct line line = { 0 };
    enum lm_err err = t && counts ? LM_OK : LM_NOMEM;

    if (!err) {
        n = single_taps(taps, n, t, work, &gap);
        if (n < GRID_TAPS_MIN || !(gap > 0) || !fit_taps(t, n, gap, k, counts, &line))
            err = problem_add(p, "/taps", "have no common time: tap at least %d beats, from %g to %g a minute", GRID_TAPS_MIN, GRID_BPM_MIN, GRID_BPM_MAX);
    }
    if (!err && !(err = take_heard(&out, heard->analysed, t, counts, n, &line, work)) && !out.n)
        err = take_line(&out, line, k[0], k[n - 1], heard, work, n);
    out.per_bar = g->per_bar;
    if (!err && out.n) {
        if (!(out.bpm > 0))
            out.bpm = 60 / line.gap;
        count_bars(&out, g, line.at + k[0] * line.gap);
        grid_clear(g);
        *g = out;
        out = (struct grid){ 0 };
    }
    grid_clear(&out);
    free(counts);
    free(t);
    return err;
}
