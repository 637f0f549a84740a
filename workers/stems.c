#include "stems.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <samplerate.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/path.h"

const char *const stem_names[STEMS] = { "drums", "bass", "vocals", "other" };

/* --- the source --- */

enum {
    CHUNK = 4096,                       /* frames of the recording at a time */
    LEAD = 160 * 64,                    /* frames a resampler hears before what is asked for */
};

struct stem_source {
    const struct pcm *pcm;
    int rate;
    uint64_t frames;
    SRC_STATE *src;                     /* NULL: the rate is right already */
    float *chunk;                       /* 2 * CHUNK */
    uint64_t at;                        /* frame of the recording that the resampler hears next */
    int64_t next;                       /* frame it gives next */
};

void stem_source_free(struct stem_source *s)
{
    if (!s)
        return;
    if (s->src)
        src_delete(s->src);
    free(s->chunk);
    free(s);
}

enum lm_err stem_source_new(const struct pcm *pcm, int rate, struct stem_source **result)
{
    struct stem_source *s = calloc(1, sizeof(*s));
    int e;

    *result = NULL;
    if (!s)
        return LM_NOMEM;
    s->pcm = pcm;
    s->rate = rate;
    s->frames = pcm->frames;
    if (rate != (int)pcm->rate) {
        s->frames = (uint64_t)llround((double)pcm->frames * rate / pcm->rate);
        s->chunk = malloc(2 * CHUNK * sizeof(*s->chunk));
        s->src = src_new(SRC_SINC_BEST_QUALITY, 2, &e);
        s->next = -1;
        if (!s->chunk || !s->src) {
            stem_source_free(s);
            return LM_NOMEM;
        }
    }
    *result = s;
    return LM_OK;
}

uint64_t stem_source_frames(const struct stem_source *s)
{
    return s->frames;
}

static float sane(float x)
{
    return isfinite(x) ? x : 0;
}

/* Pages that were read are given back: a recording of hours would otherwise count as memory in use. */
static void give_back(const struct pcm *pcm, int64_t from, int64_t to)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), frame = (size_t)pcm->channels * sizeof(*pcm->data);
    size_t head = (size_t)((const char *)pcm->data - (const char *)pcm->map);
    size_t a = (head + (size_t)from * frame) / page * page, b = (head + (size_t)to * frame) / page * page;

    if (pcm->map && b > a)
        madvise((char *)pcm->map + a, b - a, MADV_DONTNEED);
}

/* Of the recording as it is. */
static void copy(const struct pcm *pcm, int64_t from, size_t n, float *out)
{
    int64_t end = from + (int64_t)n, most = (int64_t)pcm->frames;

    for (size_t i = 0; i < n; i++) {
        int64_t k = from + (int64_t)i;
        bool is_in = k >= 0 && k < most;
        const float *x = is_in ? pcm->data + k * pcm->channels : NULL;
        out[2 * i] = x ? sane(x[0]) : 0;
        out[2 * i + 1] = x ? sane(x[pcm->channels - 1]) : 0;
    }
    if (from < most && end > 0)
        give_back(pcm, from > 0 ? from : 0, end < most ? end : most);
}

/* The resampler begins a little before `from`, at a frame where both rates meet: 160 at 48 kHz are 147 at 44.1. */
static enum lm_err seek(struct stem_source *s, int64_t from)
{
    int64_t meet = (int64_t)((double)from * s->pcm->rate / s->rate) / 160 * 160 - LEAD;

    s->at = meet > 0 ? (uint64_t)meet : 0;
    s->next = (int64_t)llround((double)s->at * s->rate / s->pcm->rate);
    return src_reset(s->src) ? LM_INTERNAL : LM_OK;
}

/* Up to n further frames; 0 only when nothing comes any more. */
static enum lm_err resample(struct stem_source *s, float *out, size_t n, size_t *given)
{
    SRC_DATA d = { .data_in = s->chunk, .data_out = out, .output_frames = (long)n, .src_ratio = s->rate / s->pcm->rate };

