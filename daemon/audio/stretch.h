#pragma once
/*
 * Faster or slower with the pitch kept: Rubber Band's finer engine (R3) in real-time mode, with one promise more, that a sound comes out where it is said to be.
 * Rubber Band keeps the time of a whole recording exactly, but the attack of a note comes early or late by an amount that depends on the
 * ratio alone, on average (its windows are laid down at another distance than they were cut out at): 5.9 ms early at half the rate, 0.6 ms late at 1.5. That much is
 * taken out. What is left of it: within 0.7 ms from 0.8 to 1.25, 1 ms from 0.7 to 1.4, 2 ms at 0.5 and 2.
 *
 * THREADS  One at a time; not real time: Rubber Band works in steps of up to 10 ms.
 * MEMORY   Allocated by stretch_new().
 */
#include <stdint.h>

struct stretch;

/* Writes n stereo frames of sound from frame v on (which may be before everything: silence). */
typedef void stretch_fetch(void *ctx, int64_t v, float *stereo, uint32_t n);

struct stretch *stretch_new(void);                              /* NULL: no memory */
void stretch_free(struct stretch *s);                           /* NULL is fine */
/* The first frame stretch_read() gives is the sound at v, at this rate (0.5..2). Fetches what is before it, and takes some milliseconds of computing. */
void stretch_start(struct stretch *s, double rate, int64_t v, stretch_fetch *fetch, void *ctx);
void stretch_read(struct stretch *s, stretch_fetch *fetch, void *ctx, float *stereo, uint32_t n);
