#pragma once
/*
 * Order statistics: percentiles of arrays and of windows that slide over them. Beyond the ends an array is mirrored (c b a | a b c | c b a).
 * Pure; the functions with an enum lm_err allocate.
 */
#include <stddef.h>

#include "core/err.h"

enum lm_err order_percentile(const float *v, size_t n, double percent, float *result);     /* linear between ranks; n > 0 */
enum lm_err order_slide(const float *v, size_t n, size_t window, double percent, float *out);
void order_mean(const float *v, size_t n, size_t window, float *out);                      /* sliding mean */
