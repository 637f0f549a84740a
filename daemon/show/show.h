#pragma once
/*
 * The show: the active venue and score on the engine. A façade: api/ and ws/ use only what is here.
 *
 *   control thread  hears `changed` events, reloads what they touch, hands the engine a new scene; raises warnings; saves the position
 *   compile pool    runs graphs into layers' tiles, nearest the playhead first
 *   engine thread   transport -> layers -> frame -> DMX -> sent, `output_rate_hz` times a second
 *
 * THREADS  Any non-real-time thread unless said otherwise.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/jobs.h"
#include "audio/player.h"
#include "core/err.h"
#include "core/event.h"
#include "core/str.h"
#include "db/db.h"
#include "dmx/input.h"
#include "dmx/output.h"
#include "library/library.h"
#include "show/quantize.h"
#include "show/warnings.h"

struct show;

struct show_options {
    struct db *db;
    struct event_bus *bus;
    struct library *library;
    struct jobs *jobs;
    struct outputs *outputs;
    struct input *input;
    struct warnings *warnings;
    const char *audio_device;       /* struct player_options.device */
    int compile_threads;            /* 0 = one per core */
    bool real_time;
    int rt_priority;
};

enum lm_err show_new(const struct show_options *o, struct show **result);
/* The autoplay or the last show is put on the engine; does not wait for audio to be decoded. */
enum lm_err show_start(struct show *s);
/* Whoever waits for a track gets LM_BUSY from now on. Before the servers that carry such requests stop. NULL is fine. */
void show_leave(struct show *s);
/* Stops the engine; last look by setting; sACN streams terminated. */
void show_stop(struct show *s);
void show_free(struct show *s);

/* --- PUT /show and friends; each answers when the engine shows it --- */
/* {venue_id,score_id,track_id,mode,blackout,freeze,master,group_masters:[{group_id,name,color,level,heads}] of the active venue} */
enum lm_err show_get(struct show *s, json_t **json, struct problem *p);
enum lm_err show_put(struct show *s, const json_t *body, json_t **json, struct problem *p);
enum lm_err show_blackout(struct show *s, bool on);
enum lm_err show_freeze(struct show *s, bool on);
enum lm_err show_master(struct show *s, double level, struct problem *p);   /* 0..1 */
enum lm_err show_group_master(struct show *s, const char *group_id, double level, struct problem *p);   /* group of the active venue, else LM_CONFLICT */
enum lm_err show_group_masters_full(struct show *s);                        /* all of the active venue */
enum lm_err show_autoplay_get(struct show *s, json_t **json, struct problem *p);    /* {enabled,venue_id,score_id,repeat:"once"|"loop",resume} */
enum lm_err show_autoplay_put(struct show *s, const json_t *body, json_t **json, struct problem *p);
enum lm_err show_identify(struct show *s, const char *fixture_id, struct problem *p);       /* 0.6 s at full; fixture of the active venue, else LM_CONFLICT */
enum lm_err show_identify_group(struct show *s, const char *group_id, struct problem *p);   /* the same for the lights of a group */

/* --- live preview: preview.h says what it is --- */
enum { CALLER_SIZE = 64 };
/* A socket came with this id and may preview until it leaves; `caller` is who it is (net/role.h), and only they may use its id. Neither waits for the show. */
void show_client_join(struct show *s, const char *client, const char *caller);
void show_client_leave(struct show *s, const char *client);
/*
 * {"client","annotation_id"|"pattern_id","graph","solo","args"} -> {"shown","lit","note","spans","errors"} once the engine shows it. A graph that is broken is an
 * answer with errors; the light that was there stays. LM_CONFLICT: no such socket; LM_FORBIDDEN: someone else's; LM_BUSY: too many.
 */
