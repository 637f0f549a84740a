/* What holds of every library that was read, whatever it was read of; else abort(). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/dj.h"
#include "core/str.h"

static void check_text(const char *text, size_t max)
{
    size_t n = strlen(text);

    if (n > max || !utf8_valid(text, n))
        abort();
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            abort();
}

static void check_grid(const struct dj_track *t, double duration, double offset)
{
    static const double heard[] = { .5, 2.5, 4.5, 4.6, 100 };
    struct dj_beats b;

    if (dj_grid_make(t, duration, offset, heard, 5, &b))
        return;
    if (!b.n_beats || b.n_downbeats > b.n_beats || !(b.bpm > 0) || b.beats_per_bar < 1 || b.beats_per_bar > 32)
        abort();
    for (size_t i = 0, k = 0; i < b.n_beats; i++) {
        if (!(b.beats[i] >= 0 && b.beats[i] < duration) || (i && !(b.beats[i] > b.beats[i - 1])))
            abort();
        if (k < b.n_downbeats && b.downbeats[k] == b.beats[i])
            k++;
        if (i + 1 == b.n_beats && k != b.n_downbeats)
            abort();
    }
    dj_beats_clear(&b);
}

static void check_track(const struct dj_track *t)
{
    if (!*t->path)
        abort();
    check_text(t->path, 4095);
    check_text(t->title, DJ_TEXT_MAX);
    check_text(t->artist, DJ_TEXT_MAX);
    check_text(t->album, DJ_TEXT_MAX);
    if (t->trouble)
        check_text(t->trouble, DJ_TEXT_MAX);
    if (!(t->duration >= 0 && t->duration <= 12 * 3600) || t->n_segments > DJ_SEGMENTS_MAX || t->n_cues > DJ_CUES_MAX)
        abort();
    for (size_t i = 0; i < t->n_segments; i++) {
        const struct dj_segment *s = &t->segments[i];
        if (!isfinite(s->start) || !(s->bpm >= 10 && s->bpm <= 1000) || s->beats_per_bar < 0 || s->beats_per_bar > 32 || s->beat < 0 || s->beat > 32 ||
            (i && s->start < s[-1].start))
            abort();
    }
    for (size_t i = 0; i < t->n_cues; i++) {
        check_text(t->cues[i].name, 100);
        if (!(t->cues[i].start >= 0) || !isfinite(t->cues[i].end) || t->cues[i].color < -1 || t->cues[i].color > 0xffffff)
            abort();
    }
    if (t->n_segments) {
        check_grid(t, 300, 0);
        check_grid(t, 7.3, -.026);
    }
}

static inline void check_library(const struct dj_library *l)
{
    for (size_t i = 0; i < l->n_tracks; i++)
        check_track(&l->tracks[i]);
    for (size_t i = 0; i < l->n_playlists; i++) {
        check_text(l->playlists[i].name, DJ_TEXT_MAX);
        for (size_t k = 0; k < l->playlists[i].n; k++)
            if (l->playlists[i].tracks[k] >= l->n_tracks)
                abort();
    }
}

/* Any bytes as a file of its own: read, or refused in words. */
static inline void check_text_file(const void *data, size_t n)
{
    struct dj_library *l = NULL;
    struct problem p = { 0 };
    enum lm_err err = dj_parse(data, n, "/music", &l, &p);

    if (!err != !!l || (err && (!*p.detail || p.err != err)) || err == LM_INTERNAL)
        abort();
    if (l)
        check_library(l);
    dj_free(l);
}
