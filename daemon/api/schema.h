#pragma once
/*
 * The shapes that route rows name ("Venue", "VenueInput", "Venue[]"), as JSON Schema: rows from the table descriptors, everything else written
 * down once here.
 */
#include <jansson.h>
#include <stdbool.h>

/* {name: schema} of all of them. */
json_t *schema_all(void);
/* The schema a route row means by `name`: a reference, or for "X[]" a page of them, or for "binary", "text" and "object" what that is. NULL: unknown name. */
json_t *schema_of(const char *name);
bool schema_exists(const char *name);
