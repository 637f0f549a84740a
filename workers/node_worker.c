/*
 * The process of one plug-in: loads the shared object it was given, says what nodes are in it, runs them when asked. Started and ended by lumad
 * (daemon/plugins/host.h); protocol.h is what they say to each other, lumad_node.h what the plug-in sees.
 *
 * Nothing of this is trusted by lumad: the plug-in's code lives in the same memory and may say anything.
 */
#include <dlfcn.h>
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sandbox.h"
#include "plugins/protocol.h"

enum { MAX_TEXT = 4096 };

struct worker {
    const struct lumad_plugin *there;   /* in the plug-in's memory, of its sizes */
    struct lumad_plugin plugin;         /* what we know of it */
    char *arena; uint64_t arena_bytes;
    struct host_call last;              /* whose outputs may be written to; n_out 0: none */
    bool is_writable;                   /* the whole arena */
    char *io, *params, *in, *out;       /* what run() is given, with the plug-in's strides */
};

/* Entry `i` of a list in the plug-in's memory: its size may be another than ours. */
static void fetch(void *into, size_t ours, const void *list, size_t i, size_t theirs)
{
    memset(into, 0, ours);
    memcpy(into, (const char *)list + i * theirs, ours < theirs ? ours : theirs);
}

static void put(char *list, size_t i, size_t theirs, const void *value, size_t ours)
{
    memcpy(list + i * theirs, value, ours < theirs ? ours : theirs);
}

/* NULL stays null. */
static json_t *text(const char *s)
{
    return s ? json_stringn(s, strnlen(s, MAX_TEXT)) : json_null();
}

static json_t *ports(const struct lumad_port *list, uint32_t n, size_t size)
{
    json_t *all = json_array();

    for (uint32_t i = 0; i < n && i <= LUMAD_MAX_OUTPUTS; i++) {
        struct lumad_port p;
        fetch(&p, sizeof p, list, i, size);
        json_array_append_new(all, json_pack("{s:o, s:o, s:o, s:i, s:I, s:b}", "id", text(p.id), "label", text(p.label), "help", text(p.help), "type",
                                             (int)p.type, "channels", (json_int_t)p.channels, "optional", p.optional != 0));
    }
    return all;
}

static json_t *options(const char *const *list)
{
    json_t *all = json_array();

    for (size_t i = 0; list && list[i] && i <= LUMAD_MAX_OPTIONS; i++)
        json_array_append_new(all, text(list[i]));
    return all;
}

static json_t *params(const struct lumad_param *list, uint32_t n, size_t size)
{
    json_t *all = json_array();

    for (uint32_t i = 0; i < n && i <= LUMAD_MAX_PARAMS; i++) {
        struct lumad_param p;
        fetch(&p, sizeof p, list, i, size);
        json_array_append_new(all, json_pack("{s:o, s:o, s:o, s:o, s:i, s:f, s:f, s:f, s:f, s:o, s:o}", "id", text(p.id), "label", text(p.label), "help",
                                             text(p.help), "unit", text(p.unit), "type", (int)p.type, "default", p.def, "min", p.min, "max", p.max,
                                             "step", p.step, "text", text(p.def_text), "options", options(p.options)));
    }
    return all;
}

static json_t *describe(const struct worker *w)
{
    const struct lumad_plugin *p = &w->plugin;
    json_t *nodes = json_array();

    for (uint32_t i = 0; i < p->n_nodes && i <= LUMAD_MAX_NODES; i++) {
        struct lumad_node n;
        fetch(&n, sizeof n, p->nodes, i, p->sizes.node);
        json_array_append_new(nodes, json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I}", "id", text(n.id), "label", text(n.label),
                                               "category", text(n.category), "help", text(n.help), "inputs", ports(n.in, n.n_in, p->sizes.port), "outputs",
                                               ports(n.out, n.n_out, p->sizes.port), "params", params(n.params, n.n_params, p->sizes.param), "kind",
                                               (json_int_t)n.kind, "flags", (json_int_t)n.flags, "before", (json_int_t)n.before, "after",
                                               (json_int_t)n.after, "state_floats", (json_int_t)n.state_floats, "state_per_head",
                                               (json_int_t)n.state_per_head));
    }
    return json_pack("{s:o, s:o, s:o, s:o}", "version", text(p->version), "vendor", text(p->vendor), "help", text(p->help), "nodes", nodes);
}

