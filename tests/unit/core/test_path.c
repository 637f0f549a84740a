#include "../../tap.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/path.h"

static char dir[] = "/tmp/lumad-path-XXXXXX";

/* A path in this test's own folder, which is made by the first test and removed by the last. */
static const char *in(const char *name)
{
    static char out[8][PATH_SIZE];
    static int next;
    char *path = out[next++ % 8];

    path_join(path, dir, name);
    return path;
}

TEST(a_scratch_folder)
{
    CHECK(mkdtemp(dir));
}

TEST(joining_adds_one_slash_or_none)
{
    char out[PATH_SIZE], *name = malloc(PATH_SIZE + 1);

    memset(name, 'x', PATH_SIZE);
    name[PATH_SIZE - 5] = 0;
    enum lm_err fits = path_join(out, "/ab", name);
    name[PATH_SIZE - 5] = 'x', name[PATH_SIZE - 4] = 0;
    enum lm_err over = path_join(out, "/ab", name);
    free(name);
    CHECK_INT(fits, LM_OK);
    CHECK_INT(over, LM_INVALID);
    path_join(out, "/a", "b");
    CHECK_STR(out, "/a/b");
    path_join(out, "/a/", "b");
    CHECK_STR(out, "/a/b");
    path_join(out, "/", "b");
    CHECK_STR(out, "/b");
    path_join(out, "", "b");
    CHECK_STR(out, "b");
}

TEST(folders_are_made_with_their_parents)
{
    CHECK_INT(path_make_dirs(in("a/b//c/"), 0755), LM_OK);
    CHECK_INT(path_make_dirs(in("a/b/c"), 0755), LM_OK);
    CHECK(path_exists(in("a/b/c")));
    CHECK(!path_exists(in("a/x")));
    CHECK_INT(path_make_dirs("", 0755), LM_INVALID);
}

TEST(a_folder_is_removed_with_all_that_is_in_it_and_nothing_else)
{
    CHECK_INT(path_make_dirs(in("r/s/t"), 0755), LM_OK);
    CHECK_INT(path_make_dirs(in("kept"), 0755), LM_OK);
    CHECK_INT(path_write(in("kept/file"), "x", 1, 0644), LM_OK);
    CHECK_INT(path_write(in("r/s/file"), "x", 1, 0644), LM_OK);
    CHECK(!symlink(in("kept"), in("r/s/link")));
    path_remove(in("r"));
    CHECK(!path_exists(in("r")));
    CHECK(path_exists(in("kept/file")));
    path_remove(in("kept/file"));
    CHECK(!path_exists(in("kept/file")));
    path_remove(in("kept"));
    path_remove(in("never"));
    CHECK(!path_exists(in("kept")));
}

TEST(a_file_in_the_way_of_a_folder_is_an_error)
{
    CHECK_INT(path_write(in("a/file"), "x", 1, 0644), LM_OK);
    CHECK_INT(path_make_dirs(in("a/file"), 0755), LM_CONFLICT);
    CHECK_INT(path_make_dirs(in("a/file/b"), 0755), LM_CONFLICT);
}

TEST(what_is_written_is_read_with_its_mode)
{
    char *data = NULL;
    size_t n = 0;
    struct stat st;

    CHECK_INT(path_write(in("f"), "one\0two", 7, 0600), LM_OK);
    CHECK_INT(path_write(in("f"), "1\0002", 3, 0640), LM_OK);
    CHECK(!stat(in("f"), &st));
    CHECK_INT(st.st_mode & 07777, 0640);
    CHECK_INT(path_read(in("f"), 3, &data, &n), LM_OK);
    bool is_same = n == 3 && !memcmp(data, "1\0002", 4);
    free(data);
    CHECK(is_same);
    CHECK_INT(path_write(in("f"), "", 0, 0600), LM_OK);
    CHECK_INT(path_read(in("f"), 0, &data, &n), LM_OK);
    is_same = n == 0 && !*data;
    free(data);
    CHECK(is_same);
}

