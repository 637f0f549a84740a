/* A frame through the channel program and into packets: heads of mixed kinds, microseconds per frame. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "dmx/output.h"
#include "dmx/program.h"
#include "fixtures/frame.h"
#include "fixtures/patch.h"

enum { FRAMES = 2000, KINDS = 5 };

#define HEAD "<FixtureDefinition><Manufacturer>Bench</Manufacturer><Model>"
#define RGBW "<Channel Name=\"R\" Preset=\"IntensityRed\"/><Channel Name=\"G\" Preset=\"IntensityGreen\"/>" \
             "<Channel Name=\"B\" Preset=\"IntensityBlue\"/><Channel Name=\"W\" Preset=\"IntensityWhite\"/>"
#define SLOT(n, name) "<Channel Number=\"" #n "\">" name "</Channel>"

static const char *const kinds[KINDS] = {
    HEAD "Par</Model>" RGBW "<Mode Name=\"m\">" SLOT(0, "R") SLOT(1, "G") SLOT(2, "B") SLOT(3, "W") "</Mode></FixtureDefinition>",
    HEAD "Dimmed par</Model><Channel Name=\"D\" Preset=\"IntensityDimmer\"/><Channel Name=\"S\" Preset=\"ShutterStrobeSlowFast\"/>" RGBW
        "<Channel Name=\"A\" Preset=\"IntensityAmber\"/><Mode Name=\"m\">" SLOT(0, "D") SLOT(1, "S") SLOT(2, "R") SLOT(3, "G") SLOT(4, "B")
        SLOT(5, "W") SLOT(6, "A") "</Mode></FixtureDefinition>",
    HEAD "Wash</Model><Channel Name=\"P\" Preset=\"PositionPan\"/><Channel Name=\"Pf\" Preset=\"PositionPanFine\"/><Channel Name=\"T\" "
        "Preset=\"PositionTilt\"/><Channel Name=\"Tf\" Preset=\"PositionTiltFine\"/><Channel Name=\"D\" Preset=\"IntensityDimmer\"/>" RGBW
        "<Mode Name=\"m\">" SLOT(0, "P") SLOT(1, "Pf") SLOT(2, "T") SLOT(3, "Tf") SLOT(4, "D") SLOT(5, "R") SLOT(6, "G") SLOT(7, "B") SLOT(8, "W")
        "</Mode></FixtureDefinition>",
    HEAD "Spot</Model><Channel Name=\"P\" Preset=\"PositionPan\"/><Channel Name=\"T\" Preset=\"PositionTilt\"/><Channel Name=\"D\" "
        "Preset=\"IntensityDimmer\"/><Channel Name=\"C\"><Group Byte=\"0\">Colour</Group><Capability Min=\"0\" Max=\"9\" Preset=\"ColorMacro\" "
        "Res1=\"#ffffff\"/><Capability Min=\"10\" Max=\"19\" Preset=\"ColorMacro\" Res1=\"#ff0000\"/><Capability Min=\"20\" Max=\"29\" "
        "Preset=\"ColorMacro\" Res1=\"#0000ff\"/><Capability Min=\"30\" Max=\"39\" Preset=\"ColorMacro\" Res1=\"#00ff00\"/></Channel><Channel "
        "Name=\"S\"><Group Byte=\"0\">Shutter</Group><Capability Min=\"0\" Max=\"31\" Preset=\"ShutterClose\"/><Capability Min=\"32\" Max=\"63\" "
        "Preset=\"ShutterOpen\"/><Capability Min=\"64\" Max=\"255\" Preset=\"StrobeSlowToFast\"/></Channel><Mode Name=\"m\">" SLOT(0, "P")
        SLOT(1, "T") SLOT(2, "D") SLOT(3, "C") SLOT(4, "S") "</Mode></FixtureDefinition>",
    HEAD "Bar</Model><Channel Name=\"D\" Preset=\"IntensityMasterDimmer\"/>" RGBW "<Mode Name=\"m\">" SLOT(0, "D") SLOT(1, "R") SLOT(2, "G")
        SLOT(3, "B") SLOT(4, "R") SLOT(5, "G") SLOT(6, "B") SLOT(7, "R") SLOT(8, "G") SLOT(9, "B") SLOT(10, "R") SLOT(11, "G") SLOT(12, "B")
        "<Head><Channel>1</Channel><Channel>2</Channel><Channel>3</Channel></Head><Head><Channel>4</Channel><Channel>5</Channel><Channel>6</Channel>"
        "</Head><Head><Channel>7</Channel><Channel>8</Channel><Channel>9</Channel></Head><Head><Channel>10</Channel><Channel>11</Channel>"
        "<Channel>12</Channel></Head></Mode></FixtureDefinition>",
};

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* Fixtures of all kinds in turn until there are `heads`; every head's light, colour and position changes in every frame. */
static struct patch *make_patch(size_t heads, int numbers[64], size_t *n_numbers)
{
    const struct definition *d[KINDS];
    struct patch_fixture_row *rows = calloc(heads, sizeof *rows);
    struct patch *p = NULL;
    size_t n = 0, have = 0;
    int universe = 1, address = 1;

