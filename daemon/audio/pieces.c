#include "audio/pieces.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audio/pcm.h"
#include "core/path.h"

enum { BLOCK = 4096 };

static enum lm_err path_of(const struct pieces *s, size_t number, uint64_t key, const char *ending, char path[PATH_SIZE])
{
    char name[128];

    if (snprintf(name, sizeof(name), "%s.%zu.%016" PRIx64 ".piece%s", s->name, number, key, ending) >= (int)sizeof(name))
        return LM_INVALID;
    return path_join(path, s->dir, name);
}

/* Removes those of one number, or all (number NULL). */
static void remove_some(const struct pieces *s, const size_t *number)
{
    char front[128];
    DIR *d = opendir(s->dir);
    int n = number ? snprintf(front, sizeof(front), "%s.%zu.", s->name, *number) : snprintf(front, sizeof(front), "%s.", s->name);

    for (struct dirent *e; d && (e = readdir(d));)
        if (!strncmp(e->d_name, front, (size_t)n) && strstr(e->d_name, ".piece"))
            unlinkat(dirfd(d), e->d_name, 0);
    if (d)
        closedir(d);
}

void pieces_remove(const struct pieces *s)
{
    remove_some(s, NULL);
}

bool piece_read(const struct pieces *s, size_t number, uint64_t key, float *x)
{
    char path[PATH_SIZE];
    SF_INFO info = { 0 };
    short *block = malloc((size_t)BLOCK * PIECE_CHANNELS * sizeof(*block));
    SNDFILE *f = block && !path_of(s, number, key, "", path) ? sf_open(path, SFM_READ, &info) : NULL;
    size_t at = 0, channels = (size_t)s->channels;

    if (f && info.channels == s->channels && info.frames == (sf_count_t)s->frames)
        for (sf_count_t n; at < s->frames && (n = sf_readf_short(f, block, BLOCK)) > 0; at += (size_t)n)
            for (size_t c = 0; c < channels; c++)
                for (size_t i = 0; i < (size_t)n && at + i < s->frames; i++)
                    x[c * s->frames + at + i] = (float)block[i * channels + c] / 32768;
    bool is_whole = f && at == s->frames && !sf_error(f);
    if (f)
        sf_close(f);
    free(block);
    return is_whole;
}

static bool write_all(const struct pieces *s, SNDFILE *f, short *block, float *x)
{
    size_t channels = (size_t)s->channels;

    for (size_t at = 0; at < s->frames;) {
        size_t n = s->frames - at < BLOCK ? s->frames - at : BLOCK;
        for (size_t c = 0; c < channels; c++)
            for (size_t i = 0; i < n; i++) {
                float *v = &x[c * s->frames + at + i];
                short k = pcm_to_16(*v);
                block[i * channels + c] = k;
                *v = (float)k / 32768;
            }
        if (sf_writef_short(f, block, (sf_count_t)n) != (sf_count_t)n)
            return false;
        at += n;
    }
    return true;
}

enum lm_err piece_write(const struct pieces *s, size_t number, uint64_t key, float *x, struct problem *p)
{
    char path[PATH_SIZE], part[PATH_SIZE];
    SF_INFO info = { .samplerate = s->rate, .channels = s->channels, .format = SF_FORMAT_FLAC | SF_FORMAT_PCM_16 };
    double level = 0;                                   /* of compression: they do not live long */
    short *block = malloc((size_t)BLOCK * PIECE_CHANNELS * sizeof(*block));
    enum lm_err err = block ? path_of(s, number, key, "", path) : LM_NOMEM;

    if (!err)
        err = path_of(s, number, key, ".part", part);
    if (err) {
        free(block);
        return problem_set(p, err, "A piece cannot be kept: %s", lm_err_text(err));
    }
    remove_some(s, &number);
    errno = 0;
    SNDFILE *f = sf_open(part, SFM_WRITE, &info);
    bool ok = f;
    if (ok) {
        sf_command(f, SFC_SET_COMPRESSION_LEVEL, &level, sizeof(level));
        ok = write_all(s, f, block, x);
    }
    if (f && sf_close(f))
        ok = false;
    if (ok && rename(part, path))
        ok = false;
    free(block);
    if (ok)
        return LM_OK;
    err = errno ? lm_err_from_errno(errno) : LM_IO;
    unlink(part);
    return problem_set(p, err, "%s cannot be written: %s", part, lm_err_text(err));
}