TEST(a_failed_write_leaves_the_old_file_and_no_temporary)
{
    char *data, command[PATH_SIZE + 64];
    size_t n;

    CHECK_INT(path_make_dirs(in("w/target/full"), 0755), LM_OK);
    CHECK(path_write(in("w/target"), "x", 1, 0644) != LM_OK);       /* a folder cannot be replaced by a file */
    CHECK_INT(path_write(in("none/f"), "x", 1, 0644), LM_NOT_FOUND);
    snprintf(command, sizeof(command), "test \"$(ls -A '%s')\" = target", in("w"));
    CHECK_INT(system(command), 0);
    CHECK_INT(path_read(in("w/target"), 10, &data, &n), LM_CONFLICT);
}

TEST(large_files_are_read_whole_or_refused)
{
    size_t size = 300000, n;
    char *big = malloc(size), *data = NULL;

    for (size_t i = 0; i < size; i++)
        big[i] = (char)(i * 7 % 251);
    enum lm_err wrote = path_write(in("big"), big, size, 0644);
    enum lm_err over = path_read(in("big"), size - 1, &data, &n);
    enum lm_err fits = path_read(in("big"), size, &data, &n);
    bool is_same = !fits && n == size && !memcmp(big, data, size) && !data[n];
    free(big);
    free(data);
    CHECK_INT(wrote, LM_OK);
    CHECK_INT(over, LM_TOO_LARGE);
    CHECK(is_same);
}

TEST(only_files_can_be_read)
{
    char *data;
    size_t n;

    CHECK_INT(path_read(in("missing"), 10, &data, &n), LM_NOT_FOUND);
    CHECK(!mkfifo(in("pipe"), 0600));
    CHECK_INT(path_read(in("pipe"), 10, &data, &n), LM_INVALID);
}

TEST(a_folder_can_be_synced)
{
    CHECK_INT(path_sync_dir(in("a")), LM_OK);
    CHECK_INT(path_sync_dir(in("missing")), LM_NOT_FOUND);
    CHECK_INT(path_sync_dir(in("f")), LM_NOT_FOUND);
}

TEST(shared_files_are_found_by_the_environment_first)
{
    char out[PATH_SIZE];
    struct problem p = { 0 };
    char *before = getenv("LUMAD_SHARE");

    before = before ? strdup(before) : NULL;
    path_make_dirs(in("share/migrations"), 0755);
    setenv("LUMAD_SHARE", in("share"), 1);
    enum lm_err err = path_share("migrations", out, &p);
    bool is_ours = !strcmp(out, in("share/migrations"));
    enum lm_err none = path_share("no/such/thing", out, &p);
    if (before)
        setenv("LUMAD_SHARE", before, 1);
    else
        unsetenv("LUMAD_SHARE");
    free(before);
    CHECK_INT(err, LM_OK);
    CHECK(is_ours);
    CHECK_INT(none, LM_NOT_FOUND);
    CHECK_INT(p.err, LM_NOT_FOUND);
    CHECK(strstr(p.detail, "no/such/thing") && strstr(p.detail, "/share") && strstr(p.detail, "share/lumad"));
}

/* A copy of this very program in a made-up source tree, asked to look for something there. */
TEST(shared_files_and_workers_are_found_beside_the_program)
{
    char self[PATH_SIZE], command[3 * PATH_SIZE + 64];
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

    if (getenv("LUMAD_PATH_TEST"))
        SKIP("the copy");
    CHECK(len > 0);
    self[len] = 0;
    path_make_dirs(in("tree/build/debug/tests"), 0755);
    path_make_dirs(in("tree/daemon"), 0755);
    path_make_dirs(in("tree/migrations"), 0755);
    CHECK_INT(path_write(in("tree/build/debug/some_worker"), "", 0, 0755), LM_OK);
    CHECK_INT(path_write(in("tree/build/debug/dull_worker"), "", 0, 0644), LM_OK);
    snprintf(command, sizeof(command), "cp '%s' '%s'", self, in("tree/build/debug/tests/copy"));
    CHECK_INT(system(command), 0);
    snprintf(command, sizeof(command), "env -u LUMAD_SHARE LUMAD_PATH_TEST='%s' '%s' >/dev/null", in("tree"),
             in("tree/build/debug/tests/copy"));
    CHECK_INT(system(command), 0);
}

