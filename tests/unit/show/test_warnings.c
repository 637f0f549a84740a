/* What the operator is warned of, told by several threads at once. */
#include "show/warnings.h"

#include <jansson.h>
#include <pthread.h>
#include <string.h>

#include "core/json.h"
#include "../../tap.h"

enum { ROUNDS = 20000 };

struct teller { struct warnings *w; const char *prefix, *id; int lost; };

static bool is_there(struct warnings *w, const char *id)
{
    json_t *list = warnings_json(w), *v;
    bool there = false;
    size_t i;

    json_array_foreach (list, i, v)
        there |= !strcmp(json_get_text(v, "id", ""), id);
    json_decref(list);
    return there;
}

static void *tell(void *arg)
{
    static const char *const ids[] = { "one" }, *const texts[] = { "It is so." };
    struct teller *t = arg;

    for (int i = 0; i < ROUNDS; i++) {
        warnings_sync_ids(t->w, t->prefix, "warn", ids, texts, 1);
        t->lost += !is_there(t->w, t->id);
    }
    return NULL;
}

TEST(two_that_tell_at_once_take_nothing_from_each_other)
{
    struct warnings *w = warnings_new(NULL);
    struct teller a = { w, "patch", "patch.one", 0 }, b = { w, "plugin", "plugin.one", 0 };
    pthread_t thread;

    pthread_create(&thread, NULL, tell, &b);
    tell(&a);
    pthread_join(thread, NULL);
    CHECK_INT(a.lost, 0);
    CHECK_INT(b.lost, 0);
    warnings_free(w);
}

TEST(what_is_told_no_more_is_over)
{
    static const char *const two[] = { "a", "b" }, *const texts[] = { "First.", "Second." };
    struct warnings *w = warnings_new(NULL);

    warnings_raise(w, "other", "warn", "Stays.");
    warnings_sync_ids(w, "x", "warn", two, texts, 2);
    CHECK(is_there(w, "x.a") && is_there(w, "x.b"));
    warnings_sync_ids(w, "x", "warn", two, texts, 1);
    CHECK(is_there(w, "x.a") && !is_there(w, "x.b") && is_there(w, "other"));
    warnings_free(w);
}
