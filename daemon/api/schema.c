#include "api/schema.h"

#include <stdio.h>
#include <string.h>

#include "core/str.h"
#include "db/domain.h"

/* Members that are not columns. */
#define IDS "{\"type\":\"array\",\"items\":{\"type\":\"string\",\"format\":\"uuid\"}}"

static const struct {
    const char *name;
    const struct table *table;
    const char *extra, *extra_schema;
} rows[] = {
    { "Venue", &venues_table, NULL, NULL },
    { "Fixture", &fixtures_table, NULL, NULL },
    { "Group", &fixture_groups_table, "fixture_ids", IDS },
    { "Pattern", &patterns_table, NULL, NULL },
    { "PatternCategory", &pattern_categories_table, NULL, NULL },
    { "Implementation", &implementations_table, NULL, NULL },
    { "Override", &venue_implementation_overrides_table, NULL, NULL },
    { "Track", &tracks_table, "analysis", "{\"$ref\":\"#/components/schemas/Analysis\"}" },
    { "Score", &scores_table, NULL, NULL },
    { "Annotation", &score_annotations_table, NULL, NULL },
    { "Output", &outputs_table, NULL, NULL },
    { "Job", &jobs_table, NULL, NULL },
};

#define REF(name) "{\"$ref\":\"#/components/schemas/" name "\"}"
#define LIST(items) "{\"type\":\"array\",\"items\":" items "}"
#define OBJECT(members) "{\"type\":\"object\",\"properties\":{" members "}}"
#define NEEDS(members, required) "{\"type\":\"object\",\"properties\":{" members "},\"required\":[" required "],\"additionalProperties\":false}"
#define STRING "{\"type\":\"string\"}"
#define STRING_OR_NULL "{\"type\":[\"string\",\"null\"]}"
#define NUMBER "{\"type\":\"number\"}"
#define NUMBER_OR_NULL "{\"type\":[\"number\",\"null\"]}"
#define INTEGER "{\"type\":\"integer\"}"
#define BOOLEAN "{\"type\":\"boolean\"}"
#define ANY "{}"
#define UUID "{\"type\":\"string\",\"format\":\"uuid\"}"
#define UUID_OR_NULL "{\"type\":[\"string\",\"null\"],\"format\":\"uuid\"}"

