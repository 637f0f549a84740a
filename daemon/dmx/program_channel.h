#pragma once
/*
 * What one channel of a definition can be told, read from its ranges: pure functions, used while a program is compiled.
 * Values are DMX bytes of the coarse channel.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dmx/program_private.h"
#include "fixtures/definition.h"

enum { CHANNEL_STROBES = 64 };

struct channel_strobes { struct strobe_range r[CHANNEL_STROBES]; size_t n; };

struct channel_shutter {
    uint8_t open, closed;
    bool has_open, has_closed;
    bool closes_in_dark;        /* it is, or may be, a lamp of its own beside what the dimmer dims: dark when intensity is 0 */
    struct channel_strobes strobes;
};

struct channel_dimmer {
    uint8_t min, max;           /* dark, bright */
    int zero;                   /* -1: min */
    struct channel_strobes strobes;
};

/* The default, or the nearest value outside lamp and reset ranges; *trapped: there is none, and the default it is. */
uint8_t channel_default(const struct definition_channel *c, bool *trapped);
/* Shrinks min..max (min > max: backwards) to its longest part without a lamp or reset value; false: there is none, and both are the default. */
bool channel_safe_span(const struct definition_channel *c, uint8_t *min, uint8_t *max);
/* Open: the middle of an open range; where the dimmer works, if the fixture has one and the file tells. */
struct channel_shutter channel_shutter(const struct definition_channel *c, bool has_dimmer);
struct channel_dimmer channel_dimmer(const struct definition_channel *c);
/* A shutter channel that is in truth a dimmer with a strobe behind it. */
bool channel_shutter_dims(const struct definition_channel *c);
/* The values for "as fast as it goes" and "as slow as it goes"; both the default when the file does not tell. */
void channel_speed(const struct definition_channel *c, uint8_t *fast, uint8_t *slow);
/* Where a wheel or iris stands in nobody's way: its white or open range, else the default. */
uint8_t channel_wheel_open(const struct definition_channel *c);
uint8_t channel_iris_open(const struct definition_channel *c);
/* Where a gobo wheel lets light pass, when its default does not: some scanners have their shutter on it. -1: the default does, or nothing would. */
int channel_gobo_open(const struct definition_channel *c);
