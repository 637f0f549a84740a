#include "net/waiting.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/str.h"
#include "net/role.h"

struct waiting {
    pthread_mutex_t lock;
    char networks[WAITING_MAX][ROLE_CALLER_SIZE];       /* "": free */
};

struct waiting *waiting_new(void)
{
    struct waiting *w = calloc(1, sizeof(*w));

    if (w)
        pthread_mutex_init(&w->lock, NULL);
    return w;
}

void waiting_free(struct waiting *w)
{
    if (!w)
        return;
    pthread_mutex_destroy(&w->lock);
    free(w);
}

/* A place of IPv6 is its network already. */
static void network_of(const char *place, char out[ROLE_CALLER_SIZE])
{
    str_copy(out, ROLE_CALLER_SIZE, place);
    char *dot = strrchr(out, '.');
    if (dot && !strchr(out, ':'))
        *dot = '\0';
}

int waiting_enter(struct waiting *w, const char *place, bool is_known)
{
    char network[ROLE_CALLER_SIZE];
    int own = 0, others = 0, number = -1, room = is_known ? WAITING_MAX : WAITING_MAX - WAITING_KEPT;

    network_of(place, network);
    pthread_mutex_lock(&w->lock);
    for (int i = 0; i < WAITING_MAX; i++) {
        if (!w->networks[i][0])
            number = i;
        else if (!strcmp(w->networks[i], network))
            own++;
        else
            others++;
    }
    if (own >= (room - others) / 2)
        number = -1;
    if (number >= 0)
        memcpy(w->networks[number], network, sizeof(network));
    pthread_mutex_unlock(&w->lock);
    return number;
}

void waiting_leave(struct waiting *w, int number)
{
    pthread_mutex_lock(&w->lock);
    w->networks[number][0] = '\0';
    pthread_mutex_unlock(&w->lock);
}
