/* What the engine calls each frame keeps the promise of a real-time thread; `make trap` aborts here on the first allocation, lock or file. */
#include "core/thread.h"
#include "dmx/output.h"
#include "mix.h"
#include "rig.h"

#include "../../tap.h"

TEST(a_frame_allocates_nothing)
{
    static const char body[] =
        "<Channel Name=\"P\" Preset=\"PositionPan\"/><Channel Name=\"D\" Preset=\"IntensityDimmer\"/><Channel Name=\"R\" Preset=\"IntensityRed\"/>"
        "<Channel Name=\"G\" Preset=\"IntensityGreen\"/><Channel Name=\"B\" Preset=\"IntensityBlue\"/><Channel Name=\"C\"><Group Byte=\"0\">Colour"
        "</Group><Capability Min=\"0\" Max=\"9\" Preset=\"ColorMacro\" Res1=\"#ff0000\"/></Channel>"
        "<Mode Name=\"m\"><Channel Number=\"0\">P</Channel><Channel Number=\"1\">D</Channel><Channel Number=\"2\">R</Channel>"
        "<Channel Number=\"3\">G</Channel><Channel Number=\"4\">B</Channel><Channel Number=\"5\">C</Channel></Mode>";
    struct rig g;
    struct outputs *o;
    struct output_set *set;
    struct output_row rows[] = {
        { .id = "00000000-0000-4000-8000-000000000001", .universe = 1, .protocol = OUTPUT_ARTNET, .destination = "127.0.0.1", .port_address = -1 },
        { .id = "00000000-0000-4000-8000-000000000002", .universe = 1, .protocol = OUTPUT_SACN, .destination = "127.0.0.1", .sync = 9 },
    };
    struct output_stats st[2];
    float pan, tilt;

    CHECK(rig_open_xml(&g, body, NULL));
    CHECK_INT(outputs_open_ports("0f8fad5b-d9cb-469f-a165-70867728950e", "x", 0, 9, 9, &o, NULL), LM_OK);
    CHECK_INT(output_set_new(o, rows, 2, g.universes, NULL, &set), LM_OK);
    thread_enter_real_time(1);
    for (int i = 0; i < 100; i++) {
        rig_set(&g, 0, 1, (float)i / 100, 0, (float)i / 100);
        g.frame->pan[0] = (float)i * 7, g.frame->strobe[0] = (float)(i % 2);
        rig_run(&g);
        program_last_position(g.state, &pan, &tilt);
        output_set_send(set, g.universes, g.now);
    }
    thread_leave_real_time();
    output_set_stats(set, st, 2);
    CHECK_INT(st[0].packets + st[0].errors, 100);
    CHECK_INT(st[1].packets + st[1].errors, 200);
    output_set_free(set);
    outputs_close(o);
    rig_close(&g);
}

/* The rig of bench_program.c: every way to make bytes that these fixtures have. */
TEST(a_frame_of_2000_heads_of_the_library_allocates_nothing)
{
    enum { HEADS = 2000, FRAMES = 50 };
    static int numbers[HEADS];
    const struct program *program = NULL;
    int n;

    if (!mix_is_there())
        SKIP("the fixture library is not installed");
    struct patch *patch = mix_patch(HEADS, &n);
    CHECK(patch != NULL);
    for (int i = 0; i < n; i++)
        numbers[i] = i + 1;
    struct universes *u = universes_new(numbers, (size_t)n), *before = universes_new(numbers, (size_t)n);
    struct frame *f = frame_new(HEADS);
    CHECK(u && before && f);
    CHECK_INT(program_new(patch, u, &program), LM_OK);
    struct program_state *state = program_state_new(program, NULL, NULL);
    CHECK(state != NULL);
    int still = 0;
    for (int i = 0; i < FRAMES; i++) {
        mix_animate(f, i);
        thread_enter_real_time(1);
        program_run(program, state, f, (int64_t)(i + 1) * 22727272, u);
        thread_leave_real_time();
        for (int k = 0; k < n; k++) {
            still += !memcmp(before->u[k].slots, u->u[k].slots, DMX_SLOTS);
            memcpy(before->u[k].slots, u->u[k].slots, DMX_SLOTS);
        }
    }
    CHECK_INT(still, 0);                /* every universe is new in every frame */
    program_state_free(state);
    program_free(program);
    frame_free(f);
    universes_free(u), universes_free(before);
    patch_free(patch);
}
