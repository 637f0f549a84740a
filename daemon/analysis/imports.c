#include "analysis/imports.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/imports_private.h"
#include "audio/container.h"
#include "core/json.h"
#include "core/log.h"
#include "core/str.h"

enum { SHOWN_MAX = 5000 };

/* What a crash left of uploads and copies of databases: "import-..." files and folders. */
static void clean(const char *temp_dir)
{
    char path[PATH_SIZE], file[PATH_SIZE];
    DIR *d = opendir(temp_dir), *inner;

    for (struct dirent *e; d && (e = readdir(d));) {
        if (!str_starts(e->d_name, IMPORT_TEMP_PREFIX) || path_join(path, temp_dir, e->d_name))
            continue;
        inner = opendir(path);
        for (struct dirent *f; inner && (f = readdir(inner));)
            if (!path_join(file, path, f->d_name))
                unlink(file);
        if (inner)
            closedir(inner);
        if (inner ? rmdir(path) : unlink(path))
            log_warn("import", "%s cannot be removed: %s", path, strerror(errno));
    }
    if (d)
        closedir(d);
}

enum lm_err imports_new(const struct imports_options *o, struct imports **result)
{
    struct imports *im = calloc(1, sizeof(*im));
    char *list = strdup(o->folders), *save = NULL;
    enum lm_err err = im && list ? LM_OK : LM_NOMEM;

    if (!err)
        err = str_copy(im->data_dir, sizeof(im->data_dir), o->data_dir) ? path_join(im->temp_dir, o->data_dir, "cache") : LM_INVALID;
    for (char *dir = err ? NULL : strtok_r(list, ":", &save); dir && im->n < IMPORT_CONFIG_MAX && !err; dir = strtok_r(NULL, ":", &save))
        if (*dir == '/' && !(im->folders[im->n++] = strdup(dir)))
            err = LM_NOMEM;
    if (im) {
        im->db = o->db;
        clean(im->temp_dir);
    }
    free(list);
    if (err) {
        imports_free(im);
        return err;
    }
    *result = im;
    return LM_OK;
}

void imports_free(struct imports *im)
{
    if (!im)
        return;
    for (size_t i = 0; i < im->n; i++)
        free(im->folders[i]);
    free(im);
}

/* --- what may be read --- */

static bool is_below(const char *path, const char *dir)
{
    size_t n = strlen(dir);

    if (n && dir[n - 1] == '/')
        n--;
    return !strncmp(path, dir, n) && (path[n] == '/' || !path[n]);
}

bool imports_is_inside(const struct imports *im, const char *real)
{
    char dir[PATH_SIZE];

    /* What lumad keeps itself is not to be imported, wherever it lies. */
    if (realpath(im->data_dir, dir) && is_below(real, dir))
        return false;
    for (size_t i = 0; i < im->n; i++)
        if (realpath(im->folders[i], dir) && is_below(real, dir))
            return true;
    return false;
}

/* The names of files outside are nobody's business: what is not there and what is not allowed look the same. */
enum lm_err imports_allow(const struct imports *im, const char *path, char real[PATH_SIZE], struct problem *p)
{
    static const char outside[] = "%.300s is outside of the folders that may be imported from. They are set by import_folders in the section [library] of lumad.conf.";
    int e = 0;

    if (*path != '/' || strlen(path) >= PATH_SIZE)
        return problem_set(p, LM_INVALID, "The path must be absolute, such as /media/stick/Music.");
    if (!realpath(path, real)) {
        bool is_ours = false;
        e = errno;
        for (size_t i = 0; i < im->n && !is_ours; i++)
            is_ours = is_below(path, im->folders[i]) && !strstr(path, "/../");
        if (!is_ours)
            return problem_set(p, LM_FORBIDDEN, outside, path);
        if (e == ENOENT || e == ENOTDIR)
            return problem_set(p, LM_NOT_FOUND, "There is no %.300s here.", path);
        return problem_set(p, lm_err_from_errno(e), "%.300s cannot be read: %s.", path, strerror(e));
    }
    return imports_is_inside(im, real) ? LM_OK : problem_set(p, LM_FORBIDDEN, outside, path);
}

