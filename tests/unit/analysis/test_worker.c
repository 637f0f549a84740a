#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "../../tap.h"
#include "analysis/worker.h"
#include "core/json.h"

static struct worker_end end;
static double seen;
static char seen_step[32];

static void progress(void *ctx, double p, const char *step)
{
    (void)ctx;
    seen = p;
    snprintf(seen_step, sizeof(seen_step), "%s", step);
}

static enum lm_err run_with(const char *script, int quiet_ms, struct worker_stop *stop)
{
    const char *argv[] = { "/bin/sh", "-c", script, NULL };

    worker_end_clear(&end);
    return worker_run(&(struct worker_options){ .argv = argv, .quiet_ms = quiet_ms, .stop = stop,
                                                .progress = progress }, &end);
}

static enum lm_err run(const char *script)
{
    return run_with(script, 0, NULL);
}

static int open_files(void)
{
    int n = 0;
    DIR *d = opendir("/proc/self/fd");

    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

TEST(a_result_after_progress)
{
    int before = open_files();

    CHECK_INT(run("echo '{\"progress\":0.5,\"step\":\"half\"}'; echo a word >&2; echo '{\"result\":{\"n\":42}}'"), LM_OK);
    CHECK_NEAR(seen, .5, 0);
    CHECK_STR(seen_step, "half");
    CHECK_INT(json_get_int(end.result, "n", 0), 42);
    CHECK_STR(end.log, "a word\n");
    CHECK_INT(run("printf '{\"result\":{}}'"), LM_OK);       /* the last newline may be missing */
    worker_end_clear(&end);
    CHECK_INT(open_files(), before);
}

TEST(it_says_why)
{
    CHECK_INT(run("echo '{\"error\":{\"code\":\"broken\",\"message\":\"bad file\"}}'; exit 1"), LM_INVALID);
    CHECK_STR(end.code, "broken");
    CHECK_STR(end.message, "bad file");
    CHECK(!end.result);
    CHECK_INT(run("echo '{\"result\":{}}'; echo '{\"error\":{}}'"), LM_INVALID);
    CHECK(end.message[0]);
    CHECK(!end.result);
}

TEST(a_crash_has_a_name)
{
    CHECK_INT(run("echo '{\"result\":{}}'; kill -SEGV $$"), LM_IO);
    CHECK_STR(end.code, "crashed");
    CHECK_STR(end.message, "The worker crashed (SIGSEGV)");
    CHECK_INT(run("exit 3"), LM_IO);
    CHECK_STR(end.message, "The worker failed with status 3");
    const char *argv[] = { "/there/is/no/such/program", NULL };
    CHECK_INT(worker_run(&(struct worker_options){ .argv = argv }, &end), LM_IO);
    CHECK(strstr(end.log, "No such file"));
}

TEST(nonsense_is_a_failure)
{
    static const char *const bad[] = {
        "echo hello; sleep 60", "echo '[1]'", "echo '{\"result\":'", "true", "echo '{\"a\":1}'", "echo; sleep 60",
        "while :; do printf xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done",
        "printf '{\"progress\":1e999}\\n'; sleep 60", NULL,
    };

    for (int i = 0; bad[i]; i++) {
        CHECK_INT(run(bad[i]), LM_IO);
        CHECK_STR(end.code, "garbage");
        CHECK(end.message[0]);
    }
}

TEST(silence_ends_it)
{
    CHECK_INT(run_with("sleep 60", 200, NULL), LM_IO);
    CHECK_STR(end.code, "quiet");
    CHECK_INT(run_with("for i in 1 2 3 4 5 6; do echo '{\"progress\":0}'; sleep 0.4; done; echo '{\"result\":1}'", 2000, NULL), LM_OK);
    worker_end_clear(&end);
}

static struct worker_stop *cancelled;

/* Cancels once the worker has said that it is as it wants to be: its trap is set. */
static void cancel(void *ctx, double p, const char *step)
{
    (void)ctx, (void)p, (void)step;
    worker_cancel(cancelled);
}

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* In how many seconds. */
static double run_cancelled(const char *script)
{
    struct worker_stop stop;
    const char *argv[] = { "/bin/sh", "-c", script, NULL };

    worker_end_clear(&end);
    if (worker_stop_init(&stop))
        return -1;
    cancelled = &stop;
    double from = seconds();
    enum lm_err err = worker_run(&(struct worker_options){ .argv = argv, .stop = &stop, .progress = cancel }, &end);
    double took = seconds() - from;
    worker_stop_clear(&stop);
    return err == LM_CONFLICT && !strcmp(end.code, "cancelled") ? took : -1;
}

TEST(cancel_asks_and_then_ends_even_who_does_not_listen)
{
    bool is_asked = false;

    /* It has half a second to clean up: on a busy machine not every one gets as far as that. */
    for (int i = 0; i < 5 && !is_asked; i++) {
        CHECK(run_cancelled("trap 'echo asked >&2; exit' TERM; echo '{\"progress\":0}'; while :; do sleep 0.01; done") >= 0);
        is_asked = strstr(end.log, "asked");
    }
    CHECK(is_asked);
    CHECK(run_cancelled("trap '' TERM; echo '{\"progress\":0}'; while :; do sleep 0.05; done") >= .5);
}

TEST(its_children_go_with_it)
{
    CHECK_INT(run("sleep 300 & echo $! >&2; echo '{\"result\":{}}'"), LM_OK);
    int pid = atoi(end.log);
    worker_end_clear(&end);
    int alive = 1;
    for (int i = 0; i < 200 && alive; i++, usleep(5000)) {
        char path[64], state = 0;
        snprintf(path, sizeof(path), "/proc/%d/stat", pid);
        FILE *f = fopen(path, "r");
        alive = f && fscanf(f, "%*d %*s %c", &state) == 1 && state != 'Z';
        if (f)
            fclose(f);
    }
    CHECK(pid > 0);
    CHECK(!alive);
}

TEST(manners)
{
    int extra = dup(1);                 /* a file that must not reach the worker */

    CHECK_INT(run("ls /proc/self/fd | wc -l >&2; nice >&2; echo '{\"result\":{}}'"), LM_OK);
    close(extra);
    CHECK_STR(end.log, "4\n10\n");      /* 0, 1, 2 and the one ls opens */
    worker_end_clear(&end);
}

TEST(the_log_is_its_end_and_utf8)
{
    CHECK_INT(run("i=0; while [ $i -lt 3000 ]; do echo line $i >&2; i=$((i+1)); done; printf '\\377\\033!' >&2; echo '{\"result\":{}}'"), LM_OK);
    size_t n = strlen(end.log);
    CHECK_INT(n, WORKER_LOG - 1);
    CHECK_STR(end.log + n - 13, "line 2999\n?" "?!");
    worker_end_clear(&end);
}

TEST(more_memory_than_it_may_have)
{
    /* In a child, as a shell would start it; slowly enough to be seen by who looks four times a second. */
    static const char script[] = "awk 'BEGIN { s = \"x\"; for (i = 0; i < 23; i++) s = s s; for (j = 0; j < 100; j++) { a[j] = s j; system(\"sleep 0.1\") } }'; sleep 60";
    const char *argv[] = { "/bin/sh", "-c", script, NULL };

    worker_end_clear(&end);
    CHECK_INT(worker_run(&(struct worker_options){ .argv = argv, .memory_mb = 80 }, &end), LM_IO);
    CHECK_STR(end.code, "too_much_memory");
    CHECK_STR(end.message, "The worker needed more than 80 MB of memory");
    CHECK(!end.may_pass);
    CHECK_INT(worker_run(&(struct worker_options){ .argv = (const char *[]){ "/bin/sh", "-c", "sleep 0.6; echo '{\"result\":1}'", NULL }, .memory_mb = 80 }, &end), LM_OK);
    worker_end_clear(&end);
}

TEST(what_may_pass_is_known)
{
    static const struct { const char *script; bool may_pass; } runs[] = {
        { "kill -SEGV $$", true }, { "kill -KILL $$", true }, { "exit 3", true }, { "echo nonsense", false },
        { "echo '{\"error\":{\"code\":\"broken\"}}'; exit 1", false }, { "echo '{\"error\":{\"code\":\"no_memory\"}}'; exit 1", true },
        { "echo '{\"error\":{\"code\":\"full\"}}'; exit 1", true }, { "echo '{\"error\":{\"code\":\"busy\"}}'; exit 1", true },
    };

    for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
        CHECK(run(runs[i].script) != LM_OK);
        CHECK_INT(end.may_pass, runs[i].may_pass);
    }
    CHECK_INT(run_with("sleep 60", 200, NULL), LM_IO);
    CHECK(!end.may_pass);
}

