#pragma once
/* The reference of the interface, from the route rows: OpenAPI 3.1 and Markdown. */
#include <jansson.h>

json_t *openapi_json(void);
