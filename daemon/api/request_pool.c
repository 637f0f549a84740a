#include "api/request_pool.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/thread.h"

enum { STACK = 1 << 20, THREADS_MAX = 16 }; /* problems and JSON trees go deeper than a worker's usual 256 KiB should */

struct request_pool {
    void (*run)(struct request_item *item);
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct request_item *first, **last;
    int threads, slow, slow_max;
    bool is_stopping, is_alone; /* one that is alone runs */
    pthread_t thread[THREADS_MAX];
};

/* The first item that may run now, unlinked. */
static struct request_item *pick(struct request_pool *p)
{
    for (struct request_item **at = &p->first; *at; at = &(*at)->next) {
        struct request_item *item = *at;
        if ((item->is_slow && p->slow == p->slow_max) || (item->is_alone && p->is_alone))
            continue;
        *at = item->next;
        if (p->last == &item->next)
            p->last = at;
        p->slow += item->is_slow;
        p->is_alone |= item->is_alone;
        return item;
    }
    return NULL;
}

static void *work(void *arg)
{
    struct request_pool *p = arg;

    pthread_mutex_lock(&p->lock);
    for (;;) {
        struct request_item *item = pick(p);
        if (!item) {
            if (p->is_stopping && !p->first)
                break;
            pthread_cond_wait(&p->wake, &p->lock);
            continue;
        }
        bool is_slow = item->is_slow, is_alone = item->is_alone; /* the item may be gone after its run */
        pthread_mutex_unlock(&p->lock);
        p->run(item);
        pthread_mutex_lock(&p->lock);
        p->slow -= is_slow;
        p->is_alone &= !is_alone;
        if (is_slow)
            pthread_cond_broadcast(&p->wake);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

enum lm_err request_pool_new(int threads, void (*run)(struct request_item *item), struct request_pool **result)
{
    struct request_pool *p = calloc(1, sizeof(*p));
    enum lm_err err = LM_OK;

    if (!p)
        return LM_NOMEM;
    p->run = run;
    p->last = &p->first;
    p->slow_max = threads > 1 ? threads / 2 : 1;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->wake, NULL);
    for (; !err && p->threads < threads && p->threads < THREADS_MAX; p->threads += !err) {
        char name[16];
        snprintf(name, sizeof(name), "request-%d", p->threads % THREADS_MAX);
        err = thread_start(&p->thread[p->threads], &(struct thread_options){ .name = name, .stack = STACK }, work, p);
    }
    if (err) {
        request_pool_stop(p);
        request_pool_free(p);
    } else {
        *result = p;
    }
    return err;
}

bool request_pool_put(struct request_pool *p, struct request_item *item)
{
    item->next = NULL;
    pthread_mutex_lock(&p->lock);
    bool is_taken = !p->is_stopping;
    if (is_taken) {
        *p->last = item;
        p->last = &item->next;
        pthread_cond_signal(&p->wake);
    }
    pthread_mutex_unlock(&p->lock);
    return is_taken;
}

void request_pool_stop(struct request_pool *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->is_stopping = true;
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->lock);
    while (p->threads)
        pthread_join(p->thread[--p->threads], NULL);
}

void request_pool_free(struct request_pool *p)
{
    if (!p)
        return;
    pthread_cond_destroy(&p->wake);
    pthread_mutex_destroy(&p->lock);
    free(p);
}
