/* Plug-ins in their processes: what they compute, every way they fail, how they come and go. The shared objects are those of tests/data/plugins. */
#include "../../tap.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../graph/small.h"

#include "core/clock.h"
#include "core/path.h"
#include "core/str.h"
#include "plugins/plugins.h"

enum { CALL_MS = 200 };

struct rig {
    char dir[64];
    struct plugins *p;
    atomic_int news, nodes;
    struct small s;
};

static void changed(void *ctx, struct plugins *p, bool nodes)
{
    struct rig *r = ctx;

    (void)p;
    atomic_fetch_add(&r->news, 1);
    atomic_fetch_add(&r->nodes, nodes);
}

/* BUILD/tests/unit/plugins/test_plugins -> BUILD/WHERE/NAME.so */
static void built(const char *where, const char *name, char path[PATH_SIZE])
{
    char self[PATH_SIZE / 2] = "";

    if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
        abort();
    for (int i = 0; i < 4; i++)
        *strrchr(self, '/') = '\0';
    snprintf(path, PATH_SIZE, "%s/%s/%s.so", self, where, name);
}

/* As one should: beside it, then over it. */
static void put(const struct rig *r, const char *where, const char *name, const char *as)
{
    char from[PATH_SIZE], to[PATH_SIZE], part[PATH_SIZE];
    char *data;
    size_t n;

    built(where, name, from);
    snprintf(to, sizeof to, "%s/%s.so", r->dir, as);
    snprintf(part, sizeof part, "%s/%s.part", r->dir, as);
    if (path_read(from, 64 << 20, &data, &n) || path_write(part, data, n, 0644) || rename(part, to)) {
        printf("# %s is missing: make builds it\n", from);
        exit(1);
    }
    free(data);
}

static void take_away(const struct rig *r, const char *name)
{
    char path[PATH_SIZE];

    snprintf(path, sizeof path, "%s/%s.so", r->dir, name);
    unlink(path);
}

static void rig_begin(struct rig *r, size_t heads)
{
    memset(r, 0, sizeof *r);
    snprintf(r->dir, sizeof r->dir, "/tmp/lumad-plugins-XXXXXX");
    if (!mkdtemp(r->dir))
        abort();
    small_init(&r->s, heads);
}

static void rig_start(struct rig *r)
{
    struct plugins_options o = { .dir = r->dir, .call_ms = CALL_MS, .changed = changed, .ctx = r };

    if (plugins_new(&o, &r->p))
        abort();
}

static void rig_end(struct rig *r)
{
    char command[128];

    plugins_free(r->p);
    small_clear(&r->s);
    snprintf(command, sizeof command, "rm -r %s", r->dir);
    if (system(command))
        abort();
}

static json_t *state_of(struct rig *r, const char *name)
{
    json_t *all = plugins_json(r->p), *v, *found = NULL;
    size_t i;

    json_array_foreach(all, i, v) {
        if (!strcmp(json_string_value(json_object_get(v, "name")), name))
            found = json_incref(v);
    }
    json_decref(all);
    return found;
}

static bool is(struct rig *r, const char *name, const char *state, const char *error)
{
    json_t *v = state_of(r, name);
    const char *s = json_string_value(json_object_get(v, "state")), *e = json_string_value(json_object_get(v, "error"));
    bool good = state ? s && !strcmp(s, state) && (error ? e && strstr(e, error) : !e) : !v;

    json_decref(v);
    return good;
}

/* state NULL: gone; error NULL: none. */
static bool becomes(struct rig *r, const char *name, const char *state, const char *error, int ms)
{
    for (int64_t end = clock_mono_ns() + ms * INT64_C(1000000); !is(r, name, state, error);) {
        if (clock_mono_ns() > end) {
            json_t *v = state_of(r, name);
            char *text = v ? json_dumps(v, 0) : NULL;
            printf("# %s is %s, not %s, %s\n", name, text ? text : "not there", state ? state : "gone", error ? error : "");
            free(text);
            json_decref(v);
            return false;
        }
        usleep(5000);
    }
    return true;
}

