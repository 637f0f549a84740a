#include "decode.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audio/pcm.h"
#include "sandbox.h"

enum { MEMORY_MB = 1024, CPU_SECONDS = 3600, FILES = 32 };

struct job {
    const char *probe, *art, *waveform, *preview, *full, *mono;
    struct { const char *file, *out, *sha256; } decode[DECODES];
    int n;                              /* of decodes */
    struct input in[DECODES];
    struct output out[OUTPUTS];         /* of each decode, or the picture; then the waveforms */
};

enum { PREVIEW = DECODES, FULL };

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

static enum lm_err read_options(struct job *j, int argc, char **argv, struct problem *p)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        if (!strcmp(argv[i], "--decode") && ++j->n > DECODES)
            return problem_set(p, LM_BAD_REQUEST, "At most %d files are decoded in a run", DECODES);
        int d = j->n - 1;
        const struct { const char *name; const char **value; } options[] = {
            { "--probe", &j->probe }, { "--art", &j->art }, { "--waveform", &j->waveform }, { "--mono", &j->mono },
            { "--waveform-preview", &j->preview }, { "--waveform-full", &j->full },
            { "--decode", d < 0 ? NULL : &j->decode[d].file }, { "--out", d < 0 ? NULL : &j->decode[d].out },
            { "--sha256", d < 0 ? NULL : &j->decode[d].sha256 }, { 0 },
        };
        for (int k = 0; options[k].name; k++)
            if (options[k].value && !strcmp(argv[i], options[k].name))
                *options[k].value = argv[i + 1];
    }
    bool has_outputs = j->n > 0;
    for (int i = 0; i < j->n; i++)
        has_outputs &= j->decode[i].out != NULL;
    if (!j->probe && !has_outputs && !(j->waveform && j->preview && j->full))
        return problem_set(p, LM_BAD_REQUEST, "Use --probe FILE, --decode FILE --out PCM or --waveform PCM");
    if (j->n > 1 && !j->mono)
        return problem_set(p, LM_BAD_REQUEST, "Several files are decoded with --mono yes or no");
    return LM_OK;
}

/* --- before the decoder --- */

static enum lm_err open_all(struct job *j, struct problem *p)
{
    enum lm_err err = LM_OK;

    if (j->probe && !(err = input_open(&j->in[0], j->probe, p)))
        err = output_open(&j->out[0], j->art, p);
    for (int i = 0; i < j->n && !j->probe && !err; i++)
        if (!(err = input_open(&j->in[i], j->decode[i].file, p)))
            err = output_open(&j->out[i], j->decode[i].out, p);
    if (!err && !j->probe && !(err = output_open(&j->out[PREVIEW], j->preview, p)))
        err = output_open(&j->out[FULL], j->full, p);
    return err;
}

static enum lm_err waveform(struct job *j, struct problem *p)
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
    if (err || (err = waveform_write(w, &j->out[PREVIEW], &j->out[FULL], p)))
        goto out;
    say(json_pack("{s:{s:I}}", "result", "frames", (json_int_t)pcm.frames));
out:
    waveform_free(w);
    pcm_close(&pcm);
    return err;
}

/* --- the decoder: a child that can do nothing else --- */

static enum lm_err decode(struct job *j, struct problem *p)
{
    enum lm_err err = LM_OK;

    if (j->probe)
        return probe_run(&j->in[0], &j->out[0], p);
    for (int i = 0; i < j->n && !err; i++)
        err = decode_run(&(struct run){ .is_mono = j->mono && !strcmp(j->mono, "yes"), .is_part = j->mono, .now = i, .n = j->n }, &j->in[i], &j->out[i], j->decode[i].sha256, &j->out[PREVIEW], &j->out[FULL], p);
    if (!err && j->mono)
        say(json_pack("{s:{s:i}}", "result", "files", j->n));
    return err;
}

static int child(struct job *j, pid_t parent)
{
    struct problem p = { 0 };

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        return 1;
    if (!sandbox_decoder())             /* a kernel without it: the limits are left, and that it is another process */
        fprintf(stderr, "%s: the system does not let the decoder be shut in\n", source_worker);
    enum lm_err err = decode(j, &p);
    if (err)
        say_error(err, &p);
    return err != LM_OK;
}

/* A child that crashed is a crash of this program: lumad looks at how it ends. */
static bool run(struct job *j)
{
    pid_t self = getpid(), pid;
    int status = 0;

    fflush(stdout);
    if ((pid = fork()) < 0) {
        say_error(LM_NOMEM, &(struct problem){ .detail = "There is no memory or no process left for a decoder" });
        return false;
    }
    if (!pid)
        exit(child(j, self));
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) {
            say_error(LM_INTERNAL, &(struct problem){ .detail = "How the decoder ended cannot be known" });
            return false;
        }
    if (WIFSIGNALED(status)) {
        for (int i = 0; i < OUTPUTS; i++)
            output_drop(&j->out[i]);
        signal(WTERMSIG(status), SIG_DFL);
        raise(WTERMSIG(status));
    }
    return WIFEXITED(status) && !WEXITSTATUS(status);
}

int decode_main(int argc, char **argv)
{
    static struct job j;
    struct problem p = { 0 };
    enum lm_err err;
    bool is_said = false;

    for (int i = 0; i < OUTPUTS; i++)
        j.out[i].fd = -1;
    set_limits();
    if (!(err = read_options(&j, argc, argv, &p)) && !(err = open_all(&j, &p))) {
        if (j.waveform)
            err = waveform(&j, &p);
        else if ((is_said = !run(&j)))
            err = LM_INVALID;
    }
    for (int i = 0; i < OUTPUTS && !err; i++)
        err = output_commit(&j.out[i], &p);
    if (err && !is_said)
        say_error(err, &p);
    for (int i = 0; i < OUTPUTS; i++)
        output_drop(&j.out[i]);
    return err != LM_OK;
}
