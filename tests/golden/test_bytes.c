/*
 * From pattern graphs to DMX bytes: every pattern that is shipped and every node type, over a rig of pars, movers with wheels, pixel bars and strobes, a track with
 * an uneven beat and sound. One line for each in light.bytes: a hash of all slots of all frames. The bytes are the same whichever tiles were run first, by however
 * many threads, and with every compiler: `make compilers` builds and runs this with others.
 * UPDATE=1 writes the file anew: the names whose light changed are the difference; read it.
 */
#include "../tap.h"

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>

#include "../unit/dmx/rig.h"
#include "../unit/graph/every.h"
#include "dsp/hash.h"
#include "render/layer.h"

#define CH(n, name) "<Channel Number=\"" #n "\">" name "</Channel>"
#define PRESET(name, preset) "<Channel Name=\"" name "\" Preset=\"" preset "\"/>"
#define SLOT(min, max, rgb) "<Capability Min=\"" #min "\" Max=\"" #max "\" Preset=\"ColorMacro\" Res1=\"" rgb "\">x</Capability>"

static const char par[] = PRESET("D", "IntensityDimmer") PRESET("R", "IntensityRed") PRESET("G", "IntensityGreen") PRESET("B", "IntensityBlue")
    "<Mode Name=\"m\">" CH(0, "D") CH(1, "R") CH(2, "G") CH(3, "B") "</Mode>";
static const char mover[] = PRESET("P", "PositionPan") PRESET("Pf", "PositionPanFine") PRESET("T", "PositionTilt") PRESET("Tf", "PositionTiltFine")
    PRESET("D", "IntensityDimmer") PRESET("Df", "IntensityDimmerFine") PRESET("S", "SpeedPanTiltSlowFast")
    "<Channel Name=\"Z\"><Group Byte=\"0\">Shutter</Group><Capability Min=\"0\" Max=\"9\" Preset=\"ShutterOpen\">Open</Capability>"
    "<Capability Min=\"10\" Max=\"255\" Preset=\"StrobeSlowToFast\">Strobe</Capability></Channel>"
    "<Channel Name=\"W\"><Group Byte=\"0\">Colour</Group>" SLOT(0, 9, "#ffffff") SLOT(10, 19, "#ff0000") SLOT(20, 29, "#00ff00") SLOT(30, 39, "#0000ff")
    SLOT(40, 49, "#ffff00") SLOT(50, 59, "#ff8000") SLOT(60, 255, "#ff00ff") "</Channel>"
    "<Mode Name=\"m\">" CH(0, "P") CH(1, "Pf") CH(2, "T") CH(3, "Tf") CH(4, "D") CH(5, "Df") CH(6, "S") CH(7, "Z") CH(8, "W") "</Mode>"
    "<Physical><Focus Type=\"Head\" PanMax=\"540\" TiltMax=\"270\"/></Physical>";
#define PIXEL(n) PRESET("R" #n, "IntensityRed") PRESET("G" #n, "IntensityGreen") PRESET("B" #n, "IntensityBlue") PRESET("W" #n, "IntensityWhite")
static const char bar[] = PIXEL(1) PIXEL(2) PIXEL(3) "<Mode Name=\"m\">" CH(0, "R1") CH(1, "G1") CH(2, "B1") CH(3, "W1") CH(4, "R2") CH(5, "G2") CH(6, "B2") CH(7, "W2")
    CH(8, "R3") CH(9, "G3") CH(10, "B3") CH(11, "W3")
    "<Head><Channel>0</Channel><Channel>1</Channel><Channel>2</Channel><Channel>3</Channel></Head>"
    "<Head><Channel>4</Channel><Channel>5</Channel><Channel>6</Channel><Channel>7</Channel></Head>"
    "<Head><Channel>8</Channel><Channel>9</Channel><Channel>10</Channel><Channel>11</Channel></Head></Mode>";

static const struct kind { const char *xml, *group; int n, channels; double y, z; } kinds[] = {
    { par, "pars", 8, 4, 0, 4 }, { mover, "movers", 6, 9, 2, 5 }, { bar, "bars", 4, 12, 3, 1 },
};
enum { KINDS = 3, GROUPS = KINDS + 2, FIXTURES = 18, PATTERNS = 128 };

