#include "plugins/plugins.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/path.h"
#include "core/str.h"
#include "core/thread.h"
#include "plugins/private.h"

enum {
    QUIET_MS = 150,             /* a file that is being written is looked at when that is over */
    SETTLE_TURNS = 20,
    AGAIN_MS = 5000,            /* a folder that cannot be watched is looked for this often */
    FIRST_MS = 1500, RELOAD_MS = 10000,
    EVENTS = IN_CLOSE_WRITE | IN_MODIFY | IN_ATTRIB | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF,
};

/* ---- the folder ---- */

/* "strobe.so" -> "strobe" */
static bool name_of(const char *file, char name[NAME_SIZE])
{
    size_t n = strlen(file);

    if (n < 4 || strcmp(file + n - 3, ".so") || n - 3 >= NAME_SIZE || file[0] == '.')
        return false;
    memcpy(name, file, n - 3);
    name[n - 3] = '\0';
    return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") == n - 3;
}

static struct entry *find(const struct plugins *p, const char *name)
{
    for (size_t i = 0; i < p->n; i++)
        if (!strcmp(p->entries[i]->name, name))
            return p->entries[i];
    return NULL;
}

/* A new one, where it belongs by name: which of two that bring the same node is used must not depend on who came first. */
static struct entry *add(struct plugins *p, const char *name)
{
    struct entry *e = p->n < PLUGINS_MAX ? calloc(1, sizeof *e) : NULL;
    size_t i = 0;

    if (!e)
        return NULL;
    str_copy(e->name, sizeof e->name, name);
    pthread_mutex_lock(&p->lock);
    while (i < p->n && strcmp(p->entries[i]->name, name) < 0)
        i++;
    memmove(&p->entries[i + 1], &p->entries[i], (p->n - i) * sizeof p->entries[0]);
    p->entries[i] = e;
    p->n++;
    pthread_mutex_unlock(&p->lock);
    return e;
}

/* false: there is no room for it. */
static bool look_at(struct plugins *p, const char *file, const char *forced)
{
    char name[NAME_SIZE], path[PATH_SIZE];
    struct stamp stamp;

    if (!name_of(file, name) || path_join(path, p->dir, file))
        return true;
    if (image_stamp(path, &stamp))
        return true;                    /* gone in the meantime, or a link to nowhere */
    struct entry *e = find(p, name);
    bool is_new = !e;
    if (!e && !(e = add(p, name)))
        return false;
    e->is_there = true;
    e->is_forced = !strcmp(forced, name);
    if (is_new || e->is_forced || !stamp_equal(&stamp, &e->stamp))
        entry_load(p, e);
    return true;
}

static void set_trouble(struct plugins *p, const char *text)
{
    pthread_mutex_lock(&p->lock);
    bool is_new = strcmp(p->trouble, text) != 0;
    p->has_news |= is_new;
    str_copy(p->trouble, sizeof p->trouble, text);
    pthread_mutex_unlock(&p->lock);
    if (is_new && *text)
        log_warn("plugins", "%s", text);
}

static void look(struct plugins *p, const char *forced)
{
    char text[200] = "";
    DIR *dir = opendir(p->dir);

    if (!dir) {
        p->is_watched = false;
        snprintf(text, sizeof text, "The folder of plug-ins, %.100s, cannot be read: %s", p->dir, strerror(errno));
    }
    size_t left_out = 0;
    for (size_t i = 0; i < p->n; i++)
        p->entries[i]->is_there = false;
    for (struct dirent *d; dir && (d = readdir(dir)) && !atomic_load(&p->stop);)
        left_out += !look_at(p, d->d_name, forced);
    if (dir)
        closedir(dir);
    if (left_out)       /* one word for all of them: there may be thousands */
        snprintf(text, sizeof text, "There are more than %d plug-ins in %.100s: those beyond are not used.", PLUGINS_MAX, p->dir);
    set_trouble(p, text);
    for (size_t i = p->n; i-- > 0 && !atomic_load(&p->stop);)
        if (!p->entries[i]->is_there)
            entry_unload(p, p->entries[i]);
}

/* ---- the thread ---- */

void plugins_wake(void *plugins)
{
    struct plugins *p = plugins;
    uint64_t one = 1;

    if (write(p->wake, &one, sizeof one) < 0)
        return;                         /* full: it is awake */
}

static bool drain(int fd)
{
    _Alignas(struct inotify_event) char buffer[8192];
    bool any = false;

    while (read(fd, buffer, sizeof buffer) > 0)
        any = true;
    return any;
}

