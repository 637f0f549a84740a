/*
 * A frame through the channel program into the bytes of its universes, and from there to the kernel: fixtures of the library (tests/unit/dmx/mix.h), all of them
 * moving. Fails when 2,000 heads take longer than their limit; that nothing is allocated on the way is proved by tests/unit/dmx/test_real_time.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "dmx/output.h"
#include "dmx/program.h"

#include "../unit/dmx/mix.h"

enum { FRAMES = 2000, LIMIT_HEADS = 2000, LIMIT_US = 300 };

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* To the discard port of loopback: the cost of building and sending, and nothing leaves the machine. */
static struct output_set *open_outputs(const int *numbers, size_t n, const struct universes *u, struct outputs **o)
{
    struct output_row *rows = calloc(n, sizeof *rows);
    struct output_set *set = NULL;

    for (size_t i = 0; rows && i < n; i++) {
        rows[i] = (struct output_row){ .universe = numbers[i], .protocol = i % 2 ? OUTPUT_SACN : OUTPUT_ARTNET, .destination = "127.0.0.1",
                                       .port_address = -1, .priority = 100 };
        snprintf(rows[i].id, sizeof rows[i].id, "00000000-0000-4000-8000-%012u", (unsigned)i);
    }
    if (!rows || outputs_open_ports("0f8fad5b-d9cb-469f-a165-70867728950e", "bench", 0, 9, 9, o, NULL) ||
        output_set_new(*o, rows, n, u, NULL, &set))
        abort();
    free(rows);
    return set;
}

/* False: over the limit. */
static bool measure(size_t heads)
{
    static int64_t run[FRAMES], send[FRAMES];
    static int numbers[DMX_MAX_UNIVERSE];
    int n;
    struct patch *patch = mix_patch(heads, &n);
    const struct program *p;
    struct outputs *o;

    for (int i = 0; i < n; i++)
        numbers[i] = i + 1;
    struct universes *u = universes_new(numbers, (size_t)n);
    struct frame *f = frame_new(heads);
    if (!patch || !u || !f || program_new(patch, u, &p))
        abort();
    struct program_state *s = program_state_new(p, NULL, NULL);
    struct output_set *set = open_outputs(numbers, (size_t)n, u, &o);
    for (int i = 0; i < FRAMES; i++) {
        mix_animate(f, i);
        int64_t a = clock_mono_ns();
        program_run(p, s, f, (int64_t)(i + 1) * 22727272, u);
        int64_t b = clock_mono_ns();
        output_set_send(set, u, b);
        run[i] = b - a, send[i] = clock_mono_ns() - b;
    }
    qsort(run, FRAMES, sizeof *run, by_value);
    qsort(send, FRAMES, sizeof *send, by_value);
    bool over = heads == LIMIT_HEADS && run[FRAMES / 2] > LIMIT_US * INT64_C(1000);
    printf("program: %5zu heads, %2d universes: %7.1f us/frame, p99 %7.1f us; packets %7.1f us, p99 %7.1f us", heads, n, (double)run[FRAMES / 2] / 1e3,
           (double)run[FRAMES * 99 / 100] / 1e3, (double)send[FRAMES / 2] / 1e3, (double)send[FRAMES * 99 / 100] / 1e3);
    if (heads == LIMIT_HEADS)
        printf("; limit %d us/frame%s", LIMIT_US, over ? "  OVER" : "");
    putchar('\n');
    output_set_free(set);
    outputs_close(o);
    program_state_free(s);
    program_free(p);
    frame_free(f);
    universes_free(u);
    patch_free(patch);
    return !over;
}

int main(void)
{
    static const size_t sizes[] = { 64, 512, LIMIT_HEADS };
    bool ok = true;

    if (!mix_is_there()) {
        printf("program: not measured: no fixture library in " MIX_LIBRARY "\n");
        return 0;
    }
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        ok &= measure(sizes[i]);
    return !ok;
}
