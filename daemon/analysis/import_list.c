/*
 * What is to be imported, as items of a batch. An item's params, all of them left out where they say nothing:
 *   {"program","title","artist","album","duration","grid","cues",
 *    "trouble","only_known","replace","offset_ms","refuse"}
 * grid: a line for each segment, "start bpm beats_per_bar beat"; cues: a line for each, "start end color name", end and color -1 where there is none (the members of dj.h).
 * So an item stands alone: a batch goes on after a restart when the library it came from is gone.
 */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/imports_private.h"
#include "core/json.h"
#include "core/str.h"

enum { ROOTS_UP = 3, MISSES_MAX = 300 };

/* Where the files of a library are looked for when they are not where it says. */
struct finder {
    const struct imports *im;
    const char *base;                   /* of relative paths; "" none */
    char roots[ROOTS_UP + 1][PATH_SIZE];
    int n_roots;
    bool is_playlist;
    int root; size_t cut;               /* the pair that found the last one: so many bytes off the path, below that root */
    int misses;                         /* in a row; a stick that is not here is not asked for each of 50,000 files */
};

static void finder_init(struct finder *f, const struct imports *im, const char *library, const char *base)
{
    char at[PATH_SIZE];

    *f = (struct finder){ .im = im, .base = base, .root = -1 };
    str_copy(at, sizeof(at), library);
    for (char *slash; f->n_roots <= ROOTS_UP && (slash = strrchr(at, '/')) && slash > at;) {
        *slash = '\0';
        if (!imports_is_inside(im, at))
            break;
        str_copy(f->roots[f->n_roots++], PATH_SIZE, at);
    }
}

static bool is_file(const char *path)
{
    struct stat st;

    return !stat(path, &st) && S_ISREG(st.st_mode);
}

static bool try(struct finder *f, const char *path, int root, size_t cut, char out[PATH_SIZE])
{
    if (path_join(out, f->roots[root], path + cut) || !is_file(out))
        return false;
    f->root = root, f->cut = cut;
    return true;
}

/* "/Volumes/STICK/Music/a.mp3" of a library in /media/stick/x.xml is /media/stick/Music/a.mp3. The longest part that fits counts; a name alone does in the folder of a playlist. */
static bool find_elsewhere(struct finder *f, const char *path, char out[PATH_SIZE])
{
    if (f->root >= 0 && f->cut < strlen(path) && path[f->cut - 1] == '/' && try(f, path, f->root, f->cut, out))
        return true;
    if (f->misses > MISSES_MAX)
        return false;
    for (const char *slash = strchr(path, '/'); slash && slash[1]; slash = strchr(slash + 1, '/'))
        for (int i = 0; i < f->n_roots; i++)
            if ((strchr(slash + 1, '/') || (f->is_playlist && !i)) && try(f, path, i, (size_t)(slash + 1 - path), out))
                return true;
    return false;
}

/* The place of a track here; what is not found keeps the path that the library has. */
static void find(struct finder *f, const char *path, char out[PATH_SIZE])
{
    bool is_relative = *path != '/' && !(path[0] && path[1] == ':') && !dj_is_stream(path);

    if (dj_is_stream(path)) {
        str_copy(out, PATH_SIZE, path);
        return;
    }
    if (is_relative && *f->base ? !path_join(out, f->base, path) && is_file(out) : *path == '/' && str_copy(out, PATH_SIZE, path) && is_file(out)) {
        f->misses = 0;
        return;
    }
    if (f->n_roots && find_elsewhere(f, path, out)) {
        f->misses = 0;
        return;
    }
    f->misses++;
    if (!is_relative || !*f->base || path_join(out, f->base, path))
        str_copy(out, PATH_SIZE, path);
}

/* --- params --- */

/* As text and not as lists: of 50,000 tracks these are most of what there is, and a JSON number takes 24 bytes and more. */
static json_t *grid_of(const struct dj_track *t)
{
    struct str text = { 0 };

    for (size_t i = 0; i < t->n_segments; i++) {
        const struct dj_segment *s = &t->segments[i];
        str_addf(&text, "%.6f %.9g %d %d\n", s->start, s->bpm, s->beats_per_bar, s->beat);
    }
    json_t *grid = text.failed ? NULL : json_stringn(text.data, text.len);
    str_clear(&text);
    return grid;
}

