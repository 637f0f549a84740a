/*
 * Separates a track: `stem_worker [--model DIR] [--threads N] PCM OUT_DIR` (audio/pcm.h) leaves OUT_DIR/drums.flac, bass.flac, vocals.flac and other.flac.
 *
 *   {"progress":0.4,"step":"separate"} ...
 *   {"result":{"stems":[{"name","sample_rate","channels","duration_seconds","size_bytes","hash"}],"analyser":"lumad-stems","version":1,"warning"}}
 *
 * With a model (htdemucs.h) that is there and can be run it does the work ("analyser":"htdemucs"); without one, signal processing does (dsp/separate.h), and "warning" says why
 * when there was to be one. The files come all four or not at all; nothing else is left of a run that fails by itself.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "audio/pcm.h"
#include "core/json.h"
#include "core/path.h"
#include "dsp/separate.h"
#include "htdemucs.h"
#include "stems.h"

enum { VERSION = 1, MEMORY_MB = 2048, MODEL_MEMORY_MB = 4096, CPU_SECONDS = 6 * 3600 };

struct options { const char *model, *threads, *pcm, *dir; };

static void say(json_t *line)
{
    json_dumpf(line, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));
    putchar('\n');
    fflush(stdout);
    json_decref(line);
}

static void say_progress(double progress, const char *step)
{
    say(json_pack("{s:f,s:s}", "progress", progress, "step", step));
}

/* Never more than we were given. */
static void limit(int what, rlim_t most)
{
    struct rlimit now = { RLIM_INFINITY, RLIM_INFINITY };

    getrlimit(what, &now);
    most = now.rlim_max < most ? now.rlim_max : most;
    now.rlim_cur = now.rlim_cur < most ? now.rlim_cur : most;
    now.rlim_max = most;
    setrlimit(what, &now);
}

static void set_limits(int memory_mb)
{
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    limit(RLIMIT_DATA, (rlim_t)memory_mb << 20);
#else
    (void)memory_mb;
#endif
    limit(RLIMIT_CPU, CPU_SECONDS);
    limit(RLIMIT_CORE, 0);
}

/* --- by signal processing --- */

struct by_signal { const struct stem_run *run; struct problem *p; };

static enum lm_err read_frames(void *ctx, int64_t from, size_t n, float *out)
{
    return stem_source_read(((struct by_signal *)ctx)->run->in, from, n, out);
}

static enum lm_err write_frames(void *ctx, const float *const part[SEPARATE_PARTS], size_t n)
{
    struct by_signal *b = ctx;

    _Static_assert((int)STEMS == (int)SEPARATE_PARTS && (int)STEM_OTHER == (int)SEPARATE_OTHER, "the same parts in the same order");
    return stem_sink_write(b->run->out, part, n, b->p);
}

static void tell_progress(void *ctx, double part)
{
    ((struct by_signal *)ctx)->run->progress(part, "separate");
}

static enum lm_err separate_by_signal(const struct pcm *pcm, const struct stem_run *run, struct problem *p)
{
    struct by_signal b = { run, p };
    enum lm_err err = separate(&(struct separate_io){ .ctx = &b, .frames = stem_source_frames(run->in), .rate = pcm->rate, .channels = pcm->channels,
                                                      .read = read_frames, .write = write_frames, .progress = tell_progress });

    return err && !p->err ? problem_set(p, err, "%s", lm_err_text(err)) : err;
}

/* --- what came of it --- */

struct made { const char *analyser; int version, rate, channels; uint64_t frames; };

/* warning: why not the model, "" when all is as it was asked for. */
static enum lm_err say_result(const char *dir, const struct made *m, const char *warning, struct problem *p)
{
    json_t *list = json_array();
    enum lm_err err = list ? LM_OK : LM_NOMEM;

