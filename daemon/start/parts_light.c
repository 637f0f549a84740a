/* The parts that make light and sound: outputs and inputs, plug-ins, the show. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/uuid.h"
#include "dmx/receiver.h"
#include "plugins/plugins.h"
#include "show/demo.h"
#include "start/start.h"

/* ---- outputs: sockets and interfaces that light leaves by, and what others send ---- */

static void outputs_stop(struct daemon *d)
{
    input_free(d->input);
    outputs_close(d->outputs);
}

/* One identity for life: receivers tell sources apart by it (E1.31 5.6). */
static enum lm_err outputs_start(struct daemon *d)
{
    char *cid = NULL, fresh[UUID_SIZE], host[128] = "", name[160];
    uint8_t bytes[16];
    enum lm_err err;

    if (db_state_get(d->l.db, "sacn_cid", &cid)) {
        uuid_new(fresh);
        if ((err = db_state_set(d->l.db, "sacn_cid", fresh)) || (err = db_state_get(d->l.db, "sacn_cid", &cid)))
            return err;
    }
    gethostname(host, sizeof(host) - 1);
    snprintf(name, sizeof(name), "lumad %s", host);
    err = outputs_open(cid, name, &d->outputs, &d->why);
    if (!err)
        err = uuid_to_bytes(cid, bytes) ? input_new(bytes, SACN_PORT, &d->input) : LM_INVALID;
    free(cid);
    if (err)
        outputs_stop(d);
    return err;
}

const struct part part_outputs = { "outputs", outputs_start, outputs_stop };

/* ---- plug-ins: nodes of others ---- */

/* A plug-in came, went, ended or is there again. */
static void plugins_changed(void *ctx, struct plugins *p, bool nodes)
{
    enum { MAX = 64 };
    static struct plugin_trouble found[MAX];    /* the plug-ins' thread's alone */
    const char *ids[MAX], *list[MAX];
    struct daemon *d = ctx;
    size_t n = plugins_troubles(p, found, MAX);

    for (size_t i = 0; i < n; i++)
        ids[i] = found[i].id, list[i] = found[i].text;
    warnings_sync_ids(d->l.warnings, "plugin", "warn", ids, list, n);
    event_publish(d->l.bus, &(struct event){ .table = "plugins", .op = 'u' }, 1);
    if (nodes)
        event_publish(d->l.bus, &(struct event){ .table = "node_types", .op = 'u' }, 1);
}

static enum lm_err plugins_start(struct daemon *d)
{
    struct plugins_options o = { .dir = d->config.plugin_dir, .call_ms = d->config.plugin_call_ms, .changed = plugins_changed, .ctx = d };

    return plugins_new(&o, &d->l.plugins);
}

static void plugins_stop(struct daemon *d)
{
    plugins_free(d->l.plugins);
}

const struct part part_plugins = { "plugins", plugins_start, plugins_stop };

/* ---- receiver: the thread that hears what others send ---- */

static enum lm_err receiver_part_start(struct daemon *d) { return receiver_start(d->outputs, d->input, &d->receiver, &d->why); }
static void receiver_part_stop(struct daemon *d) { receiver_stop(d->receiver); }

const struct part part_receiver = { "receiver", receiver_part_start, receiver_part_stop };

/* ---- demo: its tracks, venue and score are put into the database ---- */

static enum lm_err demo_start(struct daemon *d)
{
    char venue[UUID_SIZE], score[UUID_SIZE];
    struct demo_how how = { .with_autoplay = true };

    return d->demo ? demo_install(d->l.db, d->l.jobs, d->l.library, d->data, &how, venue, score, &d->why) : LM_OK;
}

const struct part part_demo = { "demo", demo_start, NULL };

/* ---- show: the engine, the sound, autoplay: from here on there is light ---- */

static void show_part_stop(struct daemon *d)
{
    struct show *s = d->l.show;

    show_stop(s);
    pthread_mutex_lock(&d->show_lock);
    d->l.show = NULL;
    pthread_mutex_unlock(&d->show_lock);
    show_free(s);
}

static enum lm_err show_part_start(struct daemon *d)
{
    struct show_options o = { .db = d->l.db, .bus = d->l.bus, .library = d->l.library, .jobs = d->l.jobs, .outputs = d->outputs, .input = d->input,
                              .warnings = d->l.warnings, .audio_device = d->config.audio, .compile_threads = d->config.compile_threads,
                              .real_time = d->config.real_time, .rt_priority = d->config.rt_priority };
    struct show *s = NULL;
    enum lm_err err = show_new(&o, &s);

    if (err)
        return err;
    pthread_mutex_lock(&d->show_lock);
    d->l.show = s;
    pthread_mutex_unlock(&d->show_lock);
    if ((err = show_start(s)))
        show_part_stop(d);
    return err;
}

const struct part part_show = { "show", show_part_start, show_part_stop };