static void answer_describe(struct worker *w, struct host_reply *r)
{
    json_t *all = describe(w);
    char *s = all ? json_dumps(all, JSON_COMPACT) : NULL;
    size_t n = s ? strlen(s) : 0;

    r->status = HOST_FAILED;
    if (!s) {
        snprintf(r->message, sizeof r->message, "its description holds text that is no UTF-8 or numbers that are none");
    } else if (n > w->arena_bytes) {
        snprintf(r->message, sizeof r->message, "its description is too long");
    } else {
        memcpy(w->arena, s, n);
        r->bytes = n;
        r->status = HOST_OK;
    }
    free(s);
    json_decref(all);
}

/* Only what a call gives to write to can be written to. */
static bool guard(struct worker *w, const struct host_call *c)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE) - 1;
    const struct host_array *arrays[LUMAD_MAX_OUTPUTS + 1];
    uint32_t n = 0;

    if (!w->is_writable && w->last.n_out == c->n_out && !memcmp(w->last.out, c->out, sizeof c->out) && !memcmp(&w->last.state, &c->state, sizeof c->state))
        return true;
    if (mprotect(w->arena, w->arena_bytes, PROT_READ))
        return false;
    w->is_writable = false;
    for (; n < c->n_out; n++)
        arrays[n] = &c->out[n];
    if (c->state.bytes)
        arrays[n++] = &c->state;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t from = arrays[i]->at & ~page, to = (arrays[i]->at + arrays[i]->bytes + page) & ~page;
        if (mprotect(w->arena + from, to - from, PROT_READ | PROT_WRITE))
            return false;
    }
    w->last = *c;
    return true;
}

static void give(struct worker *w, const struct host_call *c, struct lumad_io *io)
{
    const struct lumad_sizes *sizes = &w->plugin.sizes;

    for (uint32_t i = 0; i < c->n_params; i++) {
        struct lumad_value v = { .number = c->params[i].number, .text = c->texts + c->params[i].text };
        memcpy(v.color, c->params[i].color, sizeof v.color);
        put(w->params, i, sizes->value, &v, sizeof v);
    }
    for (uint32_t i = 0; i < c->n_in; i++) {
        const struct host_array *a = &c->in[i];
        struct lumad_input in = { a->wired, a->heads, a->samples, a->channels, a->first, a->bytes ? (const float *)(void *)(w->arena + a->at) : NULL };
        put(w->in, i, sizes->input, &in, sizeof in);
    }
    for (uint32_t i = 0; i < c->n_out; i++) {
        const struct host_array *a = &c->out[i];
        struct lumad_output out = { a->heads, a->channels, (float *)(void *)(w->arena + a->at) };
        put(w->out, i, sizes->output, &out, sizeof out);
    }
    *io = (struct lumad_io){
        .size = sizeof *io, .count = c->count, .from = c->from, .start = c->start, .end = c->end, .origin = c->origin, .seed = c->seed,
        .params = (void *)w->params, .in = (void *)w->in, .out = (void *)w->out,
        .beats = c->has_beats ? (const double *)(void *)(w->arena + c->beats.at) : NULL,
        .state = c->state.bytes ? (float *)(void *)(w->arena + c->state.at) : NULL, .state_floats = c->state_floats, .is_first = c->is_first,
    };
    put(w->io, 0, sizes->io, io, sizeof *io);
}

static void answer_run(struct worker *w, struct host_reply *r)
{
    const struct host_call *c = (const void *)w->arena;
    struct lumad_node node;
    struct lumad_io io;

    r->status = HOST_FAILED;
    fetch(&node, sizeof node, w->plugin.nodes, c->node, w->plugin.sizes.node);
    if (!guard(w, c)) {
        snprintf(r->message, sizeof r->message, "its memory cannot be guarded: %s", strerror(errno));
        return;
    }
    give(w, c, &io);
    int32_t failed = node.run((const void *)w->io);
    if (failed)
        snprintf(r->message, sizeof r->message, "its run() said that it failed, with %d", (int)failed);
    else
        r->status = HOST_OK;
}

