/*
 * FFmpeg's libraries: M4A (AAC, ALAC), ADTS, WMA, FLAC in Ogg, WavPack. Each kind of file gets the one demuxer and the few decoders it needs; the file is read through callbacks, so
 * that there is no protocol by which it could name another one.
 */
#include "source.h"

#include <errno.h>
#include <inttypes.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>
#include <libswresample/swresample.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { IO_BYTES = 64 << 10, BIGGEST = 256 << 20, BAD_PACKETS = 10 /* of 100 */, PACKETS_MIN = 50 };

static const struct kind { const char *format, *demuxer, *codecs; double slack_s; } kinds[] = {
    { "m4a", "mov", "aac,alac,mp3float,mp3,flac,opus", .5 },
    { "aac", "aac", "aac", .5 },
    { "wma", "asf", "wmav1,wmav2,wmapro,wmalossless,wmavoice", .5 },
    { "oga", "ogg", "flac", 0 },
    { "wv", "wv", "wavpack", 0 },
};

struct decoder {
    int fd;
    int64_t size, at;
    AVFormatContext *format;
    AVCodecContext *codec;
    AVStream *stream;
    AVPacket *packet;
    AVFrame *frame;
    SwrContext *swr;
    float *ready; size_t ready_n, ready_at, ready_room;     /* frames decoded and not yet read */
    int64_t left;                       /* frames until the end the file names; -1: it names none */
    int64_t packets, bad;
    bool is_flushed, is_over;
};

/* --- the file --- */

static int io_read(void *ctx, uint8_t *b, int n)
{
    struct decoder *d = ctx;
    ssize_t got = pread(d->fd, b, (size_t)n, d->at);

    if (got <= 0)
        return got < 0 ? AVERROR(errno) : AVERROR_EOF;
    d->at += got;
    return (int)got;
}

static int64_t io_seek(void *ctx, int64_t to, int whence)
{
    struct decoder *d = ctx;

    if (whence & AVSEEK_SIZE)
        return d->size;
    whence &= ~AVSEEK_FORCE;
    int64_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? d->at : d->size;
    if (to > INT64_MAX - from || from + to < 0)
        return AVERROR(EINVAL);
    return d->at = from + to;
}

/* Parts that lie in other files, as MP4 may name them. */
static int io_open_none(AVFormatContext *s, AVIOContext **pb, const char *url, int flags, AVDictionary **options)
{
    (void)s, (void)pb, (void)url, (void)flags, (void)options;
    return AVERROR(EPERM);
}

static enum lm_err no_memory(struct problem *p)
{
    return problem_set(p, LM_NOMEM, "No memory for a decoder");
}

static enum lm_err broken(struct problem *p, const struct source *s, int e)
{
    char why[AV_ERROR_MAX_STRING_SIZE] = "";

    if (e == AVERROR(ENOMEM))
        return no_memory(p);
    av_strerror(e, why, sizeof(why));
    return problem_set(p, LM_INVALID, "The %s file is broken or cut off (%s). Export or download it again.", container_find(s->format)->label, why);
}

static enum lm_err open_file(struct source *s, const struct kind *k, struct problem *p)
{
    struct decoder *d = s->decoder;
    unsigned char *buffer = av_malloc(IO_BYTES);
    AVDictionary *options = NULL;
    AVIOContext *io = buffer ? avio_alloc_context(buffer, IO_BYTES, 0, d, io_read, NULL, io_seek) : NULL;

    if (!io || !(d->format = avformat_alloc_context())) {
        if (io)
            avio_context_free(&io);
        av_free(buffer);
        return no_memory(p);
    }
    d->format->pb = io;
    d->format->flags |= AVFMT_FLAG_CUSTOM_IO;
    d->format->io_open = io_open_none;
    av_dict_set(&options, "format_whitelist", av_find_input_format(k->demuxer) ? av_find_input_format(k->demuxer)->name : "", 0);
    av_dict_set(&options, "codec_whitelist", k->codecs, 0);
    av_dict_set(&options, "protocol_whitelist", "", 0);
    int e = avformat_open_input(&d->format, NULL, av_find_input_format(k->demuxer), &options);
    av_dict_free(&options);
    if (e < 0) {                        /* d->format was freed, `io` was not */
        av_freep(&io->buffer);
        avio_context_free(&io);
        return broken(p, s, e);
    }
    for (unsigned i = 0; i < d->format->nb_streams; i++)
        if (d->format->streams[i]->codecpar->codec_type != AVMEDIA_TYPE_AUDIO)
            d->format->streams[i]->discard = AVDISCARD_ALL;
    return (e = avformat_find_stream_info(d->format, NULL)) < 0 ? broken(p, s, e) : LM_OK;
}

