#include "dmx/program_channel.h"

#include <math.h>
#include <string.h>

#include "core/str.h"
#include "fixtures/classify.h"

static const struct definition_range *range_at(const struct definition_channel *c, int value)
{
    for (size_t i = 0; i < c->n_ranges; i++)
        if (c->ranges[i].min <= value && value <= c->ranges[i].max)
            return &c->ranges[i];
    return NULL;
}

static bool is_at(const struct definition_channel *c, int value, bool (*is)(const struct definition_range *r))
{
    for (size_t i = 0; i < c->n_ranges; i++)
        if (c->ranges[i].min <= value && value <= c->ranges[i].max && is(&c->ranges[i]))
            return true;
    return false;
}

static bool is_hazard(const struct definition_range *r)
{
    return range_kind(r) == RANGE_HAZARD;
}

bool channel_safe_span(const struct definition_channel *c, uint8_t *min, uint8_t *max)
{
    int lo = *min < *max ? *min : *max, hi = *min < *max ? *max : *min, best = -1, n = 0, at = lo;

    for (int v = lo, from = lo; v <= hi + 1; v++)
        if (v > hi || is_at(c, v, is_hazard)) {
            if (v - from > n)
                best = from, n = v - from;
            from = v + 1;
        }
    if (n == hi - lo + 1)
        return true;
    at = best >= 0 ? best : channel_default(c, &(bool){ false });
    hi = best >= 0 ? best + n - 1 : at;
    if (*min <= *max)
        *min = (uint8_t)at, *max = (uint8_t)hi;
    else
        *min = (uint8_t)hi, *max = (uint8_t)at;
    return best >= 0;
}

/* A default is left because of its preset alone; where it goes instead must not say reset or lamp either ("0-149 ResetAll: nothing, 150-255 Reset"). */
uint8_t channel_default(const struct definition_channel *c, bool *trapped)
{
    *trapped = false;
    if (!is_at(c, c->default_value, range_is_lamp_or_reset))
        return (uint8_t)c->default_value;
    for (int off = 1; off < 256; off++) {
        if (c->default_value - off >= 0 && !is_at(c, c->default_value - off, range_says_lamp_or_reset))
            return (uint8_t)(c->default_value - off);
        if (c->default_value + off <= 255 && !is_at(c, c->default_value + off, range_says_lamp_or_reset))
            return (uint8_t)(c->default_value + off);
    }
    *trapped = true;
    return (uint8_t)c->default_value;
}

/* The middle of a range, or of what other ranges leave of it without a lamp or reset value. */
static uint8_t middle(const struct definition_channel *c, const struct definition_range *r)
{
    uint8_t min = r->min, max = r->max;

    channel_safe_span(c, &min, &max);
    return (uint8_t)((min + max) / 2);
}

/* --- strobes --- */

static void add_strobe(const struct definition_channel *c, struct channel_strobes *s, const struct definition_range *r, int min)
{
    struct range_strobe w = range_strobe(r);
    struct strobe_range out = { (uint8_t)min, r->max, w.hz_min, w.hz_max };
    bool backwards = isnan(w.hz_min) ? w.fast_to_slow : w.hz_min > w.hz_max;

    if (min > r->min)           /* the first value is left out, and so is its frequency */
        out.hz_slow += (w.hz_max - w.hz_min) / (float)(r->max - r->min);
    if (backwards)
        out = (struct strobe_range){ r->max, (uint8_t)min, w.hz_max, out.hz_slow };
    if (s->n < CHANNEL_STROBES && channel_safe_span(c, &out.slow, &out.fast))
        s->r[s->n++] = out;
}

/* Every range that says its Hz; without one, the widest that has a preset; else the widest by its wording. A range from 0 leaves 0 itself to "no strobe". */
static void find_strobes(const struct definition_channel *c, struct channel_strobes *s)
{
    const struct definition_range *widest = NULL;
    bool preset = false;

    for (size_t i = 0; i < c->n_ranges; i++) {
        const struct definition_range *r = &c->ranges[i];
        if (range_kind(r) != RANGE_STROBE)
            continue;
        if (!isnan(range_strobe(r).hz_min))
            add_strobe(c, s, r, r->min ? r->min : r->max > 0);
        if (!widest || (*r->preset && !preset) || (preset == (*r->preset != 0) && r->max - r->min > widest->max - widest->min))
            widest = r, preset = *r->preset != 0;
    }
    if (!s->n && widest)
        add_strobe(c, s, widest, widest->min ? widest->min : widest->max > 0);
}

/* --- shutters --- */

static int open_score(const struct definition_range *r, bool has_dimmer)
{
    bool says_dimmer = text_has(r->name, "dimm");

    return (!strcmp(r->preset, "ShutterOpen") ? 1000 : *r->preset ? -1000 : 0) + (says_dimmer ? has_dimmer ? 400 : -400 : 0) + (text_has(r->name, "open") ? 300 : 0) + (r->max - r->min);
}