static const struct {
    const char *name, *text;
} shapes[] = {
    { "Problem", OBJECT("\"type\":" STRING ",\"title\":" STRING ",\"status\":" INTEGER ",\"detail\":" STRING ",\"code\":" STRING
                        ",\"errors\":" LIST(OBJECT("\"path\":" STRING ",\"message\":" STRING)) ",\"current\":{\"description\":\"The row as it is now, with 412.\"}") },
    { "Nothing", "{\"type\":\"object\",\"additionalProperties\":false}" },
    { "Health", OBJECT("\"status\":" STRING ",\"detail\":" STRING) },
    { "System", OBJECT("\"version\":" STRING ",\"uptime_s\":" NUMBER ",\"warnings\":" LIST(REF("Warning")) ",\"audio\":" REF("Device")
                       ",\"dmx\":{\"type\":\"object\"},\"sync\":" OBJECT("\"state\":" STRING) ",\"jobs\":" OBJECT("\"active\":" INTEGER)
                       ",\"database\":" OBJECT("\"schema_version\":" INTEGER ",\"device_id\":" UUID)) },
    { "Warning", OBJECT("\"id\":" STRING ",\"level\":{\"enum\":[\"error\",\"warn\"]},\"message\":" STRING ",\"since\":{\"type\":\"string\",\"format\":\"date-time\"}") },
    { "Head", OBJECT("\"id\":" STRING ",\"fixture_id\":" UUID ",\"index\":" INTEGER ",\"label\":" STRING ",\"x\":" NUMBER ",\"y\":" NUMBER ",\"z\":" NUMBER
                     ",\"rot_x\":" NUMBER ",\"rot_y\":" NUMBER ",\"rot_z\":" NUMBER ",\"capabilities\":" LIST(STRING) ",\"pan_max\":" NUMBER ",\"tilt_max\":" NUMBER) },
    { "Patch", OBJECT("\"universes\":" LIST(OBJECT("\"universe\":" INTEGER
                      ",\"used\":" LIST(OBJECT("\"fixture_id\":" UUID ",\"label\":" STRING ",\"address\":" INTEGER ",\"channels\":" INTEGER))
                      ",\"free\":" LIST(OBJECT("\"address\":" INTEGER ",\"channels\":" INTEGER)))) ",\"warnings\":" LIST(STRING)) },
    { "Selection", NEEDS("\"expression\":" STRING ",\"spatial_reference\":{\"enum\":[\"global\",\"group_local\"]}", "\"expression\"") },
    { "Selected", OBJECT("\"heads\":" LIST(STRING) ",\"warnings\":" LIST(STRING)) },
    { "GroupMembers", NEEDS("\"fixture_ids\":" IDS, "\"fixture_ids\"") },
    { "LibraryItem", OBJECT("\"path\":" STRING ",\"manufacturer\":" STRING ",\"model\":" STRING ",\"type\":" STRING
                            ",\"modes\":" LIST(OBJECT("\"name\":" STRING ",\"channels\":" INTEGER ",\"heads\":" INTEGER))) },
    { "Definition", OBJECT("\"path\":" STRING ",\"manufacturer\":" STRING ",\"model\":" STRING ",\"type\":" STRING ",\"modes\":" LIST("{\"type\":\"object\"}")
                           ",\"warnings\":" LIST(STRING)) },
    { "ImplementationChoice", NEEDS("\"implementation_id\":" UUID, "\"implementation_id\"") },
    { "Graph", OBJECT("\"nodes\":" LIST(OBJECT("\"id\":" STRING ",\"type\":" STRING ",\"params\":{\"type\":\"object\"},\"x\":" NUMBER ",\"y\":" NUMBER))
                      ",\"edges\":" LIST(OBJECT("\"id\":" STRING ",\"from_node\":" STRING ",\"from_port\":" STRING ",\"to_node\":" STRING ",\"to_port\":" STRING))
                      ",\"args\":" LIST(OBJECT("\"id\":" STRING ",\"name\":" STRING ",\"type\":{\"enum\":[\"color\",\"scalar\",\"selection\",\"choice\"]},\"default\":" ANY))
                      ",\"errors\":" LIST(REF("GraphError")) ",\"implementation_id\":" UUID ",\"version\":" INTEGER) },
    { "GraphError", OBJECT("\"node\":" STRING_OR_NULL ",\"port\":" STRING_OR_NULL ",\"code\":" STRING ",\"message\":" STRING) },
    { "GraphErrors", OBJECT("\"errors\":" LIST(REF("GraphError"))) },
    { "GraphCheck", NEEDS("\"graph\":" REF("Graph"), "\"graph\"") },
    { "GraphRun", NEEDS("\"graph\":" REF("Graph") ",\"views\":" BOOLEAN ",\"context\":"
                        OBJECT("\"track_id\":" UUID_OR_NULL ",\"venue_id\":" UUID_OR_NULL ",\"start\":" NUMBER ",\"end\":" NUMBER
                               ",\"args\":{\"type\":\"object\"},\"seed\":" INTEGER), "\"graph\"") },
    { "GraphViews", OBJECT("\"views\":{\"type\":\"object\"},\"timings\":" LIST(OBJECT("\"node\":" STRING ",\"us\":" NUMBER))
                           ",\"layer\":" "{\"type\":[\"object\",\"null\"]}" ",\"errors\":" LIST(REF("GraphError"))) },
    { "NodeType", OBJECT("\"id\":" STRING ",\"category\":" STRING ",\"label\":" STRING ",\"help\":" STRING ",\"inputs\":" LIST("{\"type\":\"object\"}")
                         ",\"outputs\":" LIST("{\"type\":\"object\"}") ",\"params\":" LIST("{\"type\":\"object\"}")) },
    { "AnalysisStep", OBJECT("\"state\":{\"enum\":[\"none\",\"queued\",\"running\",\"done\",\"failed\"]},\"progress\":" NUMBER_OR_NULL ",\"version\":" ANY
                             ",\"error\":" STRING_OR_NULL) },
    { "Analysis", "{\"type\":\"object\",\"additionalProperties\":" REF("AnalysisStep") "}" },
    { "Analyze", NEEDS("\"steps\":" LIST(STRING) ",\"force\":" BOOLEAN, "") },
    { "Beats", OBJECT("\"beats\":" LIST(NUMBER) ",\"downbeats\":" LIST(NUMBER) ",\"bpm\":" NUMBER_OR_NULL ",\"beats_per_bar\":" INTEGER ",\"confidence\":" NUMBER_OR_NULL
                      ",\"corrected\":" BOOLEAN) },
    { "BeatsInput", NEEDS("\"beats\":" LIST(NUMBER) ",\"downbeats\":" LIST(NUMBER) ",\"bpm\":" NUMBER_OR_NULL ",\"beats_per_bar\":" INTEGER ",\"confidence\":" ANY
                          ",\"corrected\":" ANY, "\"beats\"") },
    { "Batch", NEEDS("\"create\":" LIST(REF("AnnotationInput")) ",\"update\":" LIST("{\"type\":\"object\"}") ",\"delete\":" LIST("{}"), "") },
    { "BatchResult", OBJECT("\"created\":" LIST(REF("Annotation")) ",\"updated\":" LIST(REF("Annotation")) ",\"deleted\":" IDS) },
    { "HostAudio", OBJECT("\"loaded\":" BOOLEAN ",\"track_id\":" UUID_OR_NULL ",\"score_id\":" UUID_OR_NULL ",\"playing\":" BOOLEAN ",\"current_time\":" NUMBER
                          ",\"duration\":" NUMBER ",\"rate\":" NUMBER ",\"loop\":" OBJECT("\"enabled\":" BOOLEAN ",\"start\":" NUMBER ",\"end\":" NUMBER)
                          ",\"beat\":{\"type\":[\"object\",\"null\"]},\"latency_ms\":" NUMBER_OR_NULL ",\"seq\":" INTEGER ",\"server_time\":" ANY) },
    { "LoadTrack", NEEDS("\"track_id\":" UUID, "\"track_id\"") },
    { "LoadSegment", NEEDS("\"track_id\":" UUID ",\"start_time\":" NUMBER ",\"end_time\":" NUMBER, "\"track_id\",\"start_time\",\"end_time\"") },
    { "Seek", NEEDS("\"seconds\":" NUMBER, "\"seconds\"") },
    { "Loop", NEEDS("\"enabled\":" BOOLEAN ",\"start\":" NUMBER ",\"end\":" NUMBER, "\"enabled\"") },
    { "Volume", NEEDS("\"db\":{\"type\":\"number\",\"minimum\":-60,\"maximum\":0}", "\"db\"") },
    { "Device", OBJECT("\"device\":" STRING ",\"active\":" ANY ",\"devices\":" LIST(ANY)) },
    { "DeviceChoice", NEEDS("\"device\":" STRING, "\"device\"") },
    { "Show", OBJECT("\"venue_id\":" UUID_OR_NULL ",\"score_id\":" UUID_OR_NULL ",\"track_id\":" UUID_OR_NULL ",\"mode\":{\"enum\":[\"off\",\"score\",\"live\"]},\"blackout\":" BOOLEAN
                     ",\"freeze\":" BOOLEAN ",\"master\":" NUMBER) },
    { "ShowInput", OBJECT("\"venue_id\":" UUID_OR_NULL ",\"score_id\":" UUID_OR_NULL ",\"mode\":{\"enum\":[\"off\",\"score\",\"live\"]}") },
    { "Switch", NEEDS("\"on\":" BOOLEAN, "\"on\"") },
    { "Master", NEEDS("\"level\":{\"type\":\"number\",\"minimum\":0,\"maximum\":1}", "\"level\"") },
    { "Autoplay", OBJECT("\"enabled\":" BOOLEAN ",\"venue_id\":" UUID_OR_NULL ",\"score_id\":" UUID_OR_NULL ",\"repeat\":{\"enum\":[\"once\",\"loop\"]},\"resume\":" BOOLEAN) },
    { "LayerError", OBJECT("\"annotation_id\":" UUID ",\"errors\":" LIST(REF("GraphError"))) },
    { "UniverseNumber", INTEGER },
    { "Universe", OBJECT("\"slots\":" LIST(INTEGER) ",\"fps\":" NUMBER ",\"outputs\":" LIST("{\"type\":\"object\"}")) },
    { "Settings", "{\"type\":\"object\",\"additionalProperties\":true}" },
    { "Setting", OBJECT("\"key\":" STRING ",\"label\":" STRING ",\"type\":" STRING ",\"default\":" ANY ",\"min\":" NUMBER_OR_NULL ",\"max\":" NUMBER_OR_NULL ",\"unit\":" STRING_OR_NULL
                        ",\"options\":" ANY ",\"help\":" STRING ",\"group\":" STRING) },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]), SHAPES = sizeof(shapes) / sizeof(shapes[0]) };