static void watch(struct plugins *p)
{
    if (p->notify >= 0 && !p->is_watched)
        p->is_watched = inotify_add_watch(p->notify, p->dir, EVENTS | IN_ONLYDIR) >= 0;
}

static int next_ms(const struct plugins *p, int64_t sweep_ns)
{
    int64_t now = clock_mono_ns(), ms = p->is_watched ? -1 : AGAIN_MS;

    if (sweep_ns && (ms < 0 || (sweep_ns - now) / 1000000 + 1 < ms))
        ms = sweep_ns > now ? (sweep_ns - now) / 1000000 + 1 : 0;
    for (size_t i = 0; i < p->n; i++) {
        int64_t in = (p->entries[i]->again_ns - now) / 1000000 + 1;
        if (p->entries[i]->state == PLUGIN_RESTARTING && (ms < 0 || in < ms))
            ms = in > 0 ? in : 0;
    }
    return (int)ms;
}

/* Until something happened; true: in the folder. */
static bool wait_for_news(struct plugins *p)
{
    struct pollfd fds[2 + PLUGINS_MAX] = { { .fd = p->wake, .events = POLLIN }, { .fd = p->notify, .events = POLLIN } };
    nfds_t n = 2;

    /* Only hang-ups of the processes are looked for. The lock: whoever calls may not change the host meanwhile; a call that lasts sees its end itself. */
    for (size_t i = 0; i < p->n; i++)
        if (p->entries[i]->state == PLUGIN_RUNNING && !pthread_mutex_trylock(&p->entries[i]->link->lock)) {
            if (p->entries[i]->link->host)
                fds[n++] = (struct pollfd){ .fd = host_fd(p->entries[i]->link->host) };
            pthread_mutex_unlock(&p->entries[i]->link->lock);
        }
    int got = poll(fds, n, next_ms(p, entries_sweep(p)));
    if (fds[0].revents)
        drain(p->wake);
    bool news = got > 0 && fds[1].revents && drain(p->notify);
    for (int i = 0; news && i < SETTLE_TURNS && poll(&fds[1], 1, QUIET_MS) > 0; i++)
        drain(p->notify);
    return news || (!p->is_watched && got == 0);
}

static void tell(struct plugins *p)
{
    bool news = p->has_news, nodes = p->has_nodes;

    p->has_news = p->has_nodes = false;
    if ((news || nodes) && p->o.changed)
        p->o.changed(p->o.ctx, p, nodes);
}

static void *run(void *arg)
{
    struct plugins *p = arg;
    bool folder = true;

    while (!atomic_load(&p->stop)) {
        char forced[NAME_SIZE];
        pthread_mutex_lock(&p->lock);
        uint64_t wanted = p->wanted;
        folder |= wanted != p->done;
        memcpy(forced, p->forced, sizeof forced);
        p->forced[0] = '\0';
        pthread_mutex_unlock(&p->lock);
        p->is_watched &= !folder;       /* the path may lead to another folder now */
        watch(p);
        if (folder)
            look(p, forced);
        for (size_t i = 0; i < p->n; i++)
            entry_look(p, p->entries[i]);
        tell(p);
        pthread_mutex_lock(&p->lock);
        p->done = wanted;
        pthread_cond_broadcast(&p->looked);
        pthread_mutex_unlock(&p->lock);
        folder = wait_for_news(p);
    }
    return NULL;
}

/* Asks for a look at the folder and waits for it. */
static bool look_now(struct plugins *p, const char *forced, int ms)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000)
        until.tv_nsec -= 1000000000, until.tv_sec++;
    pthread_mutex_lock(&p->lock);
    while (*forced && p->forced[0] && strcmp(p->forced, forced))        /* another one's turn: it is not taken from it */
        if (pthread_cond_timedwait(&p->looked, &p->lock, &until)) {
            pthread_mutex_unlock(&p->lock);
            return false;
        }
    uint64_t mine = ++p->wanted;
    str_copy(p->forced, sizeof p->forced, forced);
    plugins_wake(p);
    while (p->done < mine && !pthread_cond_timedwait(&p->looked, &p->lock, &until))
        ;
    bool done = p->done >= mine;
    pthread_mutex_unlock(&p->lock);
    return done;
}

/* ---- life ---- */

enum lm_err plugins_new(const struct plugins_options *o, struct plugins **result)
{
    struct plugins *p = calloc(1, sizeof *p);
    struct thread_options t = { .name = "plugins", .stack = 512 << 10 };
    enum lm_err err = LM_OK;

