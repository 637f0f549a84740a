/* Playlists that are text: M3U and M3U8 (a path a line, #EXTINF before it) and PLS (File1=, Title1=, Length1=). */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "analysis/dj_private.h"
#include "core/path.h"

enum { LINE_MAX_BYTES = 2 * PATH_SIZE };

/* The next line without its end and the blanks around it; false: no more. */
static bool next_line(const char **at, const char *end, char line[LINE_MAX_BYTES])
{
    const char *from = *at, *to;

    if (from >= end)
        return false;
    for (to = from; to < end && *to != '\n' && *to != '\r'; to++)
        ;
    *at = to < end && *to == '\r' && to + 1 < end && to[1] == '\n' ? to + 2 : to + 1;
    while (from < to && (*from == ' ' || *from == '\t'))
        from++;
    while (to > from && (to[-1] == ' ' || to[-1] == '\t'))
        to--;
    size_t n = (size_t)(to - from) < LINE_MAX_BYTES - 1 ? (size_t)(to - from) : LINE_MAX_BYTES - 1;
    memcpy(line, from, n);
    line[n] = '\0';
    return true;
}

/* "Artist - Title"; without the dash all of it is the title. */
static void set_title(struct dj_reading *r, const char *text)
{
    const char *dash = strstr(text, " - ");

    if (dash) {
        r->now.artist = dj_textn(r, text, (size_t)(dash - text), DJ_TEXT_MAX);
        text = dash + 3;
    }
    r->now.title = dj_text(r, text, DJ_TEXT_MAX);
}

/* "#EXTINF:123,Artist - Title", with attributes between length and comma in some dialects. */
static void extinf(struct dj_reading *r, const char *text)
{
    const char *comma = strchr(text, ',');

    r->now.duration = dj_number(text, 0);
    if (comma)
        set_title(r, comma + 1 + strspn(comma + 1, " "));
}

static void entry(struct dj_reading *r, const char *line, size_t *count)
{
    char key[16];

    r->now.path = dj_path(r, line);
    snprintf(key, sizeof(key), "%zu", ++*count);
    dj_add_key(r, 'N', key);
    dj_add_entry(r, 'N', key);
    dj_track_end(r);
    dj_track_begin(r);
}

enum lm_err dj_read_m3u(struct dj_reading *r, const char *data, size_t n)
{
    const char *at = data, *end = data + n;
    char line[LINE_MAX_BYTES];
    size_t count = 0;

    if (n >= 3 && !memcmp(at, "\xef\xbb\xbf", 3))
        at += 3;
    dj_add_playlist(r, "");
    dj_track_begin(r);
    while (!r->failed && next_line(&at, end, line)) {
        if (!strncasecmp(line, "#EXTINF:", 8))
            extinf(r, line + 8);
        else if (!strncasecmp(line, "#PLAYLIST:", 10) && r->l->n_playlists)
            r->l->playlists[0].name = dj_text(r, line + 10, DJ_TEXT_MAX);
        else if (*line && *line != '#')
            entry(r, line, &count);
    }
    return r->failed;
}

/* Entries may come in any order of their parts; those of one number follow each other in every file there is. */
enum lm_err dj_read_pls(struct dj_reading *r, const char *data, size_t n)
{
    const char *at = data, *end = data + n;
    char line[LINE_MAX_BYTES], file[LINE_MAX_BYTES] = "";
    long number = 0;
    size_t count = 0;

    dj_add_playlist(r, "");
    dj_track_begin(r);
    while (!r->failed && next_line(&at, end, line)) {
        char *value = strchr(line, '=');
        size_t name = strcspn(line, "0123456789=");
        if (!value || name > 6 || !(line[name] >= '0' && line[name] <= '9'))
            continue;
        long which = strtol(line + name, NULL, 10);
        *value++ = '\0';
        if (which != number && *file) {
            entry(r, file, &count);
            *file = '\0';
        }
        number = which;
        if (!strncasecmp(line, "File", 4))
            str_copy(file, sizeof(file), value);
        else if (!strncasecmp(line, "Title", 5))
            set_title(r, value);
        else if (!strncasecmp(line, "Length", 6))
            r->now.duration = dj_number(value, 0);
    }
    if (*file && !r->failed)
        entry(r, file, &count);
    return r->failed;
}
