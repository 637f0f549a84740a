#pragma once
/*
 * A venue from rows to a patch: fixtures with their definitions from the library, groups with members. For the engine and for every REST answer that
 * speaks of heads.
 *
 * THREADS  Any non-real-time thread, with a connection of its own.
 */
#include <jansson.h>

#include "core/err.h"
#include "db/db.h"
#include "fixtures/patch.h"
#include "library/library.h"

/* LM_NOT_FOUND: no such venue. Missing definitions are warnings of the patch. Caller patch_free()s. */
enum lm_err venue_load(struct db_conn *c, struct library *l, const char *venue_id, struct patch **patch, struct problem *p);

/* GET /venues/{id}/heads: {"items":[{id,fixture_id,index,label,x,y,z,rot_x,rot_y,rot_z,capabilities,pan_max,tilt_max}],"next":null}; never paged. */
json_t *venue_heads_json(const struct patch *patch);
/* GET /venues/{id}/patch: {"universes":[{"universe","used":[{"fixture_id","label","address","channels"}],"free":[{"address","channels"}]}],"warnings":[]} */
json_t *venue_patch_json(const struct patch *patch);
/* POST /venues/{id}/select. *errors: of an expression that cannot be read, [{path, message, start, end}] (characters, 0-based, half-open). */
enum lm_err venue_select(const struct patch *patch, const char *expression, const char *spatial_reference, json_t **answer, json_t **errors,
                         struct problem *p);
/*
 * May this fixture stand there? Called in the transaction that wrote the row: the mode must exist in the definition (422 naming the modes), the
 * address must fit and be free (409 / 422 naming the fixture in the way and the next free address). Fills manufacturer, model when they were left out.
 */
enum lm_err venue_check_fixture(struct db_conn *c, struct library *l, const char *fixture_id, struct problem *p);
/* Definition and mode of a fixture; 422 with /fixture_path or /mode_name. Caller definition_unref()s *d, also after an error. */
enum lm_err venue_find_mode(struct library *l, const char *path, const char *mode_name, const struct definition **d, const struct definition_mode **m,
                            struct problem *p);