struct hall {
    struct rig rig;
    struct every track;
    struct graph_env env;
    const struct definition *definition[KINDS];
    uint8_t (*seen)[2 * DMX_SLOTS], (*compared)[2 * DMX_SLOTS];         /* per frame: to be written, to be compared with */
    size_t differ;
    double cut;                         /* the sample before it is not compared: the first part ends with it and holds it */
};

static bool hall_open(struct hall *h)
{
    struct patch_fixture_row rows[FIXTURES];
    struct patch_group_row groups[GROUPS];
    char members[GROUPS][FIXTURES][UUID_SIZE];
    double beats[64], down[16];
    int universe[] = { 1, 2 };
    size_t n = 0;

    memset(h, 0, sizeof *h);
    for (size_t k = 0; k < GROUPS; k++) {
        groups[k] = (struct patch_group_row){ .name = k < KINDS ? kinds[k].group : k == KINDS ? "left" : "right", .members = (const char (*)[UUID_SIZE])members[k],
                                              .pan = 10, .tilt = 20, .pan_range = 80, .tilt_range = 40, .rotation_deg = 15, .axis = { NAN, NAN, NAN } };
        snprintf(groups[k].id, sizeof groups[k].id, "10000000-0000-4000-8000-%012zu", k % 10);
    }
    for (size_t k = 0; k < KINDS; k++) {
        if (!(h->definition[k] = rig_parse(kinds[k].xml)))
            return false;
        for (int i = 0; i < kinds[k].n; i++, n++) {
            rows[n] = (struct patch_fixture_row){ .universe = 1 + (int)(k % 2), .address = 1 + (k == 2 ? 100 : 0) + i * kinds[k].channels, .definition = h->definition[k],
                                                  .mode_name = "m", .label = "light", .model = "", .dimmer_max = 1 };
            snprintf(rows[n].id, sizeof rows[n].id, "00000000-0000-4000-8000-%012zu", n % 1000);
            double x = i - (kinds[k].n - 1) / 2.0;
            double pos[3] = { x * 1.25, kinds[k].y + 0.1 * x * x, kinds[k].z + 0.2 * i }, rot[3] = { k == 2 ? 3.14159265 : 0.05 * i, 0.02 * i, 0.1 * x };
            memcpy(rows[n].pos, pos, sizeof pos);
            memcpy(rows[n].rot, rot, sizeof rot);
            rows[n].curve = i % 3 == 1 ? CURVE_SQUARE : i % 3 == 2 ? CURVE_S : CURVE_LINEAR;
            size_t in[] = { k, n % 3 ? KINDS : KINDS + 1 };
            for (int g = 0; g < 2; g++)
                memcpy(members[in[g]][groups[in[g]].n_members++], rows[n].id, UUID_SIZE);
        }
    }
    if (patch_new(rows, n, groups, GROUPS, &h->rig.patch) || !(h->rig.universes = universes_new(universe, 2))
        || program_new(h->rig.patch, h->rig.universes, &h->rig.program))
        return false;
    h->rig.frame = frame_new(h->rig.patch->n_heads);
    for (int i = 0; i < 64; i++)
        beats[i] = 0.7 + i * 0.47 + 0.004 * (i % 7);    /* nobody drums like a clock */
    for (int i = 0; i < 15; i++)
        down[i] = beats[4 * i + 1];
    every_hear(&h->track, &h->env);
    h->env.patch = h->rig.patch;
    h->env.start = h->env.origin = 1.03, h->env.end = 11.4, h->env.seed = 20260;
    return h->rig.frame && !beatgrid_new(beats, 64, down, 15, 127, 4, (struct beatgrid **)&h->env.grid);
}

static void hall_close(struct hall *h)
{
    beatgrid_free((struct beatgrid *)h->env.grid);
    every_forget(&h->track);
    rig_close(&h->rig);
    for (size_t k = 0; k < KINDS; k++)
        definition_unref(h->definition[k]);
}

/* --- tiles, in some order and by some threads --- */

enum order { FORWARD, BACKWARD, SHUFFLED };

struct job {
    struct graph_program *g;
    struct tile **tiles;
    uint32_t *turn, n;
    atomic_uint next;
    atomic_bool failed;
};

static void *work(void *arg)
{
    struct job *j = arg;
    struct graph_workspace *w = graph_workspace_new();
    unsigned i;

    while ((i = atomic_fetch_add(&j->next, 1)) < j->n)
        if (graph_run_tile(j->g, w, j->turn[i], &j->tiles[j->turn[i]], NULL))
            atomic_store(&j->failed, true);
    graph_workspace_free(w);
    return NULL;
}

