#pragma once
/* What REST handlers and sockets may reach: the parts of the running daemon, in one struct. */
#include <stdint.h>

#include "analysis/batch.h"
#include "analysis/imports.h"
#include "analysis/jobs.h"
#include "core/config.h"
#include "core/event.h"
#include "db/db.h"
#include "library/library.h"
#include "plugins/plugins.h"
#include "show/patches.h"
#include "show/show.h"
#include "show/warnings.h"

struct auth;                    /* net/auth.h */
struct audit;                   /* net/audit.h */

struct lumad {                  /* what handlers and sockets may reach; filled by daemon/start/, outlives the servers */
    const struct config *config;
    const char *data_dir;
    struct event_bus *bus;
    struct db *db;
    struct library *library;
    struct patches *patches;
    struct plugins *plugins;
    struct jobs *jobs;
    struct batches *batches;
    struct imports *imports;
    struct show *show;
    struct warnings *warnings;
    struct auth *auth;
    struct audit *audit;
    int64_t started_mono_ns;
};
