/* From a graph's text to the light of a frame: every step in between. */
#include "../../tap.h"

#include "../graph/small.h"
#include "render/layer.h"

static const char wave[] =
    "{'nodes':[{'id':'clk','type':'beat_clock'},{'id':'args','type':'pattern_args'},"
    "{'id':'at','type':'get_attribute','params':{'attribute':'rel_x'}},"
    "{'id':'sin','type':'sine_wave','params':{'amplitude':0.5,'offset':0.5}},"
    "{'id':'sum','type':'math','params':{'operation':'multiply'}},"
    "{'id':'col','type':'gradient','params':{'start_color':'#000000','end_color':'#ff8000'}},"
    "{'id':'out','type':'apply_color'}],"
    "'edges':[{'id':'1','from_node':'clk','from_port':'grid_out','to_node':'sin','to_port':'grid'},"
    "{'id':'2','from_node':'args','from_port':'sel','to_node':'at','to_port':'selection'},"
    "{'id':'3','from_node':'at','from_port':'out','to_node':'sum','to_port':'a'},"
    "{'id':'4','from_node':'sin','from_port':'out','to_node':'sum','to_port':'b'},"
    "{'id':'5','from_node':'sum','from_port':'out','to_node':'col','to_port':'in'},"
    "{'id':'6','from_node':'col','from_port':'out','to_node':'out','to_port':'signal'}],"
    "'args':[{'id':'sel','name':'Selection','type':'selection','default':'all'}]}";

TEST(a_wave_across_the_stage_reaches_the_frame)
{
    struct small s;
    struct layer *layer = NULL;

    small_init(&s, 5);
    struct graph_program *g = small_compile(&s, wave);
    CHECK_INT(s.errors.n, 0);
    CHECK(g);
    CHECK_INT(graph_program_samples(g), 600);
    CHECK_INT(graph_program_tiles(g), 3);
    CHECK_INT(layer_new(g, 5, &layer), LM_OK);
    for (uint32_t k = 0; k < 3; k++)
        layer_put_tile(layer, small_tile(&s, g, k));
    CHECK(layer_has_tile(layer, 2));

    struct frame *f = frame_new(5);
    struct render_item item = { layer, 1, 11, BLEND_REPLACE, 0 };
    for (double t = 1; t < 11; t += 0.0371) {
        frame_reset(f);
        CHECK_INT(render_score(f, &item, 1, t), 0);
        for (int h = 0; h < 5; h++) {
            double want = h / 4.0 * (0.5 + 0.5 * sin(2 * M_PI * (t - 1) * 2));
            CHECK_NEAR(f->intensity[h], want, 0.006);           /* a chord of 1/60 s at 2 Hz */
            CHECK_NEAR(f->r[h], 1, 1e-6);
            CHECK_NEAR(f->g[h], h ? 128 / 255.0 : 1, 1e-5);     /* head 0 is always dark: it inherits white */
        }
    }
    frame_reset(f);
    CHECK_INT(render_score(f, &item, 1, 11), 0);                /* half-open */
    CHECK_NEAR(f->intensity[4], 0, 0);
    frame_free(f);
    layer_free(layer);
    small_clear(&s);
}