static bool is_listed(const char *list, const char *name)
{
    size_t n = strlen(name);

    for (const char *at = list; (at = strstr(at, name)); at += n)
        if ((at == list || at[-1] == ',') && (!at[n] || at[n] == ','))
            return true;
    return false;
}

static enum lm_err open_codec(struct source *s, const struct kind *k, struct problem *p)
{
    struct decoder *d = s->decoder;
    int i = av_find_best_stream(d->format, AVMEDIA_TYPE_AUDIO, -1, -1, NULL, 0), e;

    if (i < 0)
        return problem_set(p, LM_MEDIA_TYPE, "There is no sound in the %s file", container_find(s->format)->label);
    d->stream = d->format->streams[i];
    for (unsigned o = 0; o < d->format->nb_streams; o++)
        if (o != (unsigned)i)
            d->format->streams[o]->discard = AVDISCARD_ALL;
    const AVCodec *codec = avcodec_find_decoder(d->stream->codecpar->codec_id);
    if (!codec || !is_listed(k->codecs, codec->name))
        return problem_set(p, LM_MEDIA_TYPE, "The sound in the %s file is coded as %s, which is not understood (it may be protected against copying)", container_find(s->format)->label,
                           avcodec_get_name(d->stream->codecpar->codec_id));
    if (!(d->codec = avcodec_alloc_context3(codec)) || avcodec_parameters_to_context(d->codec, d->stream->codecpar) < 0)
        return no_memory(p);
    d->codec->pkt_timebase = d->stream->time_base;
    d->codec->thread_count = 1;
    return (e = avcodec_open2(d->codec, codec, NULL)) < 0 ? broken(p, s, e) : LM_OK;
}

/* --- frames --- */

static enum speaker place_of(enum AVChannel c)
{
    switch (c) {
    case AV_CHAN_FRONT_LEFT: case AV_CHAN_FRONT_LEFT_OF_CENTER: case AV_CHAN_STEREO_LEFT: return AT_LEFT;
    case AV_CHAN_FRONT_RIGHT: case AV_CHAN_FRONT_RIGHT_OF_CENTER: case AV_CHAN_STEREO_RIGHT: return AT_RIGHT;
    case AV_CHAN_FRONT_CENTER: return AT_CENTER;
    case AV_CHAN_LOW_FREQUENCY: return AT_LFE;
    case AV_CHAN_BACK_LEFT: case AV_CHAN_SIDE_LEFT: return AT_BACK_LEFT;
    case AV_CHAN_BACK_RIGHT: case AV_CHAN_SIDE_RIGHT: return AT_BACK_RIGHT;
    case AV_CHAN_BACK_CENTER: return AT_BACK_CENTER;
    default: return AT_UNKNOWN;
    }
}

/* What decoders give is planar or not, and of any kind of number; the rate and the channels stay. */
static bool open_converter(struct decoder *d)
{
    return swr_alloc_set_opts2(&d->swr, &d->frame->ch_layout, AV_SAMPLE_FMT_FLT, d->frame->sample_rate, &d->frame->ch_layout, d->frame->format, d->frame->sample_rate, 0, NULL) >= 0
        && swr_init(d->swr) >= 0;
}

static bool has_room(struct decoder *d, size_t n, int channels)
{
    if (n <= d->ready_room)
        return true;
    if (n > BIGGEST / sizeof(float) / (size_t)channels)
        return false;
    float *more = realloc(d->ready, n * (size_t)channels * sizeof(float));
    if (more) {
        d->ready = more;
        d->ready_room = n;
    }
    return more;
}

