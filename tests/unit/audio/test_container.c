/* What a file is, by its first bytes, and whether all of it is there. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../tap.h"
#include "audio/container.h"
#include "core/path.h"

static struct container c;
static struct problem problem;

static enum lm_err check(const void *data, size_t n)
{
    int fd = memfd_create("container", 0);

    if (fd < 0 || write(fd, data, n) != (ssize_t)n)
        abort();
    enum lm_err err = container_check(fd, n, &c, &problem);
    close(fd);
    return err;
}

static char *load(const char *name, size_t *n)
{
    char path[PATH_SIZE], full[PATH_SIZE], *data = NULL;

    if (path_share("tests/data/audio", path, NULL) || path_join(full, path, name) || path_read(full, 1 << 20, &data, n))
        return NULL;
    return data;
}

static const struct { const char *name, *format, *worker; bool is_counted; int may_lose; /* bytes at the end: tags, or what only decoding misses */ } files[] = {
    { "info.wav", "wav", "decode_worker", true, 0 }, { "rf64.wav", "wav", "decode_worker", true, 0 }, { "wave64.w64", "w64", "decode_worker", true, 0 },
    { "id3.aiff", "aiff", "decode_worker", true, 170 }, { "texts.aif", "aiff", "decode_worker", true, 0 }, { "strings.caf", "caf", "decode_worker", true, 0 },
    { "picture.flac", "flac", "decode_worker", true, 12118 - 42 }, { "vorbis.ogg", "ogg", "decode_worker", true, 0 }, { "opus.opus", "opus", "decode_worker", true, 0 },
    { "id3v24.mp3", "mp3", "decode_worker", true, 5001 - 400 }, { "no_length.mp3", "mp3", "decode_worker", false, 3852 }, { "aac.m4a", "m4a", "av_worker", true, 0 },
    { "alac.m4a", "m4a", "av_worker", true, 0 }, { "adts.aac", "aac", "av_worker", false, 3374 }, { "wmav2.wma", "wma", "av_worker", false, 0 },
    { "wavpack.wv", "wv", "av_worker", true, 300 }, { "flac.oga", "oga", "av_worker", true, 0 },
};

TEST(each_format_is_known_by_what_is_in_it)
{
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        size_t n;
        char *data = load(files[i].name, &n);
        CHECK(data);
        CHECK_INT(check(data, n), LM_OK);
        CHECK_STR(c.format, files[i].format);
        CHECK_INT(c.is_counted, files[i].is_counted);
        CHECK_STR(container_find(c.format)->worker, files[i].worker);
        CHECK(container_is_name(files[i].name));
        free(data);
    }
}

/* At every length: refused in words, or enough is there. */
TEST(none_is_whole_when_it_is_cut)
{
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        size_t n;
        char *data = load(files[i].name, &n);
        CHECK(data);
        for (size_t m = 0; m + (size_t)files[i].may_lose < n; m++) {
            problem_clear(&problem);
            if (check(data, m) == LM_OK) {
                printf("# %s at %zu of %zu\n", files[i].name, m, n);
                CHECK(false);
            }
            CHECK(problem.detail[0]);
        }
        free(data);
    }
}

TEST(names_and_tables_agree)
{
    const struct container_kind *kind;

    for (size_t i = 0; (kind = container_at(i)); i++) {
        char name[32];
        snprintf(name, sizeof(name), "a.%s", kind->format);
        CHECK(container_is_name(name) && container_find(kind->format) == kind);
        CHECK(strlen(kind->format) < 5 && !strncmp(kind->type, "audio/", 6));
        CHECK(kind->suffixes[0] == ' ' && kind->suffixes[strlen(kind->suffixes) - 1] == ' ');
    }
    CHECK(container_is_name("A.M4A") && container_is_name("b.c.wave"));
    CHECK(!container_is_name("a.jpg") && !container_is_name(".wav") && !container_is_name("wav") && !container_is_name("a. wav") && !container_is_name("a."));
    CHECK(!container_find("ape"));
}

TEST(what_is_none_is_told_which_there_are)
{
    CHECK_INT(check("", 0), LM_INVALID);
    CHECK_INT(check("\xff\xd8\xff\xe0 a picture, which begins as an MP3 might", 44), LM_MEDIA_TYPE);
    CHECK(strstr(problem.detail, "AIFF") && strstr(problem.detail, "M4A"));
    CHECK_INT(check("ID3\4\0\0\0\0\0\3xyz", 13), LM_INVALID);
    CHECK_INT(check("OggS\0\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\7theora", 35), LM_MEDIA_TYPE);
}

/* Sizes that are as large as numbers get lead nowhere. */
TEST(lies_are_refused)
{
    CHECK_INT(check("RIFF\xff\xff\xff\xffWAVEdata\xff\xff\xff\xfe....", 24), LM_INVALID);
    CHECK_INT(check("RIFF\xff\xff\xff\xffWAVEdata\xff\xff\xff\xff....", 24), LM_OK);        /* a stream: to the end */
    CHECK_INT(check("RF64\xff\xff\xff\xffWAVEds64\x10\0\0\0........\1\0\0\0\1\0\0\0data\xff\xff\xff\xff....", 48), LM_INVALID);
    CHECK_INT(check("FORM\xff\xff\xff\xff""AIFFSSND\xff\xff\xff\xff....", 24), LM_INVALID);
    CHECK_INT(check("caff\0\1\0\0data\x7f\xff\xff\xff\xff\xff\xff\xff....", 24), LM_INVALID);
    CHECK_INT(check("\0\0\0\x10""ftypM4A \0\0\0\0\0\0\0\1moov\xff\xff\xff\xff\xff\xff\xff\xff", 32), LM_INVALID);
    CHECK_INT(check("\0\0\0\x10""ftypM4A \0\0\0\0\0\0\0\0mdat....", 28), LM_INVALID);
    CHECK(strstr(problem.detail, "list of its parts"));
}
