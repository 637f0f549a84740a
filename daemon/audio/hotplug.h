#pragma once
/*
 * Notices that sound devices come and go: inotify on /dev/snd, which itself comes with the first of them.
 *
 * THREADS  One.
 */
#include <stdbool.h>

struct hotplug { int fd, sound; };      /* fd: readable when something happened; -1: there is no inotify */

void hotplug_open(struct hotplug *h);
void hotplug_close(struct hotplug *h);
bool hotplug_read(struct hotplug *h);   /* was there news of sound? */
