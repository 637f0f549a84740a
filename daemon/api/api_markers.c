/* Cue points and loops on a track. */
#include "api/crud.h"
#include "db/domain.h"

static const struct crud crud = { .table = &track_markers_table };

const struct route api_markers[] = {
    { HTTP_GET, "/tracks/{id}/markers", crud_list, ROLE_VIEWER, NULL, "Marker[]", .doc = "Cue points and loops on a track, as they follow each other.",
      .query = "limit cursor q", .crud = &crud },
    { HTTP_POST, "/tracks/{id}/markers", crud_create, ROLE_OPERATOR, "MarkerInput", "Marker", .doc = "Set a cue point, or a loop (end_time).", .crud = &crud },
    { HTTP_GET, "/markers/{id}", crud_get, ROLE_VIEWER, NULL, "Marker", .doc = "One cue point.", .crud = &crud },
    { HTTP_PATCH, "/markers/{id}", crud_patch, ROLE_OPERATOR, "MarkerPatch", "Marker", .doc = "Name, colour or place of a cue point.", .crud = &crud },
    { HTTP_DELETE, "/markers/{id}", crud_delete, ROLE_OPERATOR, NULL, NULL, .doc = "Remove a cue point.", .crud = &crud },
    { 0 },
};
