#include "analysis/dj.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/dj_private.h"
#include "core/path.h"

enum { HEAD = 512 };

enum kind { KIND_NONE, KIND_XML, KIND_SQLITE, KIND_PLS, KIND_M3U };

static const struct { const char *suffix, *program; } names[] = {
    { ".m3u", "playlist" }, { ".m3u8", "playlist" }, { ".pls", "playlist" }, { ".xml", "rekordbox" }, { ".nml", "traktor" }, { "m.db", "engine" }, { "mixxxdb.sqlite", "mixxx" },
};

bool dj_is_program(const char *name)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (!strcmp(names[i].program, name))
            return true;
    return false;
}

const char *dj_program_of_name(const char *name)
{
    size_t n = strlen(name);

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        size_t k = strlen(names[i].suffix);
        if (n < k || strcasecmp(name + n - k, names[i].suffix))
            continue;
        if (*names[i].suffix == '.' ? n > k : n == k || name[n - k - 1] == '/')     /* the others are whole names */
            return names[i].program;
    }
    return NULL;
}

/* A playlist without a header is any text; so it must at least be text. */
static enum kind kind_of(const char *head, size_t n)
{
    static const char bom[] = "\xef\xbb\xbf";
    const char *at = head, *end = head + n;

    if (n >= 16 && !memcmp(head, "SQLite format 3", 16))
        return KIND_SQLITE;
    if (n >= 2 && (!memcmp(head, "\xff\xfe", 2) || !memcmp(head, "\xfe\xff", 2)))
        return KIND_XML;                /* UTF-16: libxml2 knows */
    if (n >= 3 && !memcmp(head, bom, 3))
        at += 3;
    while (at < end && strchr(" \t\r\n", *at) && *at)
        at++;
    if (at == end || memchr(head, '\0', n))
        return KIND_NONE;
    if (*at == '<')
        return KIND_XML;
    if (end - at >= 10 && !strncasecmp(at, "[playlist]", 10))
        return KIND_PLS;
    for (const char *c = at; c < end; c++)
        if ((unsigned char)*c < ' ' && !strchr("\t\r\n", *c))
            return KIND_NONE;
    return KIND_M3U;
}

static enum lm_err unknown_kind(struct problem *p)
{
    return problem_set(p, LM_MEDIA_TYPE, "This is no library or playlist that lumad reads: rekordbox XML, Traktor NML, Engine m.db, mixxxdb.sqlite, M3U, M3U8 or PLS.");
}

static enum lm_err read_xml(struct dj_reading *r, int fd, const char *data, size_t n)
{
    static const struct { const char *root, *program; enum lm_err (*read)(struct dj_xml *x); } kinds[] = {
        { "DJ_PLAYLISTS", "rekordbox", dj_read_rekordbox },
        { "NML",          "traktor",   dj_read_traktor },
    };
    struct dj_xml x;
    const char *name;
    int depth;
    enum lm_err err = dj_xml_open(&x, r, fd, data, n);

    if (err)
        return err;
    if (dj_xml_next(&x, &name, &depth, &err) > 0) {
        size_t i = 0, kinds_n = sizeof(kinds) / sizeof(kinds[0]);
        while (i < kinds_n && strcmp(kinds[i].root, name))
            i++;
        if (i < kinds_n) {
            r->l->program = kinds[i].program;
            err = kinds[i].read(&x);
        } else {
            err = problem_set(r->p, LM_MEDIA_TYPE, "An XML file that begins with <%.40s> is no library that lumad reads: rekordbox begins with <DJ_PLAYLISTS>, Traktor with <NML>.", name);
        }
    } else if (!err) {
        err = unknown_kind(r->p);
    }
    dj_xml_close(&x);
    return err;
}

static enum lm_err read_text(enum kind kind, const char *data, size_t n, int fd, const char *base, struct dj_library **result, struct problem *p)
{
    struct dj_reading r;
    enum lm_err err = dj_begin(&r, "playlist", base, p);

    if (!err)
        err = kind == KIND_XML ? read_xml(&r, fd, data, n) : kind == KIND_PLS ? dj_read_pls(&r, data, n) : dj_read_m3u(&r, data, n);
    return dj_end(&r, err, result);
}

enum lm_err dj_parse(const char *data, size_t n, const char *base, struct dj_library **result, struct problem *p)
{
    enum kind kind = kind_of(data, n < HEAD ? n : HEAD);