/* Its process was started anew that often, and is there. */
static bool restarted(struct rig *r, const char *name, int times, int ms)
{
    for (int64_t end = clock_mono_ns() + ms * INT64_C(1000000); clock_mono_ns() < end; usleep(5000)) {
        json_t *v = state_of(r, name);
        bool good = json_integer_value(json_object_get(v, "restarts")) == times;
        json_decref(v);
        if (good)
            return becomes(r, name, "running", NULL, ms);
    }
    printf("# %s was not started for the time %d\n", name, times);
    return false;
}

static bool same(const struct tile *a, const struct tile *b)
{
    return a && b && tile_equal(a, b);
}


static void mix_tiles(struct rig *r, const char *nodes, const char *edges, bool backwards, struct tile *tiles[3])
{
    struct graph_program *g = small_make(&r->s, nodes, edges, "sel:selection='all'");

    for (uint32_t k = 0; k < 3; k++)
        tiles[k] = NULL;
    for (uint32_t k = 0; g && k < 3; k++)
        tiles[backwards ? 2 - k : k] = small_tile(&r->s, g, backwards ? 2 - k : k);
    graph_program_free(g);
}

TEST(the_example_gives_the_same_bytes_as_built_in_nodes)
{
    struct rig r;
    struct tile *ours[3], *theirs[3];
    bool good = true;

    rig_begin(&r, 12);
    put(&r, "plugins", "example", "example");
    rig_start(&r);
    CHECK(becomes(&r, "example", "running", NULL, 3000));
    mix_tiles(&r, "k:beat_clock s:sine_wave q:pattern_args g:get_attribute m:math{'operation':'subtract'} r:scalar{'value':0.3} "
                  "p:math{'operation':'multiply'} a:math{'operation':'add'} o:apply_dimmer",
              "k.grid_out>s.grid q.sel>g.selection g.out>m.a s.out>m.b m.out>p.a r.out>p.b s.out>a.a p.out>a.b a.out>o.signal", false, ours);
    mix_tiles(&r, "k:beat_clock s:sine_wave q:pattern_args g:get_attribute x:example.mix{'amount':0.3} o:apply_dimmer",
              "k.grid_out>s.grid q.sel>g.selection s.out>x.a g.out>x.b x.out>o.signal", true, theirs);
    for (int k = 0; k < 3; k++)
        good &= same(ours[k], theirs[k]);
    good &= ours[0] && ours[0]->outputs[0].value.n == 12 && ours[0]->outputs[0].value.t > 200;
    for (int k = 0; k < 3; k++)
        tile_free(ours[k]), tile_free(theirs[k]);
    rig_end(&r);
    CHECK(good);
}

TEST(what_a_state_carries_does_not_depend_on_which_tile_is_asked_first)
{
    struct rig r;
    struct tile *first[3], *last[3];
    bool good = true;

    rig_begin(&r, 5);
    put(&r, "plugins", "example", "example");
    put(&r, "tests/plugins", "probe", "probe");
    rig_start(&r);
    CHECK(becomes(&r, "probe", "running", NULL, 3000));
    static const char *const graphs[][2] = {
        { "e:example.ember o:apply_color", "e.out>o.signal" },
        { "k:beat_clock s:sine_wave u:probe.sum o:apply_dimmer", "k.grid_out>s.grid s.out>u.in u.out>o.signal" },
    };
    for (int i = 0; i < 2; i++) {
        mix_tiles(&r, graphs[i][0], graphs[i][1], false, first);
        mix_tiles(&r, graphs[i][0], graphs[i][1], true, last);
        for (int k = 0; k < 3; k++)
            good &= same(first[k], last[k]);
        for (int k = 0; k < 3; k++)
            tile_free(first[k]), tile_free(last[k]);
    }
    CHECK(good);
    rig_end(&r);
}

