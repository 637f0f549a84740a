/* Half beats for the chords to stand on. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/chords.h"

enum { BEATS_MIN = 4 };

static const double NO_BEAT = .5;       /* seconds of a step where there is none */

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* 0: no memory, or no time goes by. */
static double median_interval(const double *beat, size_t n)
{
    double *v = malloc(n * sizeof(*v)), median = 0;

    for (size_t i = 0; v && i + 1 < n; i++)
        v[i] = beat[i + 1] - beat[i];
    if (v) {
        qsort(v, n - 1, sizeof(*v), compare);
        median = v[(n - 1) / 2];
    }
    free(v);
    return median;
}

static enum lm_err even_steps(double duration, struct chord_step **step, size_t *n)
{
    size_t k = (size_t)fmax(1, ceil(duration / NO_BEAT));
    struct chord_step *s = calloc(k, sizeof(*s));

    for (size_t i = 0; s && i < k; i++)
        s[i].start = (double)i * NO_BEAT, s[i].end = fmax((double)i * NO_BEAT + .01, fmin(duration, (double)(i + 1) * NO_BEAT)), s[i].position = -1;
    *step = s, *n = k;
    return s ? LM_OK : LM_NOMEM;
}

/* The beats, gone on with to both ends of the recording; *before: how many come before the first. */
static double *whole_beats(const double *beat, size_t beats, double duration, double interval, size_t *n, size_t *before)
{
    size_t pre = (size_t)fmax(0, ceil(beat[0] / interval - .5)), post = (size_t)fmax(1, ceil((duration - beat[beats - 1]) / interval - .5));
    double *all = malloc((pre + 1 + beats + post) * sizeof(*all));
    size_t k = 0;

    if (!all)
        return NULL;
    for (size_t i = pre; i > 0; i--)
        if (beat[0] - (double)i * interval > .05)
            all[k++] = beat[0] - (double)i * interval;
    if (beat[0] > .05) {
        memmove(all + 1, all, k * sizeof(*all));
        all[0] = 0;
        k++;
    }
    *before = k;
    memcpy(all + k, beat, beats * sizeof(*all));
    k += beats;
    for (size_t i = 1; i <= post; i++)
        all[k++] = beat[beats - 1] + (double)i * interval;
    *n = k;
    return all;
}

/* position[i] of beat i in its bar, in beats; before the first downbeat it is counted back, as bars of `per_bar`. */
static void count_bars(const double *beat, size_t n, const double *downbeat, size_t downbeats, double interval, int *position)
{
    size_t d = 0, first = n, second = n;
    int at = -1;

    for (size_t i = 0; i < n; i++) {
        while (d < downbeats && downbeat[d] < beat[i] - interval / 2)
            d++;
        bool is_down = d < downbeats && fabs(downbeat[d] - beat[i]) < interval / 4;
        if (is_down && first == n)
            first = i;
        else if (is_down && second == n)
            second = i;
        at = is_down ? 0 : at >= 0 ? at + 1 : -1;
        position[i] = at;
    }
    if (first == n)
        return;
    int per_bar = second < n ? (int)(second - first) : 4;
    for (size_t i = 0; i < first; i++)
        position[i] = (per_bar - (int)((first - i) % (size_t)per_bar)) % per_bar;
}

enum lm_err chord_steps_make(const double *beat, size_t beats, const double *downbeat, size_t downbeats, double duration, struct chord_step **step, size_t *n)
{
    double interval = beats >= BEATS_MIN ? median_interval(beat, beats) : 0;
    size_t k = 0, before = 0;

    if (!(interval > .05))
        return even_steps(duration, step, n);
    double *all = whole_beats(beat, beats, duration, interval, &k, &before);
    int *position = malloc((beats + before + k) * sizeof(*position));
    struct chord_step *s = all && position ? calloc(2 * (k - 1), sizeof(*s)) : NULL;
    if (s) {
        count_bars(all, k, downbeat, downbeats, interval, position);
        for (*n = 0; *n < 2 * (k - 1); ++*n) {
            size_t i = *n / 2, off = *n % 2;
            double middle = (all[i] + all[i + 1]) / 2;
            struct chord_step now = { .start = off ? middle : all[i], .end = off ? all[i + 1] : middle,
                                      .position = position[i] < 0 ? -1 : 2 * position[i] + (int)off };
            if (*n && now.start >= duration)
                break;
            now.end = now.end > duration && duration > now.start ? duration : now.end;
            s[*n] = now;
        }
    }
    free(all);
    free(position);
    *step = s;
    return s ? LM_OK : LM_NOMEM;
}
