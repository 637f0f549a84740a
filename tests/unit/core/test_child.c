#include "core/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../tap.h"

static char said[4096];

/* What /bin/sh says when it is asked `script`, its standard output and files[3] being one pipe; its exit status. */
static int ask(const char *script)
{
    int ends[2], status;
    pid_t pid;
    size_t n = 0;
    ssize_t got;

    if (pipe2(ends, O_CLOEXEC))
        return -1;
    enum lm_err err = child_start(&(struct child_options){ .path = "/bin/sh", .argv = (const char *const[]){ "sh", "-c", script, NULL },
                                                           .files = { CHILD_NULL, ends[1], CHILD_SAME, ends[1] }, .n_files = 4 }, &pid);
    close(ends[1]);
    while (!err && (got = read(ends[0], said + n, sizeof(said) - 1 - n)) > 0)
        n += (size_t)got;
    said[n] = '\0';
    close(ends[0]);
    return err || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ? -1 : WEXITSTATUS(status);
}

TEST(it_gets_the_files_it_is_given_and_no_other)
{
    int null = open("/dev/null", O_RDONLY), other = fcntl(null, F_DUPFD, 20);       /* not close-on-exec */

    CHECK(other >= 20);
    close(null);
    CHECK_INT(ask("echo one; echo three >&3; cat; ls /proc/$$/fd | tr '\\n' ' '; exit 7"), 7);
    CHECK(strstr(said, "one\n") && strstr(said, "three\n"));
    CHECK(strstr(said, "0 1 2 3 ") && !strstr(said, " 20 "));
    close(other);
}

/* Files that stand where others go. */
TEST(files_may_change_places)
{
    int a[2], b[2], status;
    char text[2][8] = { "", "" };
    pid_t pid;

    CHECK(!pipe2(a, O_CLOEXEC) && !pipe2(b, O_CLOEXEC));
    int low = a[1] < b[1] ? a[1] : b[1], high = a[1] < b[1] ? b[1] : a[1];
    CHECK(high < CHILD_FILES);
    struct child_options o = { .path = "/bin/sh", .argv = (const char *const[]){ "sh", "-c", "exec 0</dev/null; echo x >&$0; echo y >&$1", "4", "3", NULL },
                               .files = { CHILD_NULL, CHILD_NULL, CHILD_SAME, high, low }, .n_files = 5 };
    CHECK(!child_start(&o, &pid));
    CHECK(waitpid(pid, &status, 0) == pid && !status);
    CHECK(read(low == a[1] ? a[0] : b[0], text[0], 7) == 2 && read(low == a[1] ? b[0] : a[0], text[1], 7) == 2);
    CHECK_STR(text[0], "x\n");
    CHECK_STR(text[1], "y\n");
    int all[] = { a[0], a[1], b[0], b[1] };
    for (int i = 0; i < 4; i++)
        close(all[i]);
}

TEST(it_has_no_signals_of_ours_and_a_group_of_its_own)
{
    sigset_t one;

    sigemptyset(&one), sigaddset(&one, SIGTERM);
    sigprocmask(SIG_BLOCK, &one, NULL);
    signal(SIGPIPE, SIG_IGN);
    unsigned long long blocked, ignored;
    int group, pid;
    CHECK_INT(ask("exec grep -E 'SigBlk|SigIgn' /proc/self/status"), 0);        /* exec: a shell blocks every signal for the moment in which it starts another program */
    CHECK(sscanf(said, "SigBlk: %llx SigIgn: %llx", &blocked, &ignored) == 2);
    CHECK_INT(ask("cut -d' ' -f5 /proc/$$/stat; echo $$"), 0);
    CHECK(sscanf(said, "%d %d", &group, &pid) == 2);
    CHECK_INT(blocked, 0);
    CHECK_INT(ignored & 0x7fffffff, 0);             /* the C library's own two above are not ours to change */
    CHECK_INT(group, pid);
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_UNBLOCK, &one, NULL);
}

TEST(a_program_that_is_not_there_is_said)
{
    pid_t pid;

    CHECK_INT(child_start(&(struct child_options){ .path = "/nowhere/at/all", .argv = (const char *const[]){ "x", NULL } }, &pid), LM_NOT_FOUND);
    CHECK_INT(errno, ENOENT);
    CHECK_INT(child_start(&(struct child_options){ .path = "/dev/null", .argv = (const char *const[]){ "x", NULL } }, &pid), LM_FORBIDDEN);
}
