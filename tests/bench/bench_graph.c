/*
 * What light costs before it is seen and while it is, against limits (`make bench-graph`; tests/bench/bench_graph.py adds an edit on the wire):
 *
 *   cold    4 minutes of 100 blocks of 12 s, five at any time, of the shipped patterns over 200 heads: the first second, all of it, memory
 *   frame   1,000 heads under 12 active layers: time, allocations, bytes moved over what the memory can move
 *   long    a spatial colour chase over 2,000 heads and 10 minutes: memory while playing and jumping
 *   grows   the same measured three times each over heads, layers and the track's length
 *
 * Prints rows "name|value|unit|limit|note"; exit code 1 when a limit is passed. Each part runs in a process of its own, so that memory is its own.
 */
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/clock.h"
#include "room.h"

enum { THREADS = 2, BLOCKS = 100, CACHE_MB = 256, FRAME_HZ = 44 };

/* --- allocations are counted: a frame makes none --- */

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);
extern void *__libc_memalign(size_t align, size_t n);

static atomic_ullong allocations;

void *malloc(size_t n)
{
    atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
    return __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
    return __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
    return __libc_realloc(p, n);
}

void *aligned_alloc(size_t align, size_t n)
{
    atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
    return __libc_memalign(align, n);
}

/* --- rows --- */

static int over;

static void row(const char *name, double value, const char *unit, double limit, const char *note)
{
    over |= limit >= 0 && !(value <= limit);
    if (limit >= 0)
        printf("%s|%.4g|%s|%.4g|%s\n", name, value, unit, limit, note);
    else
        printf("%s|%.4g|%s||%s\n", name, value, unit, note);
    fflush(stdout);
}

static double now_ms(void)
{
    return (double)clock_mono_ns() / 1e6;
}

/* This thread's own time: what the engine, which has a processor when it wants it, takes; others on the machine do not count. */
static int64_t own_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* "VmHWM": the most there ever was; "RssFile": of it, mapped files. MB. */
static double memory_mb(const char *what)
{
    FILE *f = fopen("/proc/self/status", "r");
    char line[256];
    double kb = 0;

    while (f && fgets(line, sizeof line, f))
        if (!strncmp(line, what, strlen(what)))
            kb = strtod(line + strlen(what) + 1, NULL);
    if (f)
        fclose(f);
    return kb / 1024;
}

/* GB/s of one thread's copying, read and written; the best of several. */
static double bandwidth(void)
{
    enum { SIZE = 64 << 20 };
    char *a = malloc(SIZE), *b = malloc(SIZE);
    double best = 0;

    if (!a || !b)
        abort();
    memset(a, 1, SIZE), memset(b, 2, SIZE);
    for (int i = 0; i < 8; i++) {
        int64_t t = own_ns();
        memcpy(i % 2 ? a : b, i % 2 ? b : a, SIZE);
        double gb = 2.0 * SIZE / (double)(own_ns() - t);
        best = gb > best ? gb : best;
    }
    free(a), free(b);
    return best;
}

static _Atomic double position;
static atomic_ullong frames;

static double playhead(void *ctx)
{
    (void)ctx;
    return position;
}

static struct pool *pool_of(size_t mb)
{
    struct pool *p = pool_new(&(struct pool_options){ THREADS, playhead, &frames, NULL, mb << 20 });

    if (!p)
        abort();
    return p;
}

/* --- cold --- */

/* Which of the shipped patterns give light here; the others are named. */
static size_t working(struct room *r, bool works[ROOM_PATTERNS])
{
    struct pool *p = pool_of(CACHE_MB);
    size_t n = 0;

    for (size_t i = 0; i < r->n_patterns; i++) {
        struct show_layer *l = block(r, r->pattern[i].doc, 10, 12, i);
        pool_prepare(p, &l, 1, 10, 2, 20000);
        works[i] = !show_layer_is_broken(l) && !atomic_load(&l->failed) && layer_has_tile(l->layer, 0);
        if (!works[i])
            fprintf(stderr, "left out: %s\n", r->pattern[i].name);
        n += works[i];
        show_layer_unref(l);
    }
    pool_free(p);
    return n;
}

