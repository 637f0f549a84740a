/*
 * Looks at an audio file, decodes it to what lumad plays, draws its waveform. A process of its own, because decoders of foreign
 * files crash, and then only this one does.
 *
 *   decode_worker --probe FILE
 *       {"result":{"format","sample_rate","channels","frames","duration_seconds","tags":{"title",...}}}
 *   decode_worker --decode FILE --out PCM [--sha256 HEX] [--waveform-preview F --waveform-full F]
 *       {"progress":0.4,"step":"decode"} ... {"result":{"frames","channels","duration_seconds"}}
 *   decode_worker --mono yes --decode FILE --out PCM [--sha256 HEX] --decode FILE --out PCM ...
 *       up to four of them, each mixed to one channel: {"progress"...} ... {"result":{"files":4}}
 *   decode_worker --waveform PCM --waveform-preview F --waveform-full F
 *
 * A failure is {"error":{"code","message"}} and status 1; codes: not_audio (another kind of file), broken (cut off or lying),
 * too_long, unsupported (channels, rate), full, io, no_memory. PCM is the format of audio/pcm.h, F that of analysis/waveform.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <samplerate.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/waveform.h"
#include "audio/container.h"
#include "audio/pcm.h"
#include "core/json.h"
#include "core/path.h"
#include "core/str.h"

enum {
    BLOCK = 8192,                       /* source frames at a time */
    MAX_CHANNELS = 8, MIN_RATE = 8000, MAX_RATE = 192000, MAX_HOURS = 12,
    TAG_MAX = 500,
    MEMORY_MB = 1024, CPU_SECONDS = 3600, FILES = 32,
    DECODES = 4,
};

struct decode { const char *file, *out, *sha256; };

struct job {
    const char *probe, *waveform, *preview, *full, *mono;
    struct decode decode[DECODES];
    int n, now;                         /* decodes; the one at work */
};

struct source { SNDFILE *file; SF_INFO info; const char *format; };

/* Prints one line; what lumad reads. Takes the reference. */
static void say(json_t *line)
{
    json_dumpf(line, stdout, JSON_COMPACT);
    putchar('\n');
    fflush(stdout);
    json_decref(line);
}

static const char *code_of(enum lm_err err)
{
    return err == LM_MEDIA_TYPE ? "not_audio" : err == LM_INVALID ? "broken"
         : err == LM_RANGE ? "unsupported" : err == LM_TOO_LARGE ? "too_long" : lm_err_code(err);
}

static void say_error(enum lm_err err, const struct problem *p)
{
    say(json_pack("{s:{s:s,s:s}}", "error", "code", code_of(err), "message",
                  p->detail[0] ? p->detail : lm_err_text(err)));
}

static void say_progress(double progress, const char *step)
{
    say(json_pack("{s:f,s:s}", "progress", progress, "step", step));
}

/* A file may ask a decoder for anything; this is what it gets. (Sanitizers map terabytes and are let alone.) */
static void set_limits(void)
{
    static const struct { int what; rlim_t limit; } limits[] = {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
        { RLIMIT_AS, (rlim_t)MEMORY_MB << 20 },
#endif
        { RLIMIT_CPU, CPU_SECONDS }, { RLIMIT_NOFILE, FILES }, { RLIMIT_CORE, 0 },
    };

    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
        setrlimit(limits[i].what, &(struct rlimit){ limits[i].limit, limits[i].limit });
}

static enum lm_err check_limits(const SF_INFO *info, struct problem *p)
{
    if (info->channels < 1 || info->channels > MAX_CHANNELS)
        return problem_set(p, LM_RANGE, "%d channels; 1 to %d are understood", info->channels,
                           MAX_CHANNELS);
    if (info->samplerate < MIN_RATE || info->samplerate > MAX_RATE)
        return problem_set(p, LM_RANGE, "%d samples a second; %d to %d are understood",
                           info->samplerate, MIN_RATE, MAX_RATE);
    if (info->frames != SF_COUNT_MAX && info->frames / info->samplerate > MAX_HOURS * 3600)
        return problem_set(p, LM_TOO_LARGE, "Longer than %d hours", MAX_HOURS);
    return LM_OK;
}

