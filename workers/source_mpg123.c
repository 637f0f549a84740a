/*
 * mpg123: MP3. All of its frames are looked at first, so that it is as long as it is and not as its first frames lead one to guess: a file need not say, and may lie.
 * What LAME put before and behind the music is left out where it says how much that is.
 */
#include "source.h"

#include <mpg123.h>
#include <unistd.h>

#define SLACK_S .1                      /* a last frame that is not whole */

static enum lm_err broken(struct problem *p, mpg123_handle *h)
{
    return problem_set(p, LM_INVALID, "The MP3 file is broken or cut off (%s). Export or download it again.", mpg123_strerror(h));
}

static enum lm_err open_source(struct source *s, int fd, uint64_t size, const struct container *c, struct problem *p)
{
    int e = 0, coding = 0;
    mpg123_handle *h = s->decoder = mpg123_new(NULL, &e);

    (void)size, (void)c;
    if (!h)
        return problem_set(p, LM_NOMEM, "No decoder for MP3: %s", mpg123_plain_strerror(e));
    mpg123_param(h, MPG123_REMOVE_FLAGS, MPG123_AUTO_RESAMPLE, 0);
    mpg123_param(h, MPG123_ADD_FLAGS, MPG123_FORCE_FLOAT | MPG123_QUIET | MPG123_SKIP_ID3V2 | MPG123_GAPLESS, 0);
    mpg123_param(h, MPG123_RVA, MPG123_RVA_OFF, 0);
    mpg123_param(h, MPG123_RESYNC_LIMIT, -1, 0);
    long rate = 0;
    if (lseek(fd, 0, SEEK_SET) || mpg123_open_fd(h, fd) || mpg123_getformat(h, &rate, &s->channels, &coding) || mpg123_scan(h))
        return broken(p, h);
    s->rate = (int)rate;
    if (rate < 1 || rate > 48000 || s->channels < 1 || s->channels > 2)
        return problem_set(p, LM_INVALID, "The MP3 file is broken: %d channels at %ld samples a second", s->channels, rate);
    /* Frames of another number of channels are made like the others. (Those of another rate end it; to allow only one rate makes mpg123 1.31 free twice.) */
    mpg123_param(h, MPG123_ADD_FLAGS, s->channels == 1 ? MPG123_FORCE_MONO : MPG123_FORCE_STEREO, 0);
    s->frames = mpg123_length(h);
    s->slack_s = SLACK_S;
    s->is_estimate = s->frames < 0;
    source_usual_places(s);
    return LM_OK;
}

static size_t read_frames(struct source *s, float *frames, size_t n)
{
    size_t frame = (size_t)s->channels * sizeof(float), done = 0;

    while (done < n) {
        size_t got = 0;
        int e = mpg123_read(s->decoder, (unsigned char *)frames + done * frame, (n - done) * frame, &got);
        done += got / frame;
        if (e == MPG123_NEW_FORMAT && !got) {
            long rate = 0;
            int channels = 0, coding = 0;
            if (mpg123_getformat(s->decoder, &rate, &channels, &coding) || rate != s->rate || channels != s->channels)
                break;
        } else if (e != MPG123_OK && e != MPG123_NEW_FORMAT) {
            break;
        }
    }
    return done;
}

static enum lm_err check_end(struct source *s, float *buffer, struct problem *p)
{
    off_t last = s->frames > SOURCE_BLOCK ? s->frames - SOURCE_BLOCK : 0;

    if (s->frames <= SOURCE_BLOCK || (mpg123_seek(s->decoder, last, SEEK_SET) == last && read_frames(s, buffer, SOURCE_BLOCK)))
        return LM_OK;
    return problem_set(p, LM_INVALID, "The file is cut off: its end cannot be decoded");
}

static void close_source(struct source *s)
{
    if (s->decoder)
        mpg123_delete(s->decoder);
    s->decoder = NULL;
}

const struct source_library source_mpg123 = { .format = "mp3", .open = open_source, .read = read_frames, .check_end = check_end, .close = close_source };
