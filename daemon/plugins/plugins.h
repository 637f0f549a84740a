#pragma once
/*
 * Plug-ins: the folder that is watched, a process for each shared object in it, and the node types they bring to the graphs. lumad_node.h is
 * the manual for who writes one.
 *
 * A file NAME.so is read into sealed memory, so that what was checked is what runs and a file may be written over at any time. Only regular
 * files of root or of lumad's own user that nobody else may write to are taken. A new or changed file is started beside the old one and takes its
 * place when it has told its nodes; one that is refused changes nothing. The nodes of an older one stay callable for three seconds: by then
 * all that plays is made of the new ones. Their light is kept as any other, for when the old file comes back. A process that ends is started anew after 0.25, 1 and 4 s; then it is left off until its file changes or someone says reload. A minute
 * without an end is forgiven.
 *
 * THREADS  One thread of its own (watches, starts, restarts; the processes end with it). Everything here: any non-real-time thread.
 */
#include <jansson.h>
#include <stdbool.h>

#include "core/err.h"

struct plugins;

struct plugins_options {
    const char *dir;            /* "": there are none, and none will come */
    int call_ms;                /* for one call */
    /* From the plug-ins' thread, also before plugins_new() has returned. `nodes`: graphs may give other light than before; else only what plugins_json() says changed. */
    void (*changed)(void *ctx, struct plugins *p, bool nodes);
    void *ctx;
};

/* Waits for those that are there, but not for long: light does not wait for a plug-in. */
enum lm_err plugins_new(const struct plugins_options *o, struct plugins **result);
void plugins_free(struct plugins *p);                   /* after everybody who has a graph; NULL is fine */
json_t *plugins_json(struct plugins *p);                /* [{name,state,version,vendor,help,nodes:[id],error,restarts}] by name */
/* Reads the file again, also one that was given up; answers when that is done. LM_NOT_FOUND: there is no such file. */
enum lm_err plugins_reload(struct plugins *p, const char *name, struct problem *problem);

/* What is wrong, for warnings: an id ("strobe") and a sentence each. At most `max`; how many. */
struct plugin_trouble { char id[64], text[320]; };
size_t plugins_troubles(struct plugins *p, struct plugin_trouble *list, size_t max);