static json_t *cues_of(const struct dj_track *t)
{
    struct str text = { 0 };

    for (size_t i = 0; i < t->n_cues; i++) {
        const struct dj_cue *c = &t->cues[i];
        str_addf(&text, "%.6f %.6f %d %s\n", c->start, c->end > c->start ? c->end : -1, c->color, c->name);
    }
    json_t *cues = text.failed ? NULL : json_stringn(text.data, text.len);
    str_clear(&text);
    return cues;
}

static json_t *wish_params(const struct import_wish *w)
{
    json_t *params = json_object();

    if (w->only_known)
        json_object_set_new(params, "only_known", json_true());
    if (w->replace)
        json_object_set_new(params, "replace", json_true());
    if (w->offset_ms != 0)
        json_object_set_new(params, "offset_ms", json_real(w->offset_ms));
    return params;
}

static json_t *item_of(struct finder *f, const struct dj_library *l, const struct dj_track *t, const struct import_wish *w)
{
    const struct { const char *name, *text; } texts[] = { { "title", t->title }, { "artist", t->artist }, { "album", t->album } };
    char path[PATH_SIZE], name[2 * DJ_TEXT_MAX + 4];
    json_t *params = wish_params(w);

    find(f, t->path, path);
    const char *file = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    snprintf(name, sizeof(name), "%s%s%s", t->artist, *t->artist && *t->title ? " - " : "", t->title);
    json_object_set_new(params, "program", json_string(l->program));
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (*texts[i].text)
            json_object_set_new(params, texts[i].name, json_string(texts[i].text));
    if (t->duration > 0)
        json_object_set_new(params, "duration", json_real(t->duration));
    if (t->n_segments && !w->no_beats)
        json_object_set_new(params, "grid", grid_of(t));
    if (t->n_cues && !w->no_cues)
        json_object_set_new(params, "cues", cues_of(t));
    if (t->trouble)
        json_object_set_new(params, "trouble", json_string(t->trouble));
    return json_pack("{s:s,s:s,s:o}", "path", path, "name", *name ? name : file, "params", params);
}

/* --- lists --- */

static enum lm_err add(struct finder *f, const struct dj_library *l, uint32_t track, const struct import_wish *w, json_t *items, struct problem *p)
{
    const struct dj_track *t = &l->tracks[track];

    if (w->only_known && !t->n_segments && !t->n_cues)
        return LM_OK;                   /* nothing that a track here could take */
    if (json_array_size(items) >= IMPORT_FILES_MAX)
        return problem_set(p, LM_TOO_LARGE, "There are more than %d tracks in it; import its playlists one by one.", IMPORT_FILES_MAX);
    return json_array_append_new(items, item_of(f, l, t, w)) ? problem_set(p, LM_NOMEM, "No memory for a list of tracks") : LM_OK;
}

static enum lm_err list_library(const struct imports *im, const char *path, const struct dj_library *l, const struct import_wish *w, json_t *items, struct problem *p)
{
    static const struct dj_playlist all = { 0 };
    const struct dj_playlist *only = &all;
    struct finder f;
    enum lm_err err = LM_OK;

    finder_init(&f, im, path, l->base);
    f.is_playlist = !strcmp(l->program, "playlist");
    if (w->playlist && *w->playlist) {
        only = NULL;
        for (size_t i = 0; i < l->n_playlists && !only; i++)
            if (!strcmp(l->playlists[i].name, w->playlist))
                only = &l->playlists[i];
        if (!only)
            return problem_set(p, LM_NOT_FOUND, "There is no playlist \"%.200s\" in it.", w->playlist);
    }
    size_t n = only == &all ? l->n_tracks : only->n;
    for (size_t i = 0; i < n && !err; i++)
        err = add(&f, l, only == &all ? (uint32_t)i : only->tracks[i], w, items, p);
    if (!err && !json_array_size(items))
        err = problem_set(p, LM_NOT_FOUND, n ? "None of its tracks has a beat grid or cues." : "There are no tracks in it.");
    return err;
}

static void name_batch(char name[DJ_TEXT_MAX], const char *path, const struct import_wish *w)
{
    const char *file = strrchr(path, '/') && strrchr(path, '/')[1] ? strrchr(path, '/') + 1 : path;

    snprintf(name, DJ_TEXT_MAX, "%.200s%s%.200s", file, w->playlist && *w->playlist ? ": " : "", w->playlist ? w->playlist : "");
    utf8_mend(name);
}

