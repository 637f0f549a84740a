#pragma once
/*
 * A compressor: feed-forward, in the log domain, the louder channel rules both. Static curve with a soft knee and a smooth decoupled peak detector behind it, as in
 * D. Giannoulis, M. Massberg, J. D. Reiss, "Digital Dynamic Range Compressor Design - A Tutorial and Analysis", J. Audio Eng. Soc. 60 (2012), equations 4 and 17.
 * Without look-ahead: no latency.
 *
 * As dsp/fx.h says.
 */
#include "dsp/fx.h"

struct fx_compressor_settings {
    double threshold_db, ratio, knee_db;        /* ratio >= 1; knee: the whole width, around the threshold */
    double attack_ms, release_ms;               /* time constants: 63 % of the way */
    double makeup_db;
};

struct fx_compressor {
    double now[4], wanted[4], step[4];          /* threshold, slope (1 - 1 / ratio), knee, makeup: in powers of two of an amplitude, not dB */
    double attack, release;                     /* what is kept of the level from a frame to the next */
    double held, level;                         /* of the reduction: the peak with its release, and that behind the attack */
    uint32_t left, ramp;
    double rate;
};

void fx_compressor_init(struct fx_compressor *f, double rate);
void fx_compressor_set(struct fx_compressor *f, const struct fx_compressor_settings *s);
void fx_compressor_run(struct fx_compressor *f, fx_pair *x, uint32_t n);
/* What comes out of a level that stays, in dB, with makeup. */
double fx_compressor_curve(const struct fx_compressor_settings *s, double db);
