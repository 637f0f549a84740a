#pragma once
/* Notices that something changed in folders, and can be woken while it waits. One thread waits; any may wake. */
#include <stdbool.h>

struct watch;

struct watch *watch_new(void);          /* NULL: no memory or no file descriptor. Without inotify it never notices anything, and says so in the log */
void watch_free(struct watch *w);       /* NULL is fine */
void watch_folder(struct watch *w, const char *path);   /* its own entries, not those below; again is fine */
/* Until watch_wake() (false), or until definitions or folders came, went or were written and it has then been quiet for a moment (true). */
bool watch_wait(struct watch *w);
void watch_wake(struct watch *w);
