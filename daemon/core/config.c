#include "core/config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ini.h>
#include <limits.h>
#include <pwd.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/networks.h"
#include "core/path.h"
#include "core/str.h"

enum { CONFIG_MAX_BYTES = 1 << 20 };

enum kind { KIND_TEXT, KIND_FOLDER, KIND_FOLDERS, KIND_ADDRESS, KIND_NETWORKS, KIND_CHOICE, KIND_BOOL, KIND_INT };

struct key {
    const char *section, *name;
    enum kind kind;
    size_t offset;
    const char *def;            /* as it would stand in the file */
    int min, max;               /* KIND_INT */
    const char *choices;        /* KIND_CHOICE: "a b c" */
    const char *help;           /* sentences; every '\n' starts a new comment line */
};

#define AT(field) offsetof(struct config, field)
#define DATA_DEFAULT "~/.local/share/lumad"

/* Rows of a section stand together. */
static const struct key keys[] = {
    { "server", "http", KIND_ADDRESS, AT(http), .def = "127.0.0.1:8080",
      .help = "Address and port of the web interface, the REST API and the WebSocket.\n"
              "127.0.0.1 is this machine alone; 0.0.0.0:8080 or [::]:8080 (IPv6 too) is every network it is on. Port 0 takes any free one.\n"
              "Other machines can do nothing until a password is set, and then whoever signed in. lumad speaks no TLS: keep it in a network you trust,\n"
              "or put a proxy with TLS in front." },
    { "server", "web", KIND_FOLDER, AT(web), .def = "",
      .help = "Folder of the built web interface. Empty: the one that was installed with the program." },
    { "server", "allowed_hosts", KIND_TEXT, AT(allowed_hosts), .def = "",
      .help = "Further names under which browsers may reach lumad, separated by commas.\n"
              "IP addresses, localhost, this machine's name and its .local name are always allowed." },
    { "server", "trusted_proxies", KIND_NETWORKS, AT(trusted_proxies), .def = "",
      .help = "Addresses or networks (10.1.0.0/16) of proxies in front of lumad, separated by commas. Of what they send X-Forwarded-For is believed: so that\n"
              "wrong passwords are counted, and changes noted, for whoever sits behind the proxy and not for the proxy. It gives nobody a right.\n"
              "Only proxies that add to this header, or set it, may stand here." },
    { "files", "data", KIND_FOLDER, AT(data), .def = DATA_DEFAULT,
      .help = "Where everything is kept: databases, tracks, art, stems, cache.\n"
              "Without this line $XDG_DATA_HOME/lumad is used if XDG_DATA_HOME is set." },
    { "files", "fixtures", KIND_FOLDERS, AT(fixtures), .def = "/usr/share/qlcplus/fixtures",
      .help = "Folders with fixture definitions (QLC+ .qxf), separated by ':'.\n"
              "The folder \"fixtures\" of the data directory is always read last and wins.\nAll of them are watched: files may come, go and change while lumad runs." },
    { "files", "plugin_dir", KIND_FOLDER, AT(plugin_dir), .def = "",
      .help = "Folder with plug-ins: nodes for patterns, as shared objects (.so). Empty: none are loaded. It is watched: they may come, go and change\n"
              "while lumad runs. Only files of root or of lumad's own user that nobody else may write to are taken." },
    { "files", "cache_max_mb", KIND_INT, AT(cache_max_mb), .def = "4096", .min = 64, .max = 1048576,
      .help = "Decoded audio kept on disk, in MiB. The track that was not used for the longest time goes first." },
    { "library", "import_folders", KIND_FOLDERS, AT(import_folders), .def = "~/:/media:/run/media:/mnt:/srv",
      .help = "Folders of this machine that tracks, playlists and libraries of DJ programs may be imported from, separated by ':'.\n"
              "Nothing outside of them is read or shown, wherever a symbolic link leads. They are only read." },
    { "dmx", "interfaces", KIND_TEXT, AT(interfaces), .def = "",
      .help = "Network interfaces for lighting, separated by commas: what is broadcast, multicast or looked for (Art-Net nodes, sACN universes)\n"
              "stays on them. An output whose destination is an address goes where the system's routes lead. Empty: all interfaces." },
    { "audio", "device", KIND_TEXT, AT(audio), .def = "auto",
      .help = "Sound output: auto (a JACK server that runs, else the system's default device, or the clock if there is none), clock (no sound, the\n"
              "machine's clock drives the show), or a device's name or a part of it, with its host API in front where that matters: JACK:system.\n"
              "What was chosen in Settings, Sound counts instead, until that choice is taken back. `audio_worker --list` prints the devices." },
    { "engine", "real_time", KIND_BOOL, AT(real_time), .def = "yes",
      .help = "Ask for real-time scheduling and locked memory. Without the permission lumad says so once and goes on." },
    { "engine", "rt_priority", KIND_INT, AT(rt_priority), .def = "60", .min = 1, .max = 90,
      .help = "SCHED_FIFO priority of the thread that computes and sends DMX." },
    { "engine", "compile_threads", KIND_INT, AT(compile_threads), .def = "0", .min = 0, .max = 64,
      .help = "Threads that run pattern graphs. 0: one per processor core." },
    { "engine", "plugin_call_ms", KIND_INT, AT(plugin_call_ms), .def = "500", .min = 10, .max = 10000,
      .help = "Computing time a plug-in may take for one piece of a pattern (4.3 s of light), in ms. One that takes longer is ended and its light stays dark." },
    { "jobs", "priority", KIND_CHOICE, AT(job_priority), .def = "idle", .choices = "idle batch low",
      .help = "What analysis programs get of the processors. idle: what nothing else wants. batch: a little also when the machine is always busy (nice 19).\n"
              "low: more of it (nice 10), and then frames may come late." },
    { "log", "level", KIND_CHOICE, AT(log_level), .def = "info", .choices = "error warn info debug",
      .help = "How much is logged." },
};

