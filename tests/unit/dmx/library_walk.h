#pragma once
/* Every mode of every definition of the distribution's library, one after the other, each patched alone. */
#include <ftw.h>
#include <string.h>

#include "core/path.h"
#include "rig.h"

static const char library_folder[] = "/usr/share/qlcplus/fixtures";
static void (*library_each)(struct rig *g);
static size_t library_unread;           /* files that could not be read or parsed */

static inline int library_file(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    const struct definition *d = NULL;
    char *text = NULL;
    size_t n;

    (void)st, (void)ftw;
    if (kind != FTW_F || strlen(path) < 4 || strcmp(path + strlen(path) - 4, ".qxf"))
        return 0;
    if (path_read(path, 4 << 20, &text, &n) || definition_parse(text, n, &d, NULL))
        library_unread++;
    free(text);
    for (size_t i = 0; d && i < d->n_modes; i++) {
        struct patch_fixture_row r = rig_row(d, d->modes[i].name, 1, 1);
        struct rig g;
        if (!rig_open(&g, &r, 1))
            return 1;
        library_each(&g);
        rig_close(&g);
    }
    definition_unref(d);
    return 0;
}

/* 0: all of it was read. The caller has looked whether the folder is there. */
static inline int library_walk(void (*each)(struct rig *g))
{
    library_each = each;
    return nftw(library_folder, library_file, 16, FTW_PHYS) || library_unread;
}