static void cold(void)
{
    struct room *r = room_new(200, 252, true);
    bool works[ROOM_PATTERNS] = { false };
    size_t n = working(r, works), k = 0, missing = 0;
    struct show_layer *l[BLOCKS];
    struct render_item items[BLOCKS];
    struct pool_stats s;
    char note[128];

    struct pool *p = pool_of(CACHE_MB);
    malloc_trim(0);
    double t0 = now_ms();
    for (int i = 0; i < BLOCKS; i++, k++) {
        while (!works[k % r->n_patterns])
            k++;
        l[i] = block(r, r->pattern[k % r->n_patterns].doc, i * 2.4, i * 2.4 + 12, (uint64_t)i + 1000);
    }
    position = 61;                      /* in the middle: five blocks to make, and a sixth begins */
    bool is_ready = pool_prepare(p, l, BLOCKS, 61, 1, 60000);
    double first = now_ms() - t0;
    pool_set_layers(p, l, BLOCKS);
    is_ready = pool_prepare(p, l, BLOCKS, 0, 252, 60000) && is_ready;
    double all = now_ms() - t0;
    double peak = memory_mb("VmHWM"), file = memory_mb("RssFile");
    struct frame *f = frame_new(200);
    for (int i = 0; i < BLOCKS; i++)
        items[i] = (struct render_item){ l[i]->layer, l[i]->start, l[i]->end, BLEND_MAX, 0 };
    for (double t = 0; t < 249; t += 0.05) {
        frame_reset(f);
        missing += render_score(f, items, BLOCKS, t);
    }
    pool_get_stats(p, &s);
    snprintf(note, sizeof note, "%zu patterns, %llu tiles, %d threads%s", n, (unsigned long long)s.tiles, THREADS, is_ready && !missing ? "" : "; NOT ALL THERE");
    row("cold: first second of light", is_ready && !missing ? first : 1e9, "ms", 50, note);
    row("cold: all layers of 4 minutes", all, "ms", 1500, note);
    snprintf(note, sizeof note, "%.0f MB of it mapped sound", file);
    row("cold: memory", peak, "MB", 300, note);
    row("cold: held by layers", (double)s.bytes / 1e6, "MB", -1, "programs, lists of heads, tiles");
    double rate = (double)s.bytes / 1e6 / all, can = bandwidth();
    snprintf(note, sizeof note, "of %.1f GB/s the memory can move", can);
    row("cold: light made", rate, "GB/s", -1, note);
    frame_free(f);
    for (int i = 0; i < BLOCKS; i++)
        show_layer_unref(l[i]);
    pool_free(p);
    room_free(r);
}

/* --- frames --- */

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static size_t plane_bytes(const struct plane *p)
{
    return p->data ? (size_t)p->n * p->c * sizeof(float) * (p->t > 1 ? 2 : 1) : 0;
}

/* What a frame reads and writes: two samples of each plane, the lists of heads, the heads themselves. */
static double frame_bytes(struct show_layer *const *l, size_t n, size_t heads)
{
    size_t bytes = heads * 9 * sizeof(float);

    for (size_t i = 0; i < n; i++) {
        struct tile *t = layer_drop_tile(l[i]->layer, 0);
        for (uint32_t k = 0; t && k < t->n_outputs; k++)
            bytes += plane_bytes(&t->outputs[k].value) + plane_bytes(&t->outputs[k].hue) + plane_bytes(&t->outputs[k].alpha) + heads * 2 * sizeof(uint32_t);
        bytes += heads * 8 * sizeof(float);     /* of the frame, read and written */
        layer_put_tile(l[i]->layer, t);
    }
    return (double)bytes;
}

struct frame_cost { double p50_us, p99_us, wall_us, bytes; unsigned long long allocations; size_t missing; };

/* Twelve of the patterns that differ most in what they write, or fewer. */
static struct frame_cost frame_cost(size_t heads, size_t layers, double seconds)
{
    static const char *const names[] = { "colour_chase", "spatial_chase", "colour_drift", "beat_pulse", "circles", "sparkle",
                                         "rainbow_wash", "fan_sweep", "centre_out", "strobe_wall", "ocean", "theatre_chase" };
    enum { FRAMES = 2000 };
    static int64_t ns[FRAMES];
    struct room *r = room_new(heads, seconds + 2, false);
    struct pool *p = pool_of(4096);
    struct show_layer *l[12];
    struct render_item items[12];
    struct frame_cost c = { 0 };
    struct frame *f = frame_new(heads);

