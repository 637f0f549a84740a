/* Pictures of patterns: what comes with lumad can be told apart, whatever groups it speaks of. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/path.h"
#include "dsp/hash.h"
#include "show/picture.h"
#include "../../tap.h"

enum { HEADER = 54, BYTES = HEADER + PICTURE_WIDTH * 3 * PICTURE_HEIGHT };

struct look { uint64_t hash; int brightest, size; };

static struct look look_at(const struct picture_stage *stage, const json_t *graph)
{
    void *bmp = NULL;
    size_t n = 0;
    struct look l = { 0 };

    if (picture_make(stage, graph, NULL, NULL, &bmp, &n))
        return l;
    const unsigned char *b = bmp;
    l.hash = hash_bytes(HASH_START, b, n);
    l.size = (int)n;
    for (size_t i = HEADER; i < n; i++)
        l.brightest = b[i] > l.brightest ? b[i] : l.brightest;
    free(bmp);
    return l;
}

static json_t *graph_of(const char *dir, const char *file)
{
    char path[PATH_SIZE];
    json_t *pattern = path_join(path, dir, file) ? NULL : json_load_file(path, 0, NULL), *graph = json_incref(json_object_get(pattern, "graph"));

    json_decref(pattern);
    return graph;
}

TEST(every_shipped_pattern_is_seen_and_like_no_other)
{
    struct picture_stage *stage = picture_stage_new();
    uint64_t seen[256];
    size_t n = 0;
    char dir[PATH_SIZE];
    DIR *d;

    CHECK(stage && !path_share("config/demo/patterns", dir, NULL));
    CHECK((d = opendir(dir)) != NULL);
    for (struct dirent *e; d && (e = readdir(d));) {
        if (e->d_name[0] == '.')
            continue;
        json_t *graph = graph_of(dir, e->d_name);
        struct look l = look_at(stage, graph);
        if (l.brightest < 100 || l.size != BYTES)
            printf("# %s: brightest %d, %d bytes\n", e->d_name, l.brightest, l.size);
        CHECK_INT(l.size, BYTES);
        CHECK(l.brightest >= 100);
        for (size_t i = 0; i < n; i++)
            CHECK(seen[i] != l.hash);
        seen[n++] = l.hash;
        CHECK(look_at(stage, graph).hash == l.hash);
        json_decref(graph);
    }
    if (d)
        closedir(d);
    CHECK(n >= 24);
    picture_stage_free(stage);
}

static bool third_time(void *ctx)
{
    return ++*(int *)ctx >= 3;
}

TEST(drawing_can_be_stopped)
{
    struct picture_stage *stage = picture_stage_new();
    char dir[PATH_SIZE];
    void *bmp = NULL;
    size_t n = 0;
    int asked = 0;

    CHECK(!path_share("config/demo/patterns", dir, NULL));
    json_t *graph = graph_of(dir, "rainbow_wash.json");
    CHECK_INT(picture_make(stage, graph, third_time, &asked, &bmp, &n), LM_TIMEOUT);
    CHECK_INT(asked, 3);
    CHECK(!bmp);
    json_decref(graph);
    picture_stage_free(stage);
}

TEST(what_cannot_be_drawn_is_dark)
{
    struct picture_stage *stage = picture_stage_new();
    static const char *const texts[] = { "{\"nodes\":[],\"edges\":[],\"args\":[]}", "{}", "[]",
                                         "{\"nodes\":[{\"id\":\"a\",\"type\":\"nonsense\"}],\"edges\":[],\"args\":[]}" };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        json_t *graph = json_loads(texts[i], 0, NULL);
        struct look l = look_at(stage, graph);
        CHECK_INT(l.size, BYTES);
        CHECK_INT(l.brightest, 0);
        json_decref(graph);
    }
    picture_stage_free(stage);
}