    for (int i = 0; i < STEMS && !err; i++) {
        char name[32], path[PATH_SIZE], hash[PATH_HASH];
        uint64_t size;
        snprintf(name, sizeof(name), "%s.flac", stem_names[i]);
        if ((err = path_join(path, dir, name)))
            break;
        if ((err = path_hash(path, hash, &size))) {
            problem_set(p, err, "%s cannot be read: %s", path, lm_err_text(err));
            break;
        }
        json_array_append_new(list, json_pack("{s:s,s:i,s:i,s:f,s:I,s:s}", "name", stem_names[i], "sample_rate", m->rate, "channels", m->channels,
                                              "duration_seconds", (double)m->frames / m->rate, "size_bytes", (json_int_t)size, "hash", hash));
    }
    if (!err)
        say(json_pack("{s:{s:O,s:s,s:i,s:s*}}", "result", "stems", list, "analyser", m->analyser, "version", m->version, "warning",
                      *warning ? warning : NULL));
    json_decref(list);
    return err;
}

/* h: NULL: by signal processing. */
static enum lm_err make(const struct pcm *pcm, const char *dir, struct htdemucs *h, struct made *m, struct problem *p)
{
    struct stem_run r = { .dir = dir, .progress = say_progress };

    *m = h ? (struct made){ "htdemucs", HTDEMUCS_VERSION, HTDEMUCS_RATE, pcm->channels, 0 }
           : (struct made){ "lumad-stems", VERSION, (int)pcm->rate, pcm->channels, 0 };
    enum lm_err err = stem_source_new(pcm, m->rate, &r.in);
    if (err)
        return problem_set(p, err, "%s", lm_err_text(err));
    m->frames = stem_source_frames(r.in);
    if (!(err = stem_sink_open(dir, m->rate, pcm->channels, &r.out, p))) {
        if ((err = h ? htdemucs_separate(h, &r, p) : separate_by_signal(pcm, &r, p)))
            stem_sink_abort(r.out);
        else
            err = stem_sink_close(r.out, p);
    }
    stem_source_free(r.in);
    return err;
}

static enum lm_err make_by_model(const struct options *o, const struct pcm *pcm, struct made *m, struct problem *p)
{
    struct htdemucs *h = NULL;

    say_progress(0, "model");
    enum lm_err err = htdemucs_open(o->model, o->threads ? atoi(o->threads) : 0, &h, p);
    if (!err)
        err = make(pcm, o->dir, h, m, p);
    htdemucs_close(h);
    return err;
}

static enum lm_err run(const struct options *o, const struct pcm *pcm, struct problem *p)
{
    struct problem why = { 0 };
    struct made made = { 0 };
    bool is_made = false;
    enum lm_err err = LM_OK;

    if (o->model) {
        err = make_by_model(o, pcm, &made, &why);
        is_made = !err;
        /* Without room on the disk there is no other way either, and what is finished waits for the next try. */
        if (err == LM_FULL)
            return problem_set(p, err, "%s", why.detail);
        if (err)
            fprintf(stderr, "The model in %s cannot be used, so the stems are separated without it: %s\n", o->model, why.detail);
    }
    if (!is_made)
        err = make(pcm, o->dir, NULL, &made, p);
    if (!err)
        htdemucs_forget(o->dir);
    return err ? err : say_result(o->dir, &made, is_made ? "" : why.detail, p);
}

static bool take_arguments(int argc, char **argv, struct options *o)
{
    int i = 1;

    for (; i + 1 < argc && !strncmp(argv[i], "--", 2); i += 2) {
        const char **to = !strcmp(argv[i], "--model") ? &o->model : !strcmp(argv[i], "--threads") ? &o->threads : NULL;
        if (!to)
            return false;
        *to = argv[i + 1];
    }
    if (argc - i != 2)
        return false;
    o->pcm = argv[i];
    o->dir = argv[i + 1];
    return true;
}

int main(int argc, char **argv)
{
    struct pcm pcm = { 0 };
    struct problem p = { 0 };
    struct options o = { 0 };
    bool ok = take_arguments(argc, argv, &o);
    enum lm_err err;

    set_limits(o.model ? MODEL_MEMORY_MB : MEMORY_MB);
    if (!ok)
        err = problem_set(&p, LM_BAD_REQUEST, "Use stem_worker [--model DIR] [--threads N] PCM OUT_DIR");
    else if (!(err = pcm_open(o.pcm, &pcm, &p)) && (err = run(&o, &pcm, &p)) && !p.err)
        problem_set(&p, err, "%s", lm_err_text(err));
    pcm_close(&pcm);
    if (err)
        say(json_pack("{s:{s:s,s:s}}", "error", "code", lm_err_code(err), "message", p.detail));
    return err != LM_OK;
}