enum { KEYS = sizeof(keys) / sizeof(keys[0]) };

static const struct {
    const char *word;
    bool value;
} bools[] = {
    { "yes", true }, { "true", true }, { "on", true }, { "1", true },
    { "no", false }, { "false", false }, { "off", false }, { "0", false },
};

static char **text_at(struct config *c, const struct key *k)
{
    return (char **)(void *)((char *)c + k->offset);
}

static bool is_text(const struct key *k)
{
    return k->kind != KIND_BOOL && k->kind != KIND_INT;
}

static const char *home(void)
{
    const char *dir = getenv("HOME");
    const struct passwd *who;

    if (dir && *dir == '/')
        return dir;
    who = getpwuid(getuid());
    return who && who->pw_dir && *who->pw_dir == '/' ? who->pw_dir : "/var/lib";
}

/* "~/a:~/b" -> "/home/me/a:/home/me/b"; only a list is taken apart at ':'. */
static char *expand(const struct key *k, const char *value)
{
    struct str s = { 0 };
    bool at_start = k->kind == KIND_FOLDER || k->kind == KIND_FOLDERS;

    for (; *value; value++) {
        if (at_start && value[0] == '~' && (value[1] == '/' || !value[1]))
            str_add(&s, home());
        else
            str_add_mem(&s, value, 1);
        at_start = k->kind == KIND_FOLDERS && *value == ':';
    }
    return str_take(&s);
}

/* IPv4:PORT, [IPv6]:PORT or localhost:PORT. */
static bool is_address(const char *value)
{
    char host[64];
    unsigned char address[16];
    const char *colon = strrchr(value, ':');

    if (!colon || (size_t)(colon - value) >= sizeof(host))
        return false;
    size_t digits = strspn(colon + 1, "0123456789");
    if (!digits || digits > 5 || colon[1 + digits] || atoi(colon + 1) > 65535)
        return false;
    memcpy(host, value, (size_t)(colon - value));
    host[colon - value] = '\0';
    size_t n = strlen(host);
    if (host[0] == '[' && host[n - 1] == ']') {
        host[n - 1] = '\0';
        return inet_pton(AF_INET6, host + 1, address) == 1;
    }
    return !strcmp(host, "localhost") || inet_pton(AF_INET, host, address) == 1;
}

static bool is_choice(const char *choices, const char *value)
{
    size_t n = strlen(value);

    for (const char *at = choices; n && (at = strstr(at, value)); at += n)
        if ((at == choices || at[-1] == ' ') && (at[n] == ' ' || !at[n]))
            return true;
    return false;
}

static enum lm_err set_bool(const struct key *k, bool *field, const char *value, struct problem *p)
{
    for (size_t i = 0; i < sizeof(bools) / sizeof(bools[0]); i++)
        if (!strcmp(bools[i].word, value)) {
            *field = bools[i].value;
            return LM_OK;
        }
    return problem_set(p, LM_INVALID, "%s must be yes or no, not \"%s\"", k->name, value);
}

static enum lm_err set_int(const struct key *k, int *field, const char *value, struct problem *p)
{
    char *end;