/* NULL: it gives no light. */
static struct layer *make_layer(const struct hall *h, const json_t *graph, enum order order, unsigned threads)
{
    struct graph_doc *doc = NULL;
    struct graph_program *g = NULL;
    struct graph_errors errors = { 0 };
    struct layer *l = NULL;
    uint32_t turn[64];
    struct tile *tiles[64] = { NULL };
    pthread_t thread[8];

    if (!graph_parse(graph, &doc, NULL))
        graph_compile(doc, &h->env, &g, &errors);
    graph_doc_free(doc);
    for (size_t i = 0; !g && i < errors.n; i++)
        printf("# %s: %s\n", errors.e[i].node, errors.e[i].message);
    graph_errors_clear(&errors);
    if (!g || graph_program_tiles(g) > 64)
        return NULL;
    struct job j = { .g = g, .tiles = tiles, .turn = turn, .n = graph_program_tiles(g) };
    for (uint32_t i = 0, x = 12345; i < j.n; i++) {
        turn[i] = order == BACKWARD ? j.n - 1 - i : i;
        x = x * 1664525u + 1013904223u;
        uint32_t other = (x >> 8) % (i + 1), had = turn[other];
        if (order == SHUFFLED)
            turn[other] = turn[i], turn[i] = had;
    }
    for (unsigned i = 1; i < threads; i++)
        pthread_create(&thread[i], NULL, work, &j);
    work(&j);
    for (unsigned i = 1; i < threads; i++)
        pthread_join(thread[i], NULL);
    if (atomic_load(&j.failed) || layer_new(g, h->rig.patch->n_heads, &l)) {
        for (uint32_t i = 0; i < j.n; i++)
            tile_free(tiles[i]);
        return NULL;
    }
    for (uint32_t i = 0; i < j.n; i++)
        layer_put_tile(l, tiles[i]);
    return l;
}

/* --- bytes --- */

static uint64_t play(struct hall *h, const struct render_item *items, size_t n)
{
    struct rig *g = &h->rig;
    uint64_t hash = HASH_START;

    g->state = program_state_new(g->program, NULL, NULL);
    g->now = 1000000000;
    for (size_t u = 0; u < 2; u++)
        memset(g->universes->u[u].slots, 0, DMX_SLOTS);
    for (int i = 0; i < 470; i++) {
        double t = 0.9 + i / 44.0;
        frame_reset(g->frame);
        render_score(g->frame, items, n, t);
        render_preposition(g->frame, items, n, t);
        rig_run(g);
        for (size_t u = 0; u < 2; u++) {
            const uint8_t *slots = g->universes->u[u].slots;
            hash = hash_bytes(hash, slots, DMX_SLOTS);
            if (h->seen)
                memcpy(h->seen[i] + u * DMX_SLOTS, slots, DMX_SLOTS);
            for (size_t k = 0; h->compared && !(t > h->cut - 1.0 / SAMPLE_RATE && t < h->cut) && k < DMX_SLOTS; k++)
                h->differ += abs(h->compared[i][u * DMX_SLOTS + k] - slots[k]) > 1;
        }
    }
    program_state_free(g->state);
    g->state = NULL;
    return hash_mix(hash);
}

static uint64_t bytes_of(struct hall *h, const json_t *graph, enum order order, unsigned threads)
{
    struct layer *l = make_layer(h, graph, order, threads);
    struct render_item item = { l, h->env.start, h->env.end, BLEND_REPLACE, 0 };
    uint64_t hash = l ? play(h, &item, 1) : 0;

    layer_free(l);
    return hash;
}

/* What looks at the whole block or at its end cannot know that it was longer. */
static bool is_seamless(const json_t *graph)
{
    const json_t *node;
    size_t i;

    json_array_foreach(json_object_get(graph, "nodes"), i, node) {
        const char *type = json_string_value(json_object_get(node, "type"));
        const struct node_desc *d = node_find(type);
        if (!d || d->kind == NODE_GLOBAL || strcmp(type, "ramp_between") == 0)
            return false;
    }
    return true;
}