/* The frame that was decoded is ready to be read. false: it is of another kind than those before. */
static bool take_frame(struct source *s, struct decoder *d)
{
    AVFrame *f = d->frame;
    uint8_t *out;

    d->ready_n = d->ready_at = 0;
    if (f->nb_samples <= 0)
        return true;
    if (!d->swr) {
        s->channels = f->ch_layout.nb_channels;
        s->rate = f->sample_rate;
        if (s->channels < 1 || s->channels > SOURCE_CHANNELS || s->rate < 1 || !open_converter(d))
            return false;
        source_usual_places(s);
        for (int i = 0; i < s->channels && f->ch_layout.order == AV_CHANNEL_ORDER_NATIVE; i++)
            s->at[i] = place_of(av_channel_layout_channel_from_index(&f->ch_layout, (unsigned)i));
    }
    if (f->ch_layout.nb_channels != s->channels || f->sample_rate != s->rate || f->format != d->codec->sample_fmt || !has_room(d, (size_t)f->nb_samples, s->channels))
        return false;
    out = (uint8_t *)d->ready;
    int n = swr_convert(d->swr, &out, f->nb_samples, (const uint8_t **)f->extended_data, f->nb_samples);
    d->ready_n = n > 0 ? (size_t)n : 0;
    return n >= 0;
}

/* A packet that cannot be decoded is as long as it says, and silent: what comes after it stays where it belongs. */
static bool take_silence(struct source *s, struct decoder *d)
{
    int64_t n = d->stream->time_base.den ? av_rescale_q(d->packet->duration, d->stream->time_base, (AVRational){ 1, s->rate > 0 ? s->rate : 1 }) : 0;

    d->bad++;
    d->ready_n = d->ready_at = 0;
    if (!d->swr || n <= 0 || n > s->rate)
        return true;
    if (!has_room(d, (size_t)n, s->channels))
        return false;
    memset(d->ready, 0, (size_t)n * (size_t)s->channels * sizeof(float));
    d->ready_n = (size_t)n;
    return true;
}

/* Puts the next packet of our stream in. false: there is none. */
static bool feed(struct source *s, struct decoder *d)
{
    for (;;) {
        int e = av_read_frame(d->format, d->packet);
        if (e < 0) {
            d->is_flushed = true;
            return avcodec_send_packet(d->codec, NULL) >= 0;
        }
        if (d->packet->stream_index != d->stream->index) {
            av_packet_unref(d->packet);
            continue;
        }
        d->packets++;
        e = avcodec_send_packet(d->codec, d->packet);
        bool goes_on = e >= 0 || e == AVERROR(EAGAIN) || take_silence(s, d);
        av_packet_unref(d->packet);
        return goes_on;
    }
}

/* Makes ready_n > 0, or is over. */
static void decode_more(struct source *s, struct decoder *d)
{
    d->ready_n = d->ready_at = 0;
    while (!d->is_over && !d->ready_n) {
        int e = avcodec_receive_frame(d->codec, d->frame);
        if (e >= 0) {
            d->is_over = s->is_broken = !take_frame(s, d);
            av_frame_unref(d->frame);
        } else if (e == AVERROR(EAGAIN) && !d->is_flushed) {
            d->is_over = !feed(s, d);
        } else if (e == AVERROR_EOF || d->is_flushed) {
            d->is_over = true;
        } else {
            d->bad++;
            d->is_over = !feed(s, d);
        }
        if (d->bad > PACKETS_MIN && d->bad * 100 > d->packets * BAD_PACKETS)
            d->is_over = s->is_broken = true;
    }
}

static size_t read_frames(struct source *s, float *frames, size_t n)
{
    struct decoder *d = s->decoder;
    size_t done = 0;

    if (d->left >= 0 && (int64_t)n > d->left)
        n = (size_t)d->left;
    while (done < n) {
        if (d->ready_at == d->ready_n)
            decode_more(s, d);
        size_t part = d->ready_n - d->ready_at < n - done ? d->ready_n - d->ready_at : n - done;
        if (!part)
            break;
        memcpy(frames + done * (size_t)s->channels, d->ready + d->ready_at * (size_t)s->channels, part * (size_t)s->channels * sizeof(float));
        d->ready_at += part;
        done += part;
    }
    if (d->left >= 0)
        d->left -= (int64_t)done;
    return done;
}

/* --- open, look, close --- */

