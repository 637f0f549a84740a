#pragma once
/*
 * What must be known before start: config/lumad.conf (INI, read by libinih), overridden by the command line. One table of keys
 * gives parsing, checking, `--print-config` (the commented file) and the reference page. What an operator changes while lumad runs is in the
 * settings table of the database instead; no key is in both.
 *
 * A leading "~/" of a folder stands for the home directory. A line of the file may have 198 characters.
 *
 * MEMORY   struct config owns its strings until config_clear(); none is NULL after config_init().
 */
#include <stdbool.h>
#include <stdio.h>

#include "core/err.h"

struct config {                 /* [section] key in the file */
    char *http;                 /* [server] http: ADDR:PORT; default 127.0.0.1:8080, other machines only by the operator's will */
    char *web;                  /* [server] web: web/dist; "" = found beside the program */
    char *allowed_hosts;        /* [server] allowed_hosts: comma separated extra Host names */
    char *trusted_proxies;      /* [server] trusted_proxies: core/networks.h; whose X-Forwarded-For is believed (net/proxy.h) */
    char *data;                 /* [files] data: data directory */
    char *fixtures;             /* [files] fixtures: library folders, ':' separated; default /usr/share/qlcplus/fixtures */
    char *plugin_dir;           /* [files] plugin_dir */
    int cache_max_mb;           /* [files] cache_max_mb: decoded audio on disk */
    char *import_folders;       /* [library] import_folders: ':' separated; what may be imported from */
    char *interfaces;           /* [dmx] interfaces: comma separated; "" = all */
    char *audio;                /* [audio] device: a wish of audio/devices.h, or clock; a stored choice wins */
    bool real_time;             /* [engine] real_time: ask for SCHED_FIFO and locked memory */
    int rt_priority;            /* [engine] rt_priority: 1..90, default 60 */
    int compile_threads;        /* [engine] compile_threads: 0 = one per core */
    int plugin_call_ms;         /* [engine] plugin_call_ms: of a plug-in's node, for one tile */
    char *job_priority;         /* [jobs] priority: idle, batch, low */
    char *log_level;            /* [log] level: error, warn, info, debug */
};

enum lm_err config_init(struct config *c);                                      /* the defaults */
enum lm_err config_read(struct config *c, const char *path, struct problem *p); /* unknown key, bad value: LM_INVALID naming file and line */
enum lm_err config_set(struct config *c, const char *section, const char *key, const char *value, struct problem *p);
void config_print(FILE *f);                                                     /* the commented file, defaults commented out */
void config_print_md(FILE *f);                                                  /* the reference page */
void config_clear(struct config *c);