static const char *const type_names[] = {
    [COL_TEXT] = "string", [COL_INT] = "integer", [COL_REAL] = "number", [COL_BOOL] = "boolean", [COL_INSTANT] = "string", [COL_UUID] = "string",
};

static json_t *column_schema(const struct column *c)
{
    json_t *o = json_object();
    const char *type = c->type < sizeof(type_names) / sizeof(type_names[0]) ? type_names[c->type] : NULL;

    if (type)
        json_object_set_new(o, "type", c->flags & COL_NULLABLE ? json_pack("[s, s]", type, "null") : json_string(type));
    if (c->type == COL_UUID || c->type == COL_INSTANT)
        json_object_set_new(o, "format", json_string(c->type == COL_UUID ? "uuid" : "date-time"));
    if (c->min != 0 || c->max != 0) {
        json_object_set_new(o, "minimum", json_real(c->min));
        json_object_set_new(o, "maximum", json_real(c->max));
    }
    if (c->options) {
        json_t *options = json_array();
        for (size_t i = 0; c->options[i]; i++)
            json_array_append_new(options, json_string(c->options[i]));
        if (c->flags & COL_NULLABLE)
            json_array_append_new(options, json_null());
        json_object_set_new(o, "enum", options);
    }
    json_t *def = c->def ? json_loads(c->def, JSON_DECODE_ANY, NULL) : NULL;
    if (def)
        json_object_set_new(o, "default", def);
    if (c->doc)
        json_object_set_new(o, "description", json_string(c->doc));
    if (c->flags & COL_READONLY)
        json_object_set_new(o, "readOnly", json_true());
    return o;
}