/* How many frames there are, in the words of iTunes: a tag. 0: it does not say. What counts others (the core of HE-AAC runs at half of the rate) is far from the stream's own length. */
static int64_t said_by_itunes(const struct source *s, const struct decoder *d)
{
    const AVDictionaryEntry *e = av_dict_get(d->format->metadata, "iTunSMPB", NULL, 0);
    unsigned before, behind;
    uint64_t frames;

    if (!e || sscanf(e->value, "%*x %x %x %" SCNx64, &before, &behind, &frames) != 3 || !frames || before > (unsigned)s->rate || behind > (unsigned)s->rate)
        return 0;
    return frames <= (uint64_t)s->frames + (unsigned)s->rate / 10 && frames + before + behind + (unsigned)s->rate / 10 >= (uint64_t)s->frames ? (int64_t)frames : 0;
}

/*
 * The edit list is in the length that libavformat gives (its start is left out by the decoder), so that what encoders add at both ends is not heard. It counts in
 * milliseconds, as a rule: such a file ends up to one too early where iTunes does not say more.
 */
static void find_length(struct source *s, const struct kind *k)
{
    struct decoder *d = s->decoder;
    bool is_known = d->stream->duration != AV_NOPTS_VALUE && d->stream->duration > 0 && !s->is_estimate;

    s->slack_s = k->slack_s;
    s->frames = is_known ? av_rescale_q(d->stream->duration, d->stream->time_base, (AVRational){ 1, s->rate }) : -1;
    int64_t exact = is_known ? said_by_itunes(s, d) : 0;
    if (exact)
        s->frames = exact;
    d->left = s->frames;
}

static enum lm_err open_source(struct source *s, int fd, uint64_t size, const struct container *c, struct problem *p)
{
    struct decoder *d = s->decoder = calloc(1, sizeof(*d));
    const struct kind *k = NULL;
    enum lm_err err;

    if (!d)
        return no_memory(p);
    d->fd = fd;
    d->size = (int64_t)size;
    d->left = -1;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && !k; i++)
        if (!strcmp(kinds[i].format, c->format))
            k = &kinds[i];
    if (!k)
        return problem_set(p, LM_MEDIA_TYPE, "%s is not decoded here", container_find(c->format)->label);
    av_log_set_level(AV_LOG_FATAL);
    av_max_alloc(BIGGEST);
    if (!(d->packet = av_packet_alloc()) || !(d->frame = av_frame_alloc()))
        return no_memory(p);
    if ((err = open_file(s, k, p)) || (err = open_codec(s, k, p)))
        return err;
    decode_more(s, d);                  /* what comes out of a decoder may have another rate and other channels than the file says */
    if (!d->swr)
        return problem_set(p, LM_INVALID, "Not one frame of the %s file can be decoded", container_find(s->format)->label);
    find_length(s, k);
    return LM_OK;
}

static void take_all(struct tags *t, const AVDictionary *list)
{
    for (const AVDictionaryEntry *e = NULL; (e = av_dict_get(list, "", e, AV_DICT_IGNORE_SUFFIX));)
        tags_add_named(t, e->key, strlen(e->key), e->value, strlen(e->value));
}

static void read_tags(struct source *s, struct tags *t)
{
    struct decoder *d = s->decoder;

    take_all(t, d->format->metadata);
    take_all(t, d->stream->metadata);
    for (unsigned i = 0; i < d->format->nb_streams; i++) {
        const AVStream *st = d->format->streams[i];
        const AVDictionaryEntry *kind = av_dict_get(st->metadata, "comment", NULL, 0);
        if (st->disposition & AV_DISPOSITION_ATTACHED_PIC && st->attached_pic.size > 0)
            tags_add_picture(t, st->attached_pic.data, (size_t)st->attached_pic.size, !kind || !strcmp(kind->value, "Cover (front)"));
    }
}

static void close_source(struct source *s)
{
    struct decoder *d = s->decoder;

    if (!d)
        return;
    AVIOContext *io = d->format ? d->format->pb : NULL;
    swr_free(&d->swr);
    avcodec_free_context(&d->codec);
    avformat_close_input(&d->format);
    if (io)
        av_freep(&io->buffer);
    avio_context_free(&io);
    av_packet_free(&d->packet);
    av_frame_free(&d->frame);
    free(d->ready);
    free(d);
    s->decoder = NULL;
}

/* No check_end: container_check() has looked for it in the file. */
const struct source_library source_av = { .open = open_source, .read = read_frames, .tags = read_tags, .close = close_source };