/* A block cut in two, the second part computed from its origin on (show/layers.h): how many bytes of all frames differ by more than rounding. */
static size_t bytes_changed_by_a_cut(struct hall *h, const json_t *graph)
{
    static uint8_t want[470][2 * DMX_SLOTS];
    const double start = h->env.start, end = h->env.end, cut = start + 5.003;
    size_t changed = 0;

    h->seen = want, h->compared = NULL;
    struct layer *whole = make_layer(h, graph, FORWARD, 1);
    play(h, &(struct render_item){ whole, start, end, BLEND_REPLACE, 0 }, 1);
    h->env.end = cut;
    struct layer *first = make_layer(h, graph, FORWARD, 1);
    double lead = layer_lead(cut, h->env.origin);       /* origin and seed stay, as splitting copies them */
    h->env.start = cut - lead, h->env.end = end;
    struct layer *second = make_layer(h, graph, FORWARD, 1);
    struct render_item both[] = { { first, start, cut, BLEND_REPLACE, 0 }, { second, cut, end, BLEND_REPLACE, .lead = lead } };
    h->seen = NULL, h->compared = want, h->differ = 0, h->cut = cut;
    if (whole && first && second)
        play(h, both, 2);
    changed = h->differ;
    h->compared = NULL;
    h->env.start = start;
    layer_free(whole), layer_free(first), layer_free(second);
    return changed;
}

/* --- what there is to play --- */

struct piece { char name[80]; json_t *graph; };

static const char *in_tree(const char *path)
{
    static char whole[1200];
    const char *tree = getenv("LUMAD_SHARE");

    snprintf(whole, sizeof whole, "%.600s/%.500s", tree && *tree ? tree : ".", path);
    return whole;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct piece *)a)->name, ((const struct piece *)b)->name);
}

static size_t patterns(struct piece *p)
{
    DIR *d = opendir(in_tree("config/demo/patterns"));
    size_t n = 0;

    for (struct dirent *e; d && n < PATTERNS && (e = readdir(d));) {
        char path[512];
        if (!strstr(e->d_name, ".json"))
            continue;
        snprintf(path, sizeof path, "config/demo/patterns/%s", e->d_name);
        json_t *v = json_load_file(in_tree(path), 0, NULL);
        snprintf(p[n].name, sizeof p[n].name, "pattern/%.*s", (int)(strlen(e->d_name) - 5), e->d_name);
        p[n++].graph = json_incref(json_object_get(v, "graph"));
        json_decref(v);
    }
    if (d)
        closedir(d);
    qsort(p, n, sizeof *p, by_name);
    return n;
}

static size_t nodes(struct piece *p)
{
    size_t n = 0;

    for (const struct node_desc *const *d = node_list(); *d && n < PATTERNS; d++)
        if (((*d)->out || (*d)->is_args) && (p[n].graph = every_graph(*d, true, NULL)))
            snprintf(p[n++].name, sizeof p->name, "node/%s", (*d)->id);
    qsort(p, n, sizeof *p, by_name);
    return n;
}

static size_t pieces(struct piece *p)
{
    size_t n = patterns(p);

    return n + nodes(p + n);
}

static void pieces_free(struct piece *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        json_decref(p[i].graph);
}

/* What has a signal to show lights something; chroma and sound alone need not. */
static bool gives_light(const struct piece *p)
{
    const struct node_desc *d = strncmp(p->name, "node/", 5) ? NULL : node_find(p->name + 5);
    bool lights = !d || d->is_args;

    for (const struct port_desc *o = d ? d->out : NULL; o && o->id; o++)
        lights |= o->type == PORT_SIGNAL && o->channels <= 4;
    return lights;
}

/* All patterns at once, two seconds apart, in every blend mode. */
static uint64_t bytes_of_all(struct hall *h, const struct piece *p, size_t n)
{
    struct render_item items[PATTERNS];
    size_t used = 0;
    uint64_t hash;

    for (size_t i = 0; i < n; i++) {
        struct layer *l = make_layer(h, p[i].graph, FORWARD, 1);
        double start = 1 + (double)(i % 7) * 1.3;
        if (l)
            items[used++] = (struct render_item){ l, start, start + 2.5 + (double)(i % 3), (enum blend_mode)(i % BLEND_MODES), 0 };
    }
    hash = play(h, items, used);
    for (size_t i = 0; i < used; i++)
        layer_free((struct layer *)items[i].layer);
    return hash;
}

