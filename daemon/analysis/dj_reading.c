/* A library grows: text, tracks, playlists, and the limits of all of them. */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "analysis/dj_private.h"
#include "core/path.h"

#define TRACK_SECONDS_MAX (12 * 3600.0)
#define BEAT_LEAST 0.06                 /* 1,000 beats a minute */
#define BEAT_EXACT 0.001                /* what a beat may be off by in a segment of many */

enum lm_err dj_begin(struct dj_reading *r, const char *program, const char *base, struct problem *p)
{
    *r = (struct dj_reading){ .p = p, .l = calloc(1, sizeof(*r->l)) };
    if (r->l && (r->l->arena = arena_new())) {
        r->l->program = program;
        r->l->base = arena_dup(r->l->arena, base);
    }
    return r->l && r->l->arena && r->l->base ? LM_OK : problem_set(p, LM_NOMEM, "No memory for a library");
}

static void fail(struct dj_reading *r, enum lm_err err, const char *what)
{
    if (!r->failed)
        r->failed = problem_set(r->p, err, "%s", what);
}

/* Room for one more in a list; NULL: r has failed. */
static void *grow(struct dj_reading *r, void *list, size_t n, size_t *room, size_t size)
{
    if (n < *room || r->failed)
        return r->failed ? NULL : list;
    size_t more = *room ? *room * 2 : 16;
    void *grown = reallocarray(list, more, size);
    if (!grown) {
        fail(r, LM_NOMEM, "No memory for a library");
        return NULL;
    }
    *room = more;
    return grown;
}

/* One more at the end of r->list, as `at`; NULL when there is no room. */
#define ADD(r, owner, list, n, room, at) do {                                                           \
        void *grown_ = grow(r, (owner)->list, (owner)->n, &(owner)->room, sizeof(*(owner)->list));      \
        if (grown_)                                                                                     \
            (owner)->list = grown_;                                                                     \
        at = grown_ ? &(owner)->list[(owner)->n] : NULL;                                                \
    } while (0)

static void *keep(struct dj_reading *r, const void *list, size_t n, size_t size)
{
    if (!n || r->failed)
        return NULL;
    if (arena_size(r->l->arena) > (size_t)DJ_MEMORY_MB << 20) {
        fail(r, LM_TOO_LARGE, "The library takes more memory than lumad gives to one.");
        return NULL;
    }
    void *copy = arena_array(r->l->arena, n, size);
    if (copy)
        memcpy(copy, list, n * size);
    else
        fail(r, LM_NOMEM, "No memory for a library");
    return copy;
}

/* --- text --- */

/* Windows-1252, 0x80 to 0x9f; 0: not used there. */
static const uint16_t cp1252[32] = {
    0x20ac, 0, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017d, 0,
    0, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0, 0x017e, 0x0178,
};

static size_t put_utf8(char *out, unsigned c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6), out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    out[0] = (char)(0xe0 | c >> 12), out[1] = (char)(0x80 | (c >> 6 & 0x3f)), out[2] = (char)(0x80 | (c & 0x3f));
    return 3;
}

const char *dj_textn(struct dj_reading *r, const char *text, size_t n, size_t max)
{
    char out[PATH_SIZE + 4];
    size_t k = 0;
    bool is_utf8 = utf8_valid(text, n);

    if (max > PATH_SIZE - 1)
        max = PATH_SIZE - 1;
    for (size_t i = 0; i < n;) {
        unsigned char c = (unsigned char)text[i];
        char piece[4];
        size_t used = is_utf8 ? utf8_step(text + i, n - i) : 1, len = used;
        if (!is_utf8)
            len = put_utf8(piece, c >= 0x80 && c < 0xa0 ? (cp1252[c - 0x80] ? cp1252[c - 0x80] : ' ') : c);
        else
            memcpy(piece, text + i, used);
        if (len == 1 && ((unsigned char)piece[0] < ' ' || piece[0] == 0x7f))
            piece[0] = ' ';
        if (k + len > max)
            break;
        memcpy(out + k, piece, len);
        k += len, i += used;
    }
    out[k] = '\0';
    const char *copy = r->failed ? NULL : keep(r, out, k + 1, 1);
    return copy ? copy : "";
}

const char *dj_text(struct dj_reading *r, const char *text, size_t max)
{
    return text && *text ? dj_textn(r, text, strlen(text), max) : "";
}

double dj_number(const char *text, double missing)
{
    static const char allowed[] = "0123456789.+-eE";
    char *end;

    if (!text)
        return missing;
    while (*text == ' ')
        text++;
    if (!*text || !strchr(allowed, *text))      /* neither hexadecimal nor "nan" */
        return missing;
    double v = strtod(text, &end);
    return end == text || !isfinite(v) || text[strspn(text, allowed)] == 'x' ? missing : v;
}

/* --- paths --- */