/* The file is checked from outside first: libsndfile forgives what an operator should know. */
static enum lm_err source_open(const char *path, struct source *s, struct problem *p)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);      /* a pipe would let it wait for who writes */

    if (fd < 0 || fstat(fd, &st)) {
        enum lm_err err = problem_set(p, lm_err_from_errno(errno), "%s", strerror(errno));
        if (fd >= 0)
            close(fd);
        return err;
    }
    enum lm_err err = S_ISREG(st.st_mode) ? container_check(fd, (uint64_t)st.st_size, &s->format, p) : problem_set(p, LM_INVALID, "It is no regular file");
    if (!err && lseek(fd, 0, SEEK_SET))
        err = problem_set(p, LM_IO, "%s", strerror(errno));
    if (err) {
        close(fd);
        return err;
    }
    if (!(s->file = sf_open_fd(fd, SFM_READ, &s->info, 1))) {   /* owns fd, also when it fails */
        int e = sf_error(NULL);
        return e == SF_ERR_UNRECOGNISED_FORMAT || e == SF_ERR_UNSUPPORTED_ENCODING
            ? problem_set(p, LM_MEDIA_TYPE, "A kind of %s file that is not understood", s->format)
            : problem_set(p, LM_INVALID, "The %s file is broken or cut off (%s). Export or download it again.", s->format, sf_strerror(NULL));
    }
    int major = s->info.format & SF_FORMAT_TYPEMASK, minor = s->info.format & SF_FORMAT_SUBMASK;
    if (major == SF_FORMAT_OGG && minor == SF_FORMAT_OPUS)
        s->format = "opus";
    /* Claims what nobody could check later: the decoder says how long an MP3 without a header might be. */
    return check_limits(&s->info, p);
}

static void source_close(struct source *s)
{
    if (s->file)
        sf_close(s->file);
    s->file = NULL;
}

/* Is the promised end really there? Decoding from shortly before it is exact for everything but an MP3 without a length header. */
static enum lm_err check_end(struct source *s, float *buffer, struct problem *p)
{
    sf_count_t last = s->info.frames > BLOCK / 2 ? s->info.frames - BLOCK / 2 : 0, got, want;

    if (s->info.frames == SF_COUNT_MAX || !s->info.seekable)
        return LM_OK;
    want = s->info.frames - last;
    if (sf_seek(s->file, last, SEEK_SET) != last)
        got = 0;
    else
        got = sf_readf_float(s->file, buffer, BLOCK);
    if (!strcmp(s->format, "mp3"))
        return got > 0 || s->info.frames < 10 * s->info.samplerate || sf_error(s->file) == 0 ? LM_OK
            : problem_set(p, LM_INVALID, "The file is cut off: its end cannot be decoded");
    return got >= want ? LM_OK
        : problem_set(p, LM_INVALID,
                      "The file is cut off: its header promises %.1f s, the end cannot be decoded",
                      (double)s->info.frames / s->info.samplerate);
}

/* Old WAV and ID3v1 tags are Latin-1; what is not UTF-8 is taken for that. NULL: nothing there. */
static json_t *tag_text(const char *text)
{
    struct str s = { 0 };
    bool is_utf8 = utf8_valid(text, strlen(text));

    while (*text && (unsigned char)*text <= ' ')
        text++;
    for (; *text && s.len < TAG_MAX; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < ' ' || c == 0x7f)
            str_add(&s, " ");
        else if (c < 0x80 || is_utf8)
            str_add_mem(&s, &c, 1);
        else
            str_addf(&s, "%c%c", 0xc0 | c >> 6, 0x80 | (c & 0x3f));
    }
    while (s.len && (s.data[s.len - 1] == ' ' || !utf8_valid(s.data, s.len)))
        s.data[--s.len] = '\0';         /* spaces, and a character that the limit cut */
    json_t *v = s.len && !s.failed ? json_string(s.data) : NULL;
    str_clear(&s);
    return v;
}