/* How many lines differ from the golden file; names it lacks or has beyond are differences too. */
static int compare(const struct piece *p, const uint64_t *hash, size_t n)
{
    FILE *f = fopen(in_tree("tests/golden/light.bytes"), "r");
    char name[80];
    unsigned long long want;
    int bad = f ? 0 : 1;
    size_t read = 0;

    while (f && fscanf(f, "%79s %llx", name, &want) == 2) {
        size_t i = 0;
        while (i < n && strcmp(p[i].name, name) != 0)
            i++;
        read++;
        if (i < n && hash[i] == want)
            continue;
        printf("# %s: %s\n", name, i < n ? "its bytes differ" : "it is not there any more");
        bad++;
    }
    if (f)
        fclose(f);
    if (read < n)
        printf("# %zu are not in light.bytes; UPDATE=1 writes them\n", n - read);
    return bad + (read < n);
}

TEST(every_pattern_and_every_node_gives_the_bytes_it_gave)
{
    static struct piece p[2 * PATTERNS + 1];
    static uint64_t hash[2 * PATTERNS + 1];
    struct hall h;
    bool update = getenv("UPDATE") && *getenv("UPDATE");
    int dark = 0, bad = 0;

    CHECK(hall_open(&h));
    uint64_t nothing = play(&h, NULL, 0);
    size_t shipped = patterns(p), n = shipped + nodes(p + shipped);
    CHECK(shipped >= 24 && n - shipped >= 30);
    for (size_t i = 0; i < n; i++) {
        hash[i] = bytes_of(&h, p[i].graph, FORWARD, 1);
        if (!hash[i] || (gives_light(&p[i]) && hash[i] == nothing)) {
            printf("# %s gives no light\n", p[i].name);
            dark++;
        }
    }
    snprintf(p[n].name, sizeof p[n].name, "all_patterns_at_once");
    hash[n] = bytes_of_all(&h, p, shipped);
    if (update) {
        FILE *f = fopen(in_tree("tests/golden/light.bytes"), "w");
        for (size_t i = 0; f && i <= n; i++)
            fprintf(f, "%s %016llx\n", p[i].name, (unsigned long long)hash[i]);
        CHECK(f && !fclose(f));
    }
    bad = compare(p, hash, n + 1);
    pieces_free(p, n);
    hall_close(&h);
    CHECK_INT(dark, 0);
    CHECK_INT(bad, 0);
}

TEST(the_order_of_tiles_and_the_number_of_threads_change_no_byte)
{
    static const struct { enum order order; unsigned threads; } way[] = { { BACKWARD, 1 }, { SHUFFLED, 1 }, { FORWARD, 2 }, { SHUFFLED, 2 }, { SHUFFLED, 4 } };
    static struct piece p[2 * PATTERNS];
    struct hall h;
    int bad = 0;

    CHECK(hall_open(&h));
    size_t n = pieces(p);
    for (size_t i = 0; i < n; i++) {
        uint64_t want = bytes_of(&h, p[i].graph, FORWARD, 1);
        for (size_t k = 0; k < sizeof way / sizeof *way; k++)
            if (bytes_of(&h, p[i].graph, way[k].order, way[k].threads) != want) {
                printf("# %s: order %d by %u threads gives other bytes\n", p[i].name, way[k].order, way[k].threads);
                bad++;
            }
    }
    pieces_free(p, n);
    hall_close(&h);
    CHECK_INT(bad, 0);
}

TEST(another_seed_is_another_light_where_there_is_chance)
{
    struct hall h;
    json_t *v = json_load_file(in_tree("config/demo/patterns/sparkle.json"), 0, NULL);

    CHECK(v && hall_open(&h));
    uint64_t first = bytes_of(&h, json_object_get(v, "graph"), FORWARD, 1);
    h.env.seed++;
    uint64_t second = bytes_of(&h, json_object_get(v, "graph"), FORWARD, 1);
    json_decref(v);
    hall_close(&h);
    CHECK(first && second && first != second);
}

TEST(a_block_cut_in_two_looks_as_it_did)
{
    static struct piece p[2 * PATTERNS];
    struct hall h;
    int bad = 0, cut = 0;

    CHECK(hall_open(&h));
    size_t n = pieces(p);
    for (size_t i = 0; i < n; i++) {
        /* This one looks ahead with some of its delays, and the first part does not know what follows. */
        if (!is_seamless(p[i].graph) || !strcmp(p[i].name, "node/time_delay"))
            continue;
        size_t changed = bytes_changed_by_a_cut(&h, p[i].graph);
        cut++;
        if (changed) {
            printf("# %s: %zu bytes are others\n", p[i].name, changed);
            bad++;
        }
    }
    pieces_free(p, n);
    hall_close(&h);
    CHECK_INT(bad, 0);
    CHECK(cut >= 80);
}
