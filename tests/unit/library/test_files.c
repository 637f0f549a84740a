/* Definitions taken along and brought in: what is there is never written over, and nothing leaves the folder. */
#include "library/library.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/path.h"

#include "../../tap.h"

static char root[64], shipped[96], own[96];

static size_t definition(char *out, size_t size, const char *model)
{
    return (size_t)snprintf(out, size, "<FixtureDefinition><Manufacturer>Acme</Manufacturer><Model>%s</Model><Type>Color Changer</Type>"
                                       "<Channel Name=\"R\" Preset=\"IntensityRed\"/><Mode Name=\"m\"><Channel Number=\"0\">R</Channel></Mode></FixtureDefinition>", model);
}

static void put(const char *folder, const char *path, const char *model)
{
    char file[PATH_SIZE], dir[PATH_SIZE], xml[1024];

    path_join(file, folder, path);
    snprintf(dir, sizeof(dir), "%s", file);
    *strrchr(dir, '/') = 0;
    path_make_dirs(dir, 0755);
    path_write(file, xml, definition(xml, sizeof(xml), model), 0644);
}

static bool has(const char *folder, const char *path)
{
    char file[PATH_SIZE];

    return !path_join(file, folder, path) && path_exists(file);
}

static struct library *open_library(void)
{
    const char *folders[] = { shipped, own, NULL };
    struct library *l = NULL;

    snprintf(root, sizeof(root), "/tmp/lumad-files-XXXXXX");
    if (!mkdtemp(root))
        return NULL;
    snprintf(shipped, sizeof(shipped), "%s/shipped", root);
    snprintf(own, sizeof(own), "%s/own", root);
    put(shipped, "Acme/Par.qxf", "Par");
    put(own, "Acme/Mine.qxf", "Mine");
    return library_new(folders, NULL, &l) ? NULL : l;
}

static void close_library(struct library *l)
{
    library_free(l);
    path_remove(root);
}

TEST(what_is_in_the_own_folder_goes_along_and_nothing_else)
{
    struct library *l = open_library();
    char *text = NULL, want[1024];
    size_t n = 0, size = definition(want, sizeof(want), "Mine");

    CHECK(l);
    CHECK_INT(library_own_text(l, "Acme/Mine.qxf", &text, &n), LM_OK);
    CHECK(n == size && !memcmp(text, want, n));
    free(text);
    CHECK_INT(library_own_text(l, "Acme/Par.qxf", &text, &n), LM_NOT_FOUND);
    CHECK_INT(library_own_text(l, "builtin:generic-dimmer", &text, &n), LM_NOT_FOUND);
    CHECK_INT(library_own_text(l, "../own/Acme/Mine.qxf", &text, &n), LM_NOT_FOUND);
    close_library(l);
}

TEST(one_that_comes_is_used_at_once_and_writes_over_nothing)
{
    struct library *l = open_library();
    char xml[1024], used[LIBRARY_PATH], again[LIBRARY_PATH];
    const struct definition *d = NULL;
    bool is_new;
    size_t n = definition(xml, sizeof(xml), "New");

    CHECK(l);
    CHECK_INT(library_add(l, "New/New.qxf", xml, n, used, &is_new, NULL), LM_OK);
    CHECK(is_new && has(own, "New/New.qxf"));
    CHECK_STR(used, "New/New.qxf");
    CHECK_INT(library_add(l, "New/New.qxf", xml, n, used, &is_new, NULL), LM_OK);
    CHECK(!is_new);
    CHECK_STR(used, "New/New.qxf");

    CHECK_INT(library_add(l, "Acme/Par.qxf", xml, n, used, &is_new, NULL), LM_OK);      /* there is another of that name */
    CHECK(is_new && strcmp(used, "Acme/Par.qxf") && has(own, used) && !has(own, "Acme/Par.qxf"));
    CHECK_INT(library_add(l, "Acme/Par.qxf", xml, n, again, &is_new, NULL), LM_OK);
    CHECK(!is_new);
    CHECK_STR(again, used);
    CHECK_INT(library_definition(l, used, &d, NULL), LM_OK);
    CHECK_STR(d->model, "New");
    definition_unref(d);

    library_take_back(l, used);
    CHECK(!has(own, used));
    library_take_back(l, "../shipped/Acme/Par.qxf");
    CHECK(has(shipped, "Acme/Par.qxf"));
    close_library(l);
}

TEST(what_is_no_definition_or_no_path_of_one_is_refused)
{
    static const char *const paths[] = { "../x.qxf", "/tmp/x.qxf", "a/../../x.qxf", "a/.hidden/x.qxf", "a//x.qxf", "a\\x.qxf", "x.xml", ".qxf", "" };
    struct library *l = open_library();
    char xml[1024], used[LIBRARY_PATH], longest[400];
    size_t n = definition(xml, sizeof(xml), "New");
    bool is_new;
    struct problem p;

    CHECK(l);
    problem_clear(&p);
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        CHECK_INT(library_add(l, paths[i], xml, n, used, &is_new, &p), LM_INVALID);
        CHECK(!is_new);
    }
    memset(longest, 'x', sizeof(longest));
    memcpy(longest + sizeof(longest) - 5, ".qxf", 5);
    CHECK_INT(library_add(l, longest, xml, n, used, &is_new, &p), LM_INVALID);
    CHECK_INT(library_add(l, "New/Bad.qxf", "<nope", 5, used, &is_new, &p), LM_INVALID);
    CHECK(!has(own, "New/Bad.qxf"));
    close_library(l);
}