bool import_is_audio_name(const char *name)
{
    static const char *const others[] = { "ape", "mp2", "mka", "mpc", "tta", "webm", "dsf", "dff", "ac3", "dts", "ra" };
    const char *dot = strrchr(name, '.');
    bool is = container_is_name(name);

    for (size_t i = 0; !is && dot && dot > name && i < sizeof(others) / sizeof(others[0]); i++)
        is = !strcasecmp(dot + 1, others[i]);
    return is;
}

/* --- for a picker --- */

static int compare_names(const struct dirent **a, const struct dirent **b)
{
    int d = strcasecmp((*a)->d_name, (*b)->d_name);

    return d ? d : strcmp((*a)->d_name, (*b)->d_name);
}

static int is_shown(const struct dirent *e)
{
    return *e->d_name != '.' && *e->d_name != '$' && utf8_valid(e->d_name, strlen(e->d_name));
}

static void add_place(json_t *list, const char *name, const char *path)
{
    if (json_array_size(list) < SHOWN_MAX)
        json_array_append_new(list, json_pack("{s:s,s:s}", "name", name, "path", path));
}

static void add_library(json_t *list, const char *name, const char *path)
{
    if (json_array_size(list) < SHOWN_MAX)
        json_array_append_new(list, json_pack("{s:s,s:s,s:s}", "name", name, "path", path, "program", dj_program_of_name(name)));
}

/* Where DJ programs keep theirs, below a home or the root of a stick. */
static void add_known_places(json_t *libraries, const char *dir)
{
    static const char *const places[] = { ".mixxx/mixxxdb.sqlite", "Engine Library/Database2/m.db", "Music/Engine Library/Database2/m.db" };
    char path[PATH_SIZE];

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        if (!path_join(path, dir, places[i]) && path_exists(path))
            add_library(libraries, places[i], path);
}

static json_t *new_page(const char *path, const char *parent)
{
    return json_pack("{s:s,s:o,s:[],s:i,s:[]}", "path", path, "parent", parent ? json_string(parent) : json_null(), "folders", "files", 0, "libraries");
}

static enum lm_err browse_roots(const struct imports *im, json_t **page)
{
    char real[PATH_SIZE];

    if (!(*page = new_page("", NULL)))
        return LM_NOMEM;
    for (size_t i = 0; i < im->n; i++)
        if (realpath(im->folders[i], real) && utf8_valid(real, strlen(real))) {
            add_place(json_object_get(*page, "folders"), real, real);
            add_known_places(json_object_get(*page, "libraries"), real);
        }
    return LM_OK;
}

enum lm_err imports_browse(struct imports *im, const char *path, json_t **page, struct problem *p)
{
    char real[PATH_SIZE], parent[PATH_SIZE], at[PATH_SIZE];
    struct dirent **found = NULL;
    struct stat st;
    int files = 0;

    *page = NULL;
    if (!*path)
        return browse_roots(im, page);
    enum lm_err err = imports_allow(im, path, real, p);
    if (err)
        return err;
    if (!utf8_valid(real, strlen(real)) || stat(real, &st) || !S_ISDIR(st.st_mode))
        return problem_set(p, LM_INVALID, "%.300s is no folder.", path);
    int n = scandir(real, &found, is_shown, compare_names);
    if (n < 0)
        return problem_set(p, lm_err_from_errno(errno), "%.300s cannot be read: %s.", path, strerror(errno));
    str_copy(parent, sizeof(parent), real);
    *(strrchr(parent, '/') == parent ? parent + 1 : strrchr(parent, '/')) = '\0';
    *page = new_page(real, imports_is_inside(im, parent) ? parent : "");
    for (int i = 0; i < n; i++) {
        const char *name = found[i]->d_name;
        if (*page && !path_join(at, real, name)) {
            bool is_dir = found[i]->d_type == DT_DIR;
            if (found[i]->d_type == DT_LNK || found[i]->d_type == DT_UNKNOWN)
                is_dir = !stat(at, &st) && S_ISDIR(st.st_mode);
            if (is_dir)
                add_place(json_object_get(*page, "folders"), name, at);
            else if (dj_program_of_name(name))
                add_library(json_object_get(*page, "libraries"), name, at);
            else
                files += import_is_audio_name(name);
        }
        free(found[i]);
    }
    free(found);
    if (!*page)
        return problem_set(p, LM_NOMEM, "No memory for a list of files");
    json_object_set_new(*page, "files", json_integer(files));
    add_known_places(json_object_get(*page, "libraries"), real);
    return LM_OK;
}