    errno = 0;
    long v = strtol(value, &end, 10);
    if (!*value || *end || errno || v < k->min || v > k->max)
        return problem_set(p, LM_INVALID, "%s must be a whole number from %d to %d, not \"%s\"", k->name, k->min, k->max,
                           value);
    *field = (int)v;
    return LM_OK;
}

static enum lm_err set_text(const struct key *k, char **field, const char *value, struct problem *p)
{
    if (!utf8_valid(value, strlen(value)))
        return problem_set(p, LM_INVALID, "%s is not UTF-8", k->name);
    if (k->kind == KIND_ADDRESS && !is_address(value))
        return problem_set(p, LM_INVALID, "%s must be an address and a port like %s or [::]:8080, not \"%s\"", k->name, k->def,
                           value);
    if (k->kind == KIND_NETWORKS && !networks_parse(value, &(struct networks){ .n = 0 }))
        return problem_set(p, LM_INVALID, "%s must be at most %d addresses or networks like 127.0.0.1, 10.1.0.0/16 or fd00::/8, not \"%s\"", k->name, NETWORKS_MAX, value);
    if (k->kind == KIND_CHOICE && !is_choice(k->choices, value))
        return problem_set(p, LM_INVALID, "%s must be one of: %s; not \"%s\"", k->name, k->choices, value);
    if (!*value && *k->def)
        return problem_set(p, LM_INVALID, "%s must not be empty", k->name);

    char *copy = expand(k, value);
    if (!copy)
        return problem_set(p, LM_NOMEM, "no memory for %s", k->name);
    free(*field);
    *field = copy;
    return LM_OK;
}

static enum lm_err set(struct config *c, const struct key *k, const char *value, struct problem *p)
{
    void *field = (char *)c + k->offset;

    switch (k->kind) {
    case KIND_BOOL:
        return set_bool(k, field, value, p);
    case KIND_INT:
        return set_int(k, field, value, p);
    default:
        return set_text(k, text_at(c, k), value, p);
    }
}

/* NULL: unknown, and `p` says so. */
static const struct key *find(const char *section, const char *name, struct problem *p)
{
    const char *near = NULL;
    int best = 3;
    bool section_known = false;

    for (const struct key *k = keys; k < keys + KEYS; k++) {
        if (strcmp(k->section, section))
            continue;
        section_known = true;
        int d = str_distance(k->name, name, best);
        if (!strcmp(k->name, name))
            return k;
        if (d < best)
            best = d, near = k->name;
    }
    if (!section_known && !*section)
        problem_set(p, LM_INVALID, "%s stands before the first [section]", name);
    else if (!section_known)
        problem_set(p, LM_INVALID, "there is no section [%s]", section);
    else
        problem_set(p, LM_INVALID, "there is no key %s in [%s]%s%s%s", name, section, near ? ", did you mean " : "",
                    near ? near : "", near ? "?" : "");
    return NULL;
}

enum lm_err config_set(struct config *c, const char *section, const char *key, const char *value, struct problem *p)
{
    const struct key *k = find(section, key, p);

    return k ? set(c, k, value, p) : LM_INVALID;
}

enum lm_err config_init(struct config *c)
{
    const char *xdg = getenv("XDG_DATA_HOME");
    enum lm_err err = LM_OK;

    *c = (struct config){ 0 };
    for (const struct key *k = keys; !err && k < keys + KEYS; k++)
        err = set(c, k, k->def, NULL);
    if (!err && xdg && *xdg == '/') {           /* the XDG specification: a relative one is to be ignored */
        struct str s = { 0 };
        str_addf(&s, "%s/lumad", xdg);
        free(c->data);
        c->data = str_take(&s);
        err = c->data ? LM_OK : LM_NOMEM;
    }
    if (err)
        config_clear(c);
    return err;
}

void config_clear(struct config *c)
{
    for (const struct key *k = keys; k < keys + KEYS; k++)
        if (is_text(k))
            free(*text_at(c, k));
    *c = (struct config){ 0 };
}

/* What one reading of a file needs: libinih does not tell its handler the line, so our reader counts them. */
struct reading {
    struct config *c;
    const char *text;
    int line;
    bool seen[KEYS];
    enum lm_err err;
    int err_line;
    struct problem problem;
};

static void fail(struct reading *r, enum lm_err err)
{
    r->err = err;
    r->err_line = r->line;
}

