#pragma once
/*
 * A compiled channel program: flat tables, indexes instead of pointers.
 *
 * Channels are grouped into zones: a zone is a set of heads of one fixture that share channels (most often one head, or all heads). Zones stand
 * from the largest to the smallest set, so that a master dimmer is computed before the dimmers below it.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/uuid.h"
#include "dmx/color.h"
#include "dmx/program.h"

struct span { uint32_t first, n; };

struct out {                    /* where a value 0..1 goes: up to three bytes, slots counted from the fixture's first */
    int16_t slot[3];
    uint8_t bytes;
    uint8_t min, max;           /* of the coarse byte; min > max: runs backwards */
};

struct strobe_range {
    uint8_t slow, fast;         /* the values of its ends */
    float hz_slow, hz_fast;     /* NaN: linear in the wanted speed */
};

struct dimmer_out {
    struct out out;
    int16_t zero;               /* the value for dark, -1: out.min */
    struct span strobes;        /* ranges inside the dimmer channel, used when nothing else strobes */
};

struct emit_out {
    struct out out;
    enum emitter emitter;
    int16_t zero;               /* the value for nothing of it, -1: out.min */
};

enum shutter_gate {
    GATE_NONE,                  /* open, whatever the intensity */
    GATE_HALF,                  /* the only way to dim: open from intensity .5 */
    GATE_ZERO                   /* something else dims, perhaps not all of it (filters glow, a second lamp): closed at intensity 0 */
};
struct shutter_out { int16_t slot; uint8_t open, closed; enum shutter_gate gate; struct span strobes; };

struct axis_out { struct out out; bool is_tilt, invert; float range; };
struct speed_out { int16_t slot; uint8_t fast, slow; };
struct wheel_out { int16_t slot; uint8_t open; };
struct wheel_slot { float lab[3], rgb[3]; uint16_t wheel; uint8_t value; };     /* wheel: index within the zone's wheels */

struct zone {
    struct span owners;         /* of program.owners: heads */
    int32_t parent;             /* the next larger zone with dimmers, -1 none */
    int32_t cover;              /* the zone whose dimmers dim this one's colours, -1: see is_dimmed */
    bool is_dimmed;             /* every head has a dimmer further down: colours are pure hue */
    enum mix mix;
    bool is_part;               /* its emitters make a colour only with those of other zones: nothing can be read from them alone */
    enum white_mode white;
    uint32_t mask;
    struct span dimmers, emitters, shutters, axes, speeds, wheels, wheel_slots;
};

enum { HEAD_SOFT_STROBE = 1, HEAD_STROBE_IN_DIMMER = 2 };

struct head_info {
    uint8_t flags;
    float pan_range, tilt_range;        /* of the axis that follows the head's pan and tilt; 0 = none */
};

struct fixture_info {
    char id[UUID_SIZE];
    uint32_t universe, base, channels, defaults;        /* defaults: offset in program.defaults */
    struct span heads, zones;
    enum dimmer_curve curve;
    float dim_min, dim_max;
};

struct program {
    struct fixture_info *fixtures;      size_t n_fixtures;
    struct zone *zones;                 size_t n_zones;
    struct head_info *heads;            size_t n_heads;
    uint32_t *owners;                   size_t n_owners;
    uint8_t *defaults;                  size_t n_defaults;
    struct dimmer_out *dimmers;         size_t n_dimmers;
    struct emit_out *emitters;          size_t n_emitters;
    struct shutter_out *shutters;       size_t n_shutters;
    struct strobe_range *strobes;       size_t n_strobes;
    struct axis_out *axes;              size_t n_axes;
    struct speed_out *speeds;           size_t n_speeds;
    struct wheel_out *wheels;           size_t n_wheels;
    struct wheel_slot *wheel_slots;     size_t n_wheel_slots;
    char **warnings;                    size_t n_warnings;      /* NULL behind the last */
};

/* Read by the control side (a new program takes over), written by the engine: hence atomic, though never waited for. */
struct head_state {
    _Atomic float pan, tilt;    /* degrees last sent; pan unwrapped */
    float phase;                /* of the software strobe, 0..1; < 0: not strobing */
};

struct zone_state {
    float max;                  /* of its heads' levels in this frame */
    float hue[3];               /* the hue the wheel was last chosen for */
    bool is_waiting;            /* a nearer slot is known, and taken when it gets dark */
    _Atomic int32_t slot;       /* of zone.wheel_slots; -1 none chosen */
};

struct program_state {
    const struct program *program;
    struct head_state *heads;
    struct zone_state *zones;
    float *levels;              /* per head: intensity after curve and software strobe */
    int64_t last_ns;            /* 0: first frame */
};