static float one_value(struct rig *r, const char *nodes, const char *edges, uint32_t n, uint32_t sample, uint32_t c)
{
    struct graph_program *g = small_make(&r->s, nodes, edges, "");
    struct tile *t = g ? small_tile(&r->s, g, 0) : NULL;
    float v = t ? tile_at(t, 0, n, sample, c) : NAN;

    for (size_t i = 0; i < r->s.errors.n; i++)
        printf("# %s\n", r->s.errors.e[i].message);
    tile_free(t);
    graph_program_free(g);
    return v;
}

TEST(a_node_is_given_all_that_it_asks_for)
{
    struct rig r;

    rig_begin(&r, 4);
    put(&r, "tests/plugins", "probe", "probe");
    rig_start(&r);
    CHECK(becomes(&r, "probe", "running", NULL, 3000));
    /* ramp: 2 beats a second, 60 samples: in(t + 2) - in(t - 3) = 5 / 30 */
    CHECK_NEAR(one_value(&r, "k:beat_clock s:ramp a:probe.around o:apply_position", "k.grid_out>s.grid s.out>a.in a.out>o.pan", 0, 100, 0), 5 / 30.0, 1e-5);
    CHECK_NEAR(one_value(&r, "k:beat_clock s:ramp a:probe.around o:apply_position", "k.grid_out>s.grid s.out>a.in a.out>o.pan", 0, 0, 0), 5 / 30.0, 1e-5);
    /* heads stand at x = 0, 1, 2, 3 and z = 3: blue is the largest */
    CHECK_NEAR(one_value(&r, "p:probe.place o:apply_color", "p.out>o.signal", 2, 0, 0), 2 / 3.0, 1e-6);
    CHECK_NEAR(one_value(&r, "k:beat_clock b:probe.beat o:apply_position", "k.grid_out>b.grid b.out>o.tilt", 0, 60, 0), 2, 1e-5);
    CHECK_NEAR(one_value(&r, "p:probe.params o:apply_color{}", "p.out>o.signal", 0, 0, 3), 1, 0);
    CHECK_NEAR(one_value(&r, "p:probe.params{'i':0,'b':false,'c':'none','f':0.5,'k':'#000000'} o:apply_color", "p.out>o.signal", 0, 0, 3), 0.5, 0);
    CHECK_NEAR(one_value(&r, "p:probe.params{'i':0,'b':false,'c':'none','f':0.5,'k':'#000000','t':''} o:apply_color", "p.out>o.signal", 0, 0, 4), 0, 0);
    rig_end(&r);
}

TEST(one_made_with_a_later_header_of_the_same_version_runs)
{
    struct rig r;

    rig_begin(&r, 2);
    put(&r, "tests/plugins", "newer", "newer");
    rig_start(&r);
    CHECK(becomes(&r, "newer", "running", NULL, 3000));
    CHECK_NEAR(one_value(&r, "v:scalar{'value':0.8} f:newer.first{'y':0.25} o:apply_dimmer", "v.out>f.b f.out>o.signal", 0, 0, 3), 0.2, 1e-6);
    CHECK_NEAR(one_value(&r, "f:newer.second o:apply_dimmer", "f.out>o.signal", 0, 0, 3), 0.25, 0);
    rig_end(&r);
}

/* What running a node of "faulty" says; "" it ran. */
static const char *fault(struct rig *r, const char *node)
{
    static char said[300];
    char nodes[128];

    snprintf(nodes, sizeof nodes, "k:beat_clock s:sine_wave f:faulty.%s o:apply_dimmer", node);
    said[0] = '\0';
    struct graph_program *g = small_make(&r->s, nodes, "k.grid_out>s.grid s.out>f.in f.out>o.signal", "");
    struct tile *t = g ? small_tile(&r->s, g, 0) : NULL;
    const struct graph_error *e = small_error(&r->s.errors, "plugin_failed");
    if (!g)
        snprintf(said, sizeof said, "not compiled");
    else if (!t)
        snprintf(said, sizeof said, "%s", e ? e->message : "failed without a word");
    tile_free(t);
    graph_program_free(g);
    return said;
}