/* Without any open range: a value that is surely not dark. 0 where no range begins at 0 or the strobe does; else the default outside closed ranges. */
static bool open_guess(const struct definition_channel *c, uint8_t *open)
{
    bool trapped;
    uint8_t def = channel_default(c, &trapped);
    const struct definition_range *r = range_at(c, def);

    if (r && def > 0 && (range_kind(r) == RANGE_STROBE || str_starts(r->preset, "Strobe")))
        def = (uint8_t)c->default_value, r = range_at(c, def);  /* out of a lamp value's way, but into a strobe: back */
    if (!r || (range_kind(r) == RANGE_STROBE && def == 0) || range_kind(r) == RANGE_OTHER || range_kind(r) == RANGE_DIMMER) {
        *open = def;
        return !r || range_kind(r) != RANGE_OTHER || text_has(r->name, "off|none|static|stop");
    }
    *open = def;
    return false;
}

/* In the middle; but in a range that has a lamp's preset by mistake nowhere but at the default. */
static uint8_t stand(const struct definition_channel *c, const struct definition_range *r)
{
    return range_is_lamp_or_reset(r) && r == range_at(c, c->default_value) ? (uint8_t)c->default_value : middle(c, r);
}

struct channel_shutter channel_shutter(const struct definition_channel *c, bool has_dimmer)
{
    struct channel_shutter s = { 0 };
    int best = -10000;

    if (!c->n_ranges) {         /* the presets ShutterStrobe*: 0 is open, all above strobes */
        struct strobe_range r = { 1, 255, NAN, NAN };
        if (c->fast_to_slow)
            r.slow = 255, r.fast = 1;
        s.has_open = true;
        if (*c->preset)
            s.strobes.r[s.strobes.n++] = r;
        return s;
    }
    for (size_t i = 0; i < c->n_ranges; i++) {
        const struct definition_range *r = &c->ranges[i];
        enum range_kind kind = range_kind(r);
        if (kind == RANGE_OPEN && open_score(r, has_dimmer) > best)
            s.open = stand(c, r), s.has_open = true, best = open_score(r, has_dimmer);
        if (kind == RANGE_CLOSED && !s.has_closed)
            s.closed = stand(c, r), s.has_closed = true, s.closes_in_dark |= text_has(r->name, "led|light");
    }
    s.closes_in_dark |= text_has(c->name, "led|smd|white|uv|derby");
    if (!s.has_open && channel_shutter_dims(c)) {
        struct channel_dimmer d = channel_dimmer(c);
        s.open = d.max, s.closed = d.zero >= 0 ? (uint8_t)d.zero : d.min;
        s.has_open = s.has_closed = s.closes_in_dark = true;
    }
    if (!s.has_open)
        s.has_open = open_guess(c, &s.open);
    find_strobes(c, &s.strobes);
    return s;
}

bool channel_shutter_dims(const struct definition_channel *c)
{
    for (size_t i = 0; i < c->n_ranges; i++)
        if (range_kind(&c->ranges[i]) == RANGE_DIMMER && c->ranges[i].max - c->ranges[i].min >= 40)
            return true;
    return false;
}

/* --- dimmers --- */

/* The widest range of a kind; with RANGE_OTHER also what has no wording of its own, but never what runs by itself. */
static const struct definition_range *widest_range(const struct definition_channel *c, enum range_kind kind)
{
    const struct definition_range *best = NULL;

    for (size_t i = 0; i < c->n_ranges; i++) {
        const struct definition_range *r = &c->ranges[i];
        if (range_kind(r) == kind && (kind != RANGE_OTHER || !text_has(r->name, "sound|music|auto|program|random|100%|no function")) &&
            (!best || r->max - r->min > best->max - best->min))
            best = r;
    }
    return best;
}

static bool has_kind(const struct definition_channel *c, enum range_kind kind)
{
    for (size_t i = 0; i < c->n_ranges; i++)
        if (range_kind(&c->ranges[i]) == kind)
            return true;
    return false;
}

/* The range that dims: by its wording; else what is left between strobes and lamp values; else one that fills half of the channel. */
static const struct definition_range *dimming_range(const struct definition_channel *c)
{
    const struct definition_range *r = widest_range(c, RANGE_DIMMER), *most = NULL;

    if (c->n_ranges == 1)
        return &c->ranges[0];
    if (r)
        return r;
    if (has_kind(c, RANGE_STROBE) || has_kind(c, RANGE_HAZARD) || has_kind(c, RANGE_CLOSED)) {
        r = widest_range(c, RANGE_OTHER);
        return r && r->max - r->min >= 32 ? r : NULL;
    }
    for (size_t i = 0; i < c->n_ranges; i++)
        if (!most || c->ranges[i].max - c->ranges[i].min > most->max - most->min)
            most = &c->ranges[i];
    return most && most->max - most->min > 128 ? most : NULL;
}

struct channel_dimmer channel_dimmer(const struct definition_channel *c)
{
    struct channel_dimmer d = { .min = 0, .max = 255, .zero = -1 };
    const struct definition_range *dims = dimming_range(c), *bottom = range_at(c, 0);

