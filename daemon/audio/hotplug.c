#include "audio/hotplug.h"

#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

static void watch_sound(struct hotplug *h)
{
    if (h->sound < 0)                   /* IN_ATTRIB: udev opens a device to its group after it has made it */
        h->sound = inotify_add_watch(h->fd, "/dev/snd", IN_CREATE | IN_DELETE | IN_ATTRIB | IN_ONLYDIR);
}

void hotplug_open(struct hotplug *h)
{
    h->sound = -1;
    h->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (h->fd < 0)
        return;
    inotify_add_watch(h->fd, "/dev", IN_CREATE | IN_ONLYDIR);
    watch_sound(h);
}

void hotplug_close(struct hotplug *h)
{
    if (h->fd >= 0)
        close(h->fd);
    h->fd = -1;
}

bool hotplug_read(struct hotplug *h)
{
    _Alignas(struct inotify_event) char room[4096];
    bool has_news = false;
    ssize_t n;

    while (h->fd >= 0 && (n = read(h->fd, room, sizeof(room))) > 0)
        for (char *at = room; at < room + n;) {
            const struct inotify_event *e = (const struct inotify_event *)(const void *)at;
            bool is_sound = e->wd == h->sound && h->sound >= 0;
            if (is_sound && e->mask & IN_IGNORED)
                h->sound = -1;          /* the folder went with the last card */
            has_news |= is_sound || e->mask & IN_Q_OVERFLOW || (e->len && !strcmp(e->name, "snd"));
            at += sizeof(*e) + e->len;
        }
    if (has_news)
        watch_sound(h);
    return has_news;
}