static json_t *tags(SNDFILE *file)
{
    static const struct { int id; const char *name; } known[] = {
        { SF_STR_TITLE, "title" }, { SF_STR_ARTIST, "artist" }, { SF_STR_ALBUM, "album" },
        { SF_STR_DATE, "date" }, { SF_STR_GENRE, "genre" }, { SF_STR_TRACKNUMBER, "track_number" },
        { SF_STR_COMMENT, "comment" }, { 0 },
    };
    json_t *o = json_object();

    for (int i = 0; known[i].name; i++) {
        const char *text = sf_get_string(file, known[i].id);
        json_t *v = text ? tag_text(text) : NULL;
        if (v)
            json_object_set_new(o, known[i].name, v);
    }
    return o;
}

static enum lm_err probe(const struct job *j, struct problem *p)
{
    struct source s = { 0 };
    float *buffer = malloc(sizeof(float) * BLOCK * MAX_CHANNELS);
    enum lm_err err = buffer ? source_open(j->probe, &s, p) : LM_NOMEM;

    if (err)
        goto out;
    if (sf_readf_float(s.file, buffer, BLOCK) <= 0) {
        err = problem_set(p, LM_INVALID, "Not one frame of the %s file can be decoded", s.format);
        goto out;
    }
    if ((err = check_end(&s, buffer, p)))
        goto out;
    bool known = s.info.frames != SF_COUNT_MAX;
    say(json_pack("{s:{s:s,s:i,s:i,s:o,s:o,s:o}}", "result", "format", s.format,
                  "sample_rate", s.info.samplerate, "channels", s.info.channels,
                  "frames", known ? json_integer(s.info.frames) : json_null(),
                  "duration_seconds",
                  known ? json_real((double)s.info.frames / s.info.samplerate) : json_null(),
                  "tags", tags(s.file)));
out:
    source_close(&s);
    free(buffer);
    return err;
}

/* --- decoding --- */

struct sink {
    int fd;
    char temp[PATH_SIZE];
    struct waveform *waveform;          /* NULL: not asked for */
    int channels;
    uint64_t frames, limit;             /* limit: where the source ends in our rate; 0 = not known yet */
};

static enum lm_err write_all(int fd, const void *data, size_t n, struct problem *p)
{
    const char *at = data;

    while (n) {
        ssize_t done = write(fd, at, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return problem_set(p, lm_err_from_errno(errno), "Writing decoded audio: %s",
                               strerror(errno));
        at += done;
        n -= (size_t)done;
    }
    return LM_OK;
}

static enum lm_err sink_open(struct sink *k, const struct job *j, const struct decode *d, int channels, struct problem *p)
{
    static const char nothing[PCM_HEADER];