    position = 0;
    for (size_t i = 0; i < layers; i++) {
        l[i] = block(r, pattern(r, names[i]), 0, seconds, i);
        items[i] = (struct render_item){ l[i]->layer, 0, seconds, (enum blend_mode)(i % BLEND_MODES), 0 };
    }
    if (!pool_prepare(p, l, layers, 0, FRAMES / (double)FRAME_HZ < seconds ? FRAMES / (double)FRAME_HZ : seconds, 60000))
        c.missing++;
    pool_free(p);                       /* nobody works beside it */
    c.bytes = frame_bytes(l, layers, heads);
    unsigned long long before = allocations;
    for (int k = 0; k < FRAMES; k++) {
        double t = k / (double)FRAME_HZ;
        int64_t start = own_ns(), wall = clock_mono_ns();
        frame_reset(f);
        c.missing += render_score(f, items, layers, t < seconds ? t : seconds - 0.01);
        render_preposition(f, items, layers, t);
        ns[k] = own_ns() - start;
        c.wall_us += (double)(clock_mono_ns() - wall) / 1000 / FRAMES;
    }
    c.allocations = allocations - before;
    qsort(ns, FRAMES, sizeof *ns, by_value);
    c.p50_us = (double)ns[FRAMES / 2] / 1000, c.p99_us = (double)ns[FRAMES * 99 / 100] / 1000;
    for (size_t i = 0; i < layers; i++)
        show_layer_unref(l[i]);
    frame_free(f);
    room_free(r);
    return c;
}

static void frame(void)
{
    struct frame_cost c = frame_cost(1000, 12, 50);
    double can = bandwidth(), uses = c.bytes / c.p50_us / 1000;
    char note[128];

    snprintf(note, sizeof note, "of the thread's own time; %.0f us by the wall's clock on average", c.wall_us);
    row("frame: 1,000 heads, 12 layers, median", c.missing ? 1e9 : c.p50_us, "us", 500, note);
    row("frame: the same, p99", c.p99_us, "us", 1000, "");
    row("frame: allocations in 2,000 frames", (double)c.allocations, "", 0, "");
    snprintf(note, sizeof note, "%.0f KB a frame at %.2f GB/s, of %.1f GB/s the memory can move", c.bytes / 1000, uses, can);
    row("frame: bytes moved over bandwidth", 100 * uses / can, "%", -1, note);
}

/* --- long --- */

static void sleep_ms(long ms)
{
    nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 }, NULL);
}

struct long_cost { double first_ms, seek_ms, worst_seek_ms, peak_mb; size_t missing; };

static struct long_cost play_long(size_t heads, double seconds, size_t cache_mb)
{
    struct room *r = room_new(heads, seconds, false);
    struct pool *p = pool_of(cache_mb);
    struct show_layer *l = block(r, pattern(r, "colour_chase"), 0, seconds, 5);
    struct render_item item = { l->layer, 0, seconds, BLEND_REPLACE, 0 };
    struct frame *f = frame_new(heads);
    struct long_cost c = { 0 };
    enum { SEEKS = 24 };
    uint64_t x = 7;

    position = 0;
    double t0 = now_ms();
    pool_prepare(p, &l, 1, 0, 1, 60000);
    c.first_ms = now_ms() - t0;
    pool_set_layers(p, &l, 1);
    for (double t = 0; t < seconds; t += 2) {                   /* faster than it is heard */
        pool_prepare_at(p, t, 10000);
        position = t;
        frame_reset(f);
        c.missing += render_score(f, &item, 1, t);
        atomic_fetch_add(&frames, 4);
    }
    for (int i = 0; i < SEEKS; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        double to = (double)(x >> 40) / (double)(1 << 24) * (seconds - 1);
        t0 = now_ms();
        pool_prepare_at(p, to, 10000);
        double took = now_ms() - t0;
        position = to;
        frame_reset(f);
        c.missing += render_score(f, &item, 1, to);
        atomic_fetch_add(&frames, 4);
        c.seek_ms += took / SEEKS;
        c.worst_seek_ms = took > c.worst_seek_ms ? took : c.worst_seek_ms;
        sleep_ms(60);
    }
    c.peak_mb = memory_mb("VmHWM");
    pool_free(p);
    show_layer_unref(l);
    frame_free(f);
    room_free(r);
    return c;
}

static void longest(void)
{
    struct long_cost c = play_long(2000, 600, CACHE_MB);
    char note[128];

    snprintf(note, sizeof note, "played through and 24 jumps%s", c.missing ? "; LIGHT WAS MISSING" : "");
    row("long: memory, 2,000 heads, 10 minutes", c.missing ? 1e9 : c.peak_mb, "MB", 300, note);
    row("long: first second of light", c.first_ms, "ms", -1, "");
    snprintf(note, sizeof note, "worst %.0f ms", c.worst_seek_ms);
    row("long: a jump, on average", c.seek_ms, "ms", -1, note);
}

