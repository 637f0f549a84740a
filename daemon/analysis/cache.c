#include "analysis/cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audio/pcm.h"
#include "core/log.h"
#include "core/str.h"
#include "core/uuid.h"

struct entry { char name[64]; uint64_t bytes; struct timespec used; };

enum lm_err cache_path(const char *data_dir, const char *track_id, char out[PATH_SIZE])
{
    char name[64];

    snprintf(name, sizeof(name), "cache/%.36s.pcm", track_id);
    return path_join(out, data_dir, name);
}

enum lm_err cache_stem_path(const char *data_dir, const char *track_id, const char *stem, bool is_stereo, char out[PATH_SIZE])
{
    char name[64];

    snprintf(name, sizeof(name), "cache/%.36s.%.8s%s.pcm", track_id, stem, is_stereo ? ".stereo" : "");
    return path_join(out, data_dir, name);
}

bool cache_has_of(const char *path, const char *sha256)
{
    struct pcm pcm;
    bool has = !pcm_open(path, &pcm, NULL);
    const struct pcm_header *h = pcm.map;

    for (size_t i = 0; has && strlen(sha256) == 2 * sizeof(h->source_sha256) && i < sizeof(h->source_sha256); i++) {
        char byte[3];
        snprintf(byte, sizeof(byte), "%02x", h->source_sha256[i]);
        has = !strncasecmp(byte, sha256 + 2 * i, 2);
    }
    pcm_close(&pcm);
    return has;
}

bool cache_has(const char *path)
{
    return cache_has_of(path, "");
}

void cache_touch(const char *path)
{
    utimensat(AT_FDCWD, path, NULL, 0);
}

static bool has_ending(const char *name, const char *ending)
{
    size_t n = strlen(name), m = strlen(ending);

    return n > m && !strcmp(name + n - m, ending);
}

/* "<track id>.pcm", "<track id>.<stem>.pcm" or "<track id>.<stem>.stereo.pcm" */
static bool is_ours(const char *name)
{
    size_t n = strlen(name);

    return has_ending(name, ".pcm") && n < sizeof(((struct entry *)0)->name) && (n == UUID_LEN + 4 || (n > UUID_LEN + 5 && name[UUID_LEN] == '.'));
}

static int compare(const void *a, const void *b)
{
    const struct timespec *x = &((const struct entry *)a)->used, *y = &((const struct entry *)b)->used;

    if (x->tv_sec != y->tv_sec)
        return x->tv_sec < y->tv_sec ? -1 : 1;
    return x->tv_nsec < y->tv_nsec ? -1 : x->tv_nsec > y->tv_nsec;
}

static size_t list(DIR *d, struct entry **result, uint64_t *total)
{
    struct entry *entries = NULL;
    size_t n = 0, cap = 0;
    struct stat st;

    for (struct dirent *e; (e = readdir(d));) {
        if (!is_ours(e->d_name) || fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
            continue;
        if (n == cap) {
            struct entry *more = realloc(entries, (cap = cap * 2 + 64) * sizeof(*more));
            if (!more)
                break;
            entries = more;
        }
        entries[n] = (struct entry){ .bytes = (uint64_t)st.st_size, .used = st.st_mtim };
        str_copy(entries[n].name, sizeof(entries[n].name), e->d_name);
        *total += entries[n++].bytes;
    }
    if (n)
        qsort(entries, n, sizeof(*entries), compare);
    *result = entries;
    return n;
}

static DIR *open_folder(const char *data_dir, char path[PATH_SIZE])
{
    return path_join(path, data_dir, "cache") ? NULL : opendir(path);
}

void cache_evict(const char *data_dir, uint64_t max_bytes,
                 bool (*keep)(void *ctx, const char *track_id), void *ctx)
{
    char path[PATH_SIZE];
    struct entry *entries = NULL;
    uint64_t total = 0;
    DIR *d = open_folder(data_dir, path);

    if (!d)
        return;
    size_t n = list(d, &entries, &total);
    for (size_t i = 0; i < n && total > max_bytes; i++) {
        char id[UUID_SIZE];
        snprintf(id, sizeof(id), "%.*s", UUID_LEN, entries[i].name);
        if (keep(ctx, id) || unlinkat(dirfd(d), entries[i].name, 0))
            continue;
        total -= entries[i].bytes;
        log_debug("jobs", "decoded audio %s dropped, %llu MB are left", entries[i].name,
                  (unsigned long long)total >> 20);
    }
    free(entries);
    closedir(d);
}

void cache_clean(const char *data_dir)
{
    char path[PATH_SIZE], run[PATH_SIZE];
    DIR *d;

    if (path_join(path, data_dir, "cache") || path_make_dirs(path, 0700) || !(d = opendir(path)))
        return;
    for (struct dirent *e; (e = readdir(d));)
        if (has_ending(e->d_name, ".part") || has_ending(e->d_name, ".wave"))
            unlinkat(dirfd(d), e->d_name, 0);
        else if (has_ending(e->d_name, ".d") && !path_join(run, path, e->d_name))
            path_remove(run);           /* the folder of a step's run */
    closedir(d);
}