/* fgets() from memory. A line longer than the parser's buffer would be cut in two without a word. */
static char *next_line(char *line, int size, void *stream)
{
    struct reading *r = stream;
    size_t n = strcspn(r->text, "\n"), has_end = r->text[n] == '\n';

    if (!*r->text || r->err)
        return NULL;
    r->line++;
    if (n + 1 >= (size_t)size) {
        fail(r, problem_set(&r->problem, LM_INVALID, "the line is longer than %d characters", size - 2));
        return NULL;
    }
    memcpy(line, r->text, n + has_end);
    line[n + has_end] = '\0';
    r->text += n + has_end;
    return line;
}

static int take_line(void *user, const char *section, const char *name, const char *value)
{
    struct reading *r = user;
    const struct key *k = find(section, name, &r->problem);

    if (r->err)
        return 0;
    if (!k) {
        fail(r, LM_INVALID);
    } else if (r->seen[k - keys]) {     /* also what libinih makes of an indented line: more of the one above */
        fail(r, problem_set(&r->problem, LM_INVALID, "%s is given twice, or the line after it is indented", name));
    } else {
        r->seen[k - keys] = true;
        enum lm_err err = set(r->c, k, value, &r->problem);
        if (err)
            fail(r, err);
    }
    return !r->err;
}

enum lm_err config_read(struct config *c, const char *path, struct problem *p)
{
    struct reading r = { .c = c };
    char *text = NULL;
    size_t n;
    enum lm_err err = path_read(path, CONFIG_MAX_BYTES, &text, &n);

    if (err)
        return problem_set(p, err, "%s: %s", path, lm_err_text(err));
    if (strlen(text) != n) {
        err = problem_set(p, LM_INVALID, "%s: not a text file", path);
        goto out;
    }
    r.text = text;
    int line = ini_parse_stream(next_line, &r, take_line, &r);
    if (r.err)
        err = problem_set(p, r.err, "%s:%d: %s", path, r.err_line, r.problem.detail);
    else if (line)
        err = problem_set(p, LM_INVALID, "%s:%d: neither \"key = value\" nor [section] nor a comment", path, line);
out:
    free(text);
    return err;
}

void config_print(FILE *f)
{
    const char *section = "";

    fputs("# lumad reads this file at start. Every key stands here with its default, commented out.\n"
          "# What is set while lumad runs is in its web interface, under Settings.\n", f);
    for (const struct key *k = keys; k < keys + KEYS; k++) {
        if (strcmp(section, k->section))
            fprintf(f, "\n[%s]\n", k->section);
        else
            fputs("\n", f);
        section = k->section;
        fputs("# ", f);
        for (const char *s = k->help; *s; s++) {
            fputc(*s, f);
            if (*s == '\n')
                fputs("# ", f);
        }
        if (k->kind == KIND_INT)
            fprintf(f, " (%d to %d)", k->min, k->max);
        if (k->kind == KIND_CHOICE)
            fprintf(f, " (%s)", k->choices);
        fprintf(f, "\n#%s =%s%s\n", k->name, *k->def ? " " : "", k->def);
    }
}

static void print_cell(FILE *f, const char *text)
{
    for (; *text; text++) {
        if (*text == '|')
            fputc('\\', f);
        fputc(*text == '\n' ? ' ' : *text, f);
    }
}

void config_print_md(FILE *f)
{
    static const char *const kinds[] = {
        [KIND_TEXT] = "text", [KIND_FOLDER] = "folder", [KIND_FOLDERS] = "folders", [KIND_ADDRESS] = "ADDR:PORT",
        [KIND_NETWORKS] = "addresses", [KIND_CHOICE] = "one of", [KIND_BOOL] = "yes or no", [KIND_INT] = "number",
    };
    const char *section = "";

    fputs("# Configuration\n\n"
          "`lumad.conf` holds what must be known before lumad starts; `lumad --print-config` prints it with every key. "
          "The command line wins over the file. What is set while lumad runs is in the settings.\n", f);
    for (const struct key *k = keys; k < keys + KEYS; k++) {
        if (strcmp(section, k->section))
            fprintf(f, "\n## [%s]\n\n| key | value | default | |\n|---|---|---|---|\n", k->section);
        section = k->section;
        fprintf(f, "| `%s` | %s", k->name, kinds[k->kind]);
        if (k->kind == KIND_INT)
            fprintf(f, ", %d to %d", k->min, k->max);
        if (k->kind == KIND_CHOICE)
            fprintf(f, ": %s", k->choices);
        fprintf(f, " | %s%s%s | ", *k->def ? "`" : "", *k->def ? k->def : "empty", *k->def ? "`" : "");
        print_cell(f, k->help);
        fputs(" |\n", f);
    }
}
