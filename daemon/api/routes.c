#include "api/route.h"

// clang-format off
#define TABLES(X)                                                               \
    X(system) X(auth) X(audit)                                                                   \
    X(venues) X(fixtures) X(patch) X(parks) X(groups) X(library) X(plugins)                                  \
    X(patterns) X(pattern_picture) X(implementations) X(graph) X(preview)                          \
    X(track_list) X(tracks) X(track_data) X(beats) X(features) X(markers) X(stems) X(roots) X(scores) X(revisions)                                           \
    X(host_audio) X(listening) X(devices) X(chains) X(show) X(outputs) X(jobs) X(batches) X(imports) X(settings)

#define X(name) extern const struct route api_##name[];
TABLES(X)
#undef X

const struct route *const route_tables[] = {
#define X(name) api_##name,
    TABLES(X)
#undef X
    NULL,
};

const char *const route_titles[] = {
#define X(name) #name,
    TABLES(X)
#undef X
    NULL,
};
