#pragma once
/* What imports.c (who may be read), import_walk.c (folders), import_list.c (libraries) and import_run.c (one item) share. */
#include "analysis/imports.h"

struct imports {
    struct db *db;
    char data_dir[PATH_SIZE], temp_dir[PATH_SIZE];
    char *folders[IMPORT_CONFIG_MAX];   /* as configured */
    size_t n;
};

/* The real path of what `path` leads to. LM_FORBIDDEN outside of the folders, LM_NOT_FOUND, ...: p says it. */
enum lm_err imports_allow(const struct imports *im, const char *path, char real[PATH_SIZE], struct problem *p);
/* Is this real path in one of the folders? */
bool imports_is_inside(const struct imports *im, const char *real);

bool import_is_audio_name(const char *name);    /* by its suffix; also those that lumad does not decode, so that they are named as failed */
/* Sorted paths of the audio files of a folder, each as an item without "params". */
enum lm_err import_walk(const struct imports *im, const char *dir, bool is_recursive, bool (*is_stopping)(void *ctx), void *ctx, json_t *items, struct problem *p);

/* Applies beats and cues of an item's params to a track; one transaction. */
enum lm_err import_apply(struct db *db, const char *track_id, const json_t *params, struct problem *p);