    k->channels = channels;
    if (snprintf(k->temp, sizeof(k->temp), "%s.part", d->out) >= (int)sizeof(k->temp))
        return problem_set(p, LM_INVALID, "The name of the output is too long");
    k->fd = open(k->temp, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (k->fd < 0)
        return problem_set(p, lm_err_from_errno(errno), "%s: %s", k->temp, strerror(errno));
    if (j->full && !(k->waveform = waveform_new(channels, PCM_RATE, WAVEFORM_FULL_FRAMES)))
        return LM_NOMEM;
    return write_all(k->fd, nothing, sizeof(nothing), p);
}

/* A float file may hold anything: what is no number is silence, what is absurdly loud is held. */
static enum lm_err sink_add(struct sink *k, float *frames, size_t n, struct problem *p)
{
    if (k->limit && k->frames + n > k->limit)
        n = (size_t)(k->limit - k->frames);
    for (size_t i = 0; i < n * (size_t)k->channels; i++)
        frames[i] = isfinite(frames[i]) ? fmaxf(-8, fminf(8, frames[i])) : 0;
    k->frames += n;
    if (k->frames > (uint64_t)MAX_HOURS * 3600 * PCM_RATE)
        return problem_set(p, LM_TOO_LARGE, "Longer than %d hours", MAX_HOURS);
    if (k->waveform && waveform_add(k->waveform, frames, n))
        return LM_NOMEM;
    return write_all(k->fd, frames, n * (size_t)k->channels * sizeof(float), p);
}

static void set_hash(uint8_t out[32], const char *hex)
{
    for (int i = 0; hex && i < 32; i++) {
        unsigned v;
        if (sscanf(hex + 2 * i, "%2x", &v) != 1)
            return;
        out[i] = (uint8_t)v;
    }
}

/*
 * The header last, then the real name. No fsync: this is a cache, pcm_open() compares the header with the file's size and a
 * file that a power cut left short is decoded again.
 */
static enum lm_err sink_finish(struct sink *k, const struct decode *d, struct problem *p)
{
    struct pcm_header h = { .magic = PCM_MAGIC, .rate = PCM_RATE, .frames = k->frames };

    h.channels = (uint32_t)k->channels;
    set_hash(h.source_sha256, d->sha256 && strlen(d->sha256) == 64 ? d->sha256 : NULL);
    if (pwrite(k->fd, &h, sizeof(h), 0) != (ssize_t)sizeof(h) || rename(k->temp, d->out))
        return problem_set(p, lm_err_from_errno(errno), "%s: %s", d->out, strerror(errno));
    k->temp[0] = '\0';
    return LM_OK;
}

static void sink_close(struct sink *k)
{
    if (k->fd >= 0)
        close(k->fd);
    if (k->fd >= 0 && k->temp[0])
        unlink(k->temp);
    waveform_free(k->waveform);
}

/* More than two channels to two, in the order of WAV: FL FR FC LFE BL BR SL SR; scaled so that it cannot clip. */
static void mix_down(const float *in, float *out, size_t n, int channels)
{
    static const float left[8] = { 1, 0, .7071f, 0, .7071f, 0, .7071f, 0 };
    static const float right[8] = { 0, 1, .7071f, 0, 0, .7071f, 0, .7071f };
    float scale = 0;

    for (int c = 0; c < channels; c++)
        scale += left[c];
    for (size_t i = 0; i < n; i++, in += channels) {
        float l = 0, r = 0;
        for (int c = 0; c < channels; c++) {
            l += left[c] * in[c];
            r += right[c] * in[c];
        }
        out[2 * i] = l / scale;
        out[2 * i + 1] = r / scale;
    }
}

/* In place; as graphs mix what has two channels. */
static void mix_to_one(float *x, size_t n, int channels)
{
    for (size_t i = 0; i < n && channels == 2; i++)
        x[i] = (x[2 * i] + x[2 * i + 1]) * .5f;
}

struct pump { float *in, *mixed, *out; size_t out_frames; SRC_STATE *src; double ratio; };

static enum lm_err resample(struct pump *m, const float *in, size_t n, bool is_end, struct sink *k,
                            struct problem *p)
{
    SRC_DATA d = { .data_in = in, .input_frames = (long)n, .src_ratio = m->ratio,
                   .end_of_input = is_end };

    for (;;) {
        d.data_out = m->out;
        d.output_frames = (long)m->out_frames;
        int e = src_process(m->src, &d);
        if (e)
            return problem_set(p, LM_INTERNAL, "Resampling: %s", src_strerror(e));
        enum lm_err err = sink_add(k, m->out, (size_t)d.output_frames_gen, p);
        if (err)
            return err;
        d.data_in += d.input_frames_used * k->channels;
        d.input_frames -= d.input_frames_used;
        if (!d.input_frames && d.output_frames_gen < d.output_frames)
            return LM_OK;
    }
}

static enum lm_err check_whole(const struct source *s, sf_count_t got, struct problem *p)
{
    sf_count_t promised = s->info.frames == SF_COUNT_MAX ? got : s->info.frames;
    bool is_estimate = !strcmp(s->format, "mp3");

