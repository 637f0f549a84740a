#include "api/schema.h"

#include <stdio.h>
#include <string.h>

#include "core/str.h"
#include "db/domain.h"

/* `extra`: members that are no columns, in the notation of `shapes`. */
static const struct {
    const char *name;
    const struct table *table;
    const char *extra;
} rows[] = {
    { "Venue", &venues_table, NULL },
    { "Fixture", &fixtures_table, NULL },
    { "Group", &fixture_groups_table, "fixture_ids:uuid[] axes:GroupAxes?" },
    { "Pattern", &patterns_table, NULL },
    { "PatternCategory", &pattern_categories_table, NULL },
    { "Implementation", &implementations_table, NULL },
    { "Override", &venue_implementation_overrides_table, NULL },
    { "Track", &tracks_table, "analysis:Analysis key:string?" },
    { "Marker", &track_markers_table, NULL },
    { "Stem", &track_stems_table, "is_here:boolean" },
    { "Score", &scores_table, NULL },
    { "Annotation", &score_annotations_table, NULL },
    { "Output", &outputs_table, NULL },
    { "AudioChain", &audio_chains_table, NULL },
    { "Job", &jobs_table, "seconds_left:number?" },
};

/* A fixture, and how its copies follow each other. */
#define COPIES                                                                                                                       \
    "count:integer address_step:integer offset:Offset universe:integer address:integer manufacturer:string model:string "           \
    "mode_name:string fixture_path:string label:string pos_x:number pos_y:number pos_z:number rot_x:number rot_y:number "           \
    "rot_z:number invert_pan:boolean invert_tilt:boolean swap_pan_tilt:boolean dimmer_curve:=linear|square|s dimmer_min:number "    \
    "dimmer_max:number white_mode:=bright|extract|add|off"

/* Rows of two tables each: of graphs and of scores. */
#define REVISION                                                                                                                     \
    "id:uuid implementation_id:uuid score_id:uuid branch:string name:string? message:string author:string previous_id:uuid? "       \
    "number:integer created_at:instant updated_at:instant version:integer"
#define BRANCH                                                                                                                       \
    "id:uuid implementation_id:uuid score_id:uuid name:string revision_id:uuid? tip_id:uuid? is_current:boolean created_at:instant " \
    "updated_at:instant version:integer"

#define TOKEN                                                                                                                        \
    "id:uuid name:string role:=viewer|operator|admin user_name:string created_at:instant last_used_at:instant? expires_at:instant?"

/*
 * Everything that is no row, in a notation of its own: members as "name:type", a '*' before the ones a client must send. A type is a word of
 * `words`, another shape's name or "=one|of|these"; "[]" behind it is a list of them, "?" is null as well.
 */
