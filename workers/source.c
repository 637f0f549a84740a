#include "source.h"

#include <string.h>

#include "core/str.h"

enum lm_err source_open(struct source *s, int fd, uint64_t size, const struct container *c, struct problem *p)
{
    const struct source_library *const *l = source_libraries;

    while (l[1] && (*l)->format && strcmp((*l)->format, c->format))
        l++;
    *s = (struct source){ .library = *l, .frames = -1, .is_estimate = !c->is_counted };
    str_copy(s->format, sizeof(s->format), c->format);
    return (*l)->open(s, fd, size, c, p);
}

size_t source_read(struct source *s, float *frames, size_t n)
{
    return s->library->read(s, frames, n < SOURCE_BLOCK ? n : SOURCE_BLOCK);
}

enum lm_err source_check_end(struct source *s, float *buffer, struct problem *p)
{
    return s->library->check_end ? s->library->check_end(s, buffer, p) : LM_OK;
}

void source_tags(struct source *s, int fd, uint64_t size, struct tags *t)
{
    tags_read(t, fd, size, s->format);
    if (s->library->tags)
        s->library->tags(s, t);
}

void source_close(struct source *s)
{
    if (s->library)
        s->library->close(s);
    s->library = NULL;
}

void source_usual_places(struct source *s)
{
    static const enum speaker places[SOURCE_CHANNELS + 1][SOURCE_CHANNELS] = {
        [1] = { AT_CENTER },
        [2] = { AT_LEFT, AT_RIGHT },
        [3] = { AT_LEFT, AT_RIGHT, AT_CENTER },
        [4] = { AT_LEFT, AT_RIGHT, AT_BACK_LEFT, AT_BACK_RIGHT },
        [5] = { AT_LEFT, AT_RIGHT, AT_CENTER, AT_BACK_LEFT, AT_BACK_RIGHT },
        [6] = { AT_LEFT, AT_RIGHT, AT_CENTER, AT_LFE, AT_BACK_LEFT, AT_BACK_RIGHT },
        [7] = { AT_LEFT, AT_RIGHT, AT_CENTER, AT_LFE, AT_BACK_CENTER, AT_BACK_LEFT, AT_BACK_RIGHT },
        [8] = { AT_LEFT, AT_RIGHT, AT_CENTER, AT_LFE, AT_BACK_LEFT, AT_BACK_RIGHT, AT_BACK_LEFT, AT_BACK_RIGHT },
    };

    memcpy(s->at, places[s->channels], sizeof(s->at));
}