    for (int i = 0; i < KINDS; i++)
        if (definition_parse(kinds[i], strlen(kinds[i]), &d[i], NULL))
            abort();
    for (; have < heads; n++) {
        const struct definition *x = d[n % KINDS];
        int channels = (int)x->modes[0].n_channels;
        if (address + channels > 513)
            universe++, address = 1;
        rows[n] = (struct patch_fixture_row){ .universe = universe, .address = address, .definition = x, .mode_name = "m", .dimmer_max = 1,
                                              .pos = { (double)(n % 50), (double)(n / 50), 4 } };
        snprintf(rows[n].id, sizeof rows[n].id, "00000000-0000-4000-8000-%012u", (unsigned)n);
        address += channels;
        have += x->modes[0].n_heads;
    }
    for (*n_numbers = 0; *n_numbers < (size_t)universe && *n_numbers < 64; ++*n_numbers)
        numbers[*n_numbers] = (int)*n_numbers + 1;
    if (patch_new(rows, n, NULL, 0, &p))
        abort();
    free(rows);
    for (int i = 0; i < KINDS; i++)
        definition_unref(d[i]);
    return p;
}

static void animate(struct frame *f, int t)
{
    for (size_t i = 0; i < f->heads; i++) {
        float phase = (float)((t + (int)i * 7) % 100) / 100;
        f->r[i] = 1, f->g[i] = phase, f->b[i] = 1 - phase;
        f->intensity[i] = phase;
        f->strobe[i] = i % 10 == 0 ? .5f : 0;
        f->pan[i] = phase * 360 - 180, f->tilt[i] = phase * 180 - 90;
    }
}

static void measure(size_t heads)
{
    static int64_t run[FRAMES], send[FRAMES];
    int numbers[64];
    size_t n;
    struct patch *patch = make_patch(heads, numbers, &n);
    struct universes *u = universes_new(numbers, n);
    struct frame *f = frame_new(patch->n_heads);
    const struct program *p;
    struct outputs *o;
    struct output_set *set;
    struct output_row *rows = calloc(n, sizeof *rows);

    /* To the discard port of loopback: the cost of building and sending, and nothing leaves the machine. */
    for (size_t i = 0; i < n; i++) {
        rows[i] = (struct output_row){ .universe = numbers[i], .protocol = i % 2 ? OUTPUT_SACN : OUTPUT_ARTNET, .destination = "127.0.0.1",
                                       .port_address = -1, .priority = 100 };
        snprintf(rows[i].id, sizeof rows[i].id, "00000000-0000-4000-8000-%012u", (unsigned)i);
    }
    if (!u || !f || program_new(patch, u, &p) || outputs_open_ports("0f8fad5b-d9cb-469f-a165-70867728950e", "bench", 0, 9, 9, &o, NULL) ||
        output_set_new(o, rows, n, u, NULL, &set))
        abort();
    struct program_state *s = program_state_new(p, NULL, NULL);
    for (int i = 0; i < FRAMES; i++) {
        animate(f, i);
        int64_t a = clock_mono_ns();
        program_run(p, s, f, (int64_t)(i + 1) * 22727272, u);
        int64_t b = clock_mono_ns();
        output_set_send(set, u, b);
        run[i] = b - a, send[i] = clock_mono_ns() - b;
    }
    qsort(run, FRAMES, sizeof *run, by_value);
    qsort(send, FRAMES, sizeof *send, by_value);
    printf("program: %5zu heads, %2zu universes: %7.1f us/frame, p99 %7.1f us; packets %7.1f us, p99 %7.1f us\n", patch->n_heads, n,
           (double)run[FRAMES / 2] / 1e3, (double)run[FRAMES * 99 / 100] / 1e3, (double)send[FRAMES / 2] / 1e3,
           (double)send[FRAMES * 99 / 100] / 1e3);
    output_set_free(set);
    outputs_close(o);
    program_state_free(s);
    program_free(p);
    frame_free(f);
    universes_free(u);
    patch_free(patch);
    free(rows);
}

int main(void)
{
    static const size_t sizes[] = { 64, 512, 2000 };

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        measure(sizes[i]);
    return 0;
}