static const struct {
    const char *name, *members;
    bool is_body; /* unknown members are refused */
} shapes[] = {
    { "Problem",
      "type:string title:string status:integer detail:string code:string errors:ProblemError[] more:integer current:any", false },
    { "ProblemError", "path:string message:string start:integer end:integer", false },
    { "Nothing", "", true },
    { "Me", "needs_setup:boolean role:=none|viewer|operator|admin via:any user:MyUser? expires_at:instant?", false },
    { "MyUser", "id:uuid name:string role:=viewer|operator|admin", false },
    { "SetupInput", "code:string? *password:string name:string?", true },
    { "LoginInput", "name:string? *password:string", true },
    { "Entry", "token:string role:=viewer|operator|admin name:string expires_at:instant is_stored:boolean note:string", false },
    { "PasswordInput", "*old:string *new:string", true },
    { "Token", TOKEN, false },
    { "NewToken", TOKEN " token:string", false },
    { "TokenInput", "*name:string *role:=viewer|operator|admin expires_in_days:integer?", true },
    { "Session",
      "id:uuid user_name:string address:string user_agent:string created_at:instant last_used_at:instant expires_at:instant is_this:boolean", false },
    { "User", "id:uuid name:string role:=viewer|operator|admin created_at:instant updated_at:instant", false },
    { "UserInput", "*name:string *role:=viewer|operator|admin *password:string", true },
    { "UserPatch", "name:string role:=viewer|operator|admin password:string", true },
    { "AuditLine",
      "id:integer at:instant user_name:string role:string address:string action:string table:string? row_id:string? detail:object", false },
    { "Health", "status:=ok|failed detail:string", false },
    { "System",
      "version:string uptime_s:number warnings:Warning[] audio:Device av_error_ms:AvError dmx:object sync:object jobs:object database:object",
      false },
    { "AvError", "p50:number p99:number max:number frames:integer", false },
    { "StemModel",
      "state:=missing|asks|off|ready name:string licence:string accepted_at:instant? directory:string? place:string memory_mb:integer", false },
    { "StemModelAcceptance", "*accepted:boolean", true },
    { "Warning", "id:string level:=error|warn message:string since:instant", false },
    { "Head",
      "id:string fixture_id:uuid index:integer label:string type:string x:number y:number z:number rot_x:number rot_y:number rot_z:number "
      "capabilities:string[] pan_max:number tilt_max:number",
      false },
    { "Patch", "universes:PatchUniverse[] warnings:string[]", false },
    { "PatchUniverse", "universe:integer used:PatchSlots[] free:FreeSlots[]", false },
    { "PatchSlots", "fixture_id:uuid label:string address:integer channels:integer", false },
    { "FreeSlots", "address:integer channels:integer", false },
    { "FixtureArray", COPIES, true },
    { "FixtureClone", COPIES, true },
    { "FixtureMove", "fixture_ids:uuid[]? universe_offset:integer address_offset:integer offset:Offset", true },
    { "FixtureBatch", "create:FixtureInput[] update:object[] delete:uuid[]", true },
    { "FixtureBatchResult", "created:Fixture[] updated:Fixture[] deleted:uuid[]", false },
    { "Offset", "x:number y:number z:number", true },
    { "NextAddress", "universe:integer address:integer channels:integer", false },
    { "Renumber", "fixture_ids:uuid[]? universe:integer address:integer", true },
    { "Park", "*channels:object?", true },
    { "Parked", "fixture_id:uuid channels:object", false },
    { "VenueFile",
      "*format:string *version:integer *venue:object fixtures:object[] groups:object[] outputs:object[] parks:object[] definitions:VenueDefinition[]", true },
    { "VenueCounts", "venue_id:uuid fixtures:integer universes:integer groups:integer outputs:integer scores:integer", false },
    { "VenueDefinition", "*path:string *text:string", false },
    { "VenueDuplicate", "name:string", true },
    { "FixtureTest", "*client:uuid *channels:TestChannel[]?", true },
    { "TestChannel", "*channel:integer *value:integer", true },
    { "FixtureTested", "fixture_id:uuid channels:TestChannel[]? note:string?", false },
    { "OutputTest", "*client:uuid *pattern:=full|chase|blink?", true },
    { "OutputTested", "output_id:uuid universe:integer pattern:string? note:string?", false },
    { "DmxTest", "client:uuid fixture_id:uuid? output_id:uuid? pattern:string? channels:TestChannel[]?", false },
    { "Selection", "*expression:string spatial_reference:=global|group_local", true },
    { "Selected", "heads:string[] warnings:string[] groups:SelectedGroup[] took_us:number", false },
    { "SelectedGroup", "group:string heads:string[]", false },
    { "GroupAxes", "lr:number fb:number ab:number", false },
    { "GroupMembers", "*fixture_ids:uuid[]", true },
    { "LibraryItem", "path:string manufacturer:string model:string type:string modes:LibraryMode[]", false },
    { "LibraryState", "total:integer problems:string[]", false },
    { "Plugin",
      "name:string state:=running|restarting|given_up|refused version:string? vendor:string? help:string? nodes:string[] error:string? restarts:integer",
      false },
    { "LibraryMode", "name:string channels:integer heads:integer", false },
    { "Definition", "path:string manufacturer:string model:string type:string modes:object[] warnings:string[]", false },
    { "ImplementationChoice", "*implementation_id:uuid", true },
    { "Graph",
      "*nodes:GraphNode[] *edges:GraphEdge[] *args:GraphArg[] errors:GraphError[] implementation_id:uuid version:integer",
      false },
    { "GraphNode", "id:string type:string params:object x:number y:number", false },
    { "GraphEdge", "id:string from_node:string from_port:string to_node:string to_port:string", false },
    { "GraphArg", "id:string name:string type:=color|scalar|selection|choice default:any", false },
    { "GraphError", "node:string? port:string? code:string message:string", false },
    { "GraphErrors", "errors:GraphError[]", false },
    { "GraphCheck", "*graph:Graph", true },
    { "GraphRun", "*graph:Graph context:GraphContext views:any", true },
    { "GraphContext", "track_id:uuid? venue_id:uuid? start:number end:number args:object seed:integer", true },
    { "GraphViews", "views:object timings:GraphTiming[] layer:object? errors:GraphError[] compile_us:integer run_us:integer", false },
    { "GraphTiming", "node:string us:number", false },
    { "GraphPreview", "*client:uuid annotation_id:uuid? pattern_id:uuid? *graph:Graph solo:boolean args:object?", true },
    { "GraphPreviewEnd", "client:uuid annotation_id:uuid? pattern_id:uuid?", false },
    { "GraphPreviewed", "annotation_id:uuid? pattern_id:uuid? solo:boolean shown:integer", false },
    { "GraphShown", "shown:integer lit:boolean note:string? spans:object[] errors:GraphError[]", false },
    { "GraphPreview", "*client:uuid annotation_id:uuid? pattern_id:uuid? *graph:Graph solo:boolean args:object?", true },
    { "GraphPreviewEnd", "client:uuid annotation_id:uuid? pattern_id:uuid?", false },
    { "GraphPreviewed", "annotation_id:uuid? pattern_id:uuid? solo:boolean shown:integer", false },
    { "GraphShown", "shown:integer lit:boolean note:string? spans:object[] errors:GraphError[]", false },
    { "ShippedPatterns", "added:integer total:integer", false },
    { "Revision", REVISION, false },
    { "RevisionWhole", REVISION " graph:Graph annotations:Annotation[]", false },
    { "RevisionPatch", "name:string? message:string", true },
    { "RevisionChoice", "*revision_id:uuid", true },
    { "RevisionBrief", "id:uuid number:integer name:string? message:string author:string created_at:instant", false },
    { "Place",
      "branch_id:uuid? branch:string? revision_id:uuid? number:integer? undo:RevisionBrief? redo:RevisionBrief? version:integer left_out:integer",
      false },
    { "RevisionDiff", "summary:string nodes:NodesDiff edges:EdgesDiff args:ArgsDiff annotations:AnnotationsDiff", false },
    { "NodesDiff", "added:GraphNode[] removed:GraphNode[] changed:NodeChange[]", false },
    { "NodeChange", "id:string type:string was:string params:ParamChange[] moved:boolean", false },
    { "ParamChange", "param:string from:any to:any", false },
    { "EdgesDiff", "added:GraphEdge[] removed:GraphEdge[] changed:any[]", false },
    { "ArgsDiff", "added:GraphArg[] removed:GraphArg[] changed:ArgChange[]", false },
    { "ArgChange", "id:string name:string params:ParamChange[]", false },
    { "AnnotationsDiff", "added:Annotation[] removed:Annotation[] changed:AnnotationChange[]", false },
    { "AnnotationChange", "id:uuid annotation:Annotation from:object to:object", false },
    { "Branch", BRANCH, false },
    { "BranchInput", "name:string? revision_id:uuid? switch:boolean", true },
    { "BranchPatch", "name:string", true },
    { "NodeType", "id:string category:string label:string help:string plugin:string? inputs:object[] outputs:object[] params:object[]", false },
    { "Features",
      "onsets:object energy:object sections:object loudness:object centroid:object drops:object analyser:string version:integer", false },
    { "Analysis", "beats:AnalysisStep roots:AnalysisStep stems:AnalysisStep waveform:AnalysisStep features:AnalysisStep", false },
    { "AnalysisStep", "state:=none|queued|running|done|failed progress:number? stale:boolean version:any error:string?", false },
    { "TrackIndex", "total:integer ids:uuid[] titles:string[]", false },
    { "TrackBatch", "update:object[] delete:uuid[] restore:uuid[]", true },
    { "TrackBatchResult", "updated:TrackUpdated[] deleted:uuid[] restored:uuid[]", false },
    { "TrackUpdated", "id:uuid version:integer before:object", false },
    { "Analyze", "steps:string[] force:boolean first:boolean", true },
    { "Beats",
      "beats:number[] downbeats:number[] bpm:number? beats_per_bar:integer confidence:number? corrected:boolean analysed:boolean "
      "source:=analysed|corrected analyser:string analyser_version:integer bars:Bar[] tempo_curve:any[]? version:integer",
      false },
    { "Bar", "start:number end:number beats:integer", false },
    { "Roots",
      "sections:Chord[] key:string? key_confidence:number? from_stems:boolean chroma_rate:number analyser:string analyser_version:integer version:integer",
      false },
    { "Chord", "start:number end:number root:integer? quality:=maj|min|7|maj7|min7|N label:string confidence:number", false },
    { "BeatsInput",
      "*beats:number[] downbeats:number[] bpm:number? beats_per_bar:integer analyser:string? confidence:any corrected:any analysed:any source:any "
      "analyser_version:any bars:any tempo_curve:any version:any",
      true },
    { "BeatsEdit",
      "*op:=double|halve|shift_half|shift|set_downbeat|set_meter|set_tempo|tap|move seconds:number at:number whole:boolean beats_per_bar:integer "
      "bpm:number taps:number[] from:number to:number reach:integer",
      true },
    { "Batch", "create:AnnotationInput[] update:object[] delete:any[]", true },
    { "TrackBatch",
      "id:uuid kind:=import|analyze name:string state:=running|done|cancelled total:integer done:integer duplicates:integer failed:integer "
      "cancelled:integer progress:number seconds_left:number? created_at:instant finished_at:instant?",
      false },
    { "TrackBatchItem",
      "id:uuid batch_id:uuid position:integer path:string? name:string track_id:uuid? "
      "state:=queued|importing|analysing|done|duplicate|failed|cancelled error:string?",
      false },
    { "TrackBatchInput", "name:string track_ids:any steps:any force:boolean", true },
    { "Import",
      "*path:string recursive:boolean only_known:boolean replace:boolean beats:boolean cues:boolean offset_ms:number playlist:string?", true },
    { "ImportFolder", "path:string parent:string? folders:ImportPlace[] files:integer libraries:ImportFile[]", false },
    { "ImportFile", "name:string path:string program:=rekordbox|traktor|engine|mixxx|playlist", false },
    { "ImportPlace", "name:string path:string", false },
    { "ImportLibrary",
      "program:=rekordbox|traktor|engine|mixxx|playlist path:string tracks:integer with_beats:integer with_cues:integer playlists:ImportPlaylist[]",
      false },
    { "ImportPlaylist", "name:string tracks:integer", false },
    { "BatchResult", "created:Annotation[] updated:Annotation[] deleted:uuid[]", false },
    { "HostAudio",
      "loaded:boolean track_id:uuid? score_id:uuid? playing:boolean state:=stopped|starting|playing|pausing|seeking|lost current_time:number duration:number "
      "rate:number keep_pitch:boolean loop:LoopState segment:Segment beat:Beat? next:Next? pending:PendingJump? stems:HostStems "
      "metronome:Metronome calibration:Calibration latency_ms:number? volume_db:number seq:integer server_time:number",
      false },
    { "AudioEffect", "type:string label:string help:string params:EffectParam[]", false },
    { "EffectParam", "id:string label:string type:=float unit:string help:string min:number max:number default:number step:number", false },
    { "HostChain", "chain_id:uuid? name:string device:string is_enabled:boolean effects:object[] latency_ms:number", false },
    { "HostStems", "available:boolean decoding:number? problem:string? drums:StemLevel bass:StemLevel vocals:StemLevel other:StemLevel", false },
    { "StemsInput", "drums:StemLevel bass:StemLevel vocals:StemLevel other:StemLevel", true },
    { "StemLevel", "gain_db:number mute:boolean solo:boolean", false },
    { "Metronome", "enabled:boolean db:number", false },
    { "Calibration", "enabled:boolean group_id:uuid? interval:number", false },
    { "CalibrationInput", "*enabled:boolean group_id:uuid? interval:number client:uuid", true },
    { "LoopState", "enabled:boolean start:number end:number", false },
    { "Segment", "start:number end:number", false },
    { "Beat", "index:integer phase:number bar:integer bpm:number?", false },
    { "LoadTrack", "*track_id:uuid", true },
    { "LoadSegment", "*track_id:uuid *start_time:number *end_time:number", true },
    { "Next", "track_id:uuid crossfade_seconds:number", false },
    { "PendingJump", "at:number seconds:number", false },
    { "Seek", "seconds:number marker_id:uuid quantize:=none|beat|bar", true },
    { "Loop", "enabled:boolean start:number end:number marker_id:uuid quantize:=none|beat|bar", true },
    { "Rate", "*rate:number keep_pitch:boolean", true },
    { "NextTrack", "*track_id:uuid? crossfade_seconds:number start_time:number end_time:number", true },
    { "Meters",
      "peak:number[] rms:number[] true_peak:number[] clips:integer[] lufs:number lufs_short:number lufs_integrated:number bands:number[] channel_bands:any[] "
      "seq:integer input:Meters?",
      false },
    { "Volume", "*db:number", true },
    { "Device", "device:string is_stored:boolean why:string? active:SoundDevice devices:SoundDevice[]", false },
    { "DeviceChoice", "*device:string? api:string", true },
    { "AudioInput", "device:string? why:string? active:SoundDevice? devices:SoundDevice[]", false },
    { "InputChoice", "*device:string? api:string", true },
    { "SoundDevice",
      "name:string api:string active:boolean lost:boolean clock:boolean default:boolean rate:number latency_ms:number channels:integer period:integer "
      "underruns:integer callbacks:integer", false },
    { "Show", "venue_id:uuid? score_id:uuid? track_id:uuid? mode:=off|score|live blackout:boolean freeze:boolean master:number "
      "group_masters:GroupMaster[]",
      false },
    { "ShowInput", "venue_id:uuid? score_id:uuid? mode:=off|score|live", false },
    { "Switch", "*on:boolean", true },
    { "Master", "*level:number", true },
    { "GroupMaster", "group_id:uuid name:string color:string? level:number heads:integer", false },
    { "GroupMasterInput", "*group_id:uuid *level:number", true },
    { "Autoplay", "enabled:boolean venue_id:uuid? score_id:uuid? repeat:=once|loop resume:boolean", false },
    { "LayerError", "annotation_id:uuid errors:GraphError[]", false },
    { "UniverseNumber", NULL, false },
    { "Universe", "universe:integer slots:integer[] origins:SlotOrigin[] fps:number outputs:object[] sources:UniverseSource[]", false },
    { "SlotOrigin", "from:=input|park|test first:integer slots:integer", false },
    { "UniverseSource",
      "protocol:=artnet|sacn address:string name:string port_address:integer? priority:integer? packets:integer fps:number age_ms:integer merged:boolean "
      "second_sender:boolean",
      false },
    { "Node",
      "ip:string bind_index:integer name:string long_name:string mac:string? bind_ip:string? interface:string? "
      "style:=node|controller|media|route|backup|config|visualiser|other report:string status:=online|silent last_seen:instant ports:NodePort[]",
      false },
    { "NodePort", "port_address:integer direction:=output|input active:boolean dmx512:boolean", false },
    { "Settings", "", false },
    { "Setting",
      "key:string label:string type:string default:any min:number? max:number? unit:string options:any help:string group:string",
      false },
};

