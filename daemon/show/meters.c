/* What the meters of the player say, for the topic `meters` and for REST. */
#include <math.h>

#include "audio/meters.h"
#include "core/clock.h"
#include "core/str.h"
#include "dsp/dmath.h"
#include "show/state.h"

#define DB_PER_OCTAVE 3.0103f           /* of power: 10 log10(2) */

#define STALE_NS INT64_C(300000000)     /* a device that measures nothing for so long is silent: the clock's sleeps while nothing plays */

/* A tenth of a decibel is what anybody sees; a message is half as long then. */
static json_t *level(float db)
{
    return json_real(round((double)db * 10) / 10);
}

static json_t *levels(const float *db, uint32_t n)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < n; i++)
        json_array_append_new(list, level(db[i]));
    return list;
}

static json_t *clips(const struct meters_now *m)
{
    json_t *list = json_array();

    for (uint32_t c = 0; c < m->channels; c++)
        json_array_append_new(list, json_integer((json_int_t)m->clips[c]));
    return list;
}

/* The mean power of the channels. */
static json_t *all_bands(const struct meters_now *m)
{
    float mean[METERS_BANDS];

    for (int i = 0; i < METERS_BANDS; i++) {
        float sum = 0;
        for (uint32_t c = 0; c < m->channels; c++)
            sum += dsp_pow(10, m->bands[c][i] / 10);
        mean[i] = fmaxf(METERS_FLOOR, DB_PER_OCTAVE * (float)dsp_log2(fmaxf(sum, 1e-12f) / (float)m->channels));
    }
    return levels(mean, METERS_BANDS);
}

static json_t *meters_json(struct meters_now *m)
{
    json_t *channel_bands = json_array();

    if (m->channels < 1 || m->channels > METERS_CHANNELS)
        m->channels = METERS_CHANNELS;
    for (uint32_t c = 0; c < m->channels; c++)
        json_array_append_new(channel_bands, levels(m->bands[c], METERS_BANDS));
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I}", "peak", levels(m->peak, m->channels), "rms", levels(m->rms, m->channels),
                     "true_peak", levels(m->true_peak, m->channels), "clips", clips(m), "lufs", level(m->lufs), "lufs_short", level(m->lufs_short),
                     "lufs_integrated", level(m->lufs_integrated), "bands", all_bands(m), "channel_bands", channel_bands, "seq", (json_int_t)m->seq);
}

/* What a sleeping device left behind is not what is heard: levels fall to the floor, what was counted and the programme's loudness stay. True: so it is. */
static bool settle(struct show_meter *seen, struct meters_now *m, int64_t now)
{
    struct meters_now silent;

    if (m->seq != seen->seq) {
        seen->seq = m->seq;
        seen->at_ns = now;
    }
    if (now - seen->at_ns < STALE_NS)
        return false;
    meters_now_clear(&silent);
    silent.seq = m->seq;
    silent.channels = m->channels;
    silent.lufs_integrated = m->lufs_integrated;
    for (int c = 0; c < METERS_CHANNELS; c++)
        silent.clips[c] = m->clips[c];
    *m = silent;
    return true;
}

/* False: no input brings anything. */
static bool look(struct show *s, struct meters_now *out, struct meters_now *in)
{
    meters_now_clear(out);
    meters_now_clear(in);
    player_meters(s->player, out, in);
    pthread_mutex_lock(&s->view);
    int64_t now = clock_mono_ns();
    settle(&s->meters_seen[0], out, now);
    bool is_dead = settle(&s->meters_seen[1], in, now);
    pthread_mutex_unlock(&s->view);
    return in->seq && !is_dead;
}

json_t *show_meters(struct show *s)
{
    struct meters_now out, in;
    bool has_input = look(s, &out, &in);
    json_t *v = meters_json(&out);

    if (v)
        json_object_set_new(v, "input", has_input ? meters_json(&in) : json_null());
    return v;
}

/* ---- Prometheus ---- */

static void metric(struct str *text, const char *name, const char *type, double value)
{
    str_addf(text, "# TYPE lumad_%s %s\nlumad_%s %.17g\n", name, type, name, value);
}

static void channel_metric(struct str *text, const char *name, const char *type, const double *values, uint32_t n)
{
    str_addf(text, "# TYPE lumad_%s %s\n", name, type);
    for (uint32_t c = 0; c < n; c++)
        str_addf(text, "lumad_%s{channel=\"%u\"} %.17g\n", name, c + 1, values[c]);
}

void show_audio_metrics(struct show *s, struct str *text)
{
    struct player_device d;
    struct meters_now out, in;
    struct engine_stats e;
    double peak[METERS_CHANNELS], true_peak[METERS_CHANNELS], clips[METERS_CHANNELS];

    look(s, &out, &in);
    player_get_device(s->player, &d);
    engine_get_stats(s->engine, &e);
    for (int c = 0; c < METERS_CHANNELS; c++)
        peak[c] = (double)out.peak[c], true_peak[c] = (double)out.true_peak[c], clips[c] = (double)out.clips[c];
    uint32_t n = out.channels && out.channels <= METERS_CHANNELS ? out.channels : METERS_CHANNELS;
    metric(text, "audio_callbacks_total", "counter", (double)d.callbacks);
    metric(text, "audio_underruns_total", "counter", (double)d.underruns);
    metric(text, "audio_device_losses_total", "counter", (double)atomic_load(&s->losses));
    metric(text, "audio_device_active", "gauge", d.active && !d.clock);
    metric(text, "audio_latency_seconds", "gauge", d.latency_ms / 1000);
    channel_metric(text, "audio_peak_dbfs", "gauge", peak, n);
    channel_metric(text, "audio_true_peak_dbfs", "gauge", true_peak, n);
    channel_metric(text, "audio_clips_total", "counter", clips, n);
    metric(text, "audio_loudness_lufs", "gauge", (double)out.lufs_short);
    str_add(text, "# TYPE lumad_av_error_seconds summary\n");
    str_addf(text, "lumad_av_error_seconds{quantile=\"0.5\"} %.6f\nlumad_av_error_seconds{quantile=\"0.99\"} %.6f\nlumad_av_error_seconds{quantile=\"1\"} %.6f\n",
             e.av.us_p50 / 1e6, e.av.us_p99 / 1e6, e.av.us_max / 1e6);
    str_addf(text, "lumad_av_error_seconds_count %llu\n", (unsigned long long)e.av.frames);
}

json_t *show_av_error(struct show *s)
{
    struct engine_stats e;

    engine_get_stats(s->engine, &e);
    return json_pack("{s:f, s:f, s:f, s:I}", "p50", e.av.us_p50 / 1e3, "p99", e.av.us_p99 / 1e3, "max", e.av.us_max / 1e3, "frames", (json_int_t)e.av.frames);
}
