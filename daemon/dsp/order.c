#include "dsp/order.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;

    return (x > y) - (x < y);
}

enum lm_err order_percentile(const float *v, size_t n, double percent, float *result)
{
    float *sorted = malloc(n * sizeof(*sorted));

    if (!sorted)
        return LM_NOMEM;
    memcpy(sorted, v, n * sizeof(*sorted));
    qsort(sorted, n, sizeof(*sorted), compare);
    double at = percent / 100 * (double)(n - 1);
    size_t i = (size_t)at;
    float part = (float)(at - (double)i);
    *result = i + 1 < n ? sorted[i] * (1 - part) + sorted[i + 1] * part : sorted[i];
    free(sorted);
    return LM_OK;
}

static size_t mirror(ptrdiff_t i, size_t n)
{
    ptrdiff_t period = 2 * (ptrdiff_t)n;

    i = (i % period + period) % period;
    return (size_t)(i < (ptrdiff_t)n ? i : period - 1 - i);
}

/* First place whose value is not less than x. */
static size_t place(const float *sorted, size_t n, float x)
{
    size_t low = 0;

    while (low < n) {
        size_t mid = (low + n) / 2;
        if (sorted[mid] < x)
            low = mid + 1;
        else
            n = mid;
    }
    return low;
}

static void swap_sorted(float *sorted, size_t n, float out, float in)
{
    size_t from = place(sorted, n, out), to = place(sorted, n, in);

    if (to > from) {
        memmove(sorted + from, sorted + from + 1, (to - from - 1) * sizeof(*sorted));
        sorted[to - 1] = in;
    } else {
        memmove(sorted + to + 1, sorted + to, (from - to) * sizeof(*sorted));
        sorted[to] = in;
    }
}

enum lm_err order_slide(const float *v, size_t n, size_t window, double percent, float *out)
{
    float *sorted = malloc(window * sizeof(*sorted));
    size_t rank = (size_t)(percent / 100 * (double)window);
    ptrdiff_t before = (ptrdiff_t)(window / 2);

    if (!sorted)
        return LM_NOMEM;
    rank = rank < window ? rank : window - 1;
    for (size_t i = 0; i < window; i++)
        sorted[i] = v[mirror((ptrdiff_t)i - before, n)];
    qsort(sorted, window, sizeof(*sorted), compare);
    for (size_t i = 0; i < n; i++) {
        out[i] = sorted[rank];
        swap_sorted(sorted, window, v[mirror((ptrdiff_t)i - before, n)],
                    v[mirror((ptrdiff_t)(i + window) - before, n)]);
    }
    free(sorted);
    return LM_OK;
}

void order_mean(const float *v, size_t n, size_t window, float *out)
{
    ptrdiff_t before = (ptrdiff_t)(window / 2);
    double sum = 0;

    for (size_t i = 0; i < window; i++)
        sum += v[mirror((ptrdiff_t)i - before, n)];
    for (size_t i = 0; i < n; i++) {
        out[i] = (float)(sum / (double)window);
        sum += (double)v[mirror((ptrdiff_t)(i + window) - before, n)] - v[mirror((ptrdiff_t)i - before, n)];
    }
}
