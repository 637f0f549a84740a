#include "dsp/notes.h"

#include <math.h>
#include <stdlib.h>

enum { PARTIALS = 19 };

static const double FALL = .7, WIDTH = 1.5;     /* of a partial against the one below; of its triangle, in thirds of a semitone */
static const float STILL = 1e-3f;               /* of the largest note: a change that is none */

struct notes {
    float sound[PITCH_NOTES][PITCHES];          /* length 1 */
    float common[PITCH_NOTES][PITCH_NOTES];     /* sound . sound */
};

struct notes *notes_new(void)
{
    struct notes *n = calloc(1, sizeof(*n));

    for (int k = 0; n && k < PITCH_NOTES; k++) {
        double square = 0, weight = 1;
        for (int h = 1; h <= PARTIALS; h++, weight *= FALL) {
            double at = (k + 12 * log2(h)) * PITCH_PER_NOTE;
            if (at >= PITCHES - WIDTH)
                break;
            for (int b = (int)ceil(at - WIDTH) > 0 ? (int)ceil(at - WIDTH) : 0; b <= (int)floor(at + WIDTH); b++)
                n->sound[k][b] += (float)(weight * (1 - fabs(b - at) / WIDTH));
        }
        for (int b = 0; b < PITCHES; b++)
            square += (double)n->sound[k][b] * n->sound[k][b];
        for (int b = 0; b < PITCHES; b++)
            n->sound[k][b] /= (float)sqrt(square);
    }
    for (int k = 0; n && k < PITCH_NOTES; k++)
        for (int j = 0; j < PITCH_NOTES; j++)
            for (int b = 0; b < PITCHES; b++)
                n->common[k][j] += n->sound[k][b] * n->sound[j][b];
    return n;
}

void notes_free(struct notes *n)
{
    free(n);
}

static float dot(const float *a, const float *b)
{
    float sum[4] = { 0 };

    for (int i = 0; i < PITCHES; i += 4)
        for (int k = 0; k < 4; k++)
            sum[k] += a[i + k] * b[i + k];
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

void notes_find(const struct notes *n, const float strength[PITCHES], int rounds, float note[PITCH_NOTES])
{
    float rest[PITCH_NOTES];            /* of what is heard, along each note, that nothing explains yet */

    _Static_assert(PITCHES % 4 == 0, "four at a time");
    for (int k = 0; k < PITCH_NOTES; k++)
        rest[k] = dot(n->sound[k], strength);
    for (int k = 0; k < PITCH_NOTES; k++)
        for (int j = 0; j < PITCH_NOTES && note[k] > 0; j++)
            rest[j] -= note[k] * n->common[k][j];
    for (int r = 0; r < rounds; r++) {
        float largest = 0, moved = 0;
        for (int k = 0; k < PITCH_NOTES; k++) {
            float to = note[k] + rest[k], by;
            to = to > 0 ? to : 0;
            if ((by = to - note[k]) == 0)
                continue;
            note[k] = to;
            for (int j = 0; j < PITCH_NOTES; j++)
                rest[j] -= by * n->common[k][j];
            largest = to > largest ? to : largest;
            moved = fabsf(by) > moved ? fabsf(by) : moved;
        }
        if (moved <= STILL * largest)
            break;
    }
}
