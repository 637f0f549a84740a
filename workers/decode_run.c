#include "decode.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audio/pcm.h"
#include "audio/picture.h"
#include "core/json.h"

enum { MIN_RATE = 8000, MAX_RATE = 192000, MAX_HOURS = 12 };

static enum lm_err check_limits(const struct source *s, struct problem *p)
{
    if (s->channels < 1 || s->channels > SOURCE_CHANNELS)
        return problem_set(p, LM_RANGE, "%d channels; 1 to %d are understood", s->channels, SOURCE_CHANNELS);
    if (s->rate < MIN_RATE || s->rate > MAX_RATE)
        return problem_set(p, LM_RANGE, "%d samples a second; %d to %d are understood", s->rate, MIN_RATE, MAX_RATE);
    if (s->frames >= 0 && s->frames / s->rate > MAX_HOURS * 3600)
        return problem_set(p, LM_TOO_LARGE, "Longer than %d hours", MAX_HOURS);
    return LM_OK;
}

/* The file is checked from outside first: decoders forgive what an operator should know. */
static enum lm_err open_source(struct source *s, const struct input *f, struct problem *p)
{
    struct container c;
    enum lm_err err = container_check(f->fd, f->size, &c, p);

    if (err)
        return err;
    if (strcmp(container_find(c.format)->worker, source_worker))
        return problem_set(p, LM_MEDIA_TYPE, "%s is decoded by %s", container_find(c.format)->label, container_find(c.format)->worker);
    if ((err = source_open(s, f->fd, f->size, &c, p)))
        return err;
    return check_limits(s, p);
}

static enum lm_err check_sound(const struct source *s, struct problem *p)
{
    return s->is_broken ? problem_set(p, LM_INVALID, "The %s file is broken: too much of it cannot be decoded. Export or download it again.", container_find(s->format)->label) : LM_OK;
}

/* --- looking at it --- */

/* What only decoding tells. */
static enum lm_err count(struct source *s, float *buffer, int64_t counted, struct problem *p)
{
    int64_t estimate = s->frames, limit = (int64_t)MAX_HOURS * 3600 * s->rate;
    int percent = 0;

    for (size_t got; counted <= limit && (got = source_read(s, buffer, SOURCE_BLOCK)); counted += (int64_t)got) {
        int now = (int)(counted * 100 / (estimate > 0 ? estimate : limit));
        if (now > percent && now < 100)
            say_progress((percent = now) / 100., "count");
    }
    s->frames = counted;
    return counted <= limit ? check_sound(s, p) : problem_set(p, LM_TOO_LARGE, "Longer than %d hours", MAX_HOURS);
}

static json_t *tags_json(const struct tags *t)
{
    json_t *o = json_object();

    for (int i = 0; i < TAGS; i++)
        if (t->text[i])
            json_object_set_new(o, tag_names[i], json_string(t->text[i]));
    return o;
}

static void say_probe(const struct source *s, const struct tags *t)
{
    const char *art = t->picture ? picture_type(t->picture, t->picture_n) : NULL;

    say(json_pack("{s:{s:s,s:i,s:i,s:o,s:o,s:o,s:s?}}", "result", "format", s->format, "sample_rate", s->rate, "channels", s->channels,
                  "frames", s->frames >= 0 ? json_integer(s->frames) : json_null(),
                  "duration_seconds", s->frames >= 0 ? json_real((double)s->frames / s->rate) : json_null(),
                  "tags", tags_json(t), "art", art));
}

enum lm_err probe_run(const struct input *f, struct output *art, struct problem *p)
{
    struct source s = { .frames = -1 };
    struct tags t = { 0 };
    float *buffer = malloc(sizeof(float) * SOURCE_BLOCK * SOURCE_CHANNELS);
    enum lm_err err = buffer ? open_source(&s, f, p) : LM_NOMEM;

    if (err)
        goto out;
    size_t got = source_read(&s, buffer, SOURCE_BLOCK);
    if (!got) {
        err = problem_set(p, LM_INVALID, "Not one frame of the %s file can be decoded", container_find(s.format)->label);
        goto out;
    }
    if ((err = s.is_estimate || s.frames < 0 ? count(&s, buffer, (int64_t)got, p) : source_check_end(&s, buffer, p)))
        goto out;
    source_tags(&s, f->fd, f->size, &t);
    if (t.picture && art->path && (err = output_write(art, t.picture, t.picture_n, p)))
        goto out;
    say_probe(&s, &t);
out:
    tags_clear(&t);
    source_close(&s);
    free(buffer);
    return err;
}

/* --- decoding --- */

struct pump { struct source *s; struct sink *k; struct mix mix; float *in, *out; size_t out_frames; SRC_STATE *src; double ratio; };

/*
 * 44.1 to 48 kHz is what most music needs. Of libsamplerate's converters the medium one is flat to 19.9 kHz there and keeps 121 dB between sound and what it adds, which is more than
 * 16 bits hold; the best one (144 dB, 21.3 kHz) takes three times as long and nobody hears more, the fast one ends at 17.6 kHz.
 */
