#pragma once
/*
 * The inside of struct show, for the files of show/ alone.
 *
 * LOCKS    `control` guards what is on the engine and is held while it is rebuilt; `view` guards the few facts that answers are made of and is never held
 *          for long. Order: control, then view. Blackout, freeze and master take neither: they must work while a venue loads.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "audio/pcm.h"
#include "show/engine.h"
#include "show/show.h"

enum show_mode { MODE_OFF, MODE_SCORE, MODE_LIVE };
extern const char *const show_mode_names[];     /* "off", "score", "live", NULL */

enum dirty {                    /* what a change in the database touches */
    DIRTY_PATCH = 1, DIRTY_OUTPUTS = 2, DIRTY_SCORE = 4, DIRTY_SETTINGS = 8, DIRTY_GRID = 16, DIRTY_ALL = 31
};

struct show_choice {            /* what PUT /show says; "" = none */
    char venue[UUID_SIZE], score[UUID_SIZE];
    enum show_mode mode;
};

struct show {
    struct show_options o;
    struct player *player;
    struct engine *engine;
    struct pool *pool;
    struct event_listener *listener;
    pthread_t thread;
    bool has_thread;
    atomic_bool stop;

    pthread_mutex_t control;
    struct show_choice choice;
    char score_track[UUID_SIZE];        /* "" = none */
    struct shared *patch, *space, *outputs, *grid, *pcm;        /* of the active venue; of the score's track */
    uint64_t pcm_hash;
    struct show_layer **layers;
    struct render_item *items;
    size_t n;
    uint64_t scene_id;
    uint32_t patch_serial;
    double offset_s;
    float max_brightness;
    bool idle_last, exit_blackout;
    int rate_hz;

    pthread_mutex_t view;
    char loaded_track[UUID_SIZE];
    char viewed_score[UUID_SIZE];       /* the active score, for host-audio */
    uint64_t loaded_serial;
    struct shared *loaded_grid;

    pthread_mutex_t audio;              /* one load at a time */
    uint64_t serials;
    atomic_uint audio_serial;
    atomic_bool blackout, freeze;
    _Atomic float master;
    int64_t stats_ns;
    uint64_t stats_frames;
    double fps;
};

/* show.c: what is on is what lumad begins with next time. */
enum lm_err show_remember(struct show *s, const struct show_choice *choice, struct problem *p);

/* reload.c: brings what is on the engine in line with the database. Control lock held. LM_OK also when parts are broken: those are warnings. */
enum lm_err show_reload(struct show *s, unsigned dirty, struct problem *p);
unsigned show_dirty_of(const char *table);
/* Gives back what the engine no longer uses. Control lock held. */
void show_collect(struct show *s);

/* host.c */
enum lm_err show_load_grid(struct show *s, struct db_conn *c, const char *track_id, struct shared **grid);
void show_loaded_changed(struct show *s);               /* the grid of the loaded track again */

/* autoplay.c */
void show_autoplay_choice(struct show *s, struct show_choice *choice);  /* what to begin with */
void show_autoplay_play(struct show *s);                /* loads and plays; may wait for decoding */
void show_save_position(struct show *s, bool clean);

/* report.c */
void show_check(struct show *s);                        /* raises and lowers warnings; twice a second */
