#include "../../tap.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/janitor.h"
#include "api/request_pool.h"

static atomic_int quick_done, slow_done, slow_now, slow_most;
static atomic_bool may_go_on;

/* A slow item waits until it is told; a quick one does not. */
static void work(struct request_item *item)
{
    if (!item->is_slow) {
        quick_done++;
        return;
    }
    int now = ++slow_now, most = slow_most;
    while (now > most && !atomic_compare_exchange_weak(&slow_most, &most, now))
        ;
    while (!may_go_on)
        usleep(1000);
    slow_now--;
    slow_done++;
}

TEST(everything_runs_and_slow_items_leave_room)
{
    static struct request_item items[400];
    struct request_pool *p = NULL;
    bool is_taken = true;

    CHECK_INT(request_pool_new(4, work, &p), LM_OK);
    for (int i = 0; i < 400; i++) {
        items[i].is_slow = i < 8;
        is_taken = request_pool_put(p, &items[i]) && is_taken;
    }
    for (int i = 0; i < 10000 && quick_done < 392; i++)
        usleep(1000);
    int quick_before = quick_done, slow_before = slow_done;
    may_go_on = true;
    request_pool_stop(p);
    bool is_late = request_pool_put(p, &items[0]);
    request_pool_free(p);
    CHECK(is_taken);
    CHECK(!is_late);
    CHECK_INT(quick_before, 392); /* none waited for the slow ones */
    CHECK_INT(slow_before, 0);
    CHECK_INT(slow_done, 8);
    CHECK_INT(slow_most, 2);
    request_pool_stop(NULL);
    request_pool_free(NULL);
}

static atomic_int alone_now, alone_most, alone_done;

static void work_alone(struct request_item *item)
{
    int now = item->is_alone ? ++alone_now : 0, most = alone_most;

    if (!item->is_alone)
        return;
    while (now > most && !atomic_compare_exchange_weak(&alone_most, &most, now))
        ;
    usleep(2000);
    alone_now--;
    alone_done++;
}

TEST(what_is_alone_runs_one_at_a_time)
{
    static struct request_item items[60];
    struct request_pool *p = NULL;

    CHECK_INT(request_pool_new(4, work_alone, &p), LM_OK);
    for (int i = 0; i < 60; i++) {
        items[i].is_slow = i % 2, items[i].is_alone = i % 2;
        request_pool_put(p, &items[i]);
    }
    request_pool_stop(p);
    request_pool_free(p);
    CHECK_INT(alone_done, 30);
    CHECK_INT(alone_most, 1);
}

static uint64_t stands_still(void *ctx)
{
    (void)ctx;
    return 7;
}

static uint64_t goes_on(void *ctx)
{
    return ++*(uint64_t *)ctx;
}

TEST(the_janitor_cuts_who_left_in_the_middle)
{
    struct janitor *j = NULL;
    int gone[2], waiting[2];
    char byte;

    CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, gone) && !socketpair(AF_UNIX, SOCK_STREAM, 0, waiting));
    CHECK_INT(janitor_new(NULL, NULL, &j), LM_OK);
    struct watch *a = watch_open(j, gone[0]), *b = watch_open(j, waiting[0]);
    watch_begin(j, a), watch_begin(j, b), watch_end(j, b); /* b waits for its answer */
    shutdown(gone[1], SHUT_WR), shutdown(waiting[1], SHUT_WR);
    ssize_t cut = 1;
    for (int i = 0; i < 50 && cut; i++) {
        usleep(100000);
        cut = recv(gone[1], &byte, 1, MSG_DONTWAIT);
    }
    ssize_t alive = recv(waiting[1], &byte, 1, MSG_DONTWAIT);
    janitor_free(j);
    for (int i = 0; i < 2; i++)
        close(gone[i]), close(waiting[i]);
    CHECK_INT(cut, 0);
    CHECK_INT(alive, -1);
}

TEST(the_janitor_cuts_who_trickles_and_sees_who_stands_still)
{
    struct janitor *stuck = NULL, *fine = NULL;
    uint64_t count = 0;
    int slow[2], quick[2], served[2];

    CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, slow) && !socketpair(AF_UNIX, SOCK_STREAM, 0, quick) &&
          !socketpair(AF_UNIX, SOCK_STREAM, 0, served));
    CHECK_INT(janitor_new(stands_still, NULL, &stuck), LM_OK);
    CHECK_INT(janitor_new(goes_on, &count, &fine), LM_OK);
    struct watch *a = watch_open(fine, slow[0]), *b = watch_open(fine, quick[0]), *c = watch_open(fine, served[0]);
    watch_begin(fine, a), watch_begin(fine, b), watch_begin(fine, c);
    watch_end(fine, c);
    for (int i = 0; i < 70; i++) {
        watch_count(fine, a, 1);
        watch_count(fine, b, 1000);
        usleep(100000);
    }
    char byte;
    ssize_t cut = recv(slow[1], &byte, 1, MSG_DONTWAIT), alive = recv(quick[1], &byte, 1, MSG_DONTWAIT),
            idle = recv(served[1], &byte, 1, MSG_DONTWAIT);
    bool is_stuck = janitor_is_stuck(stuck), is_fine = !janitor_is_stuck(fine);
    watch_close(fine, b), watch_close(fine, a);
    janitor_free(fine); /* closes what is left */
    janitor_free(stuck);
    for (int i = 0; i < 2; i++)
        close(slow[i]), close(quick[i]), close(served[i]);
    CHECK_INT(cut, 0);
    CHECK_INT(alive, -1);
    CHECK_INT(idle, -1);
    CHECK(is_stuck);
    CHECK(is_fine);
}