/* The same as installed: bin/, share/lumad/, libexec/lumad/ under any folder. */
TEST(an_installation_can_be_moved)
{
    char self[PATH_SIZE], command[3 * PATH_SIZE + 64];
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

    if (getenv("LUMAD_PATH_TEST"))
        SKIP("the copy");
    CHECK(len > 0);
    self[len] = 0;
    path_make_dirs(in("opt/bin"), 0755);
    path_make_dirs(in("opt/share/lumad/migrations"), 0755);
    path_make_dirs(in("opt/libexec/lumad"), 0755);
    CHECK_INT(path_write(in("opt/libexec/lumad/some_worker"), "", 0, 0755), LM_OK);
    snprintf(command, sizeof(command), "cp '%s' '%s'", self, in("opt/bin/copy"));
    CHECK_INT(system(command), 0);
    snprintf(command, sizeof(command), "env -u LUMAD_SHARE LUMAD_PATH_TEST=installed '%s' >/dev/null", in("opt/bin/copy"));
    CHECK_INT(system(command), 0);
}

/* `got` ends with `end` and the file is there. */
static bool is_at(const char *got, const char *end)
{
    size_t ng = strlen(got), ne = strlen(end);

    return ng > ne && !strcmp(got + ng - ne, end) && path_exists(got);
}

TEST(the_moved_copy_finds_its_files)
{
    const char *what = getenv("LUMAD_PATH_TEST");
    char out[PATH_SIZE];

    if (!what || strcmp(what, "installed"))
        SKIP("runs in the copy");
    CHECK_INT(path_share("migrations", out, NULL), LM_OK);
    CHECK(is_at(out, "/opt/share/lumad/migrations"));
    CHECK_INT(path_worker("some_worker", out, NULL), LM_OK);
    CHECK(is_at(out, "/opt/libexec/lumad/some_worker"));
}

TEST(the_copy_finds_its_tree)
{
    const char *tree = getenv("LUMAD_PATH_TEST");
    char out[PATH_SIZE], want[PATH_SIZE];
    struct problem p = { 0 };

    if (!tree || !strcmp(tree, "installed"))
        SKIP("runs in the copy");
    path_join(want, tree, "migrations");
    CHECK_INT(path_share("migrations", out, &p), LM_OK);
    CHECK_STR(out, want);
    path_join(want, tree, "build/debug/some_worker");
    CHECK_INT(path_worker("some_worker", out, &p), LM_OK);
    CHECK_STR(out, want);
    CHECK_INT(path_worker("dull_worker", out, &p), LM_FORBIDDEN);
    CHECK_INT(path_worker("no_worker", out, &p), LM_NOT_FOUND);
    CHECK(strstr(p.detail, "build/debug") && strstr(p.detail, "libexec/lumad"));
}

TEST(a_hash_is_of_all_of_a_file)
{
    char hash[PATH_HASH];
    uint64_t n = 1;
    size_t big = 600000;
    char *zeros = calloc(1, big);

    CHECK_INT(path_write(in("hashed"), "abc", 3, 0600), LM_OK);
    CHECK_INT(path_hash(in("hashed"), hash, &n), LM_OK);
    CHECK_STR(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK_INT(n, 3);
    CHECK_INT(path_write(in("hashed"), "", 0, 0600), LM_OK);
    CHECK_INT(path_hash(in("hashed"), hash, &n), LM_OK);
    CHECK_STR(hash, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK_INT(n, 0);
    CHECK_INT(path_write(in("hashed"), zeros, big, 0600), LM_OK);       /* more than it reads at a time */
    free(zeros);
    CHECK_INT(path_hash(in("hashed"), hash, &n), LM_OK);
    CHECK_STR(hash, "1358f4ce65f0d1ed482d572e4eac6ea90d465c0ab878f477297474f8f23226c3");
    CHECK_INT(n, big);
    unlink(in("hashed"));
    CHECK_INT(path_hash(in("hashed"), hash, NULL), LM_NOT_FOUND);
    CHECK(path_hash(dir, hash, NULL) != LM_OK);
}

TEST(the_scratch_folder_goes_away)
{
    char command[PATH_SIZE + 16];

    snprintf(command, sizeof(command), "rm -r '%s'", dir);
    CHECK_INT(system(command), 0);
}
