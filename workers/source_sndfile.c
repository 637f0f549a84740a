/* libsndfile: WAV, Wave64, AIFF, CAF, FLAC, Ogg Vorbis, Opus. (Of an MP3 it reads as many frames as it has guessed: an eighth of some.) */
#include "source.h"

#include <sndfile.h>
#include <string.h>
#include <unistd.h>

/* Vorbis I specification section 4.3.9, and Opus (RFC 7845 section 5.1.1.2) alike. */
static const enum speaker vorbis_places[SOURCE_CHANNELS + 1][SOURCE_CHANNELS] = {
    [3] = { AT_LEFT, AT_CENTER, AT_RIGHT },
    [4] = { AT_LEFT, AT_RIGHT, AT_BACK_LEFT, AT_BACK_RIGHT },
    [5] = { AT_LEFT, AT_CENTER, AT_RIGHT, AT_BACK_LEFT, AT_BACK_RIGHT },
    [6] = { AT_LEFT, AT_CENTER, AT_RIGHT, AT_BACK_LEFT, AT_BACK_RIGHT, AT_LFE },
    [7] = { AT_LEFT, AT_CENTER, AT_RIGHT, AT_BACK_LEFT, AT_BACK_RIGHT, AT_BACK_CENTER, AT_LFE },
    [8] = { AT_LEFT, AT_CENTER, AT_RIGHT, AT_BACK_LEFT, AT_BACK_RIGHT, AT_BACK_LEFT, AT_BACK_RIGHT, AT_LFE },
};

static enum speaker place_of(int map)
{
    switch (map) {
    case SF_CHANNEL_MAP_LEFT: case SF_CHANNEL_MAP_FRONT_LEFT: case SF_CHANNEL_MAP_FRONT_LEFT_OF_CENTER: return AT_LEFT;
    case SF_CHANNEL_MAP_RIGHT: case SF_CHANNEL_MAP_FRONT_RIGHT: case SF_CHANNEL_MAP_FRONT_RIGHT_OF_CENTER: return AT_RIGHT;
    case SF_CHANNEL_MAP_CENTER: case SF_CHANNEL_MAP_FRONT_CENTER: return AT_CENTER;
    case SF_CHANNEL_MAP_LFE: return AT_LFE;
    case SF_CHANNEL_MAP_REAR_LEFT: case SF_CHANNEL_MAP_SIDE_LEFT: return AT_BACK_LEFT;
    case SF_CHANNEL_MAP_REAR_RIGHT: case SF_CHANNEL_MAP_SIDE_RIGHT: return AT_BACK_RIGHT;
    case SF_CHANNEL_MAP_REAR_CENTER: return AT_BACK_CENTER;
    default: return AT_UNKNOWN;
    }
}

static void find_places(struct source *s)
{
    int map[SOURCE_CHANNELS] = { 0 };
    bool is_ogg = !strcmp(s->format, "ogg") || !strcmp(s->format, "opus"), is_said = false;

    source_usual_places(s);
    if (s->channels <= 2)
        return;
    if (is_ogg)
        memcpy(s->at, vorbis_places[s->channels], sizeof(s->at));
    else if (sf_command(s->decoder, SFC_GET_CHANNEL_MAP_INFO, map, (int)((size_t)s->channels * sizeof(*map))))
        for (int i = 0; i < s->channels; i++)
            is_said |= place_of(map[i]) != AT_UNKNOWN;
    for (int i = 0; is_said && i < s->channels; i++)
        s->at[i] = place_of(map[i]);
}

static enum lm_err open_source(struct source *s, int fd, uint64_t size, const struct container *c, struct problem *p)
{
    SF_INFO info = { 0 };

    (void)size;
    if (lseek(fd, 0, SEEK_SET) || !(s->decoder = sf_open_fd(fd, SFM_READ, &info, 0))) {
        int e = sf_error(NULL);
        return e == SF_ERR_UNRECOGNISED_FORMAT || e == SF_ERR_UNSUPPORTED_ENCODING
            ? problem_set(p, LM_MEDIA_TYPE, "A kind of %s file that is not understood", container_find(c->format)->label)
            : problem_set(p, LM_INVALID, "The %s file is broken or cut off (%s). Export or download it again.", container_find(c->format)->label, sf_strerror(NULL));
    }
    s->channels = info.channels;
    s->rate = info.samplerate;
    s->frames = info.frames == SF_COUNT_MAX || info.frames < 0 ? -1 : info.frames;
    if (s->channels > 0 && s->channels <= SOURCE_CHANNELS)
        find_places(s);
    return LM_OK;
}

static size_t read_frames(struct source *s, float *frames, size_t n)
{
    sf_count_t got = sf_readf_float(s->decoder, frames, (sf_count_t)n);

    return got > 0 ? (size_t)got : 0;
}

/* Decoding from shortly before the end is exact for all of these. */
static enum lm_err check_end(struct source *s, float *buffer, struct problem *p)
{
    int64_t last = s->frames > SOURCE_BLOCK / 2 ? s->frames - SOURCE_BLOCK / 2 : 0;
    size_t got = 0;

    if (s->frames < 0)
        return LM_OK;
    if (sf_seek(s->decoder, last, SEEK_SET) == last)
        got = read_frames(s, buffer, SOURCE_BLOCK);
    return (int64_t)got >= s->frames - last ? LM_OK
        : problem_set(p, LM_INVALID, "The file is cut off: its header promises %.1f s, the end cannot be decoded", (double)s->frames / s->rate);
}

static void close_source(struct source *s)
{
    if (s->decoder)
        sf_close(s->decoder);
    s->decoder = NULL;
}

const struct source_library source_sndfile = { .open = open_source, .read = read_frames, .check_end = check_end, .close = close_source };