static const struct {
    const char *word, *type, *format;
} words[] = {
    { "string", "string", NULL },   { "number", "number", NULL },         { "integer", "integer", NULL },
    { "boolean", "boolean", NULL }, { "object", "object", NULL },         { "any", NULL, NULL },
    { "uuid", "string", "uuid" },   { "instant", "string", "date-time" },
};

enum {
    ROWS = sizeof(rows) / sizeof(rows[0]),
    SHAPES = sizeof(shapes) / sizeof(shapes[0]),
    WORDS = sizeof(words) / sizeof(words[0])
};

static json_t *reference(const char *name)
{
    char ref[96];

    snprintf(ref, sizeof(ref), "#/components/schemas/%s", name);
    return json_pack("{s:s}", "$ref", ref);
}

static json_t *enumeration(const char *text)
{
    json_t *options = json_array();

    for (size_t n; *text; text += n + (text[n] == '|')) {
        n = strcspn(text, "|");
        json_array_append_new(options, json_stringn(text, n));
    }
    return json_pack("{s:o}", "enum", options);
}

/* "uuid", "Head[]", "number?", "=on|off" -> its schema. */
static json_t *type_schema(const char *text)
{
    char plain[128];
    size_t n = strlen(text);

    if (n > 2 && !strcmp(text + n - 2, "[]")) {
        snprintf(plain, sizeof(plain), "%.*s", (int)n - 2, text);
        return json_pack("{s:s, s:o}", "type", "array", "items", type_schema(plain));
    }
    if (n > 1 && text[n - 1] == '?') {
        snprintf(plain, sizeof(plain), "%.*s", (int)n - 1, text);
        return json_pack("{s:[o, {s:s}]}", "anyOf", type_schema(plain), "type", "null");
    }
    if (*text == '=')
        return enumeration(text + 1);
    for (size_t i = 0; i < WORDS; i++)
        if (!strcmp(text, words[i].word)) {
            json_t *o = json_object();
            if (words[i].type)
                json_object_set_new(o, "type", json_string(words[i].type));
            if (words[i].format)
                json_object_set_new(o, "format", json_string(words[i].format));
            return o;
        }
    return schema_exists(text) ? reference(text) : NULL;
}

