#include "dsp/tempo.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/beats.h"

enum { REACH = 8, STRETCH = 8 };

struct line { double middle, slope, spread; };

/* Weighted least squares of at[] over the places around i; places whose weight is 0 do not count. */
static struct line fit(const double *at, size_t low, size_t high, size_t i, const double *weight)
{
    double w = 0, x = 0, y = 0, xx = 0, xy = 0, square = 0;
    struct line l = { 0 };

    for (size_t k = low; k < high; k++) {
        double d = (double)k - (double)i, v = at[k] - at[i], wk = weight[k - low];
        w += wk, x += wk * d, y += wk * v, xx += wk * d * d, xy += wk * d * v;
    }
    double bottom = w * xx - x * x;
    if (w <= 0 || bottom <= 1e-9)
        return (struct line){ at[i], 0, INFINITY };
    l.slope = (w * xy - x * y) / bottom;
    l.middle = at[i] + (y - l.slope * x) / w;
    for (size_t k = low; k < high; k++) {
        double d = at[k] - l.middle - l.slope * ((double)k - (double)i);
        square += weight[k - low] * d * d;
    }
    l.spread = sqrt(square / w);
    return l;
}

static double smoothed(const double *at, size_t n, size_t i, double near)
{
    size_t low = i > REACH ? i - REACH : 0, high = i + REACH + 1 < n ? i + REACH + 1 : n;
    double weight[2 * REACH + 1];
    struct line l;

    for (size_t k = low; k < high; k++)
        weight[k - low] = 1 - fabs((double)k - (double)i) / (REACH + 1);
    l = fit(at, low, high, i, weight);
    for (size_t k = low; k < high; k++)
        if (fabs(at[k] - l.middle - l.slope * ((double)k - (double)i)) > fmax(near, 1.8 * l.spread))
            weight[k - low] = 0;
    l = fit(at, low, high, i, weight);
    double trust = fmax(0, fmin(.9, .9 * (4 * near - l.spread) / (3 * near)));
    return isfinite(l.spread) ? at[i] + trust * (l.middle - at[i]) : at[i];
}

enum lm_err tempo_smooth(double *at, size_t n, double near)
{
    double *out = n > 4 ? malloc(n * sizeof(*out)) : NULL;

    if (n <= 4)
        return LM_OK;
    if (!out)
        return LM_NOMEM;
    for (size_t i = 0; i < n; i++)
        out[i] = smoothed(at, n, i, near);
    /* Never out of order: a beat keeps its place where smoothing would bring it past a neighbour. */
    for (size_t i = 0; i < n; i++)
        if ((!i || out[i] > at[i - 1]) && (i + 1 == n || out[i] < at[i + 1]) && (!i || out[i] > out[i - 1]))
            continue;
        else
            out[i] = at[i];
    memcpy(at, out, n * sizeof(*out));
    free(out);
    return LM_OK;
}

static double median_of(const double *at, size_t n, size_t k)
{
    size_t m = n - k;
    double *v = malloc((m + 1) * sizeof(*v)), tempo;

    if (!v)
        return 0;
    /* beats_interval() is the median of the differences: of stretches of k beats when they are laid end to end */
    v[0] = 0;
    for (size_t i = 0; i < m; i++)
        v[i + 1] = v[i] + at[i + k] - at[i];
    tempo = (double)k / beats_interval(v, m + 1);
    free(v);
    return tempo;
}

/* Long stretches are exact where the tempo holds; where it does not they blur what is between two tempi. */
double tempo_median(const double *at, size_t n)
{
    double two, eight;

    if (n < 5)
        return 0;
    two = median_of(at, n, 2);
    eight = median_of(at, n, n / 4 < STRETCH ? n / 4 : STRETCH);
    return fabs(two - eight) < .001 * two ? eight : two;
}

double tempo_at(const double *at, size_t n, size_t i)
{
    size_t from = i > STRETCH / 2 ? i - STRETCH / 2 : 0, to = from + STRETCH < n ? from + STRETCH : n - 1;

    if (n < 2)
        return 0;
    from = to > STRETCH && to == n - 1 ? to - STRETCH : from;
    return at[to] > at[from] ? (double)(to - from) / (at[to] - at[from]) : 0;
}
