/* Any bytes as the tags of a file of each format, and as each kind of tag: what comes out is short UTF-8 and pictures that are some. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "audio/container.h"
#include "audio/picture.h"
#include "audio/tags_private.h"
#include "core/str.h"

static void check(struct tags *t)
{
    for (int i = 0; i < TAGS; i++)
        if (t->text[i] && (!*t->text[i] || strlen(t->text[i]) > TAG_MAX || !utf8_valid(t->text[i], strlen(t->text[i]))))
            abort();
    if (t->picture && !picture_type(t->picture, t->picture_n))
        abort();
    tags_clear(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int fd = -1;
    const struct container_kind *kind;
    struct tags t = { 0 };

    if (fd < 0 && (fd = memfd_create("fuzz", 0)) < 0)
        abort();
    if (ftruncate(fd, 0) || pwrite(fd, data, size, 0) != (ssize_t)size)
        abort();
    for (size_t i = 0; (kind = container_at(i)); i++) {
        tags_read(&t, fd, size, kind->format);
        check(&t);
    }
    unsigned char *copy = malloc(size + 1);     /* so that one byte too far is one */
    if (!copy)
        return 0;
    memcpy(copy, data, size);
    unsigned char *exact = realloc(copy, size ? size : 1);
    copy = exact ? exact : copy;
    tags_vorbis(&t, copy, size);
    check(&t);
    tags_flac_picture(&t, copy, size);
    check(&t);
    tags_id3(&t, copy, size);
    check(&t);
    free(copy);
    return 0;
}