    *result = NULL;
    if (!p)
        return LM_NOMEM;
    p->o = *o;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->looked, NULL);
    p->wake = p->notify = -1;
    if (*o->dir) {
        p->dir = strdup(o->dir);
        p->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        p->notify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        if (p->notify < 0)
            log_warn("plugins", "changed plug-ins are noticed late: %s", strerror(errno));
        if (!p->dir)
            err = LM_NOMEM;
        else if (p->wake < 0)
            err = lm_err_from_errno(errno);
        else
            err = thread_start(&p->thread, &t, run, p);
        if (err) {
            free(p->dir);
            p->dir = NULL;
        } else {
            look_now(p, "", FIRST_MS);
        }
    }
    if (err)
        plugins_free(p);
    else
        *result = p;
    return err;
}

void plugins_free(struct plugins *p)
{
    if (!p)
        return;
    if (p->dir) {
        atomic_store(&p->stop, true);
        plugins_wake(p);
        pthread_join(p->thread, NULL);
        node_set_publish(NULL);
    }
    for (size_t i = 0; i < p->n; i++) {
        node_plugin_unref(p->entries[i]->plugin);
        free(p->entries[i]);
    }
    for (struct retired *r = p->retired, *next; r; r = next) {
        next = r->next;
        node_plugin_unref(r->plugin);
        free(r);
    }
    if (p->wake >= 0)
        close(p->wake);
    if (p->notify >= 0)
        close(p->notify);
    pthread_mutex_destroy(&p->lock);
    pthread_cond_destroy(&p->looked);
    free(p->dir);
    free(p);
}

/* ---- what is seen ---- */

static const char *const state_names[] = {
    [PLUGIN_REFUSED] = "refused", [PLUGIN_RUNNING] = "running", [PLUGIN_RESTARTING] = "restarting", [PLUGIN_GIVEN_UP] = "given_up",
};

static json_t *entry_json(const struct entry *e)
{
    const struct node_plugin *plugin = e->plugin;
    json_t *nodes = json_array();

    for (size_t i = 0; plugin && i < plugin->n_nodes; i++)
        json_array_append_new(nodes, json_string(plugin->nodes[i].desc.id));
    return json_pack("{s:s, s:s, s:s?, s:s?, s:s?, s:o, s:s?, s:i}", "name", e->name, "state", state_names[e->state], "version",
                     plugin ? plugin->version : NULL, "vendor", plugin ? plugin->vendor : NULL, "help", plugin ? plugin->help : NULL, "nodes", nodes,
                     "error", e->error[0] ? e->error : NULL, "restarts", (int)e->restarts);
}

json_t *plugins_json(struct plugins *p)
{
    json_t *list = json_array();

    pthread_mutex_lock(&p->lock);
    for (size_t i = 0; i < p->n; i++)
        json_array_append_new(list, entry_json(p->entries[i]));
    pthread_mutex_unlock(&p->lock);
    return list;
}

enum lm_err plugins_reload(struct plugins *p, const char *name, struct problem *problem)
{
    if (!p->dir)
        return problem_set(problem, LM_NOT_FOUND, "No folder of plug-ins is configured (plugin_dir in lumad.conf).");
    if (!look_now(p, name, RELOAD_MS))
        return problem_set(problem, LM_BUSY, "The plug-ins are busy; try again.");
    pthread_mutex_lock(&p->lock);
    bool known = find(p, name) != NULL;
    pthread_mutex_unlock(&p->lock);
    return known ? LM_OK : problem_set(problem, LM_NOT_FOUND, "There is no plug-in of that name in the folder.");
}

size_t plugins_troubles(struct plugins *p, struct plugin_trouble *list, size_t max)
{
    size_t n = 0;

    pthread_mutex_lock(&p->lock);
    if (p->trouble[0] && n < max) {
        str_copy(list[n].id, sizeof list[n].id, "folder");
        str_copy(list[n++].text, sizeof list[0].text, p->trouble);
    }
    for (size_t i = 0; i < p->n && n < max; i++) {
        const struct entry *e = p->entries[i];
        const char *then = e->state == PLUGIN_RESTARTING ? "It is started again; its layers are dark meanwhile."
                         : e->state == PLUGIN_GIVEN_UP ? "That happened too often: its layers stay dark until its file changes or it is reloaded."
                         : e->state == PLUGIN_REFUSED ? "It is not used." : "";
        if (e->state == PLUGIN_RUNNING && !e->is_told)
            continue;
        str_copy(list[n].id, sizeof list[n].id, e->name);
        snprintf(list[n].text, sizeof list[n].text, "Plug-in \"%.40s\": %.160s%s%s", e->name, e->error, *then ? ". " : "", then);
        utf8_mend(list[n++].text);
    }
    pthread_mutex_unlock(&p->lock);
    return n;
}
