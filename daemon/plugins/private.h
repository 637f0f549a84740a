#pragma once
/*
 * Inside plugins/: what is known of each file. The plug-ins' thread alone changes it, under `lock`, which others take to read.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "plugins/link.h"
#include "plugins/plugins.h"

enum { PLUGINS_MAX = 64, NAME_SIZE = 64 };

/* REFUSED: nothing of it was ever loaded. RESTARTING: it ended and will be started. GIVEN_UP: it ended too often. */
enum plugin_state { PLUGIN_REFUSED, PLUGIN_RUNNING, PLUGIN_RESTARTING, PLUGIN_GIVEN_UP };

struct entry {
    char name[NAME_SIZE];
    enum plugin_state state;
    struct node_plugin *plugin;         /* NULL: refused */
    struct link *link;                  /* of the plug-in */
    struct stamp stamp;                 /* of the file that was looked at last */
    char error[280];                    /* the last thing that was wrong with it; "" when all is well */
    bool is_told;                       /* `error` stands as a warning although it runs: its newer file was refused */
    unsigned ends, restarts;            /* in a row; in all */
    int64_t again_ns, since_ns;         /* RESTARTING: when; RUNNING: since when */
    bool is_forced, is_there;
};

/* One that was replaced or taken away. Programs made of it may still be played, and are kept with their tiles for when its file comes back. */
struct retired { struct node_plugin *plugin; int64_t since_ns; struct retired *next; };

struct plugins {
    struct plugins_options o;
    char *dir;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t looked;
    struct entry *entries[PLUGINS_MAX]; size_t n;       /* by name */
    char trouble[200];                  /* with the folder itself */
    uint64_t wanted, done;              /* looks at the folder that were asked for, and done */
    char forced[NAME_SIZE];             /* the plug-in to be read again whatever its file says */
    atomic_bool stop;
    int wake, notify;
    bool is_watched;
    struct retired *retired;            /* the thread's own, as are */
    bool has_news, has_nodes;           /* for o.changed() */
};

/* entry.c: the thread's. */
void entry_load(struct plugins *p, struct entry *e);            /* its file is new, changed or to be read again */
void entry_look(struct plugins *p, struct entry *e);            /* did its process end? is it time to start it again? */
void entry_unload(struct plugins *p, struct entry *e);          /* its file is gone */
int64_t entries_sweep(struct plugins *p);                       /* ends what was retired a while ago; when to look again, 0: no need */
void entries_publish(struct plugins *p);                        /* the nodes of all, for documents from now on */
void plugins_wake(void *plugins);
