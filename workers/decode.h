#pragma once
/*
 * The programs that look at an audio file and decode it to what lumad plays, decode_worker and av_worker, but for the library that does it (source.h).
 *
 *   --probe FILE [--art FILE]
 *       {"result":{"format","sample_rate","channels","frames","duration_seconds","tags":{"title",...},"art":"image/jpeg"|null}}
 *       Where nothing but decoding says how long it is, all of it is decoded. The picture is written to --art.
 *   --decode FILE --out PCM [--sha256 HEX] [--waveform-preview F --waveform-full F]
 *       {"progress":0.4,"step":"decode"} ... {"result":{"frames","channels","duration_seconds","loudness_lufs"|null,"true_peak_db"}}
 *   --mono yes|no --decode FILE --out PCM [--sha256 HEX] --decode FILE --out PCM ...
 *       up to four of them, with yes each mixed to one channel: {"progress"...} ... {"result":{"files":4}}
 *   --waveform PCM --waveform-preview F --waveform-full F
 *
 * A failure is {"error":{"code","message"}} and status 1; codes: not_audio (another kind of file), broken (cut off or lying),
 * too_long, unsupported (channels, rate), full, io, no_memory. PCM is the format of audio/pcm.h, F that of analysis/waveform.h.
 *
 * All files are opened first, then a child is made that may do nothing but read and write them; what it wrote gets its name when it ended well.
 */
#include <jansson.h>
#include <samplerate.h>

#include "analysis/waveform.h"
#include "core/err.h"
#include "core/path.h"
#include "loudness.h"
#include "source.h"

enum { DECODES = 4, OUTPUTS = DECODES + 2 };

/* --- decode_say.c: the lines lumad reads --- */

void say(json_t *line);                 /* takes the reference */
void say_error(enum lm_err err, const struct problem *p);
void say_progress(double progress, const char *step);

/* --- decode_files.c: files that are there before the decoder is, and get their names after it --- */

struct input { const char *path; int fd; uint64_t size; };
struct output { const char *path; char temp[PATH_SIZE]; int fd; };

enum lm_err input_open(struct input *f, const char *path, struct problem *p);
enum lm_err output_open(struct output *o, const char *path, struct problem *p);        /* of NULL: nothing */
enum lm_err output_write(struct output *o, const void *data, size_t n, struct problem *p);
enum lm_err output_write_at_start(struct output *o, const void *data, size_t n, struct problem *p);
enum lm_err output_commit(struct output *o, struct problem *p);
void output_drop(struct output *o);     /* removes what was not committed */

/* --- decode_mix.c: from the channels and the rate of a file to ours --- */

/*
 * More than two channels become two as ITU-R BS.775-3 table 2 has it, with the low frequency channel left out: left = L + .7071 C + .7071 Ls (+ .5 of a single channel behind),
 * and right in the same way; divided by the sum of the factors, so that nothing clips. A channel that nobody says the place of is heard on both sides.
 */
struct mix { int from, to; float left[SOURCE_CHANNELS], right[SOURCE_CHANNELS]; };

void mix_init(struct mix *m, const struct source *s, bool is_mono);
void mix_run(const struct mix *m, float *frames, size_t n);        /* in place; to one or two channels, what is no number to silence */

/* --- decode_sink.c: decoded blocks at 48 kHz to disk --- */

struct sink {
    struct output *out;
    struct waveform *waveform;          /* NULL: not asked for */
    struct loudness_meter *loudness;    /* the same */
    int channels;
    uint64_t frames, limit;             /* limit: where the source ends in our rate; 0 = not known yet */
};

enum lm_err sink_open(struct sink *k, struct output *out, int channels, bool has_waveform, bool has_loudness, struct problem *p);
/* Every block that is decoded comes through here: finite, 48 kHz, one or two channels. */
enum lm_err sink_add(struct sink *k, const float *frames, size_t n, struct problem *p);
enum lm_err sink_finish(struct sink *k, const char *sha256, struct problem *p);
void sink_close(struct sink *k);
enum lm_err waveform_write(const struct waveform *w, struct output *preview, struct output *full, struct problem *p);

/* --- decode_run.c: one file from end to end --- */

struct run { bool is_mono, is_part; int now, n; };               /* which of how many, for the progress */

enum lm_err probe_run(const struct input *f, struct output *art, struct problem *p);
enum lm_err decode_run(const struct run *r, const struct input *f, struct output *out, const char *sha256, struct output *preview, struct output *full, struct problem *p);

int decode_main(int argc, char **argv); /* decode_main.c */
