/* USB interfaces, played by pseudo-terminals: what they get and how often, plugged in late, pulled out, hung, mistaken and shared. */
#include "dmx/widget.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "core/clock.h"
#include "dmx/enttec.h"

#include "../../tap.h"

struct device {                         /* the far end: takes messages, answers when it is a DMX USB Pro */
    int master, slave;
    char path[64];
    bool answers;
    pthread_t thread;
    atomic_bool stop;
    pthread_mutex_t lock;
    int frames, others;                 /* messages of label 6; bytes or messages that are neither that nor a question */
    uint8_t last[DMX_SLOTS];
};

static void answer(struct device *d, int label)
{
    static const uint8_t parameters[] = { 0x7e, 3, 5, 0, 0x2c, 0x01, 9, 1, 40, 0xe7 }, serial[] = { 0x7e, 10, 4, 0, 0x78, 0x56, 0x34, 0x12, 0xe7 };

    if (!d->answers)
        return;
    if (label == ENTTEC_GET_PARAMETERS)
        (void)!write(d->master, parameters, sizeof parameters);
    else
        (void)!write(d->master, serial, sizeof serial);
}

static void *device_run(void *arg)
{
    struct device *d = arg;
    struct enttec_parser p = { 0 };
    uint8_t in[256];

    while (!atomic_load(&d->stop)) {
        struct pollfd f = { d->master, POLLIN, 0 };
        if (poll(&f, 1, 5) <= 0)
            continue;
        ssize_t n = read(d->master, in, sizeof in);
        pthread_mutex_lock(&d->lock);
        for (ssize_t i = 0; i < n; i++) {
            d->others += !p.state && in[i] != 0x7e;
            if (!enttec_parse(&p, in[i]))
                continue;
            if (p.label == ENTTEC_SEND_DMX && p.length == 513 && !p.data[0]) {
                memcpy(d->last, p.data + 1, DMX_SLOTS);
                d->frames++;
            } else if (p.label == ENTTEC_GET_PARAMETERS || p.label == ENTTEC_GET_SERIAL) {
                answer(d, p.label);
            } else {
                d->others++;
            }
        }
        pthread_mutex_unlock(&d->lock);
    }
    return NULL;
}

static bool plug_in(struct device *d, bool answers)
{
    struct termios t;

    *d = (struct device){ .answers = answers };
    if (openpty(&d->master, &d->slave, d->path, NULL, NULL) || tcgetattr(d->slave, &t))
        return false;
    cfmakeraw(&t);                      /* no echo of our answers before lumad has set it so itself */
    tcsetattr(d->slave, TCSANOW, &t);
    pthread_mutex_init(&d->lock, NULL);
    return !pthread_create(&d->thread, NULL, device_run, d);
}

static void deafen(struct device *d)    /* still plugged in, reads nothing any more */
{
    atomic_store(&d->stop, true);
    pthread_join(d->thread, NULL);
}

static void unplug(struct device *d)
{
    if (!atomic_load(&d->stop))
        deafen(d);
    close(d->master), close(d->slave);
    pthread_mutex_destroy(&d->lock);
}

static int frames(struct device *d)
{
    pthread_mutex_lock(&d->lock);
    int n = d->frames;
    pthread_mutex_unlock(&d->lock);
    return n;
}

static int last(struct device *d, int slot)
{
    pthread_mutex_lock(&d->lock);
    int v = d->frames ? d->last[slot] : -1;
    pthread_mutex_unlock(&d->lock);
    return v;
}

static void put(struct widget *w, int value)
{
    uint8_t slots[DMX_SLOTS];

    for (int i = 0; i < DMX_SLOTS; i++)
        slots[i] = (uint8_t)(value + i);
    widget_put(w, slots);
}

#define SOON(condition)  do { int64_t end_ = clock_mono_ns() + 6000000000;                \
    while (!(condition) && clock_mono_ns() < end_)                              \
        usleep(1000);                                                           \
    CHECK(condition); } while (0)

static bool trouble_is(struct widget *w, const char *part)
{
    char text[OUTPUT_WARNING];

    return widget_trouble(w, text, sizeof text) ? part && strstr(text, part) : !part;
}

static double ms_since(int64_t start)
{
    return (double)(clock_mono_ns() - start) / 1e6;
}

TEST(a_device_gets_the_universe_and_says_who_it_is)
{
    struct device d;
    struct widgets *all;
    struct widget *w;
    struct output_stats st = { 0 };

    CHECK(plug_in(&d, true));
    CHECK_INT(widgets_new("/nowhere", &all), LM_OK);
    CHECK_INT(widget_open(all, d.path, &w), LM_OK);
    put(w, 3);
    SOON(last(&d, 0) == 3);
    CHECK_INT(last(&d, 511), (3 + 511) & 255);
    SOON((widget_stats(w, &st), strstr(st.name, "12345678")) != NULL);
    CHECK(strstr(st.name, "DMX USB Pro 12345678, firmware 1.44, /dev/pts/"));
    CHECK(trouble_is(w, NULL));
    for (int i = 0; i < 20; i++) {
        put(w, i);
        usleep(25000);
    }
    SOON(last(&d, 0) == 19);
    widget_stats(w, &st);
    CHECK(st.packets >= 15 && st.packets <= 21);
    CHECK_INT(st.packets, frames(&d));
    CHECK_INT(st.errors, 0);
    put(w, 77);
    widget_close(w);                    /* what was put last gets out */
    SOON(last(&d, 0) == 77);
    CHECK_INT(d.others, 0);
    widgets_free(all);
    unplug(&d);
}