/* --- how it grows --- */

/* The cheapest of several runs: the machine has other things to do. */
static double best_frame(size_t heads, size_t layers)
{
    double best = 1e9;

    for (int i = 0; i < 3; i++) {
        double us = frame_cost(heads, layers, 12).p50_us;
        best = us < best ? us : best;
    }
    return best;
}

static double best_tile(size_t heads, double seconds)
{
    double best = 1e9;

    for (int i = 0; i < 3; i++) {
        struct room *r = room_new(heads, seconds, false);
        struct graph_env env = { .patch = &r->patch, .end = seconds, .seed = 5 };
        struct graph_workspace *w = graph_workspace_new();
        struct graph_program *g = NULL;
        track_data_env(&r->track, &env);
        if (graph_compile(shared_get(pattern(r, "colour_chase")), &env, &g, NULL))
            abort();
        for (uint32_t k = 0; k < 6; k++) {      /* in the middle of it */
            struct tile *t = NULL;
            int64_t start = own_ns();
            if (graph_run_tile(g, w, graph_program_tiles(g) / 2 + k, &t, NULL))
                abort();
            double us = (double)(own_ns() - start) / 1000;
            best = us < best ? us : best;
            tile_free(t);
        }
        graph_program_free(g);
        graph_workspace_free(w);
        room_free(r);
    }
    return best;
}

/* Four times as much may cost four times as much, and what the caches no longer hold; `limit` is over the first of the three. */
static void grows(const char *name, const char *unit, const double at[3], const double cost[3], double limit)
{
    char note[128];

    snprintf(note, sizeof note, "%.4g: %.4g %s, %.4g: %.4g %s, %.4g: %.4g %s", at[0], cost[0], unit, at[1], cost[1], unit, at[2], cost[2], unit);
    row(name, cost[2] / cost[0], "x", limit, note);
}

static void growth(void)
{
    static const double heads[] = { 500, 1000, 2000 }, layers[] = { 3, 6, 12 }, minutes[] = { 2.5, 5, 10 };
    double cost[3];

    for (int i = 0; i < 3; i++)
        cost[i] = best_frame((size_t)heads[i], 6);
    grows("grows: a frame, 4 times the heads", "us", heads, cost, 5);
    for (int i = 0; i < 3; i++)
        cost[i] = best_frame(1000, (size_t)layers[i]);
    grows("grows: a frame, 4 times the layers", "us", layers, cost, 6);
    for (int i = 0; i < 3; i++)
        cost[i] = best_tile((size_t)heads[i], 60);
    grows("grows: a tile, 4 times the heads", "us", heads, cost, 6);
    for (int i = 0; i < 3; i++)
        cost[i] = best_tile(500, minutes[i] * 60);
    grows("grows: a tile, 4 times the track", "us", minutes, cost, 1.3);
}

static void length(void)
{
    static const double minutes[] = { 2.5, 5, 10 };
    double cost[3];

    for (int i = 0; i < 3; i++) {
        int pipe_fd[2];
        if (pipe(pipe_fd))
            abort();
        pid_t child = fork();
        if (!child) {
            double mb = play_long(1000, minutes[i] * 60, 128).peak_mb;
            _exit(write(pipe_fd[1], &mb, sizeof mb) != sizeof mb);
        }
        if (child < 0 || read(pipe_fd[0], &cost[i], sizeof cost[i]) != sizeof cost[i])
            abort();
        waitpid(child, NULL, 0);
        close(pipe_fd[0]), close(pipe_fd[1]);
    }
    grows("grows: memory, 4 times the track", "MB", minutes, cost, 1.3);
}

static const struct { const char *name; void (*run)(void); } parts[] = {
    { "cold", cold }, { "frame", frame }, { "long", longest }, { "growth", growth }, { "length", length },
};

/* Without arguments all parts; else those named. */
int main(int argc, char **argv)
{
    int bad = 0;

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        bool is_wanted = argc < 2;
        for (int k = 1; k < argc; k++)
            is_wanted |= !strcmp(argv[k], parts[i].name);
        if (!is_wanted)
            continue;
        int status = 0;
        fflush(stdout);
        pid_t child = fork();
        if (!child) {
            parts[i].run();
            exit(over);
        }
        if (child < 0 || waitpid(child, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status))
            bad = 1;
    }
    return bad;
}