enum form { FORM_ROW, FORM_INPUT, FORM_PATCH };

static json_t *row_schema(size_t i, enum form form)
{
    json_t *members = json_object(), *required = json_array();
    const struct table *t = rows[i].table;

    for (const struct column *c = t->cols; c->name; c++) {
        if (c->flags & (COL_SYNC | COL_HIDDEN) || c->type == COL_BLOB)
            continue;
        if (form != FORM_ROW && !(c->flags & COL_KEY && form == FORM_INPUT) && c->flags & (COL_READONLY | COL_PARENT | COL_KEY))
            continue;
        json_object_set_new(members, c->name, column_schema(c));
        if (form == FORM_INPUT && c->flags & COL_REQUIRED)
            json_array_append_new(required, json_string(c->name));
    }
    if (form == FORM_ROW && rows[i].extra)
        json_object_set_new(members, rows[i].extra, json_loads(rows[i].extra_schema, 0, NULL));
    json_t *o = json_pack("{s:s, s:o}", "type", "object", "properties", members);
    if (t->doc && form == FORM_ROW)
        json_object_set_new(o, "description", json_string(t->doc));
    if (json_array_size(required))
        json_object_set(o, "required", required);
    if (form != FORM_ROW)
        json_object_set_new(o, "additionalProperties", json_false());
    json_decref(required);
    return o;
}

json_t *schema_all(void)
{
    static const char *const suffix[] = { [FORM_ROW] = "", [FORM_INPUT] = "Input", [FORM_PATCH] = "Patch" };
    json_t *all = json_object();
    char name[64];

    for (size_t i = 0; i < ROWS; i++)
        for (int form = FORM_ROW; form <= FORM_PATCH; form++) {
            snprintf(name, sizeof(name), "%s%s", rows[i].name, suffix[form]);
            json_object_set_new(all, name, row_schema(i, (enum form)form));
        }
    for (size_t i = 0; i < SHAPES; i++)
        json_object_set_new(all, shapes[i].name, json_loads(shapes[i].text, 0, NULL));
    return all;
}

bool schema_exists(const char *name)
{
    for (size_t i = 0; i < SHAPES; i++)
        if (!strcmp(name, shapes[i].name))
            return true;
    for (size_t i = 0; i < ROWS; i++)
        if (str_starts(name, rows[i].name)) {
            const char *rest = name + strlen(rows[i].name);
            if (!*rest || !strcmp(rest, "Input") || !strcmp(rest, "Patch"))
                return true;
        }
    return false;
}

json_t *schema_of(const char *name)
{
    char plain[64], ref[96];
    size_t n = strlen(name);
    bool is_list = n > 2 && !strcmp(name + n - 2, "[]");

    if (!strcmp(name, "object"))
        return json_pack("{s:s}", "type", "object");
    if (!strcmp(name, "text"))
        return json_pack("{s:s}", "type", "string");
    if (!strcmp(name, "binary"))
        return json_pack("{s:s, s:s}", "type", "string", "format", "binary");
    snprintf(plain, sizeof(plain), "%.*s", (int)(is_list ? n - 2 : n), name);
    if (!schema_exists(plain))
        return NULL;
    snprintf(ref, sizeof(ref), "#/components/schemas/%s", plain);
    if (!is_list)
        return json_pack("{s:s}", "$ref", ref);
    return json_pack("{s:s, s:{s:{s:s, s:{s:s}}, s:{s:[s, s]}}, s:[s, s]}", "type", "object", "properties", "items", "type", "array", "items", "$ref", ref,
                     "next", "type", "string", "null", "required", "items", "next");
}