static bool take_arena(struct worker *w, int fd, uint64_t bytes)
{
    if (w->arena)
        munmap(w->arena, w->arena_bytes);
    w->arena = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    w->arena_bytes = bytes;
    w->is_writable = true;
    close(fd);
    return w->arena != MAP_FAILED;
}

/* false: lumad is gone or does not make sense, and there is nothing left to do. */
static bool hear(struct worker *w, struct host_request *q)
{
    char control[CMSG_SPACE(sizeof(int))] = { 0 };
    struct iovec part = { q, sizeof *q };
    struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
    ssize_t n;

    do
        n = recvmsg(HOST_FD_SOCKET, &m, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n != sizeof *q)
        return false;
    const struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    if (!q->has_arena)
        return w->arena != NULL;
    int fd;
    if (!c || c->cmsg_type != SCM_RIGHTS)
        return false;
    memcpy(&fd, CMSG_DATA(c), sizeof fd);
    return take_arena(w, fd, q->arena_bytes);
}

static void say(const struct host_reply *r)
{
    while (send(HOST_FD_SOCKET, r, sizeof *r, MSG_NOSIGNAL) < 0 && errno == EINTR)
        ;
}

/* "" when it is loaded. */
static void load(struct worker *w, char *message, size_t size)
{
    char path[32];

    if (!sandbox_limits() || !sandbox_enter()) {
        snprintf(message, size, "this system has no way to confine it (seccomp: %s)", strerror(errno));
        return;
    }
    snprintf(path, sizeof path, "/proc/self/fd/%d", HOST_FD_IMAGE);
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!object) {
        const char *why = dlerror();
        size_t n = strlen(path);
        if (why && !strncmp(why, path, n) && why[n] == ':')     /* a name of ours, which tells nobody anything */
            why += n + 1 + strspn(why + n + 1, " ");
        snprintf(message, size, "it cannot be loaded: %s", why ? why : "the loader does not say why");
        return;
    }
    w->there = dlsym(object, LUMAD_PLUGIN_SYMBOL);
    if (!w->there) {
        snprintf(message, size, "it exports no symbol " LUMAD_PLUGIN_SYMBOL);
        return;
    }
    if (w->there->sizes.abi != LUMAD_NODE_ABI) {
        snprintf(message, size, "it was made with version %u of lumad_node.h, this lumad has version %u: compile it anew", w->there->sizes.abi,
                 (unsigned)LUMAD_NODE_ABI);
        return;
    }
    fetch(&w->plugin, sizeof w->plugin, w->there, 0, w->there->sizes.plugin);
    const struct lumad_sizes *s = &w->plugin.sizes;
    w->params = calloc(LUMAD_MAX_PARAMS, s->value);
    w->in = calloc(LUMAD_MAX_INPUTS, s->input);
    w->out = calloc(LUMAD_MAX_OUTPUTS, s->output);
    w->io = calloc(1, s->io);
    if (!w->params || !w->in || !w->out || !w->io)
        snprintf(message, size, "no memory for it");
    else if (!sandbox_close())
        snprintf(message, size, "this system has no way to confine it (seccomp: %s)", strerror(errno));
}

int main(int argc, char **argv)
{
    static struct worker w;
    static struct host_request q;
    char message[sizeof((struct host_reply *)0)->message] = "";
    sigset_t none;

    /* lumad may have ended before it could be bound to. */
    if (argc != 3 || prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != atol(argv[2])) {
        fputs("node_worker is started by lumad\n", stderr);
        return EXIT_FAILURE;
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_NAME, argv[1]);
    load(&w, message, sizeof message);
    close(HOST_FD_IMAGE);
    while (hear(&w, &q)) {
        struct host_reply r = { .kind = q.kind, .status = HOST_FAILED };
        if (message[0])
            memcpy(r.message, message, sizeof message);
        else if (q.kind == HOST_DESCRIBE)
            answer_describe(&w, &r);
        else if (q.kind == HOST_RUN)
            answer_run(&w, &r);
        say(&r);
    }
    _exit(EXIT_SUCCESS);
}