#if defined(__SANITIZE_ADDRESS__)
#define CRASH "ended by itself"         /* the sanitizer takes the signal and ends the process */
#else
#define CRASH "crashed"
#endif

TEST(what_a_plug_in_does_wrong_is_told_and_harms_nothing)
{
    static const struct { const char *node, *says; bool ends; } faults[] = {
        { "refuse", "failed, with 42", false }, { "divide", CRASH, true }, { "loop", "longer than 200 ms", true },
        { "beyond", CRASH, true }, { "before", CRASH, true }, { "into_input", CRASH, true }, { "leave", "ended by itself, with status", true },
    };
    struct rig r;

    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        rig_begin(&r, 3);
        put(&r, "tests/plugins", "faulty", "faulty");
        rig_start(&r);
        CHECK(becomes(&r, "faulty", "running", NULL, 3000));
        CHECK_STR(fault(&r, "gain"), "");
        const char *said = fault(&r, faults[i].node);
        if (!strstr(said, faults[i].says))
            printf("# %s: %s\n", faults[i].node, said);
        CHECK(strstr(said, faults[i].says));
        CHECK(strstr(said, "f: plug-in \"faulty\" gives no light: "));
        CHECK(!faults[i].ends || restarted(&r, "faulty", 1, 3000));
        CHECK_STR(fault(&r, "gain"), "");
        rig_end(&r);
    }
}

TEST(one_that_sleeps_is_ended_by_the_clock)
{
    struct rig r;

    rig_begin(&r, 3);
    put(&r, "tests/plugins", "faulty", "faulty");
    rig_start(&r);
    CHECK(becomes(&r, "faulty", "running", NULL, 3000));
    int64_t began = clock_mono_ns();
    CHECK(strstr(fault(&r, "wait"), "longer than 200 ms"));
    double s = (double)(clock_mono_ns() - began) / 1e9;
    CHECK(s > 0.7 && s < 3);
    rig_end(&r);
}

TEST(what_is_not_a_number_is_light_0_and_said)
{
    struct rig r;

    rig_begin(&r, 3);
    put(&r, "tests/plugins", "faulty", "faulty");
    rig_start(&r);
    CHECK(becomes(&r, "faulty", "running", NULL, 3000));
    CHECK_STR(fault(&r, "nan"), "");
    CHECK(small_error(&r.s.errors, "not_finite"));
    rig_end(&r);
}

TEST(it_can_reach_nothing_outside_of_its_process)
{
    struct rig r;

    rig_begin(&r, 3);
    put(&r, "tests/plugins", "faulty", "faulty");
    rig_start(&r);
    CHECK(becomes(&r, "faulty", "running", NULL, 3000));
    CHECK_STR(fault(&r, "reach_out"), "");
    CHECK(!path_exists("/tmp/lumad-plugin-was-here"));
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    CHECK_STR(fault(&r, "eat"), "");
#endif
    rig_end(&r);
}

TEST(the_limits_of_the_process_that_starts_it_are_not_its_own)
{
    struct rlimit before, after;
    struct rig r;

    rig_begin(&r, 3);
    getrlimit(RLIMIT_NOFILE, &before);
    put(&r, "tests/plugins", "limits_at_load", "limits");
    rig_start(&r);
    bool runs = becomes(&r, "limits", "running", NULL, 3000);
    getrlimit(RLIMIT_NOFILE, &after);
    setrlimit(RLIMIT_NOFILE, &before);
    rig_end(&r);
    CHECK(runs);
    CHECK_INT(after.rlim_cur, before.rlim_cur);
}

