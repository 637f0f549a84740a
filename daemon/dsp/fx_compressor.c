#include "dsp/fx_compressor.h"

#include <string.h>

#include "dsp/dmath.h"

enum { THRESHOLD, SLOPE, KNEE, MAKEUP };
#define DB_PER_POWER 6.0205999132796239         /* 20 log10 2 */
#define QUIETEST 1e-6                           /* -120 dB: nobody compresses below */

void fx_compressor_init(struct fx_compressor *f, double rate)
{
    *f = (struct fx_compressor){ .rate = rate };
}

static double kept(double ms, double rate)
{
    return exp(-1000 / (fmax(ms, 0.01) * rate));
}

void fx_compressor_set(struct fx_compressor *f, const struct fx_compressor_settings *s)
{
    double wanted[] = { s->threshold_db / DB_PER_POWER, 1 - 1 / fmax(s->ratio, 1), fmax(s->knee_db, 1e-3) / DB_PER_POWER, s->makeup_db / DB_PER_POWER };

    f->attack = kept(s->attack_ms, f->rate);
    f->release = kept(s->release_ms, f->rate);
    if (!f->ramp) {
        f->ramp = fx_ramp_frames(f->rate);
        memcpy(f->now, wanted, sizeof wanted);
    } else if (memcmp(f->wanted, wanted, sizeof wanted)) {
        f->left = f->ramp;
        for (int i = 0; i < 4; i++)
            f->step[i] = (wanted[i] - f->now[i]) / f->left;
    }
    memcpy(f->wanted, wanted, sizeof wanted);
}

/* By how much a level is turned down. Without branches, so that loops over it become vector code. */
DSP_INLINE double reduction(double level, double threshold, double slope, double knee)
{
    double above = level - threshold, in = above + knee / 2, over = above - knee / 2;

    in = in > 0 ? in : 0;
    in = in < knee ? in : knee;
    over = over > 0 ? over : 0;
    return slope * (in * in / (2 * knee) + over);
}

/* Neither denormal, nor what is no number, nor a reduction nobody could have asked for: that one would silence for good. */
static double settled(double reduced)
{
    return reduced > 1e-24 && reduced < 1000 ? reduced : 0;
}

/* At most FX_BLOCK frames, during which the parameters move by `step` a frame. */
static void run_some(struct fx_compressor *f, fx_pair *x, uint32_t n, const double step[4])
{
    double gain[FX_BLOCK], held = f->held, level = f->level;

    for (uint32_t i = 0; i < n; i++) {
        double l = fabs(x[i][0]), r = fabs(x[i][1]), loud = l > r ? l : r;
        gain[i] = dsp_log2(loud > QUIETEST ? loud : QUIETEST);
    }
    for (uint32_t i = 0; i < n; i++) {
        double t = i + 1.0;
        gain[i] = reduction(gain[i], f->now[THRESHOLD] + step[THRESHOLD] * t, f->now[SLOPE] + step[SLOPE] * t, f->now[KNEE] + step[KNEE] * t);
    }
    for (uint32_t i = 0; i < n; i++) {
        double falling = gain[i] + (held - gain[i]) * f->release;
        held = gain[i] > falling ? gain[i] : falling;
        level = held + (level - held) * f->attack;
        gain[i] = f->now[MAKEUP] + step[MAKEUP] * (i + 1.0) - level;
    }
    for (uint32_t i = 0; i < n; i++)
        gain[i] = dsp_exp2(gain[i]);
    for (uint32_t i = 0; i < n; i++)
        x[i] *= gain[i];
    f->held = settled(held);
    f->level = settled(level);
    for (int i = 0; i < 4; i++)
        f->now[i] += step[i] * n;
}

void fx_compressor_run(struct fx_compressor *f, fx_pair *x, uint32_t n)
{
    static const double still[4];
    uint32_t moving = f->left < n ? f->left : n;

    if (moving) {
        run_some(f, x, moving, f->step);
        if (!(f->left -= moving))
            memcpy(f->now, f->wanted, sizeof f->now);
    }
    if (moving < n)
        run_some(f, x + moving, n - moving, still);
}

double fx_compressor_curve(const struct fx_compressor_settings *s, double db)
{
    double level = fmax(db, 20 * log10(QUIETEST)) / DB_PER_POWER;

    return db + s->makeup_db
           - DB_PER_POWER * reduction(level, s->threshold_db / DB_PER_POWER, 1 - 1 / fmax(s->ratio, 1), fmax(s->knee_db, 1e-3) / DB_PER_POWER);
}