    if (!got)
        return problem_set(p, LM_INVALID, "There is no sound in the file");
    if (got < promised && !is_estimate)
        return problem_set(p, LM_INVALID, "Decoding stopped at %.1f s of %.1f s",
                           (double)got / s->info.samplerate,
                           (double)promised / s->info.samplerate);
    return LM_OK;
}

static enum lm_err pump_all(struct source *s, struct pump *m, struct sink *k, const struct job *j, struct problem *p)
{
    sf_count_t got, done = 0;
    int percent = 0;
    enum lm_err err = LM_OK;

    while (!err && (got = sf_readf_float(s->file, m->in, BLOCK)) > 0) {
        float *block = m->in;
        if (s->info.channels > 2) {
            mix_down(m->in, m->mixed, (size_t)got, s->info.channels);
            block = m->mixed;
        }
        if (j->mono)
            mix_to_one(block, (size_t)got, s->info.channels > 2 ? 2 : s->info.channels);
        err = m->src ? resample(m, block, (size_t)got, false, k, p)
                     : sink_add(k, block, (size_t)got, p);
        done += got;
        int now = s->info.frames > 0 ? (int)(98. * (double)done / (double)s->info.frames) : 0;
        if (now > percent && now <= 98)
            say_progress((j->now + (percent = now) / 100.) / j->n, "decode");
    }
    k->limit = (uint64_t)llround((double)done * m->ratio);
    if (!err && m->src && k->limit > k->frames)
        err = resample(m, m->in, 0, true, k, p);
    return err ? err : check_whole(s, done, p);
}

static enum lm_err write_waveforms(const struct waveform *w, const struct job *j,
                                   struct problem *p)
{
    const struct { const char *path; size_t max; } levels[] = {
        { j->preview, WAVEFORM_PREVIEW_BUCKETS }, { j->full, 0 },
    };
    enum lm_err err = LM_OK;

    for (int i = 0; i < 2 && !err; i++) {
        void *data = NULL;
        size_t n;
        if (levels[i].path && !(err = waveform_bytes(w, levels[i].max, &data, &n))
            && (err = path_write(levels[i].path, data, n, 0600)))
            problem_set(p, err, "%s: %s", levels[i].path, lm_err_text(err));
        free(data);
    }
    return err;
}

static enum lm_err decode_one(const struct job *j, struct problem *p)
{
    const struct decode *d = &j->decode[j->now];
    struct source s = { 0 };
    struct sink k = { .fd = -1 };
    struct pump m = { 0 };
    enum lm_err err = source_open(d->file, &s, p);
    int channels = s.info.channels > 2 ? 2 : s.info.channels, e;

    if (j->mono)
        channels = 1;
    if (err || (err = sink_open(&k, j, d, channels, p)))
        goto out;
    m.ratio = (double)PCM_RATE / s.info.samplerate;
    m.out_frames = (size_t)(BLOCK * fmax(m.ratio, 1)) + 64;
    m.in = malloc(sizeof(float) * BLOCK * (size_t)s.info.channels);
    m.mixed = malloc(sizeof(float) * BLOCK * 2);
    m.out = malloc(sizeof(float) * m.out_frames * 2);
    if (!m.in || !m.mixed || !m.out) {
        err = LM_NOMEM;
        goto out;
    }
    if (s.info.samplerate != PCM_RATE
        && !(m.src = src_new(SRC_SINC_MEDIUM_QUALITY, channels, &e))) {
        err = problem_set(p, LM_NOMEM, "Resampling: %s", src_strerror(e));
        goto out;
    }
    if ((err = pump_all(&s, &m, &k, j, p)))
        goto out;
    if (k.waveform && (err = write_waveforms(k.waveform, j, p)))
        goto out;
    if ((err = sink_finish(&k, d, p)) || j->mono)
        goto out;
    say(json_pack("{s:{s:I,s:i,s:f}}", "result", "frames", (json_int_t)k.frames, "channels",
                  k.channels, "duration_seconds", (double)k.frames / PCM_RATE));
out:
    if (m.src)
        src_delete(m.src);
    free(m.in);
    free(m.mixed);
    free(m.out);
    sink_close(&k);
    source_close(&s);
    return err;
}

static enum lm_err decode(struct job *j, struct problem *p)
{
    enum lm_err err = j->mono || j->n == 1 ? LM_OK : problem_set(p, LM_BAD_REQUEST, "Several files are decoded with --mono");

