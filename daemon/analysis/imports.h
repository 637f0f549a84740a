#pragma once
/*
 * Many files at once: a folder, a playlist or a DJ program's library of this machine becomes items of a batch (analysis/batch.h), and each item a track: its file is copied in,
 * and what the other program knew of it (beat grid, cues) is written beside what is heard.
 *
 * Only what lies in the folders of the configuration ([library] import_folders) is read, symbolic links resolved: elsewhere LM_FORBIDDEN, with words that name the key.
 *
 * A track of a library need not be where the library says: it is also looked for beside the library and in the three folders above it (a stick that is mounted elsewhere), and what
 * is not found is matched with the tracks of lumad by file name and length. What is neither found nor known becomes an item that fails and says so.
 *
 * THREADS  Any non-real-time thread. Reading a folder that the network has lost waits in the kernel until it gives up, and holds up that thread alone.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "analysis/batch.h"
#include "analysis/dj.h"
#include "core/err.h"
#include "core/path.h"
#include "db/db.h"

enum { IMPORT_FILES_MAX = 100000, IMPORT_FOLDERS_DEEP = 32, IMPORT_CONFIG_MAX = 64 };

struct imports;

struct imports_options {
    struct db *db;
    const char *data_dir;
    const char *folders;                /* ':' between them; those that are not there are looked for again each time */
};

enum lm_err imports_new(const struct imports_options *o, struct imports **result);
void imports_free(struct imports *im);  /* NULL is fine */

/* What is to be done, as POST /imports says it. */
struct import_wish {
    bool is_recursive;                  /* folders below the folder */
    bool only_known;                    /* copy no file: beats and cues of tracks that are here already */
    bool replace;                       /* also beats that an operator corrected */
    bool no_beats, no_cues;             /* leave what the other program knew of them */
    double offset_ms;                   /* added to all its times: DJ programs do not agree where an MP3 begins */
    const char *playlist;               /* of a library: only this one; NULL or "": all of it */
};

/* The items for batch_new(), and what the batch is called. `path`: absolute. `is_stopping` may be NULL. LM_NOT_FOUND: nothing there, or nothing in it to import. */
enum lm_err imports_list(struct imports *im, const char *path, const struct import_wish *w, bool (*is_stopping)(void *ctx), void *ctx, json_t **items,
                         char name[DJ_TEXT_MAX], struct problem *p);
/* The same of a library or playlist that was uploaded to `path` (anywhere) as `filename`: its paths are of this machine, relative ones are only matched. */
enum lm_err imports_list_upload(struct imports *im, const char *path, const char *filename, const struct import_wish *w, json_t **items, char name[DJ_TEXT_MAX],
                                struct problem *p);
/* One item: `ctx` is the struct imports. */
batch_import_fn imports_run;

/* {"path","parent","folders":[{"name","path"}],"files","libraries":[{"name","path","program"}]}: what a picker shows of a folder; "" lists the folders that may be read.
 * files: audio files in it, without those of the folders below. Hidden ones are left out. */
enum lm_err imports_browse(struct imports *im, const char *path, json_t **page, struct problem *p);
/* {"program","path","tracks","with_beats","with_cues","playlists":[{"name","tracks"}]}: what a library holds, before it is imported. */
enum lm_err imports_look(struct imports *im, const char *path, json_t **library, struct problem *p);
