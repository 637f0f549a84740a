#pragma once
/*
 * The inside of struct show, for the files of show/ alone.
 *
 * LOCKS    `audio` is held while a track goes on the player; `control` guards what is on the engine and is held while it is rebuilt; `view` guards the few
 *          facts that answers are made of and is never held for long. Order: audio, control, view or levels. Blackout, freeze and master take none: they must work
 *          while a venue loads. Readers of the database are few: whoever waits for `control` must not hold one of its own.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "audio/chain.h"
#include "show/dmx_test.h"
#include "show/engine.h"
#include "show/listening.h"
#include "show/show.h"

enum show_mode { MODE_OFF, MODE_SCORE, MODE_LIVE };
extern const char *const show_mode_names[];     /* "off", "score", "live", NULL */

enum dirty {                    /* what a change in the database touches */
    DIRTY_PATCH = 1, DIRTY_OUTPUTS = 2, DIRTY_SCORE = 4, DIRTY_SETTINGS = 8, DIRTY_GRID = 16, DIRTY_PARKS = 32,
    DIRTY_GRAPHS = 64, DIRTY_STEMS = 128, DIRTY_ALL = 255
};

struct show_choice {            /* what PUT /show says; "" = none */
    char venue[UUID_SIZE], score[UUID_SIZE];
    enum show_mode mode;
};

enum { SHOW_DEVICE_NAME = 128 };
/* The effects that are on, where they come from ("" = lumad's own), and the device they were chosen for. */
struct show_chain { struct chain_settings settings; char id[UUID_SIZE], name[1024], device[SHOW_DEVICE_NAME]; };

/* What follows the loaded track: the player's next. */
struct show_next {
    uint64_t serial;                    /* 0: nothing does */
    char track[UUID_SIZE];
    double start, end, crossfade;       /* as it was asked for */
    bool is_lit;                        /* the score is made for it */
    struct shared *grid;
};

struct show_meter { uint64_t seq; int64_t at_ns; };     /* what was seen last, and since when */

struct group_level { char group[UUID_SIZE]; float level; };

/* The graph of each pattern of the score, as this venue plays it: read and parsed once, however many blocks play it and however often they are edited. */
struct show_graphs {
    size_t n, cap;
    struct { char pattern[UUID_SIZE]; struct shared *doc; } *g;
};

struct show_parks {             /* the parked channels of the active venue, where its patch has them */
    size_t n;
    struct { int universe, slot; uint8_t value; } p[];          /* slot from 0 */
};

/* What is on the engine. Replaced as a whole: a change that fails halfway leaves everything as it was. */
struct show_light {
    struct show_choice choice;          /* what of show.choice is there: a deleted venue or score is "" until it comes back */
    char score_track[UUID_SIZE];        /* "" = none */
    struct shared *patch, *space, *outputs, *input, *parks, *track;     /* of the active venue; struct track_data of the score's track */
    struct show_layer **layers;
    struct render_item *items;
    size_t n;
    double offset_s;
    float max_brightness;
    int flash_limit;                    /* of the photosensitive guard; 0: off */
    bool idle_last, exit_blackout;
    enum input_merge input_merge;
    size_t cache_bytes;                 /* that layers may hold */
    int rate_hz, multicast_ttl;
    bool reply_broadcast;               /* of ArtPollReply */
    char source_name[64];               /* of the settings */
};

struct show {
    struct show_options o;
    struct player *player;
    struct engine *engine;
    struct pool *pool;
    struct previews *previews;
    struct dmx_tests tests;
    struct event_listener *listener;
    pthread_t thread, starter;
    bool has_thread, has_starter;
    atomic_bool stop;                   /* nobody waits for anything any more */
    atomic_bool stopped;
    atomic_bool has_player;             /* all that its callback needs is there */
    atomic_bool has_begun;              /* the starter is done: from here on the position is worth saving */
    atomic_bool has_place;              /* a track has been on since the start */