enum lm_err show_preview_put(struct show *s, const char *caller, const json_t *body, json_t **json, struct problem *p);
/* `of`: the annotation or pattern; NULL: all of the client's. LM_OK also when there was none. */
enum lm_err show_preview_end(struct show *s, const char *caller, const char *client, const char *of, struct problem *p);
json_t *show_preview_list(struct show *s);                                  /* [{annotation_id,pattern_id,solo,shown}], newest first */

/* --- channels and outputs under test: dmx_test.h says what that is --- */
/* `fixture`: its row. {"client","channels":[{channel,value}]|null} -> {fixture_id,channels,note} once the engine sends it. LM_CONFLICT: not of the active venue, or no
 * such socket; LM_BUSY: so new that it is not on the engine yet. */
enum lm_err show_test_fixture(struct show *s, const char *caller, const json_t *fixture, const json_t *body, json_t **json, struct problem *p);
/* `output`: its row. {"client","pattern":"full"|"chase"|"blink"|null} -> {output_id,universe,pattern,note} */
enum lm_err show_test_output(struct show *s, const char *caller, const json_t *output, const json_t *body, json_t **json, struct problem *p);
json_t *show_tests(struct show *s);                                         /* [{client,fixture_id,output_id,pattern,channels}], newest last */

/* --- host audio --- */
json_t *show_host_audio(struct show *s);                                    /* the message of topic host-audio, without "type" */
enum lm_err show_load_track(struct show *s, const char *track_id, double start, double end, struct problem *p);     /* end <= 0: whole track */
enum lm_err show_unload(struct show *s, struct problem *p);
enum lm_err show_play(struct show *s, struct problem *p);
enum lm_err show_pause(struct show *s, struct problem *p);
/*
 * Tiles around the target are made before the jump. Quantised, the target is the nearest beat or bar, and while the track plays the jump waits for the next one of where
 * it plays, so that the music stays in time; the state says it is pending. LM_CONFLICT: no track, no beat grid, no beat or bar left.
 */
enum lm_err show_seek(struct show *s, double seconds, enum quantize q, struct problem *p);
/* Quantised: from the nearest beat or bar to the nearest, one at least. */
enum lm_err show_loop(struct show *s, bool enabled, double start, double end, enum quantize q, struct problem *p);
/* The place of a marker of the loaded track; *end: NAN for a cue point. LM_INVALID: no such marker; LM_CONFLICT: of another track. */
enum lm_err show_marker(struct show *s, const char *marker_id, double *start, double *end, struct problem *p);
enum lm_err show_rate(struct show *s, double rate, bool keep_pitch, struct problem *p);     /* 0.5..2; stays over loads */
/* What plays when the loaded track is over; waits for it to be decoded. NULL: nothing. A load, an unload and another next take its place. LM_CONFLICT: nothing loaded. */
enum lm_err show_set_next(struct show *s, const char *track_id, double crossfade, double start, double end, struct problem *p);
json_t *show_meters(struct show *s);                                        /* the message of topic meters, without "type" and "topic" */
void show_audio_metrics(struct show *s, struct str *text);                  /* for GET /metrics */
json_t *show_av_error(struct show *s);                                      /* {p50,p99,max} in ms, frames; of GET /system */
enum lm_err show_volume(struct show *s, double db, struct problem *p);
json_t *show_device(struct show *s);                                        /* {device,is_stored,why,active,devices:[]} */
/* A wish of audio/devices.h, with its host API apart or not; NULL: the configuration's again. Remembered. LM_NOT_FOUND after a look around. */
enum lm_err show_set_device(struct show *s, const char *device, const char *api, struct problem *p);
json_t *show_input(struct show *s);                                         /* {device,why,active,devices:[]} */
enum lm_err show_set_input(struct show *s, const char *device, const char *api, struct problem *p);     /* NULL: none */
bool show_has_input(struct show *s);                                        /* an input is listened to: its meters mean something */
void show_look_around(struct show *s, bool always);                         /* for sound devices; waits for it. Not always: only when nobody has looked yet */
bool show_is_playing_track(void *show, const char *track_id);               /* for jobs_options.is_playing */