TEST(one_that_ends_too_often_is_given_up_until_it_is_read_again)
{
    struct rig r;
    struct problem p = { 0 };

    rig_begin(&r, 3);
    put(&r, "tests/plugins", "faulty", "faulty");
    put(&r, "plugins", "example", "example");
    rig_start(&r);
    CHECK(becomes(&r, "faulty", "running", NULL, 3000));
    for (int i = 0; i < 4; i++) {
        fault(&r, "divide");
        CHECK(i == 3 || restarted(&r, "faulty", i + 1, 8000));
    }
    CHECK(becomes(&r, "faulty", "given_up", "process", 3000));
    CHECK(strstr(fault(&r, "gain"), "gives no light"));
    struct plugin_trouble t[4];
    CHECK_INT(plugins_troubles(r.p, t, 4), 1);
    CHECK_STR(t[0].id, "faulty");
    CHECK(strstr(t[0].text, "stay dark until"));
    CHECK(is(&r, "example", "running", NULL));
    CHECK_INT(plugins_reload(r.p, "faulty", &p), LM_OK);
    CHECK(is(&r, "faulty", "running", NULL));
    CHECK_STR(fault(&r, "gain"), "");
    CHECK_INT(plugins_troubles(r.p, t, 4), 0);
    CHECK_INT(plugins_reload(r.p, "nobody", &p), LM_NOT_FOUND);
    rig_end(&r);
}

struct wish { struct plugins *p; const char *name; pthread_barrier_t *start; enum lm_err err; };

static void *reload_one(void *arg)
{
    struct wish *w = arg;
    struct problem p = { 0 };

    pthread_barrier_wait(w->start);
    w->err = plugins_reload(w->p, w->name, &p);
    return NULL;
}

TEST(of_two_that_are_reloaded_at_once_each_is)
{
    enum { TIMES = 8 };
    static const char *const names[] = { "faulty", "example" };
    pthread_barrier_t start;
    struct rig r;

    rig_begin(&r, 3);
    put(&r, "tests/plugins", "faulty", "faulty");
    put(&r, "plugins", "example", "example");
    rig_start(&r);
    CHECK(becomes(&r, "faulty", "running", NULL, 3000) && becomes(&r, "example", "running", NULL, 3000));
    pthread_barrier_init(&start, NULL, 2);
    for (int i = 0; i < TIMES; i++) {
        struct wish w[2] = { { r.p, names[0], &start, LM_IO }, { r.p, names[1], &start, LM_IO } };
        pthread_t other;
        if (pthread_create(&other, NULL, reload_one, &w[0]))
            abort();
        reload_one(&w[1]);
        pthread_join(other, NULL);
        CHECK(!w[0].err && !w[1].err);
    }
    pthread_barrier_destroy(&start);
    CHECK(restarted(&r, "faulty", TIMES, 1000));
    CHECK(restarted(&r, "example", TIMES, 1000));
    rig_end(&r);
}

TEST(a_folder_that_takes_the_place_of_another_is_watched_as_well)
{
    char dir[64], next[80], away[80], command[200];
    struct rig r;

    rig_begin(&r, 3);
    put(&r, "tests/plugins", "faulty", "faulty");
    rig_start(&r);
    CHECK(becomes(&r, "faulty", "running", NULL, 3000));
    snprintf(dir, sizeof dir, "%s", r.dir);
    snprintf(next, sizeof next, "%s.next", dir);
    snprintf(away, sizeof away, "%s.away", dir);
    CHECK(!mkdir(next, 0700) && !rename(dir, away) && !rename(next, dir));
    CHECK(becomes(&r, "faulty", NULL, NULL, 3000));
    put(&r, "plugins", "example", "example");
    CHECK(becomes(&r, "example", "running", NULL, 3000));
    rig_end(&r);
    snprintf(command, sizeof command, "rm -r %s", away);
    CHECK(!system(command));
}

static uint64_t hash_of(const char *nodes)
{
    json_t *v = small_graph(nodes, "", "");
    struct graph_doc *d = NULL;
    uint64_t h = graph_parse(v, &d, NULL) ? 0 : graph_doc_hash(d);

    graph_doc_free(d);
    json_decref(v);
    return h;
}