    pthread_mutex_t control;
    struct show_choice choice;          /* what was asked for */
    struct show_light now;
    uint64_t scene_id, puts;
    uint32_t patch_serial;
    bool yields, is_overtaken;          /* a reload that gives way to a newer edit, and one that did */
    struct show_graphs graphs;          /* until one of them changes, or the venue */
    int64_t shown_ns;                   /* when layers were last ready to be shown */
    _Atomic double light_offset;        /* now.offset_s for those without the lock */

    pthread_mutex_t view;
    char loaded_track[UUID_SIZE];
    char viewed_score[UUID_SIZE];       /* the active score, for host-audio */
    char viewed_venue[UUID_SIZE];       /* the active venue */
    uint64_t loaded_serial;
    struct shared *loaded_grid;
    struct show_chain chain;
    struct show_next next;
    struct show_meter meters_seen[2];   /* what goes out, what comes in */
    struct shared *viewed_space;        /* the newest that went to the engine, for the wire read back */

    pthread_mutex_t chains;             /* while rows become s->chain; only `view` is taken inside */
    pthread_mutex_t audio;              /* one load at a time */
    atomic_ullong loads, nexts;         /* asked for; an older one that still waits gives way */
    atomic_bool has_taken_over;         /* the next track is the present one, and the engine is not told yet */
    _Atomic double volume_db;           /* as the player has it, for who may not wait for it */
    atomic_uint losses;                 /* of the sound device */
    bool was_lost;                      /* the player's callback's */
    uint64_t serials;
    atomic_uint audio_serial;
    struct listening listening;
    pthread_mutex_t news_lock;          /* innermost */
    void (*audio_news)(void *ctx);
    void *audio_news_ctx;
    atomic_bool blackout, freeze;
    atomic_bool hand_paused;            /* someone pressed pause: a start that is still loading does not play */
    _Atomic float master;
    pthread_mutex_t levels;             /* of the group masters below; held while a level or a scene with levels is posted, so that none overtakes another */
    struct group_level *level;          /* those below full, of any venue */
    size_t n_levels;
    atomic_bool levels_changed;         /* since they were last saved */
    atomic_bool hearing_changed;        /* the same of volume and metronome */

    const struct show_live *seen;       /* the ws thread's: what show_live() returned last */
    struct wire *wire;                  /* the ws thread's; NULL until it is asked for */

    int64_t stats_ns;
    uint64_t stats_frames;
    double fps;
};

/* show.c: host audio is not what it was, and whoever follows it is told at once. Not real-time. */
void show_audio_changed(struct show *s);

/* show.c: what is on is what lumad begins with next time. */
enum lm_err show_remember(struct show *s, const struct show_choice *choice, struct problem *p);

/*
 * reload.c: brings what is on the engine in line with the database and `choice`, which becomes s->choice. Control lock held. LM_OK also when parts are
 * broken: those are warnings. An error: nothing changed, the engine goes on with what it has.
 */
enum lm_err show_reload(struct show *s, const struct show_choice *choice, unsigned dirty, struct problem *p);
unsigned show_dirty_of(const char *table);
void show_light_clear(struct show_light *l);

/* score.c: the score of l->choice, its track's grid and audio, into `l`; layers whose key is the same are taken over from what is on. */
enum lm_err show_load_score(struct show *s, struct show_light *l, struct db_conn *c, struct problem *p);
void show_forget_graphs(struct show *s);
/* Gives back what the engine no longer uses. Control lock held. */
void show_collect(struct show *s);

/* masters.c */
json_t *show_group_masters(struct show *s, const struct patch *patch);  /* [{group_id,name,color,level,heads}] */
void show_fill_levels(struct show *s, struct scene *scene);             /* of its groups; `levels` is held until it is posted */
void show_load_levels(struct show *s);                  /* before the first scene */
bool show_save_levels(struct show *s);                  /* when they changed; false: the disk refuses */
void show_load_hearing(struct show *s);                 /* volume and metronome; once the player is there, no lock held */
bool show_save_hearing(struct show *s);                 /* as show_save_levels() */