/* --- listening: show/listening.h says what it is --- */
enum { SHOW_STEMS = 4 };
#define SHOW_STEM_DB_MIN -60.0          /* silent */
#define SHOW_STEM_DB_MAX 12.0
struct show_stem { double gain_db; bool mute, solo; };
/* {"stems":{"available","decoding","problem","drums":{"gain_db","mute","solo"},...},"metronome":{"enabled","db"},"calibration":{"enabled","group_id","interval"}} */
json_t *show_listening_json(struct show *s);
void show_get_stems(struct show *s, struct show_stem stem[SHOW_STEMS]);     /* in the order of jobs_stem_names */
/* LM_OK also while they are decoded: heard when they are. LM_CONFLICT: no track, or no stems of it here. */
enum lm_err show_put_stems(struct show *s, const struct show_stem stem[SHOW_STEMS], struct problem *p);
void show_get_metronome(struct show *s, bool *is_on, double *db);
enum lm_err show_put_metronome(struct show *s, bool is_on, double db, struct problem *p);
#define CALIBRATION_INTERVAL 1.0        /* seconds */
#define CALIBRATION_INTERVAL_MIN 0.6    /* at most two flashes a second, for those who are sensitive to them */
#define CALIBRATION_INTERVAL_MAX 5.0
/* client: a socket's id, or "" for all those of the caller; it ends when that is gone. */
struct show_calibration { bool enabled; double interval; const char *group_id, *client, *caller; };
/* LM_CONFLICT: something plays, or no such group in the active venue. */
enum lm_err show_put_calibration(struct show *s, const struct show_calibration *wish, struct problem *p);

/* --- what is seen --- */
struct show_head { uint8_t intensity, r, g, b, strobe, speed; int16_t pan, tilt; } __attribute__((packed));    /* as in the frame message */
struct show_universe { int number; uint8_t slots[512], own[512]; };     /* as sent; before what is received, parks and tests */
struct show_live {                  /* one published frame */
    uint32_t seq, patch;            /* patch changes when the list of heads does */
    double time;                    /* position on the track, seconds */
    size_t heads, universes;
    struct show_head *head;
    struct show_universe *universe; /* sorted by number */
};
/* The newest frame, for the one ws thread; valid until the next call. NULL before the first. Wait-free. */
const struct show_live *show_live(struct show *s);
/*
 * The same frame read back from its universes' bytes by the channel program that made them (dmx/decode.h says what bytes can tell): of what show_live()
 * returned last, with its seq, patch and time; without universes. For the ws thread as well, valid until the next call. NULL before the first frame, without
 * memory, and for the frame or two in which the heads of a changed patch are known and its bytes are not yet, or the other way round.
 * Keeps a reference to the program it used last: a patch that was replaced may be freed here.
 */
const struct show_live *show_wire(struct show *s);
uint32_t show_host_audio_serial(const struct show *s);      /* rises at every play, pause, seek, load, loop, end: "at once on a change" */
/* `news` is called after each rise, from any non-real-time thread; it must not wait. One at a time; NULL: none, and none is running any more. */
void show_follow_audio(struct show *s, void (*news)(void *ctx), void *ctx);

enum lm_err show_universe(struct show *s, int number, json_t **json, struct problem *p);    /* {"slots":[512],"origins","fps","outputs":[...],"sources":[...]}; LM_NOT_FOUND */
json_t *show_nodes(struct show *s);                                         /* Art-Net devices heard lately, for GET /dmx/nodes */
json_t *show_universe_numbers(struct show *s);                              /* [1,2] */
json_t *show_stats(struct show *s);     /* frames, late, frame_us p50/p99/max, layers, tiles, bytes, misses, rate: GET /system "dmx" and /metrics */
uint64_t show_progress(const struct show *s);       /* frames made; the watchdog's proof of life. Real-time safe */
json_t *show_layer_errors(struct show *s);          /* [{annotation_id, errors:[...]}] of the active score */