TEST(a_changed_file_changes_its_own_graphs_alone)
{
    struct rig r;
    static const char nodes[] = "v:scalar{'value':0.5} g:swap.gain{'gain':0.5} o:apply_dimmer", edges[] = "v.out>g.in g.out>o.signal";

    rig_begin(&r, 3);
    put(&r, "tests/plugins", "gain_half", "swap");
    put(&r, "plugins", "example", "example");
    rig_start(&r);
    CHECK(becomes(&r, "swap", "running", NULL, 3000));
    uint64_t swap = hash_of("g:swap.gain"), example = hash_of("m:example.mix"), plain = hash_of("m:math");
    CHECK_NEAR(one_value(&r, nodes, edges, 0, 0, 0), 0.125, 0);
    /* Compiled before, run after: what it was made of is there still. */
    struct graph_program *old = small_make(&r.s, "k:beat_clock s:ramp g:swap.gain o:apply_position", "k.grid_out>s.grid s.out>g.in g.out>o.pan", "");
    CHECK(old);
    int news = atomic_load(&r.nodes);
    put(&r, "tests/plugins", "gain_full", "swap");
    for (int i = 0; i < 400 && hash_of("g:swap.gain") == swap; i++)
        usleep(5000);
    CHECK(hash_of("g:swap.gain") != swap);
    CHECK(atomic_load(&r.nodes) > news || (usleep(100000), atomic_load(&r.nodes) > news));
    CHECK(hash_of("m:example.mix") == example && hash_of("m:math") == plain);
    CHECK_NEAR(one_value(&r, nodes, edges, 0, 0, 0), 0.25, 0);
    struct tile *t = small_tile(&r.s, old, 0);
    CHECK(t);
    CHECK_NEAR(tile_at(t, 0, 0, 60, 0), 1, 1e-6);
    tile_free(t);
    graph_program_free(old);
    /* The same bytes again: nothing is new. */
    uint64_t now = hash_of("g:swap.gain");
    put(&r, "tests/plugins", "gain_full", "swap");
    usleep(600000);
    CHECK(hash_of("g:swap.gain") == now);
    take_away(&r, "swap");
    CHECK(becomes(&r, "swap", NULL, NULL, 3000));
    small_make(&r.s, nodes, edges, "");
    CHECK(small_error(&r.s.errors, "unknown_node"));
    CHECK(is(&r, "example", "running", NULL));
    rig_end(&r);
}

TEST(a_new_file_that_is_refused_leaves_the_one_before_at_work)
{
    struct rig r;
    struct plugin_trouble t[4];

    rig_begin(&r, 3);
    put(&r, "tests/plugins", "gain_half", "swap");
    rig_start(&r);
    CHECK(becomes(&r, "swap", "running", NULL, 3000));
    put(&r, "tests/plugins", "old_abi", "swap");
    CHECK(becomes(&r, "swap", "running", "refused", 3000));
    CHECK_NEAR(one_value(&r, "v:scalar{'value':0.5} g:swap.gain o:apply_dimmer", "v.out>g.in g.out>o.signal", 0, 0, 0), 0.25, 0);
    CHECK_INT(plugins_troubles(r.p, t, 4), 1);
    put(&r, "tests/plugins", "gain_half", "swap");
    CHECK(becomes(&r, "swap", "running", NULL, 3000));
    CHECK_INT(plugins_troubles(r.p, t, 4), 0);
    rig_end(&r);
}

