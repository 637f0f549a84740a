#include "audio/container.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "audio/container_private.h"

#define OURS "decode_worker"                /* libsndfile */
#define THEIRS "av_worker"                  /* FFmpeg's libraries; left out of a build without them */

/* Opus is an Ogg, so it is asked for first, and so is FLAC in one, of which libsndfile 1.2 does not take all; ADTS and MP3 begin with the same eleven bits, but in another layer. */
static const struct row {
    struct container_kind kind;
    bool (*is)(const unsigned char *head);
    enum lm_err (*check)(const struct file *f, bool *is_counted, struct problem *p);
} rows[] = {
    { { "wav", "WAV", OURS, "audio/wav", " wav wave rf64 " }, is_wav, check_wav },
    { { "w64", "Wave64", OURS, "audio/x-w64", " w64 " }, is_w64, check_w64 },
    { { "aiff", "AIFF", OURS, "audio/aiff", " aiff aif aifc " }, is_aiff, check_aiff },
    { { "caf", "CAF", OURS, "audio/x-caf", " caf " }, is_caf, check_caf },
    { { "flac", "FLAC", OURS, "audio/flac", " flac " }, is_flac, check_flac },
    { { "opus", "Opus", OURS, "audio/ogg", " opus " }, is_opus, check_ogg },
    { { "oga", "Ogg FLAC", THEIRS, "audio/ogg", " oga " }, is_ogg_flac, check_ogg },
    { { "ogg", "Ogg", OURS, "audio/ogg", " ogg " }, is_ogg, check_ogg },
    { { "mp3", "MP3", OURS, "audio/mpeg", " mp3 " }, is_mp3, check_mp3 },
    { { "m4a", "M4A", THEIRS, "audio/mp4", " m4a mp4 m4b alac " }, is_mp4, check_mp4 },
    { { "aac", "AAC", THEIRS, "audio/aac", " aac " }, is_adts, check_adts },
    { { "wma", "WMA", THEIRS, "audio/x-ms-wma", " wma asf " }, is_asf, check_asf },
    { { "wv", "WavPack", THEIRS, "audio/x-wavpack", " wv " }, is_wavpack, check_wavpack },
};

enum { ROWS = sizeof rows / sizeof *rows };

const struct container_kind *container_at(size_t i)
{
    return i < ROWS ? &rows[i].kind : NULL;
}

const struct container_kind *container_find(const char *format)
{
    for (size_t i = 0; i < ROWS; i++)
        if (!strcmp(rows[i].kind.format, format))
            return &rows[i].kind;
    return NULL;
}

bool container_is_name(const char *filename)
{
    const char *dot = strrchr(filename, '.');
    char word[16];

    if (!dot || dot == filename || snprintf(word, sizeof(word), " %s ", dot + 1) >= (int)sizeof(word))
        return false;
    for (size_t i = 0; i < ROWS; i++)
        if (strcasestr(rows[i].kind.suffixes, word))
            return true;
    return false;
}

static enum lm_err not_ours(struct problem *p)
{
    char list[200] = "";
    size_t n = 0;

    for (size_t i = 0; i < ROWS && n < sizeof(list); i++)
        n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s", i ? ", " : "", rows[i].kind.label);
    return problem_set(p, LM_MEDIA_TYPE, "Not an audio file of a kind that is understood (%s)", list);
}

enum lm_err container_check(int fd, uint64_t size, struct container *c, struct problem *p)
{
    struct file f = { .fd = fd, .size = size };
    unsigned char h[CONTAINER_HEAD] = { 0 };

    *c = (struct container){ .is_counted = true };
    if (!size)
        return problem_set(p, LM_INVALID, "The file is empty");
    file_read(&f, 0, h, sizeof(h));
    if ((f.start = id3_bytes(h))) {
        if (f.start >= size)
            return problem_set(p, LM_INVALID, "The file is cut off inside its tags");
        memset(h, 0, sizeof(h));
        file_read(&f, f.start, h, sizeof(h));
    }
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].is(h)) {
            c->format = rows[i].kind.format;
            return rows[i].check(&f, &c->is_counted, p);
        }
    if (f.start) {                  /* tags, then padding: only MP3 does that */
        c->format = "mp3";
        return check_mp3(&f, &c->is_counted, p);
    }
    return not_ours(p);
}