TEST(the_same_progress_for_ever_is_a_hang)
{
    CHECK_INT(run_with("while :; do echo '{\"progress\":0.5,\"step\":\"turning\"}'; sleep 0.02; done", 100, NULL), LM_IO);
    CHECK_STR(end.code, "quiet");
    CHECK_INT(run_with("for i in 1 2 3 4 5 6 7 8 9; do for k in 1 2 3 4 5; do echo \"{\\\"progress\\\":0.$i$k}\"; sleep 0.2; done; done; echo '{\"result\":1}'", 2500, NULL), LM_OK);
    worker_end_clear(&end);
}

TEST(it_stands_back_as_far_as_it_is_told)
{
    static const struct { enum worker_priority priority; const char *policy; int nice; } all[] = {
        { WORKER_LOW, "0", 10 }, { WORKER_BATCH, "3", 19 }, { WORKER_IDLE, "5", 19 },
    };
    /* /proc/PID/stat: 19 is the nice value, 41 the policy. */
    const char *argv[] = { "/bin/sh", "-c", "set -- $(cut -d')' -f2 /proc/$$/stat); echo \"{\\\"result\\\":{\\\"nice\\\":${17},\\\"policy\\\":\\\"${39}\\\",\\\"own\\\":$(($4 == $$))}}\"", NULL };

    for (size_t i = 0; i < 3; i++) {
        worker_end_clear(&end);
        CHECK_INT(worker_run(&(struct worker_options){ .argv = argv, .priority = all[i].priority }, &end), LM_OK);
        CHECK_STR(json_get_text(end.result, "policy", ""), all[i].policy);
        CHECK_INT(json_get_int(end.result, "nice", 0), all[i].nice);
        CHECK_INT(json_get_int(end.result, "own", 0), 1);       /* its session, and so its scheduling group */
    }
    worker_end_clear(&end);
}
