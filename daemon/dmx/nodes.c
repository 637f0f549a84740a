#include "dmx/nodes.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/str.h"

/* One wish of one device. */
struct wish { uint16_t port_address; struct subscriber who; };

struct polled {                         /* a segment */
    struct segment at;
    int64_t first_ns, due_ns;           /* 0: not polled yet */
    bool is_over, is_there;
};

struct nodes {
    pthread_mutex_t lock;
    struct node **list;                 /* by address, then bind index */
    size_t n, room;
    bool stale;                         /* wishes are to be collected again: not at each reply of a flood, but when somebody asks */
    struct wish *wishes;                /* by port-address, then address; each pair once */
    size_t n_wishes, wish_room;
    struct polled segments[NODES_SEGMENTS];
    size_t n_segments;
};

struct nodes *nodes_new(void)
{
    struct nodes *n = calloc(1, sizeof(*n));

    if (n)
        pthread_mutex_init(&n->lock, NULL);
    return n;
}

void nodes_free(struct nodes *n)
{
    if (!n)
        return;
    pthread_mutex_destroy(&n->lock);
    for (size_t i = 0; i < n->n; i++)
        free(n->list[i]);
    free(n->list), free(n->wishes);
    free(n);
}

/* --- the table --- */

static int compare(const struct node *a, struct in_addr ip, uint8_t bind_index)
{
    uint32_t x = ntohl(a->ip.s_addr), y = ntohl(ip.s_addr);

    return x != y ? (x > y) - (x < y) : (a->reply.bind_index > bind_index) - (a->reply.bind_index < bind_index);
}