    if (!c->n_ranges)
        return d;
    find_strobes(c, &d.strobes);
    if (!dims || dims->max == dims->min) {
        const struct definition_range *open = widest_range(c, RANGE_OPEN), *closed = widest_range(c, RANGE_CLOSED);
        if (open && closed)     /* a shutter in a dimmer's place: open or shut, and nothing of what lies between */
            d.min = d.max = middle(c, open), d.zero = middle(c, closed);
        else
            d.strobes.n = 0;
        channel_safe_span(c, &d.min, &d.max);
        return d;
    }
    d.min = dims->min, d.max = dims->max;
    if (text_has(dims->name, "100-0%|100% - 0|100%-0|100 - 0|100% -> 0|100% to 0|100 to 0|bright to dark|bright - dark|light to dark|full to off") &&
        !text_has(dims->name, "0-100|0 -100|0 - 100|0% - 100|0%-100|0 to 100|0% to 100"))
        d.min = dims->max, d.max = dims->min;
    if (dims->min > 0) {
        enum range_kind kind = bottom ? range_kind(bottom) : RANGE_CLOSED;
        if (kind == RANGE_CLOSED || kind == RANGE_OTHER || (kind == RANGE_OPEN && text_has(bottom->name, "no function|no effect")))
            d.zero = 0;
    }
    channel_safe_span(c, &d.min, &d.max);
    return d;
}

/* --- speeds, wheels, irises --- */

static int direction(const struct definition_range *r)          /* +1 slow to fast, -1 fast to slow, 0 unknown */
{
    if (is_hazard(r) || text_has(r->name, "rotat|swing|clockwise|forward|backward|roll"))
        return 0;               /* of a movement of its own */
    if (!strcmp(r->preset, "FastToSlow") || text_has(r->name, "fast to slow|max to min|fast-slow|fast - slow|fast → slow|fast -> slow|max. to min"))
        return -1;
    if (!strcmp(r->preset, "SlowToFast") || text_has(r->name, "slow to fast|min to max|slow-fast|slow - fast|slow → fast|slow -> fast|min. to max"))
        return 1;
    return 0;
}

/* Ranges overlap in some files: what is also a lamp or reset value is not sent. */
static uint8_t safe(const struct definition_channel *c, uint8_t value)
{
    bool trapped;

    return is_at(c, value, is_hazard) ? channel_default(c, &trapped) : value;
}

void channel_speed(const struct definition_channel *c, uint8_t *fast, uint8_t *slow)
{
    bool trapped;
    const struct definition_range *at;

    if (!c->n_ranges) {
        *fast = c->fast_to_slow ? 0 : 255, *slow = c->fast_to_slow ? 255 : 0;
        return;
    }
    *fast = *slow = channel_default(c, &trapped);
    at = range_at(c, *fast);
    if (at && direction(at))
        *fast = safe(c, direction(at) > 0 ? at->max : at->min);
    for (size_t i = 0; i < c->n_ranges; i++)
        if (direction(&c->ranges[i])) {
            *slow = safe(c, direction(&c->ranges[i]) > 0 ? c->ranges[i].min : c->ranges[i].max);
            return;
        }
}

static bool is_white(const float rgb[3])
{
    return rgb[0] > .9f && rgb[1] > .9f && rgb[2] > .9f;
}

uint8_t channel_wheel_open(const struct definition_channel *c)
{
    bool trapped;
    uint8_t def = channel_default(c, &trapped);
    const struct definition_range *r = range_at(c, def);
    float rgb[3];

    if (!r || !range_color(r, rgb) || is_white(rgb))
        return def;
    for (size_t i = 0; i < c->n_ranges; i++)
        if (range_color(&c->ranges[i], rgb) && is_white(rgb))
            return middle(c, &c->ranges[i]);
    return def;
}

int channel_gobo_open(const struct definition_channel *c)
{
    bool trapped;
    const struct definition_range *r = range_at(c, channel_default(c, &trapped));

    for (size_t i = 0; r && range_kind(r) == RANGE_CLOSED && i < c->n_ranges; i++)
        if (range_kind(&c->ranges[i]) == RANGE_OPEN)
            return middle(c, &c->ranges[i]);
    return -1;
}

uint8_t channel_iris_open(const struct definition_channel *c)
{
    bool trapped;

    if (!c->n_ranges)
        return c->default_value ? (uint8_t)c->default_value : !strcmp(c->preset, "ShutterIrisMinToMax") ? 255 : 0;
    for (size_t i = 0; i < c->n_ranges && !c->default_value; i++) {
        const struct definition_range *r = &c->ranges[i];
        if (r->max - r->min < 40 && text_has(r->name, "open|maximum aperture") && !text_has(r->name, "puls|random|effect|close|closing|macro"))
            return middle(c, r);
        if (r->max - r->min >= 40 && text_has(r->name, "min to max|min. to max|narrow to wide|closed to open|min → max|min -> max|small to big|small to large|small>large|small > large|"
                              "minimum to maximum") &&
            !text_has(r->name, "puls|random|effect|macro"))
            return safe(c, r->max);
    }
    return channel_default(c, &trapped);
}
