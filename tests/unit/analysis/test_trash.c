/* Files of deleted tracks: they go when their time has come, and never from a track that is live again. */
#include <pthread.h>

#include "../db/dbtest.h"

#include "analysis/trash.h"

#define TRACK "00000000-0000-4000-8000-00000000000a"
#define FILE_PATH "tracks/abc.wav"

static char dir[PATH_SIZE], file[PATH_SIZE], stem[PATH_SIZE];
static struct db *db;

static void touch(const char *path)
{
    FILE *f = fopen(path, "w");

    if (!f || fclose(f))
        abort();
}

static bool begin(void)
{
    char folder[PATH_SIZE];

    strcpy(dir, "/tmp/lumad-test-trash-XXXXXX");
    if (!mkdtemp(dir))
        return false;
    path_join(folder, dir, "tracks"), path_make_dirs(folder, 0700);
    path_join(folder, dir, "stems/" TRACK "/a"), path_make_dirs(folder, 0700);
    path_join(file, dir, FILE_PATH), touch(file);
    path_join(stem, dir, "stems/" TRACK "/a/drums.flac"), touch(stem);
    db = test_open();
    struct step put = { .what = PUT, .t = &tracks_table, .id = TRACK, .text = "{'title':'A','track_hash':'abc','filename':'a.wav','file_path':'" FILE_PATH "'}" };
    return db && !test_run(db, &put);
}

static void end(void)
{
    db_close(db);
    test_remove(dir);
}

static int rows_without_a_file(void)
{
    return (int)test_int(db, "SELECT count(*) FROM tracks WHERE file_path IS NULL");
}

TEST(the_files_of_a_deleted_track_go_and_its_row_knows)
{
    CHECK(begin());
    CHECK_INT(test_delete(db, &tracks_table, TRACK), LM_OK);
    trash_remove(db, dir, TRACK);
    CHECK(!path_exists(file) && !path_exists(stem));
    CHECK_INT(rows_without_a_file(), 1);
    end();
}

TEST(a_track_that_is_live_keeps_its_files)
{
    CHECK(begin());
    trash_remove(db, dir, TRACK);
    CHECK(path_exists(file) && path_exists(stem));
    CHECK_INT(rows_without_a_file(), 0);
    end();
}

static void *remove_it(void *unused)
{
    trash_remove(db, dir, TRACK);
    return unused;
}

TEST(one_that_comes_back_while_it_is_to_be_removed_keeps_its_files)
{
    pthread_t other;

    CHECK(begin());
    CHECK_INT(test_delete(db, &tracks_table, TRACK), LM_OK);
    trash_hold();
    CHECK_INT(pthread_create(&other, NULL, remove_it, NULL), 0);
    usleep(20000);                      /* long enough to remove them, did it not wait */
    bool was_there = path_exists(file) && path_exists(stem);
    enum lm_err err = test_sql(db, "UPDATE tracks SET deleted_at = NULL");
    trash_release();
    pthread_join(other, NULL);
    CHECK(was_there);
    CHECK_INT(err, LM_OK);
    CHECK(path_exists(file) && path_exists(stem));
    CHECK_INT(rows_without_a_file(), 0);
    end();
}