static void add_members(const char *at, json_t *members, json_t *required)
{
    char member[128];

    for (; *at; at += strspn(at, " ")) {
        size_t n = strcspn(at, " ");
        snprintf(member, sizeof(member), "%.*s", (int)n, at);
        at += n;
        char *name = member + (*member == '*'), *type = strchr(name, ':');
        *type++ = '\0';
        json_object_set_new(members, name, type_schema(type));
        if (*member == '*')
            json_array_append_new(required, json_string(name));
    }
}

static json_t *shape_schema(size_t i)
{
    json_t *members = json_object(), *required = json_array();

    if (!shapes[i].members) {
        json_decref(members);
        json_decref(required);
        return json_pack("{s:s}", "type", "integer");
    }
    add_members(shapes[i].members, members, required);
    json_t *o = json_pack("{s:s, s:o}", "type", "object", "properties", members);
    if (json_array_size(required))
        json_object_set(o, "required", required);
    if (shapes[i].is_body)
        json_object_set_new(o, "additionalProperties", json_false());
    json_decref(required);
    return o;
}

static const char *const type_names[] = {
    [COL_TEXT] = "string",  [COL_INT] = "integer",    [COL_REAL] = "number",
    [COL_BOOL] = "boolean", [COL_INSTANT] = "string", [COL_UUID] = "string",
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
        add_members(rows[i].extra, members, required);
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
        json_object_set_new(all, shapes[i].name, shape_schema(i));
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
    size_t n = strlen(name);

    if (!strcmp(name, "text") || !strcmp(name, "csv"))
        return json_pack("{s:s}", "type", "string");
    if (!strcmp(name, "binary"))
        return json_pack("{s:s, s:s}", "type", "string", "format", "binary");
    if (n < 3 || strcmp(name + n - 2, "[]") != 0)
        return type_schema(name);
    json_t *items = type_schema(name), *next = type_schema("string?");
    return json_pack("{s:s, s:{s:o, s:o}, s:[s, s]}", "type", "object", "properties", "items", items, "next", next, "required",
                     "items", "next");
}
