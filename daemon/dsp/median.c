#include "dsp/median.h"

#include <string.h>

/* W values at a time; half a window to the sides. */
enum { W = 4, SIDE = MEDIAN_WINDOW / 2, PAIRS = MEDIAN_MAX / 2, MARGIN = SIDE / 2 };

struct lane { float x[W]; };

static inline struct lane load(const float *x)
{
    struct lane v;

    memcpy(&v, x, sizeof(v));
    return v;
}

static inline struct lane least(struct lane a, struct lane b)
{
    for (int i = 0; i < W; i++)
        a.x[i] = a.x[i] < b.x[i] ? a.x[i] : b.x[i];
    return a;
}

static inline struct lane most(struct lane a, struct lane b)
{
    for (int i = 0; i < W; i++)
        a.x[i] = a.x[i] > b.x[i] ? a.x[i] : b.x[i];
    return a;
}

#define ORDER(i, j)                                                           \
    do {                                                                      \
        struct lane low_ = least(v[i], v[j]);                                 \
        v[j] = most(v[i], v[j]);                                              \
        v[i] = low_;                                                          \
    } while (0)

static inline void sort_eight(struct lane v[8])
{
    ORDER(0, 1); ORDER(2, 3); ORDER(4, 5); ORDER(6, 7);
    ORDER(0, 2); ORDER(1, 3); ORDER(4, 6); ORDER(5, 7);
    ORDER(1, 2); ORDER(5, 6); ORDER(0, 4); ORDER(3, 7);
    ORDER(1, 5); ORDER(2, 6);
    ORDER(1, 4); ORDER(3, 6);
    ORDER(2, 4); ORDER(3, 5);
    ORDER(3, 4);
}

/* The 8th and 9th of sixteen; a and b are sorted in the end. */
static inline void middle(struct lane a[8], struct lane b[8], struct lane *eighth, struct lane *ninth)
{
    sort_eight(a);
    sort_eight(b);
    *eighth = least(a[0], b[7]);
    *ninth = most(a[0], b[7]);
    for (int i = 1; i < 8; i++) {
        *eighth = most(*eighth, least(a[i], b[7 - i]));
        *ninth = least(*ninth, most(a[i], b[7 - i]));
    }
}

/* Of sixteen and one more: whichever of the three is between the others. */
static inline struct lane between(struct lane eighth, struct lane ninth, struct lane x)
{
    return most(eighth, least(ninth, x));
}

void median_pair(const float *const in[MEDIAN_WINDOW + 1], size_t n, float *a, float *b)
{
    for (size_t at = 0; at < n; at += W) {
        struct lane x[8], y[8], eighth, ninth;
        for (int i = 0; i < 8; i++)
            x[i] = load(in[1 + i] + at), y[i] = load(in[9 + i] + at);
        middle(x, y, &eighth, &ninth);
        struct lane first = between(eighth, ninth, load(in[0] + at)), second = between(eighth, ninth, load(in[MEDIAN_WINDOW] + at));
        memcpy(a + at, &first, sizeof(first));
        memcpy(b + at, &second, sizeof(second));
    }
}

void median_along(const float *in, size_t n, float *out)
{
    float even[PAIRS + 2 * MARGIN + W], odd[PAIRS + 2 * MARGIN + W];
    size_t pairs = n / 2;

    for (size_t i = 0; i < MARGIN; i++)
        even[i] = odd[i] = in[0];
    for (size_t i = 0; i < pairs; i++)
        even[MARGIN + i] = in[2 * i], odd[MARGIN + i] = in[2 * i + 1];
    for (size_t i = MARGIN + pairs; i < pairs + 2 * MARGIN + W; i++)
        even[i] = odd[i] = in[n - 1];
    /* Places 2p and 2p + 1 share 2p - 7 .. 2p + 8: eight odd ones and eight even ones. */
    for (size_t p = 0; p < pairs; p += W) {
        struct lane x[8], y[8], eighth, ninth;
        for (size_t i = 0; i < 8; i++)
            x[i] = load(odd + p + i), y[i] = load(even + p + 1 + i);
        middle(x, y, &eighth, &ninth);
        struct lane first = between(eighth, ninth, load(even + p)), second = between(eighth, ninth, load(odd + p + 8));
        for (size_t i = 0; i < W; i++)
            out[2 * (p + i)] = first.x[i], out[2 * (p + i) + 1] = second.x[i];
    }
}
