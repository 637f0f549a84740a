#pragma once
/*
 * The fixture library: finds .qxf files in the folders given (the distribution's, then the user's: a later folder wins for the same
 * relative path), keeps an index for searching, parses a definition when it is needed and keeps it.
 *
 * The index is built in a background thread started by library_new() and saved in `cache_file`, so that a start costs no scan;
 * library_search() waits for it when it is not there yet, library_definition() never needs it (one file is read).
 *
 * The built-in Generic Dimmer is found by searches too. `type` of an entry and of a query is a name of fixture_type_name() (a query may also give
 * the file's own, "Color Changer"). limit 0 = all.
 *
 * Folders are watched: files that come, go or are written are noticed a moment later, without library_reload() and while searches go on with what was there.
 * A definition that somebody uses stays in use when its file breaks or goes away, until lumad ends; library_definition() then gives the old one.
 *
 * THREADS  Any but real-time ones.
 */
#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"
#include "fixtures/definition.h"

struct library;
struct library_entry { const char *path, *manufacturer, *model, *type; struct { const char *name; int channels, heads; } *modes; size_t n_modes; };
struct library_query { const char *q, *manufacturer, *type; size_t offset, limit; };

enum lm_err library_new(const char *const *folders, const char *cache_file, struct library **result);
void library_free(struct library *l);
/* path: relative, e.g. "Martin/Martin-MAC-Aura.qxf", or "builtin:generic-dimmer". No "..", no absolute path: LM_INVALID. Caller unrefs. */
enum lm_err library_definition(struct library *l, const char *path, const struct definition **d, struct problem *p);
/* The text of a definition that is in the user's own folder (the last); LM_NOT_FOUND: it comes with the distribution, is built in or is not there. Caller frees. */
enum lm_err library_own_text(struct library *l, const char *path, char **text, size_t *n);
/*
 * Puts a definition from elsewhere into the user's own folder; what is there is never written over. used: the path that has it from now on, another one
 * where a different file has that name; is_new: it was not there. LM_INVALID: no definition, or no path of one.
 */
enum { LIBRARY_PATH = 256 };
enum lm_err library_add(struct library *l, const char *path, const char *text, size_t n, char used[LIBRARY_PATH], bool *is_new, struct problem *p);
void library_take_back(struct library *l, const char *path);    /* a new one, for which there is no use after all */
/* The entries that match, exact model first, then manufacturer/model order; valid until library_results_free(). */
enum lm_err library_search(struct library *l, const struct library_query *q, struct library_entry **entries, size_t *n, size_t *total);
void library_results_free(struct library_entry *e, size_t n);
/* Reads the folders again in the background; searches wait for it. Definitions handed out stay as they are. */
enum lm_err library_reload(struct library *l);
/* `changed` is called, on a thread of the library, after the first scan and whenever a later one found other files: once more at once when the first is over.
 * It may ask the library but not listen. NULL: no more calls, when this has returned. */
void library_listen(struct library *l, void (*changed)(void *), void *ctx);
/* Sentences about files that are no definitions, with the line, and about those that are gone while in use. Returns how many. */
enum { LIBRARY_PROBLEM = 320 };
size_t library_problems(struct library *l, char (*text)[LIBRARY_PROBLEM], size_t max);