TEST(never_faster_than_dmx_and_always_the_newest)
{
    struct device d;
    struct widgets *all;
    struct widget *w;
    struct output_stats st = { 0 };

    CHECK(plug_in(&d, true));
    CHECK_INT(widgets_new("/nowhere", &all), LM_OK);
    CHECK_INT(widget_open(all, d.path, &w), LM_OK);
    put(w, 0);
    SOON(frames(&d) == 1);
    int64_t start = clock_mono_ns();
    int i = 0;
    for (; ms_since(start) < 1500; i++) {
        put(w, i);
        usleep(3000);
    }
    double took = ms_since(start);
    put(w, 200);
    SOON(last(&d, 0) == 200);
    int n = frames(&d);
    CHECK(n <= (int)(took / 22.7) + 3);
    CHECK(n >= 20);                     /* a machine at its limit still shows some */
    widget_stats(w, &st);
    CHECK(st.fps <= 44.7);
    widget_close(w);
    widgets_free(all);
    unplug(&d);
}

TEST(plugged_in_late_pulled_out_and_plugged_in_again)
{
    char folder[] = "/tmp/lumad-widget-XXXXXX", path[64];
    struct device d;
    struct widgets *all;
    struct widget *w;
    struct output_stats st = { 0 };

    CHECK(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/usb", folder);
    CHECK_INT(widgets_new("/nowhere", &all), LM_OK);
    CHECK_INT(widget_open(all, path, &w), LM_OK);
    put(w, 5);
    SOON(trouble_is(w, "is not there; sending starts when it is plugged in"));

    CHECK(plug_in(&d, true));
    CHECK(!symlink(d.path, path));
    SOON(last(&d, 0) == 5);      /* put before it was there */
    SOON(trouble_is(w, NULL));

    unlink(path);
    unplug(&d);
    SOON(trouble_is(w, "is not there"));
    widget_stats(w, &st);
    CHECK(st.errors == 1 && !*st.name);
    int64_t start = clock_mono_ns();
    for (int i = 0; i < 100; i++)
        put(w, i);
    CHECK(ms_since(start) < 100);

    CHECK(plug_in(&d, true));
    CHECK(!symlink(d.path, path));
    SOON(last(&d, 0) == 99);     /* the newest, and without another put */
    CHECK_INT(frames(&d), 1);
    SOON(trouble_is(w, NULL));
    widget_close(w);
    widgets_free(all);
    unplug(&d);
    unlink(path), rmdir(folder);
}

TEST(a_device_that_takes_nothing_holds_nobody)
{
    struct device d;
    struct widgets *all;
    struct widget *w;
    struct output_stats st = { 0 };
    uint8_t junk[4096] = { 0 };

    CHECK(plug_in(&d, false));
    deafen(&d);
    int flags = fcntl(d.slave, F_GETFL);
    fcntl(d.slave, F_SETFL, flags | O_NONBLOCK);
    for (int idle = 0; idle < 20;) {                    /* the port's buffer is full */
        if (write(d.slave, junk, sizeof junk) > 0)
            idle = 0;
        else
            idle++, usleep(1000);
    }
    CHECK_INT(widgets_new("/nowhere", &all), LM_OK);
    CHECK_INT(widget_open(all, d.path, &w), LM_OK);
    usleep(20000);
    for (int idle = 0; idle < 20;) {                    /* opening it has emptied some of it */
        if (write(d.slave, junk, sizeof junk) > 0)
            idle = 0;
        else
            idle++, usleep(1000);
    }
    double worst = 0;
    for (int i = 0; i < 60; i++) {
        int64_t start = clock_mono_ns();
        put(w, i);
        worst = fmax(worst, ms_since(start));
        usleep(25000);
    }
    CHECK(worst < 10);                  /* a copy; the rest is the machine */
    SOON(trouble_is(w, "takes no data"));
    widget_stats(w, &st);
    CHECK_INT(st.errors, 1);
    int64_t start = clock_mono_ns();
    widget_close(w);
    CHECK(ms_since(start) < WIDGET_END_MS + 300);
    widgets_free(all);
    unplug(&d);
}

TEST(one_that_was_named_gets_its_universe_without_an_answer)
{
    struct device d;
    struct widgets *all;
    struct widget *w;

    CHECK(plug_in(&d, false));
    CHECK_INT(widgets_new("/nowhere", &all), LM_OK);
    CHECK_INT(widget_open(all, d.path, &w), LM_OK);
    put(w, 9);
    SOON(last(&d, 0) == 9);
    SOON(trouble_is(w, "does not answer"));
    widget_close(w);
    widgets_free(all);
    unplug(&d);
}

TEST(only_serial_ports_are_opened)
{
    static const char *const wrong[] = { "/dev/null", "/dev/tty", "/proc/self/exe", "/dev" };
    struct widgets *all;
    struct widget *w;

    CHECK_INT(widgets_new("/nowhere", &all), LM_OK);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK_INT(widget_open(all, wrong[i], &w), LM_OK);
        put(w, 1);
        SOON(trouble_is(w, "is no serial port"));
        widget_close(w);
    }
    widgets_free(all);
}