    do {
        uint64_t left = s->pcm->frames - s->at;
        d.input_frames = (long)(left < CHUNK ? left : CHUNK);
        d.end_of_input = left <= CHUNK;
        copy(s->pcm, (int64_t)s->at, (size_t)d.input_frames, s->chunk);
        if (src_process(s->src, &d))
            return LM_INTERNAL;
        s->at += (uint64_t)d.input_frames_used;
    } while (!d.output_frames_gen && (d.input_frames_used || !d.end_of_input));
    *given = (size_t)d.output_frames_gen;
    s->next += d.output_frames_gen;
    return LM_OK;
}

enum lm_err stem_source_read(struct stem_source *s, int64_t from, size_t n, float *out)
{
    enum lm_err err = LM_OK;

    if (!s->src) {
        copy(s->pcm, from, n, out);
        return LM_OK;
    }
    for (; n && from < 0; from++, n--, out += 2)
        out[0] = out[1] = 0;
    if (n && from != s->next)
        err = seek(s, from);
    while (!err && n && from < (int64_t)s->frames) {
        float spare[2 * 256];
        size_t skip = s->next < from ? (size_t)(from - s->next) : 0, given;
        size_t want = skip ? (skip < 256 ? skip : 256) : n;
        if ((err = resample(s, skip ? spare : out, want, &given)) || !given)
            break;
        if (!skip)
            from += (int64_t)given, n -= given, out += 2 * given;
    }
    memset(out, 0, 2 * n * sizeof(*out));
    return err;
}

/* --- the sink --- */

enum { BLOCK = 2048 };

struct stem_file { int fd, error; SNDFILE *file; char name[32], part[40]; };

struct stem_sink {
    char dir[PATH_SIZE];
    int dir_fd, channels;
    struct stem_file file[STEMS];
    short block[2 * BLOCK];
};

static sf_count_t file_length(void *arg)
{
    struct stem_file *f = arg;
    off_t now = lseek(f->fd, 0, SEEK_CUR), end = lseek(f->fd, 0, SEEK_END);

    lseek(f->fd, now, SEEK_SET);
    return end;
}

static sf_count_t file_seek(sf_count_t offset, int whence, void *arg)
{
    return lseek(((struct stem_file *)arg)->fd, offset, whence);
}

static sf_count_t file_tell(void *arg)
{
    return lseek(((struct stem_file *)arg)->fd, 0, SEEK_CUR);
}

static sf_count_t file_read(void *out, sf_count_t n, void *arg)
{
    ssize_t got = read(((struct stem_file *)arg)->fd, out, (size_t)n);

    return got < 0 ? 0 : got;
}

/* Keeps why it failed: libsndfile only knows that it did, and not always that. */
static sf_count_t file_write(const void *data, sf_count_t n, void *arg)
{
    struct stem_file *f = arg;
    sf_count_t done = 0;

    while (done < n && !f->error) {
        ssize_t w = write(f->fd, (const char *)data + done, (size_t)(n - done));
        if (w > 0)
            done += w;
        else if (!w || errno != EINTR)
            f->error = w ? errno : EIO;
    }
    return done;
}

static enum lm_err why(const struct stem_sink *s, int e, struct problem *p)
{
    enum lm_err err = lm_err_from_errno(e);

    if (err == LM_FULL)
        return problem_set(p, err, "There is no room on the disk for the stems");
    return problem_set(p, err, "The stems cannot be written to %s: %s", s->dir, strerror(e));
}

static enum lm_err check(const struct stem_sink *s, struct problem *p)
{
    for (int i = 0; i < STEMS; i++)
        if (s->file[i].error)
            return why(s, s->file[i].error, p);
    return LM_OK;
}

