#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../tap.h"

#include "audio/pieces.h"
#include "core/path.h"
#include "dsp/hash.h"

enum { FRAMES = 10000, CHANNELS = 8 };

static char dir[64];
static float x[CHANNELS * FRAMES], y[CHANNELS * FRAMES];
static struct pieces pieces = { .dir = dir, .name = "test", .channels = CHANNELS, .rate = 44100, .frames = FRAMES };

static void begin(void)
{
    strcpy(dir, "/tmp/lumad-test-pieces-XXXXXX");
    if (!mkdtemp(dir))
        abort();
    for (size_t i = 0; i < CHANNELS * FRAMES; i++)
        x[i] = (float)(hash_mix(i) % 60000) / 32768.f - .9f;
}

static int count_files(void)
{
    DIR *d = opendir(dir);
    int n = 0;

    for (struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static void end(void)
{
    pieces_remove(&pieces);
    rmdir(dir);
}

/* The only file that is there. */
static void only_file(char path[PATH_SIZE])
{
    DIR *d = opendir(dir);

    for (struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] != '.')
            path_join(path, dir, e->d_name);
    closedir(d);
}

TEST(a_piece_comes_back_exactly_as_it_was_left)
{
    struct problem p = { 0 };

    begin();
    x[0] = 3, x[1] = -3;                /* beyond full scale */
    x[2] = 1e-7f;
    CHECK_INT(piece_write(&pieces, 3, 42, x, &p), LM_OK);
    CHECK(x[0] < 1 && x[0] > .9999 && x[1] == -1 && x[2] == 0);
    CHECK(piece_read(&pieces, 3, 42, y));
    CHECK(!memcmp(x, y, sizeof(x)));
    end();
}

TEST(a_piece_of_something_else_is_not_taken_and_goes_when_a_new_one_comes)
{
    begin();
    CHECK_INT(piece_write(&pieces, 3, 42, x, NULL), LM_OK);
    CHECK_INT(piece_write(&pieces, 33, 42, x, NULL), LM_OK);
    CHECK(!piece_read(&pieces, 3, 43, y));
    CHECK(!piece_read(&pieces, 2, 42, y));
    CHECK_INT(piece_write(&pieces, 3, 43, x, NULL), LM_OK);
    CHECK_INT(count_files(), 2);
    CHECK(!piece_read(&pieces, 3, 42, y));
    CHECK(piece_read(&pieces, 3, 43, y));
    CHECK(piece_read(&pieces, 33, 42, y));
    pieces_remove(&pieces);
    CHECK_INT(count_files(), 0);
    end();
}

TEST(a_piece_that_is_cut_off_or_damaged_is_not_taken)
{
    char path[PATH_SIZE], zeros[2000] = { 0 };
    struct stat st;

    begin();
    CHECK_INT(piece_write(&pieces, 0, 1, x, NULL), LM_OK);
    only_file(path);
    CHECK(!stat(path, &st));
    int fd = open(path, O_WRONLY);      /* as a power cut leaves it: the length is right, the end was never written */
    CHECK(pwrite(fd, zeros, sizeof(zeros), st.st_size - 4000) == sizeof(zeros));
    close(fd);
    CHECK(!piece_read(&pieces, 0, 1, y));
    CHECK_INT(piece_write(&pieces, 0, 1, x, NULL), LM_OK);
    CHECK(!truncate(path, st.st_size / 2));
    CHECK(!piece_read(&pieces, 0, 1, y));
    CHECK(!truncate(path, 0));
    CHECK(!piece_read(&pieces, 0, 1, y));
    end();
}

TEST(a_piece_of_another_form_is_not_taken)
{
    begin();
    struct pieces shorter = pieces, fewer = pieces;
    shorter.frames = FRAMES - 1;
    fewer.channels = 2;
    CHECK_INT(piece_write(&pieces, 0, 1, x, NULL), LM_OK);
    CHECK(!piece_read(&shorter, 0, 1, y));
    CHECK(!piece_read(&fewer, 0, 1, y));
    end();
}

TEST(what_was_half_written_goes_and_other_files_stay)
{
    char path[PATH_SIZE], other[PATH_SIZE];

    begin();
    path_join(path, dir, "test.0.0000000000000001.piece.part");
    path_join(other, dir, "drums.flac");
    CHECK_INT(path_write(path, "x", 1, 0600), LM_OK);
    CHECK_INT(path_write(other, "x", 1, 0600), LM_OK);
    CHECK(!piece_read(&pieces, 0, 1, y));
    pieces_remove(&pieces);
    CHECK_INT(count_files(), 1);
    unlink(other);
    end();
}

TEST(a_folder_that_is_not_there_is_an_error_that_says_so)
{
    struct pieces nowhere = pieces;
    struct problem p = { 0 };

    nowhere.dir = "/nonexistent";
    CHECK(piece_write(&nowhere, 0, 1, x, &p) != LM_OK);
    CHECK(strstr(p.detail, "/nonexistent"));
    CHECK(!piece_read(&nowhere, 0, 1, y));
    pieces_remove(&nowhere);
}