TEST(what_is_no_plug_in_is_refused_with_a_reason)
{
    struct rig r;
    char path[PATH_SIZE];

    rig_begin(&r, 3);
    put(&r, "tests/plugins", "old_abi", "old");
    put(&r, "tests/plugins", "no_symbol", "library");
    put(&r, "tests/plugins", "crash_at_load", "crash");
    put(&r, "plugins", "example", "open");
    snprintf(path, sizeof path, "%s/open.so", r.dir);
    chmod(path, 0666);
    snprintf(path, sizeof path, "%s/text.so", r.dir);
    path_write(path, "hello", 5, 0644);
    snprintf(path, sizeof path, "%s/folder.so", r.dir);
    mkdir(path, 0755);
    snprintf(path, sizeof path, "%s/note.txt", r.dir);
    path_write(path, "hello", 5, 0644);
    rig_start(&r);
    CHECK(becomes(&r, "old", "refused", "version 2 of lumad_node.h, this lumad has version 1", 5000));
    CHECK(becomes(&r, "library", "refused", "no symbol lumad_node_plugin", 5000));
    CHECK(becomes(&r, "crash", "refused", "process", 5000));
    CHECK(becomes(&r, "open", "refused", "others may write", 5000));
    CHECK(becomes(&r, "text", "refused", "it cannot be loaded: file too short", 5000));
    CHECK(becomes(&r, "folder", "refused", "no regular file", 5000));
    CHECK(is(&r, "note", NULL, NULL));
    /* What is put right is taken at once. */
    snprintf(path, sizeof path, "%s/open.so", r.dir);
    chmod(path, 0644);
    CHECK(becomes(&r, "open", "running", NULL, 3000));
    rig_end(&r);
}

TEST(one_that_is_never_done_with_loading_does_not_hold_up_the_end)
{
    struct rig r;

    rig_begin(&r, 3);
    put(&r, "tests/plugins", "sleep_at_load", "sleep");
    rig_start(&r);
    int64_t began = clock_mono_ns();
    rig_end(&r);
    CHECK((clock_mono_ns() - began) / 1000000 < 3000);      /* it would have 8 s to load */
}

TEST(a_folder_of_thousands_is_said_in_one_word)
{
    struct rig r;
    struct plugin_trouble t[4];
    char path[PATH_SIZE];

    rig_begin(&r, 3);
    for (int i = 0; i < 1000; i++) {
        snprintf(path, sizeof path, "%s/f%d.so", r.dir, i);
        mkdir(path, 0755);
    }
    rig_start(&r);
    json_t *list = plugins_json(r.p);
    CHECK_INT(json_array_size(list), 64);
    json_decref(list);
    CHECK(plugins_troubles(r.p, t, 1) == 1);
    CHECK_STR(t[0].id, "folder");
    CHECK(strstr(t[0].text, "more than 64") != NULL);
    for (int i = 0; i < 1000; i++) {
        snprintf(path, sizeof path, "%s/f%d.so", r.dir, i);
        rmdir(path);
    }
    for (int i = 0; i < 300 && plugins_troubles(r.p, t, 4); i++)
        usleep(20000);
    CHECK_INT(plugins_troubles(r.p, t, 4), 0);
    rig_end(&r);
}

TEST(two_that_bring_the_same_node_are_told_apart_by_name)
{
    struct rig r;

    rig_begin(&r, 3);
    put(&r, "tests/plugins", "gain_full", "b");
    rig_start(&r);
    CHECK(becomes(&r, "b", "running", NULL, 3000));
    put(&r, "tests/plugins", "gain_half", "c");
    CHECK(becomes(&r, "c", "running", "also in \"b\"", 3000));
    CHECK_NEAR(one_value(&r, "v:scalar{'value':0.5} g:swap.gain o:apply_dimmer", "v.out>g.in g.out>o.signal", 0, 0, 0), 0.5, 0);
    rig_end(&r);
}

TEST(without_a_folder_there_are_none)
{
    struct plugins *p;
    struct problem why = { 0 };

    CHECK_INT(plugins_new(&(struct plugins_options){ .dir = "", .call_ms = CALL_MS }, &p), LM_OK);
    json_t *list = plugins_json(p);
    CHECK_INT(json_array_size(list), 0);
    json_decref(list);
    CHECK_INT(plugins_reload(p, "x", &why), LM_NOT_FOUND);
    plugins_free(p);
    CHECK_INT(plugins_new(&(struct plugins_options){ .dir = "/nowhere/at/all", .call_ms = CALL_MS }, &p), LM_OK);
    struct plugin_trouble t[2];
    CHECK_INT(plugins_troubles(p, t, 2), 1);
    CHECK_STR(t[0].id, "folder");
    plugins_free(p);
}