/* chains.c */
void show_chain_follow(struct show *s);                 /* loads it when another device is in use */
/* What a track is played with so that it is as loud as the others: dB to CHAIN_LUFS, for player_track.gain_db; 0: not measured. May wait for that. No lock held. */
double show_track_gain(struct show *s, const char *track_id);

/* The tiles that light this place of the track are made before it returns, if that is possible in reasonable time. */
void show_prepare_at(struct show *s, double seconds);
/* The place whose light is on when `seconds` is heard: the offset is the room's, so at another rate it is another part of the track. */
double show_light_at(struct show *s, double seconds);
/* The pool keeps the light of the one place that will be jumped to: a loop's start, else where a lit track that follows begins. */
void show_keep_light(struct show *s);
/* The beat grid of the loaded track, to be put; NULL: none. */
struct shared *show_loaded_grid(struct show *s);

/* next.c: the track that follows */
struct show_wait { const atomic_ullong *count; uint64_t mine; };        /* over when the count is another */
void show_clear_next(struct show *s);                   /* the player has none any more */
bool show_is_next(struct show *s, const char *track_id);
void show_forget_track(struct show *s, const char *track_id);           /* what does not exist any more is not played either */
bool show_take_over(struct show *s, uint64_t serial);   /* what plays now is the next track, if it is that one */
void show_taken_over(struct show *s);                   /* the engine and the pool are told; not from the player's threads */

/* host_device.c */
void show_stored_output(const struct show_options *o, char *wish);      /* OUTPUT_WISH characters: what was chosen, else the configuration's */
void show_start_input(struct show *s);                  /* the one that was chosen */
void show_check_devices(struct show *s);                /* raises and lowers warnings */

/* host.c */
/* Audio that is no track in the place of what is loaded; *serial: its name on the player. */
enum lm_err show_load_sound(struct show *s, const char *pcm_path, uint64_t *serial, struct problem *p);
/* The decoded audio, waited for: LM_CONFLICT when something newer was asked for meanwhile. */
enum lm_err show_wait_decoded(struct show *s, const char *track_id, struct show_wait wait, char **path, struct problem *p);
/* The engine lights the score with the track that is there, and with the one that follows it or is about to be loaded (serial != 0); its ticket. Control lock held. */
uint64_t show_post_serials(struct show *s, const char *coming_track, uint64_t coming);
/* end <= 0: the whole track; else it must lie behind the start, and both in the track. */
enum lm_err show_check_part(const json_t *row, double start, double end, struct problem *p);
enum lm_err show_load_grid(struct show *s, struct db_conn *c, const char *track_id, struct shared **grid);
void show_loaded_changed(struct show *s);               /* the grid of the loaded track again */
/* As show_load_track(); `put` != 0: only when another track is loaded and no PUT /show is newer than that one (LM_OK: the newer one takes care of it). */
enum lm_err show_load_for(struct show *s, const char *track_id, double start, double end, uint64_t put, struct problem *p);

/* autoplay.c */
void show_autoplay_choice(struct show *s, struct show_choice *choice);  /* what to begin with */
void show_autoplay_play(struct show *s);                /* loads and plays; may wait for decoding */
bool show_save_position(struct show *s, bool clean);

/* wire.c, beside show_wire() */
void wire_free(struct wire *w);                         /* NULL is fine */

/* senders.c: those of others, on our universes. Control lock held where `s` is changed. */
json_t *show_sources(struct show *s, int universe);     /* for GET /dmx/universes/{n} */
void show_check_senders(struct show *s);

/* origins.c: [{"from":"input"|"park"|"test","first","slots"}], first from 1; what is in none is lumad's own. Takes the control lock. */
json_t *show_origins(struct show *s, int universe, const uint8_t slots[512], const uint8_t own[512]);

/* nodes.c, beside show_nodes(). Control lock held. */
void show_check_nodes(struct show *s);                  /* a warning for universes nobody asks for */

/* report.c */
void show_check(struct show *s);                        /* raises and lowers warnings; twice a second */