    for (j->now = 0; j->now < j->n && !err; j->now++)
        err = decode_one(j, p);
    if (!err && j->mono)
        say(json_pack("{s:{s:i}}", "result", "files", j->n));
    return err;
}

static enum lm_err waveform(const struct job *j, struct problem *p)
{
    struct pcm pcm = { 0 };
    struct waveform *w = NULL;
    enum lm_err err = pcm_open(j->waveform, &pcm, p);

    if (err)
        return err;
    if (!(w = waveform_new(pcm.channels, pcm.rate, WAVEFORM_FULL_FRAMES))) {
        err = LM_NOMEM;
        goto out;
    }
    uint64_t piece = pcm.frames / 20 + 1;
    for (uint64_t at = 0; at < pcm.frames && !err; at += piece) {
        uint64_t n = pcm.frames - at < piece ? pcm.frames - at : piece;
        err = waveform_add(w, pcm.data + at * (uint64_t)pcm.channels, n);
        say_progress((double)at / (double)pcm.frames, "waveform");
    }
    if (err || (err = write_waveforms(w, j, p)))
        goto out;
    say(json_pack("{s:{s:I}}", "result", "frames", (json_int_t)pcm.frames));
out:
    waveform_free(w);
    pcm_close(&pcm);
    return err;
}

int main(int argc, char **argv)
{
    struct job j = { 0 };
    struct problem p = { 0 };
    struct decode *d = NULL;
    enum lm_err err = LM_BAD_REQUEST;

    for (int i = 1; i + 1 < argc; i += 2) {
        if (!strcmp(argv[i], "--decode") && ++j.n <= DECODES)
            d = &j.decode[j.n - 1];
        const struct { const char *name; const char **value; } options[] = {
            { "--probe", &j.probe }, { "--waveform", &j.waveform }, { "--mono", &j.mono },
            { "--waveform-preview", &j.preview }, { "--waveform-full", &j.full },
            { d ? "--decode" : "", d ? &d->file : NULL }, { d ? "--out" : "", d ? &d->out : NULL },
            { d ? "--sha256" : "", d ? &d->sha256 : NULL }, { 0 },
        };
        for (int k = 0; options[k].name; k++)
            if (options[k].value && !strcmp(argv[i], options[k].name))
                *options[k].value = argv[i + 1];
    }
    bool has_outputs = j.n > 0 || j.mono;
    for (int i = 0; i < j.n && j.n <= DECODES; i++)
        has_outputs &= j.decode[i].out != NULL;
    set_limits();
    if (j.probe)
        err = probe(&j, &p);
    else if (j.n > DECODES)
        problem_set(&p, err, "At most %d files are decoded in a run", DECODES);
    else if (has_outputs)
        err = decode(&j, &p);
    else if (j.waveform && j.preview && j.full)
        err = waveform(&j, &p);
    else
        problem_set(&p, err, "Use --probe FILE, --decode FILE --out PCM or --waveform PCM");
    if (err)
        say_error(err, &p);
    return err != LM_OK;
}
