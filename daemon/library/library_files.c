/* Definitions as files: read as they are for taking along, added to the user's own folder. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/path.h"
#include "library/library_private.h"

enum { ADD_PATH = 200 };                /* bytes of a path that comes from elsewhere; no part of it may be too long for a file name */

static size_t last_folder(const struct library *l)
{
    size_t n = 0;

    while (l->folders[n + 1])
        n++;
    return n;
}

/* From the folder that wins; *folder: its number. */
static enum lm_err read_text(const struct library *l, const char *path, char **text, size_t *n, size_t *folder)
{
    char full[PATH_SIZE];
    enum lm_err err = LM_NOT_FOUND;

    for (size_t i = last_folder(l) + 1; i-- > 0 && err == LM_NOT_FOUND;)
        if (!(err = path_join(full, l->folders[i], path)) && !(err = path_read(full, LIBRARY_FILE_MAX, text, n)))
            *folder = i;
    return err;
}

enum lm_err library_own_text(struct library *l, const char *path, char **text, size_t *n)
{
    size_t folder = 0;
    enum lm_err err = library_path_is_safe(path) ? read_text(l, path, text, n, &folder) : LM_NOT_FOUND;

    if (!err && folder != last_folder(l)) {
        free(*text);
        err = LM_NOT_FOUND;
    }
    return err;
}

/* "Maker/Par.qxf" and what is in the file -> "Maker/Par-1c2d3e4f.qxf" */
static void name_by_content(const char *path, const char *text, size_t n, char out[LIBRARY_PATH])
{
    uint32_t h = 2166136261u;

    for (size_t i = 0; i < n; i++)
        h = (h ^ (uint8_t)text[i]) * 16777619u;
    snprintf(out, LIBRARY_PATH, "%.*s-%08x.qxf", (int)strlen(path) - 4, path, h);
}

/* LM_OK: there is just this file; LM_CONFLICT: there is another of that name. */
static enum lm_err compare(const struct library *l, const char *path, const char *text, size_t n)
{
    char *there = NULL;
    size_t size = 0, folder;
    enum lm_err err = read_text(l, path, &there, &size, &folder);

    if (!err && (size != n || memcmp(there, text, n)))
        err = LM_CONFLICT;
    free(there);
    return err;
}

static enum lm_err write_text(const struct library *l, const char *path, const char *text, size_t n)
{
    char full[PATH_SIZE], dir[PATH_SIZE];
    enum lm_err err = path_join(full, l->folders[last_folder(l)], path);

    if (err)
        return err;
    snprintf(dir, sizeof(dir), "%.*s", (int)(strrchr(full, '/') - full), full);
    return (err = path_make_dirs(dir, 0755)) ? err : path_write(full, text, n, 0644);
}

/* Nobody can see what such a name is. */
static bool has_control(const char *path)
{
    for (; *path; path++)
        if ((unsigned char)*path < 0x20 || *path == 0x7f)
            return true;
    return false;
}

enum lm_err library_add(struct library *l, const char *path, const char *text, size_t n, char used[LIBRARY_PATH], bool *is_new, struct problem *p)
{
    const struct definition *d = NULL;
    enum lm_err err;

    *is_new = false;
    if (strlen(path) > ADD_PATH || !library_path_is_safe(path) || has_control(path))
        return problem_set(p, LM_INVALID, "\"%.100s\" is no path of a fixture definition", path);
    if (n > LIBRARY_FILE_MAX)
        return problem_set(p, LM_INVALID, "\"%.200s\" is larger than 4 MiB", path);
    if ((err = definition_parse(text, n, &d, p)))
        return err;
    definition_unref(d);
    snprintf(used, LIBRARY_PATH, "%s", path);
    if ((err = compare(l, used, text, n)) == LM_CONFLICT) {
        name_by_content(path, text, n, used);
        err = compare(l, used, text, n);
    }
    if (err == LM_NOT_FOUND && !(err = write_text(l, used, text, n)))
        *is_new = true;
    return err ? problem_set(p, err, "\"%.200s\" cannot be put into the fixture library: %s", path, lm_err_text(err)) : LM_OK;
}

void library_take_back(struct library *l, const char *path)
{
    char full[PATH_SIZE];

    if (library_path_is_safe(path) && !path_join(full, l->folders[last_folder(l)], path))
        unlink(full);
}