bool dj_is_stream(const char *path)
{
    size_t n = strspn(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-");

    return n > 1 && !strncmp(path + n, "://", 3);
}

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool is_drive(const char *s)
{
    return ((s[0] | 32) >= 'a' && (s[0] | 32) <= 'z') && s[1] == ':' && (s[2] == '/' || s[2] == '\\');
}

/* %41 -> A. false: it names nothing (%00), or is too long. */
static bool decode(const char *at, bool is_url, char out[PATH_SIZE])
{
    size_t k = 0;

    for (; *at; at++) {
        char c = *at;
        if (is_url && c == '%' && hex(at[1]) >= 0 && hex(at[2]) >= 0) {
            c = (char)(hex(at[1]) << 4 | hex(at[2]));
            at += 2;
        }
        if (!c || k == PATH_SIZE - 1)
            return false;
        out[k++] = c;
    }
    out[k] = '\0';
    return true;
}

const char *dj_path(struct dj_reading *r, const char *location)
{
    char path[PATH_SIZE], *at = path;
    const char *from = location;
    bool is_url = !strncasecmp(from, "file:", 5);

    if (!is_url && dj_is_stream(from))
        return dj_text(r, from, PATH_SIZE - 1);
    if (is_url) {
        from += 5;
        if (!strncmp(from, "//", 2)) {  /* an authority: "localhost", none, or a machine whose name stays in the path */
            from += 2;
            if (!strncasecmp(from, "localhost/", 10))
                from += 9;
        }
    }
    if (!decode(from, is_url, path))
        return "";
    if (is_url && *at == '/' && is_drive(at + 1))
        at++;
    if (is_drive(at) || (strchr(at, '\\') && !strchr(at, '/')))
        for (char *c = at; *c; c++)
            if (*c == '\\')
                *c = '/';
    return dj_text(r, at, PATH_SIZE - 1);
}

/* --- tracks --- */

void dj_track_begin(struct dj_reading *r)
{
    r->now = (struct dj_track){ .path = "", .title = "", .artist = "", .album = "" };
    r->n_segments = r->n_beats = r->n_cues = 0;
}

void dj_trouble(struct dj_reading *r, const char *fmt, ...)
{
    char text[DJ_TEXT_MAX];
    va_list ap;

    if (r->now.trouble)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    r->now.trouble = dj_text(r, text, DJ_TEXT_MAX);
}

void dj_add_segment(struct dj_reading *r, double start, double bpm, int beats_per_bar, int beat)
{
    struct dj_segment *at;

    if (!(bpm >= 10 && bpm <= 1000) || !(fabs(start) <= TRACK_SECONDS_MAX)) {
        dj_trouble(r, "Its beat grid makes no sense: %g beats a minute from %g s on.", bpm, start);
        return;
    }
    if (r->n_segments >= DJ_SEGMENTS_MAX) {
        dj_trouble(r, "Its beat grid changes its tempo more than %d times.", DJ_SEGMENTS_MAX);
        return;
    }
    ADD(r, r, segments, n_segments, segments_room, at);
    if (!at)
        return;
    beats_per_bar = beats_per_bar >= 1 && beats_per_bar <= 32 ? beats_per_bar : 0;
    *at = (struct dj_segment){ start, bpm, beats_per_bar, beat >= 1 && beat <= (beats_per_bar ? beats_per_bar : 32) ? beat : 0 };
    r->n_segments++;
}

void dj_add_beat(struct dj_reading *r, double time)
{
    double *at;

    if (!(fabs(time) <= TRACK_SECONDS_MAX)) {
        dj_trouble(r, "It has a beat at %g s.", time);
        return;
    }
    if (r->n_beats >= DJ_BEATS_MAX) {
        dj_trouble(r, "It has more than %d beats.", DJ_BEATS_MAX);
        return;
    }
    if (r->n_beats && !(time > r->beats[r->n_beats - 1] + BEAT_LEAST)) {
        dj_trouble(r, "Its beats do not follow each other.");
        return;
    }
    ADD(r, r, beats, n_beats, beats_room, at);
    if (at)
        *at = time, r->n_beats++;
}

void dj_add_cue(struct dj_reading *r, const char *name, int color, double start, double end)
{
    struct dj_cue *at;

    if (!(start >= 0 && start <= TRACK_SECONDS_MAX) || !(end <= TRACK_SECONDS_MAX))
        return;                         /* -1 is "none" in all of these formats */
    if (r->n_cues >= DJ_CUES_MAX) {
        dj_trouble(r, "It has more than %d cues; the others are left out.", DJ_CUES_MAX);
        return;
    }
    ADD(r, r, cues, n_cues, cues_room, at);
    if (at) {
        *at = (struct dj_cue){ dj_text(r, name, 100), color >= 0 && color <= 0xffffff ? color : -1, start, end };
        r->n_cues++;
    }
}

void dj_add_key(struct dj_reading *r, char kind, const char *key)
{
    struct dj_key *at;
    char text[PATH_SIZE];

    snprintf(text, sizeof(text), "%c%s", kind, key);
    ADD(r, r, keys, n_keys, keys_room, at);
    if (at)
        *at = (struct dj_key){ dj_text(r, text, PATH_SIZE - 1), (uint32_t)r->l->n_tracks }, r->n_keys++;
}

static int compare_segments(const void *a, const void *b)
{
    const struct dj_segment *x = a, *y = b;

    return (x->start > y->start) - (x->start < y->start);
}

/* The longest runs of beats that one tempo explains, found in one pass: each beat narrows the tempos that come near enough to all of the run. */
static void fold_beats(struct dj_reading *r)
{
    const double *b = r->beats;
    size_t n = r->n_beats;

    for (size_t from = 0, to; from + 1 < n; from = to) {
        double low = 0, high = INFINITY;
        for (to = from + 1; to < n; to++) {
            double k = (double)(to - from), least = (b[to] - b[from] - BEAT_EXACT) / k, most = (b[to] - b[from] + BEAT_EXACT) / k;
            if (most < low || least > high)
                break;
            low = fmax(low, least), high = fmin(high, most);
        }
        to--;                           /* the next run begins with the last beat of this one, which both explain */
        double mean = (b[to] - b[from]) / (double)(to - from);
        dj_add_segment(r, b[from], 60 / fmin(fmax(mean, low), high), 0, 0);
    }
}

void dj_track_end(struct dj_reading *r)
{
    struct dj_library *l = r->l;
    struct dj_track *at;

    if (!*r->now.path) {
        while (r->n_keys && r->keys[r->n_keys - 1].track == l->n_tracks)
            r->n_keys--;
        return;
    }
    if (l->n_tracks >= DJ_TRACKS_MAX) {
        fail(r, LM_TOO_LARGE, "The library has more than 200,000 tracks.");
        return;
    }
    fold_beats(r);
    if (r->n_segments)
        qsort(r->segments, r->n_segments, sizeof(*r->segments), compare_segments);
    ADD(r, l, tracks, n_tracks, tracks_room, at);
    if (!at)
        return;
    if (!(r->now.duration > 0 && r->now.duration <= TRACK_SECONDS_MAX))
        r->now.duration = 0;
    *at = r->now;
    at->segments = keep(r, r->segments, at->n_segments = r->n_segments, sizeof(*r->segments));
    at->cues = keep(r, r->cues, at->n_cues = r->n_cues, sizeof(*r->cues));
    l->n_tracks++;
}

/* --- playlists --- */

void dj_add_playlist(struct dj_reading *r, const char *name)
{
    struct dj_library *l = r->l;
    struct dj_playlist *at;

    if (l->n_playlists >= DJ_PLAYLISTS_MAX) {
        fail(r, LM_TOO_LARGE, "The library has more than 20,000 playlists.");
        return;
    }
    ADD(r, l, playlists, n_playlists, playlists_room, at);
    if (at)
        *at = (struct dj_playlist){ .name = dj_text(r, name, DJ_TEXT_MAX) }, l->n_playlists++;
}

void dj_add_entry(struct dj_reading *r, char kind, const char *key)
{
    struct dj_entry *at;
    char text[PATH_SIZE];

    if (!r->l->n_playlists)
        return;
    if (r->n_entries >= DJ_ENTRIES_MAX) {
        fail(r, LM_TOO_LARGE, "The playlists of the library have more than a million entries.");
        return;
    }
    snprintf(text, sizeof(text), "%c%s", kind, key);
    ADD(r, r, entries, n_entries, entries_room, at);
    if (at)
        *at = (struct dj_entry){ dj_text(r, text, PATH_SIZE - 1), (uint32_t)(r->l->n_playlists - 1) }, r->n_entries++;
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(((const struct dj_key *)a)->key, ((const struct dj_key *)b)->key);
}

/* Entries of tracks that the library does not have are left out. */
static void tie(struct dj_reading *r)
{
    uint32_t *found = r->n_entries ? reallocarray(NULL, r->n_entries, sizeof(*found)) : NULL;

    if (!r->n_entries)
        return;
    if (!found) {
        fail(r, LM_NOMEM, "No memory for a library");
        return;
    }
    if (r->n_keys)
        qsort(r->keys, r->n_keys, sizeof(*r->keys), compare_keys);
    for (size_t i = 0; i < r->n_entries;) {         /* those of one playlist follow each other */
        uint32_t playlist = r->entries[i].playlist;
        size_t n = 0;
        for (; i < r->n_entries && r->entries[i].playlist == playlist; i++) {
            struct dj_key key = { .key = r->entries[i].key };
            struct dj_key *hit = r->n_keys ? bsearch(&key, r->keys, r->n_keys, sizeof(key), compare_keys) : NULL;
            if (hit)
                found[n++] = hit->track;
        }
        r->l->playlists[playlist].tracks = keep(r, found, n, sizeof(*found));
        r->l->playlists[playlist].n = r->failed ? 0 : n;
    }
    free(found);
}

enum lm_err dj_end(struct dj_reading *r, enum lm_err err, struct dj_library **result)
{
    if (!err && !r->failed)
        tie(r);
    if (r->failed)
        err = r->failed;
    free(r->segments);
    free(r->beats);
    free(r->cues);
    free(r->keys);
    free(r->entries);
    if (err)
        dj_free(r->l);
    *result = err ? NULL : r->l;
    return err;
}