/* Where it is, or where it belongs. */
static size_t find(const struct nodes *n, struct in_addr ip, uint8_t bind_index, bool *found)
{
    size_t low = 0, high = n->n;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (compare(n->list[middle], ip, bind_index) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *found = low < n->n && !compare(n->list[low], ip, bind_index);
    return low;
}

static void take_out(struct nodes *n, size_t at)
{
    free(n->list[at]);
    memmove(&n->list[at], &n->list[at + 1], (n->n - at - 1) * sizeof(*n->list));
    n->n--;
}

static bool is_proven(const struct node *a)
{
    return a->seen_ns - a->first_ns >= INT64_C(1000000) * NODES_POLL_MS / 2;
}

static void make_room(struct nodes *n)
{
    size_t worst = 0;

    for (size_t i = 1; i < n->n; i++) {
        const struct node *a = n->list[i], *b = n->list[worst];
        if (is_proven(a) != is_proven(b) ? !is_proven(a) : a->seen_ns < b->seen_ns)
            worst = i;
    }
    take_out(n, worst);
}

static struct node *put_in(struct nodes *n, size_t at)
{
    struct node *node = calloc(1, sizeof(*node));

    if (node && n->n == n->room) {
        size_t room = n->room ? n->room * 2 : 16;
        struct node **list = realloc(n->list, room * sizeof(struct node *));
        if (!list) {
            free(node);
            return NULL;
        }
        n->list = list, n->room = room;
    }
    if (node) {
        memmove(&n->list[at + 1], &n->list[at], (n->n - at) * sizeof(*n->list));
        n->list[at] = node;
        n->n++;
    }
    return node;
}

/* --- subscriptions --- */

static int by_address(const void *a, const void *b)
{
    const struct wish *x = a, *y = b;
    uint32_t p = ntohl(x->who.ip.s_addr), q = ntohl(y->who.ip.s_addr);

    return x->port_address != y->port_address ? x->port_address - y->port_address : (p > q) - (p < q);
}

/* Without memory the old wishes hold. */
static void collect_wishes(struct nodes *n)
{
    size_t most = n->n * ARTNET_REPLY_PORTS, kept = 0;

    if (!n->stale)
        return;
    if (most > n->wish_room) {
        struct wish *wishes = realloc(n->wishes, most * sizeof(*wishes));
        if (!wishes)
            return;
        n->wishes = wishes, n->wish_room = most;
    }
    n->n_wishes = 0;
    n->stale = false;
    for (size_t i = 0; i < n->n; i++)
        for (size_t k = 0; k < n->list[i]->reply.n_ports; k++) {
            const struct artnet_port *p = &n->list[i]->reply.ports[k];
            if (p->is_output)
                n->wishes[n->n_wishes++] = (struct wish){ (uint16_t)p->output, { n->list[i]->ip, n->list[i]->ifindex } };
        }
    if (n->n_wishes)
        qsort(n->wishes, n->n_wishes, sizeof(*n->wishes), by_address);
    for (size_t i = 0; i < n->n_wishes; i++)
        if (!kept || by_address(&n->wishes[kept - 1], &n->wishes[i]))
            n->wishes[kept++] = n->wishes[i];
    n->n_wishes = kept;
}

static bool same_wishes(const struct node *a, unsigned ifindex, const struct artnet_reply *r)
{
    if (a->ifindex != ifindex || a->reply.n_ports != r->n_ports)
        return false;
    for (size_t i = 0; i < r->n_ports; i++)
        if (a->reply.ports[i].is_output != r->ports[i].is_output || (r->ports[i].is_output && a->reply.ports[i].output != r->ports[i].output))
            return false;
    return true;
}

static bool has_wishes(const struct artnet_reply *r)
{
    for (size_t i = 0; i < r->n_ports; i++)
        if (r->ports[i].is_output)
            return true;
    return false;
}

bool nodes_reply(struct nodes *n, struct in_addr from, unsigned ifindex, const struct artnet_reply *r, int64_t mono_ns, int64_t wall_ms)
{
    uint32_t ip = ntohl(from.s_addr);
    bool found, changed = false;

    if (ip >> 24 == 0 || ip >> 28 >= 14)        /* no device has such an address, and data is not to go there */
        return false;
    pthread_mutex_lock(&n->lock);
    size_t at = find(n, from, r->bind_index, &found);
    if (!found && n->n == NODES_MAX) {
        make_room(n);
        changed = true;
        at = find(n, from, r->bind_index, &found);
    }
    struct node *node = found ? n->list[at] : put_in(n, at);
    if (node) {
        changed |= found ? !same_wishes(node, ifindex, r) : has_wishes(r);
        if (!found)
            node->first_ns = mono_ns;
        node->ip = from, node->ifindex = ifindex, node->reply = *r;
        node->seen_ns = mono_ns, node->seen_ms = wall_ms;
        node->replies++;
    }
    n->stale |= changed;
    pthread_mutex_unlock(&n->lock);
    return changed;
}

static bool end_rounds(struct nodes *n, int64_t mono_ns)
{
    bool ended = false;

    for (size_t i = 0; i < n->n_segments; i++) {
        struct polled *s = &n->segments[i];
        if (!s->is_over && s->first_ns && mono_ns - s->first_ns >= INT64_C(1000000) * NODES_ROUND_MS)
            s->is_over = ended = true;
    }
    return ended;
}

bool nodes_expire(struct nodes *n, int64_t mono_ns)
{
    bool changed = false;
    size_t kept = 0;

    pthread_mutex_lock(&n->lock);
    for (size_t i = 0; i < n->n; i++) {
        if (mono_ns - n->list[i]->seen_ns < INT64_C(1000000) * NODES_EXPIRE_MS) {
            n->list[kept++] = n->list[i];
        } else {
            changed |= has_wishes(&n->list[i]->reply);
            free(n->list[i]);
        }
    }
    n->n = kept;
    n->stale |= changed;
    changed |= end_rounds(n, mono_ns);
    pthread_mutex_unlock(&n->lock);
    return changed;
}

size_t nodes_subscribers(struct nodes *n, int port_address, struct subscriber *out, size_t max)
{
    size_t low = 0, count = 0;

    pthread_mutex_lock(&n->lock);
    collect_wishes(n);
    for (size_t high = n->n_wishes; low < high;) {
        size_t middle = (low + high) / 2;
        if (n->wishes[middle].port_address < port_address)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < n->n_wishes && n->wishes[low].port_address == port_address; low++, count++)
        if (count < max)
            out[count] = n->wishes[low].who;
    pthread_mutex_unlock(&n->lock);
    return count;
}

size_t nodes_list(struct nodes *n, struct node *out, size_t max)
{
    pthread_mutex_lock(&n->lock);
    size_t count = n->n < max ? n->n : max;
    for (size_t i = 0; i < count; i++)
        out[i] = *n->list[i];
    pthread_mutex_unlock(&n->lock);
    return count;
}

size_t nodes_count(struct nodes *n)
{
    pthread_mutex_lock(&n->lock);
    size_t count = n->n;
    pthread_mutex_unlock(&n->lock);
    return count;
}

bool nodes_name(struct nodes *n, struct in_addr ip, char name[NODES_NAME])
{
    name[0] = '\0';
    pthread_mutex_lock(&n->lock);
    for (size_t i = 0; i < n->n && !name[0]; i++) {
        const struct artnet_reply *r = &n->list[i]->reply;
        if (n->list[i]->ip.s_addr == ip.s_addr)
            str_copy(name, NODES_NAME, *r->long_name ? r->long_name : r->name);
    }
    pthread_mutex_unlock(&n->lock);
    return name[0];
}

/* --- segments --- */

static struct polled *segment(struct nodes *n, unsigned ifindex, struct in_addr broadcast)
{
    for (size_t i = 0; i < n->n_segments; i++)
        if (n->segments[i].at.ifindex == ifindex && n->segments[i].at.broadcast.s_addr == broadcast.s_addr)
            return &n->segments[i];
    return NULL;
}

void nodes_segments(struct nodes *n, const struct interfaces *list)
{
    size_t kept = 0;

    pthread_mutex_lock(&n->lock);
    for (size_t i = 0; i < n->n_segments; i++)
        n->segments[i].is_there = false;
    for (size_t i = 0; i < list->n; i++) {
        const struct interface *a = &list->i[i];
        if (!a->is_up || !a->can_broadcast)
            continue;
        struct polled *s = segment(n, a->index, a->broadcast);
        if (!s && n->n_segments < NODES_SEGMENTS) {
            s = &n->segments[n->n_segments++];
            *s = (struct polled){ .at = { .ifindex = a->index, .broadcast = a->broadcast } };
        }
        if (s && !s->is_there)          /* two addresses of one subnet: the first is asked from */
            s->at.address = a->address, s->is_there = true;
    }
    for (size_t i = 0; i < n->n_segments; i++)
        if (n->segments[i].is_there)
            n->segments[kept++] = n->segments[i];
    n->n_segments = kept;
    pthread_mutex_unlock(&n->lock);
}

size_t nodes_due(struct nodes *n, struct segment *out, size_t max, int64_t mono_ns)
{
    size_t count = 0;

    pthread_mutex_lock(&n->lock);
    for (size_t i = 0; i < n->n_segments && count < max; i++) {
        struct polled *s = &n->segments[i];
        if (mono_ns < s->due_ns)
            continue;
        if (!s->first_ns)
            s->first_ns = mono_ns;
        s->due_ns = mono_ns + INT64_C(1000000) * NODES_POLL_MS;
        out[count++] = s->at;
    }
    pthread_mutex_unlock(&n->lock);
    return count;
}

bool nodes_round_over(struct nodes *n, unsigned ifindex, struct in_addr broadcast, int64_t mono_ns)
{
    pthread_mutex_lock(&n->lock);
    const struct polled *s = segment(n, ifindex, broadcast);
    bool over = s && s->first_ns && mono_ns - s->first_ns >= INT64_C(1000000) * NODES_ROUND_MS;
    pthread_mutex_unlock(&n->lock);
    return over;
}
