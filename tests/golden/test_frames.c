/*
 * Pattern graphs in, frames out: graphs/X.json over six heads in a row at 120 bpm gives graphs/X.frames, one
 * line per instant and head: seconds head intensity r g b strobe pan tilt speed. Floats agree within 1e-5.
 * UPDATE=1 writes the files anew; read the difference.
 */
#include "../tap.h"

#include "../unit/graph/small.h"
#include "render/layer.h"

enum { HEADS = 6, VALUES = 8 };

static FILE *open_file(const char *name, const char *ending, const char *mode)
{
    char path[512];

    snprintf(path, sizeof path, "%s/tests/golden/graphs/%s.%s", getenv("LUMAD_SHARE") ? getenv("LUMAD_SHARE") : ".", name, ending);
    return fopen(path, mode);
}

static void values(const struct frame *f, size_t h, double v[VALUES])
{
    const float *lanes[VALUES] = { f->intensity, f->r, f->g, f->b, f->strobe, f->pan, f->tilt, f->speed };

    for (int i = 0; i < VALUES; i++)
        v[i] = (double)lanes[i][h];
}

/* -1: no such file or graph; else how many values differ. */
static int compare(const char *name, FILE *golden, bool update)
{
    FILE *in = open_file(name, "json", "r");
    json_t *graph = in ? json_loadf(in, 0, NULL) : NULL;
    char *text = graph ? json_dumps(graph, 0) : NULL;
    struct layer *l = NULL;
    struct small s;
    int bad = 0;

    if (in)
        fclose(in);
    small_init(&s, HEADS);
    struct graph_program *g = text && golden ? small_compile(&s, text) : NULL;
    free(text);
    json_decref(graph);
    if (!g || layer_new(g, HEADS, &l))
        return -1;
    for (uint32_t k = layer_tiles(l); k-- > 0;)
        layer_put_tile(l, small_tile(&s, g, k));
    struct frame *f = frame_new(HEADS);
    for (int step = 0; step < 12; step++) {
        double t = 1 + step * 0.8571;
        struct render_item item = { l, s.env.start, s.env.end, BLEND_REPLACE, 0 };
        frame_reset(f);
        render_score(f, &item, 1, t);
        for (size_t h = 0; h < HEADS; h++) {
            double v[VALUES], want, at;
            int head;
            values(f, h, v);
            if (update)
                fprintf(golden, "%.4f %zu", t, h);
            else if (fscanf(golden, "%lf %d", &at, &head) != 2 || fabs(at - t) > 1e-6 || head != (int)h)
                bad++;
            for (int i = 0; i < VALUES; i++)
                if (update)
                    fprintf(golden, " %.6f", v[i]);
                else if (fscanf(golden, "%lf", &want) != 1 || (!(fabs(want - v[i]) <= 1e-5) && !(isnan(want) && isnan(v[i])))) {
                    printf("# %s at %.4f s, head %zu, value %d: %.6f, want %.6f\n", name, t, h, i, v[i], want);
                    bad++;
                }
            if (update)
                fputc('\n', golden);
        }
    }
    frame_free(f);
    layer_free(l);
    small_clear(&s);
    return bad;
}

TEST(graphs_give_the_frames_they_gave)
{
    static const char *const names[] = { "wave", "classes", "pulses", "chain", "stops" };
    bool update = getenv("UPDATE") && *getenv("UPDATE");
    int bad = 0;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        FILE *golden = open_file(names[i], "frames", update ? "w" : "r");
        int n = compare(names[i], golden, update);
        if (golden)
            fclose(golden);
        bad += n != 0;
    }
    CHECK_INT(bad, 0);
}
