#pragma once
/*
 * USB interfaces that speak the protocol of the DMX USB Pro ("widgets"), each with a thread of its own, so that a device that hangs hangs nothing else.
 *
 * A widget is bound late: it may be plugged in, pulled out and plugged in again at any time and is looked for each second. It gets the newest universe, no
 * more often than DMX512 can carry 512 slots (each 22.7 ms; after a late one the next may be early by half of that), and never a second one before the first has
 * left the port's buffer, so what it shows is not old.
 * It is asked who it is (enttec.h, labels 3 and 10). One that was named gets its universe whether it answers or not; one that is to be found must answer.
 *
 * A device is a serial port: what is none is looked at and never opened, whatever was named. No two widgets have the same one.
 *
 * THREADS  widget_put(): the engine, real-time safe (a copy and sem_post). It is one writer: another thread may call it once the engine is done with the widget.
 *          All others: any non-real-time thread.
 * MEMORY   All widgets must be closed before widgets_free().
 */
#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "dmx/output.h"
#include "dmx/universe.h"

struct widgets;                         /* all of this daemon: which device is whose */
struct widget;

/* `by_id`: the folder with a name for each serial device, /dev/serial/by-id but in tests. */
enum lm_err widgets_new(const char *by_id, struct widgets **result);
void widgets_free(struct widgets *all); /* NULL is fine */

/* `device` "": the first that answers and is named by no other widget. */
enum lm_err widget_open(struct widgets *all, const char *device, struct widget **result);
/* What was put last is still written, for at most WIDGET_END_MS; then the port is closed. NULL is fine. */
enum { WIDGET_END_MS = 250, WIDGET_NAME = 96 };
void widget_close(struct widget *w);

void widget_put(struct widget *w, const uint8_t slots[DMX_SLOTS]);

/* A sentence about what is wrong now; false: nothing. */
bool widget_trouble(struct widget *w, char *text, size_t size);
/* packets: whole frames given to the device; fps, errors, name ("DMX USB Pro 12345678, firmware 1.44, /dev/ttyUSB0"; "" = none there). Not the id. */
void widget_stats(struct widget *w, struct output_stats *s);