static enum lm_err list_file(const struct imports *im, const char *real, const struct import_wish *w, json_t *items, struct problem *p)
{
    struct dj_library *l = NULL;
    const char *file = strrchr(real, '/') + 1;

    if (import_is_audio_name(file)) {
        json_array_append_new(items, json_pack("{s:s,s:o}", "path", real, "params", wish_params(w)));
        return json_array_size(items) ? LM_OK : problem_set(p, LM_NOMEM, "No memory for a list of files");
    }
    enum lm_err err = dj_read(real, NULL, im->temp_dir, &l, p);
    if (!err)
        err = list_library(im, real, l, w, items, p);
    dj_free(l);
    return err;
}

static enum lm_err list_folder(const struct imports *im, const char *real, const struct import_wish *w, bool (*is_stopping)(void *ctx), void *ctx, json_t *items,
                               struct problem *p)
{
    enum lm_err err = import_walk(im, real, w->is_recursive, is_stopping, ctx, items, p);
    json_t *item;
    size_t i;

    json_array_foreach(items, i, item)
        if (!json_object_get(item, "params"))
            json_object_set_new(item, "params", wish_params(w));
    if (!err && !json_array_size(items))
        err = problem_set(p, LM_NOT_FOUND, "There is no audio file in %.300s%s.", real, w->is_recursive ? "" : "; folders in it are left out");
    return err;
}

enum lm_err imports_list(struct imports *im, const char *path, const struct import_wish *w, bool (*is_stopping)(void *ctx), void *ctx, json_t **items,
                         char name[DJ_TEXT_MAX], struct problem *p)
{
    char real[PATH_SIZE];
    struct stat st;
    enum lm_err err = imports_allow(im, path, real, p);

    *items = NULL;
    if (err)
        return err;
    if (!utf8_valid(real, strlen(real)) || stat(real, &st) || !(S_ISDIR(st.st_mode) || S_ISREG(st.st_mode)))
        return problem_set(p, LM_INVALID, "%.300s is neither a folder nor a file.", path);
    if (!(*items = json_array()))
        return problem_set(p, LM_NOMEM, "No memory for a list of files");
    name_batch(name, real, w);
    err = S_ISDIR(st.st_mode) ? list_folder(im, real, w, is_stopping, ctx, *items, p) : list_file(im, real, w, *items, p);
    if (err) {
        json_decref(*items);
        *items = NULL;
    }
    return err;
}

enum lm_err imports_list_upload(struct imports *im, const char *path, const char *filename, const struct import_wish *w, json_t **items, char name[DJ_TEXT_MAX],
                                struct problem *p)
{
    struct dj_library *l = NULL;
    enum lm_err err = dj_read(path, "", im->temp_dir, &l, p);

    *items = NULL;
    if (err)
        return err;
    name_batch(name, *filename ? filename : l->program, w);
    if (!(*items = json_array()))
        err = problem_set(p, LM_NOMEM, "No memory for a list of tracks");
    else
        err = list_library(im, "", l, w, *items, p);
    dj_free(l);
    if (err) {
        json_decref(*items);
        *items = NULL;
    }
    return err;
}

enum lm_err imports_look(struct imports *im, const char *path, json_t **library, struct problem *p)
{
    char real[PATH_SIZE];
    struct dj_library *l = NULL;
    size_t with_beats = 0, with_cues = 0;
    enum lm_err err = imports_allow(im, path, real, p);

    *library = NULL;
    if (err || (err = dj_read(real, NULL, im->temp_dir, &l, p)))
        return err;
    for (size_t i = 0; i < l->n_tracks; i++) {
        with_beats += l->tracks[i].n_segments > 0;
        with_cues += l->tracks[i].n_cues > 0;
    }
    json_t *playlists = json_array();
    for (size_t i = 0; i < l->n_playlists; i++)
        json_array_append_new(playlists, json_pack("{s:s,s:I}", "name", l->playlists[i].name, "tracks", (json_int_t)l->playlists[i].n));
    *library = json_pack("{s:s,s:s,s:I,s:I,s:I,s:o}", "program", l->program, "path", real, "tracks", (json_int_t)l->n_tracks, "with_beats", (json_int_t)with_beats,
                         "with_cues", (json_int_t)with_cues, "playlists", playlists);
    dj_free(l);
    return *library ? LM_OK : problem_set(p, LM_NOMEM, "No memory for a library");
}