    *result = NULL;
    if (kind == KIND_SQLITE)
        return problem_set(p, LM_MEDIA_TYPE, "A database is read where it lies, by its path.");
    return kind == KIND_NONE ? unknown_kind(p) : read_text(kind, data, n, -1, base, result, p);
}

static enum lm_err read_database(const char *path, const char *given, const char *temp_dir, struct dj_library **result, struct problem *p)
{
    struct dj_database d;
    struct dj_reading r;
    char base[PATH_SIZE];
    enum lm_err err = dj_database_open(&d, path, temp_dir, p);

    *result = NULL;
    if (err)
        return err;
    bool is_mixxx = dj_database_has(&d, "track_locations", "location");
    bool is_engine = !is_mixxx && dj_database_has(&d, "Track", "path");
    if (!is_mixxx && !is_engine) {
        dj_database_close(&d);
        return problem_set(p, LM_MEDIA_TYPE, "This SQLite database is neither one of Engine DJ (m.db) nor of Mixxx.");
    }
    /* Engine counts from the folder that holds Database2, whose m.db this is. */
    snprintf(base, sizeof(base), "%s", path);
    for (int up = 0; up < 2; up++) {
        char *slash = strrchr(base, '/');
        if (slash)
            *slash = '\0';
    }
    err = dj_begin(&r, is_mixxx ? "mixxx" : "engine", given ? given : is_mixxx ? "" : *base ? base : "/", p);
    if (!err)
        err = is_mixxx ? dj_read_mixxx(&r, &d) : dj_read_engine(&r, &d);
    err = dj_end(&r, err, result);
    dj_database_close(&d);
    return err;
}

static enum lm_err read_playlist_file(enum kind kind, const char *path, const char *base, struct dj_library **result, struct problem *p)
{
    char *data = NULL;
    size_t n = 0;
    enum lm_err err = path_read(path, (size_t)DJ_PLAYLIST_FILE_MB << 20, &data, &n);

    if (err == LM_TOO_LARGE)
        problem_set(p, err, "The playlist has more than %d MB.", DJ_PLAYLIST_FILE_MB);
    else if (err)
        problem_set(p, err, "The playlist cannot be read: %s.", lm_err_text(err));
    else
        err = read_text(kind, data, n, -1, base, result, p);
    free(data);
    return err;
}

enum lm_err dj_read(const char *path, const char *given, const char *temp_dir, struct dj_library **result, struct problem *p)
{
    char head[HEAD], base[PATH_SIZE];
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);      /* a pipe is not waited for */
    ssize_t n = fd < 0 || fstat(fd, &st) ? -1 : S_ISREG(st.st_mode) ? pread(fd, head, sizeof(head), 0) : 0;
    enum lm_err err = LM_OK;

    *result = NULL;
    if (n < 0)
        err = problem_set(p, lm_err_from_errno(errno), "The file cannot be read: %s.", strerror(errno));
    else if (!str_copy(base, sizeof(base), path) || !strrchr(base, '/'))
        err = problem_set(p, LM_INVALID, "The path of a library is absolute and has at most %d bytes.", PATH_SIZE - 1);
    enum kind kind = err ? KIND_NONE : kind_of(head, (size_t)n);
    if (err) {
        /* said */
    } else if (kind == KIND_NONE) {
        err = unknown_kind(p);
    } else if (kind == KIND_SQLITE) {
        err = read_database(path, given, temp_dir, result, p);
    } else {
        *(strrchr(base, '/') == base ? base + 1 : strrchr(base, '/')) = '\0';
        if (given)
            str_copy(base, sizeof(base), given);
        if (kind != KIND_XML)
            err = read_playlist_file(kind, path, base, result, p);
        else if (st.st_size > (off_t)DJ_TEXT_FILE_MB << 20)
            err = problem_set(p, LM_TOO_LARGE, "The file has more than %d MB.", DJ_TEXT_FILE_MB);
        else
            err = read_text(kind, NULL, 0, fd, base, result, p);
    }
    if (fd >= 0)
        close(fd);
    return err;
}

void dj_free(struct dj_library *l)
{
    if (!l)
        return;
    arena_free(l->arena);
    free(l->tracks);
    free(l->playlists);
    free(l);
}