static void close_files(struct stem_sink *s, bool remove)
{
    for (int i = 0; i < STEMS; i++) {
        struct stem_file *f = &s->file[i];
        if (f->file)
            sf_close(f->file);
        if (f->fd >= 0)
            close(f->fd);
        if (remove && f->part[0])
            unlinkat(s->dir_fd, f->part, 0);
        f->file = NULL;
        f->fd = -1;
    }
}

void stem_sink_abort(struct stem_sink *s)
{
    if (!s)
        return;
    close_files(s, true);
    if (s->dir_fd >= 0)
        close(s->dir_fd);
    free(s);
}

static enum lm_err open_file(struct stem_sink *s, int i, int rate, struct problem *p)
{
    static SF_VIRTUAL_IO io = { file_length, file_seek, file_read, file_write, file_tell };
    struct stem_file *f = &s->file[i];
    SF_INFO info = { .samplerate = rate, .channels = s->channels, .format = SF_FORMAT_FLAC | SF_FORMAT_PCM_16 };

    snprintf(f->name, sizeof(f->name), "%s.flac", stem_names[i]);
    snprintf(f->part, sizeof(f->part), "%s.flac.part", stem_names[i]);
    if ((f->fd = openat(s->dir_fd, f->part, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) < 0)
        return why(s, errno, p);
    if (!(f->file = sf_open_virtual(&io, SFM_WRITE, &info, f)))
        return f->error ? why(s, f->error, p) : problem_set(p, LM_INTERNAL, "FLAC: %s", sf_strerror(NULL));
    return LM_OK;
}

enum lm_err stem_sink_open(const char *dir, int rate, int channels, struct stem_sink **result, struct problem *p)
{
    struct stem_sink *s = calloc(1, sizeof(*s));
    enum lm_err err = LM_OK;

    *result = NULL;
    if (!s)
        return problem_set(p, LM_NOMEM, "No memory for the stems");
    snprintf(s->dir, sizeof(s->dir), "%s", dir);
    s->channels = channels;
    for (int i = 0; i < STEMS; i++)
        s->file[i].fd = -1;
    if ((s->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        err = why(s, errno, p);
    for (int i = 0; i < STEMS && !err; i++)
        err = open_file(s, i, rate, p);
    if (err)
        stem_sink_abort(s);
    else
        *result = s;
    return err;
}

static void convert(struct stem_sink *s, const float *x, size_t n)
{
    if (s->channels == 2)
        for (size_t i = 0; i < 2 * n; i++)
            s->block[i] = pcm_to_16(x[i]);
    else
        for (size_t i = 0; i < n; i++)
            s->block[i] = pcm_to_16((x[2 * i] + x[2 * i + 1]) / 2);
}

enum lm_err stem_sink_write(struct stem_sink *s, const float *const part[STEMS], size_t n, struct problem *p)
{
    for (int i = 0; i < STEMS; i++)
        for (size_t done = 0; done < n;) {
            size_t m = n - done < BLOCK ? n - done : BLOCK;
            convert(s, part[i] + 2 * done, m);
            if (sf_writef_short(s->file[i].file, s->block, (sf_count_t)m) != (sf_count_t)m && !s->file[i].error)
                s->file[i].error = EIO;
            done += m;
        }
    return check(s, p);
}

enum lm_err stem_sink_close(struct stem_sink *s, struct problem *p)
{
    int given = 0;

    for (int i = 0; i < STEMS; i++) {
        struct stem_file *f = &s->file[i];
        if (sf_close(f->file) && !f->error)
            f->error = EIO;
        f->file = NULL;
        if (!f->error && fsync(f->fd))
            f->error = errno;
    }
    enum lm_err err = check(s, p);
    close_files(s, false);
    for (; given < STEMS && !err; given++)
        if (renameat(s->dir_fd, s->file[given].part, s->dir_fd, s->file[given].name))
            err = why(s, errno, p);
    if (!err && fsync(s->dir_fd))
        err = why(s, errno, p);
    for (int i = 0; err && i < given; i++)
        unlinkat(s->dir_fd, s->file[i].name, 0);
    stem_sink_abort(s);
    return err;
}