enum { CONVERTER = SRC_SINC_MEDIUM_QUALITY };

static enum lm_err pump_open(struct pump *m, struct source *s, struct sink *k, bool is_mono, struct problem *p)
{
    int e = 0;

    m->s = s;
    m->k = k;
    mix_init(&m->mix, s, is_mono);
    m->ratio = (double)PCM_RATE / s->rate;
    m->out_frames = (size_t)(SOURCE_BLOCK * fmax(m->ratio, 1)) + 64;
    m->in = malloc(sizeof(float) * SOURCE_BLOCK * SOURCE_CHANNELS);
    m->out = malloc(sizeof(float) * m->out_frames * 2);
    if (!m->in || !m->out)
        return LM_NOMEM;
    if (s->rate != PCM_RATE && !(m->src = src_new(CONVERTER, m->mix.to, &e)))
        return problem_set(p, LM_NOMEM, "Resampling: %s", src_strerror(e));
    return LM_OK;
}

static void pump_close(struct pump *m)
{
    if (m->src)
        src_delete(m->src);
    free(m->in);
    free(m->out);
}

static enum lm_err resample(struct pump *m, size_t n, bool is_end, struct problem *p)
{
    SRC_DATA d = { .data_in = m->in, .input_frames = (long)n, .src_ratio = m->ratio, .end_of_input = is_end };

    for (;;) {
        d.data_out = m->out;
        d.output_frames = (long)m->out_frames;
        int e = src_process(m->src, &d);
        if (e)
            return problem_set(p, LM_INTERNAL, "Resampling: %s", src_strerror(e));
        enum lm_err err = sink_add(m->k, m->out, (size_t)d.output_frames_gen, p);
        if (err)
            return err;
        d.data_in += d.input_frames_used * m->mix.to;
        d.input_frames -= d.input_frames_used;
        if (!d.input_frames && d.output_frames_gen < d.output_frames)
            return LM_OK;
    }
}

/* A sinc has nothing to say of its last few frames: what is missing to the length of the source is silence. */
static enum lm_err finish(struct pump *m, struct problem *p)
{
    enum lm_err err = m->src && m->k->limit > m->k->frames ? resample(m, 0, true, p) : LM_OK;

    while (!err && m->k->frames < m->k->limit) {
        memset(m->out, 0, sizeof(float) * m->out_frames * 2);
        err = sink_add(m->k, m->out, m->out_frames, p);
    }
    return err;
}

static enum lm_err check_whole(const struct source *s, int64_t got, struct problem *p)
{
    if (!got)
        return problem_set(p, LM_INVALID, "There is no sound in the file");
    if (!s->is_estimate && (double)(s->frames - got) > s->slack_s * s->rate)
        return problem_set(p, LM_INVALID, "Decoding stopped at %.1f s of %.1f s", (double)got / s->rate, (double)s->frames / s->rate);
    return check_sound(s, p);
}

static enum lm_err pump_all(struct pump *m, const struct run *r, struct problem *p)
{
    int64_t done = 0;
    int percent = 0;
    enum lm_err err = LM_OK;

    for (size_t got; !err && (got = source_read(m->s, m->in, SOURCE_BLOCK));) {
        mix_run(&m->mix, m->in, got);
        err = m->src ? resample(m, got, false, p) : sink_add(m->k, m->in, got, p);
        done += (int64_t)got;
        int now = m->s->frames > 0 ? (int)(98. * (double)done / (double)m->s->frames) : 0;
        if (now > percent && now <= 98)
            say_progress((r->now + (percent = now) / 100.) / r->n, "decode");
    }
    if (!err)
        err = check_whole(m->s, done, p);
    m->k->limit = (uint64_t)fmax(1, llround((double)done * m->ratio));
    return err ? err : finish(m, p);
}

static enum lm_err say_decoded(const struct sink *k)
{
    double lufs, peak_db;
    enum lm_err err = loudness_meter_end(k->loudness, &lufs, &peak_db);

    if (!err)
        say(json_pack("{s:{s:I,s:i,s:f,s:o,s:f}}", "result", "frames", (json_int_t)k->frames, "channels", k->channels, "duration_seconds",
                      (double)k->frames / PCM_RATE, "loudness_lufs", json_number(lufs), "true_peak_db", peak_db));
    return err;
}

enum lm_err decode_run(const struct run *r, const struct input *f, struct output *out, const char *sha256, struct output *preview, struct output *full, struct problem *p)
{
    struct source s = { .frames = -1 };
    struct sink k = { 0 };
    struct pump m = { 0 };
    enum lm_err err = open_source(&s, f, p);

    if (err || (err = pump_open(&m, &s, &k, r->is_mono, p)) || (err = sink_open(&k, out, m.mix.to, full->path, !r->is_part, p)))
        goto out;
    if ((err = pump_all(&m, r, p)) || (k.waveform && (err = waveform_write(k.waveform, preview, full, p))))
        goto out;
    if ((err = sink_finish(&k, sha256, p)) || r->is_part)
        goto out;
    err = say_decoded(&k);
out:
    sink_close(&k);
    pump_close(&m);
    source_close(&s);
    return err;
}