TEST(a_device_has_one_owner)
{
    struct device d;
    struct widgets *all;
    struct widget *a, *b;

    CHECK(plug_in(&d, true));
    CHECK_INT(widgets_new("/nowhere", &all), LM_OK);
    CHECK_INT(widget_open(all, d.path, &a), LM_OK);
    put(a, 1);
    SOON(last(&d, 0) == 1);
    CHECK_INT(widget_open(all, d.path, &b), LM_OK);
    put(b, 2);
    SOON(trouble_is(b, "is in use by another output"));
    CHECK_INT(last(&d, 0), 1);
    widget_close(a);
    SOON(last(&d, 0) == 2);
    widget_close(b);
    widgets_free(all);
    unplug(&d);
}

TEST(another_program_that_holds_it_is_said)
{
    struct device d;
    struct widgets *ours, *theirs;
    struct widget *a, *b;

    CHECK(plug_in(&d, true));
    CHECK_INT(widgets_new("/nowhere", &ours), LM_OK);
    CHECK_INT(widgets_new("/nowhere", &theirs), LM_OK);
    CHECK_INT(widget_open(theirs, d.path, &a), LM_OK);
    put(a, 1);
    SOON(last(&d, 0) == 1);
    CHECK_INT(widget_open(ours, d.path, &b), LM_OK);
    SOON(trouble_is(b, "is in use by another program"));
    widget_close(b), widget_close(a);
    widgets_free(ours), widgets_free(theirs);
    unplug(&d);
}

TEST(one_that_would_be_found_is_held_by_another_program)
{
    char folder[] = "/tmp/lumad-widget-XXXXXX", path[128];
    struct device d;
    struct widgets *ours, *theirs;
    struct widget *a, *b;

    CHECK(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/usb-ENTTEC_DMX_USB_PRO", folder);
    CHECK(plug_in(&d, true));
    CHECK(!symlink(d.path, path));
    CHECK_INT(widgets_new(folder, &ours), LM_OK);
    CHECK_INT(widgets_new("/nowhere", &theirs), LM_OK);
    CHECK_INT(widget_open(theirs, d.path, &a), LM_OK);
    put(a, 1);
    SOON(last(&d, 0) == 1);
    CHECK_INT(widget_open(ours, "", &b), LM_OK);
    put(b, 2);
    SOON(trouble_is(b, "may be the DMX USB Pro is in use by another program"));
    widget_close(a);
    SOON(last(&d, 0) == 2);
    SOON(trouble_is(b, NULL));
    widget_close(b);
    widgets_free(ours), widgets_free(theirs);
    unplug(&d);
    unlink(path);
    rmdir(folder);
}

TEST(the_first_that_answers_is_found)
{
    char folder[] = "/tmp/lumad-widget-XXXXXX", path[4][128];
    static const char *const names[] = { "usb-Acme_GPS", "usb-FTDI_dumb", "usb-FTDI_taken", "usb-ENTTEC_DMX_USB_PRO" };
    struct device d[4];
    struct widgets *all;
    struct widget *w, *named;

    CHECK(mkdtemp(folder));
    CHECK_INT(widgets_new(folder, &all), LM_OK);
    CHECK_INT(widget_open(all, "", &w), LM_OK);
    put(w, 42);
    SOON(trouble_is(w, "no DMX USB Pro is plugged in"));
    for (int i = 0; i < 4; i++) {
        snprintf(path[i], sizeof path[i], "%s/%s", folder, names[i]);
        CHECK(plug_in(&d[i], i >= 2));
    }
    CHECK_INT(widget_open(all, path[2], &named), LM_OK);
    for (int i = 0; i < 4; i++)
        CHECK(!symlink(d[i].path, path[i]));
    SOON(last(&d[3], 0) == 42);
    SOON(trouble_is(w, NULL));
    CHECK_INT(frames(&d[0]) + frames(&d[1]) + frames(&d[2]), 0);
    put(named, 7);
    SOON(last(&d[2], 0) == 7);

    struct widget *late;                                /* somebody names the one that was found: it is given up */
    CHECK_INT(widget_open(all, path[3], &late), LM_OK);
    put(late, 8);
    SOON(last(&d[3], 0) == 8);
    SOON(trouble_is(w, "no DMX USB Pro is plugged in"));
    widget_close(late), widget_close(named), widget_close(w);
    widgets_free(all);
    for (int i = 0; i < 4; i++) {
        unplug(&d[i]);
        unlink(path[i]);
    }
    rmdir(folder);
}
