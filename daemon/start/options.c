/* The command line, and the configuration it names. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "dmx/interfaces.h"
#include "start/start.h"

struct arguments { const char *config, *data, *http; };

static bool value_of(int argc, char **argv, int *i, const char *flag, const char **value)
{
    size_t n = strlen(flag);

    if (strncmp(argv[*i], flag, n))
        return false;
    if (argv[*i][n] == '=')
        *value = argv[*i] + n + 1;
    else if (!argv[*i][n] && *i + 1 < argc)
        *value = argv[++*i];
    else
        return false;
    return true;
}

static bool read_fd(const char *text, int *fd)
{
    char *end;
    long n = strtol(text, &end, 10);

    if (*end || n < 0 || fcntl((int)n, F_GETFD) < 0) {
        fprintf(stderr, "lumad: --ready-fd %s is no open file descriptor\n", text);
        return false;
    }
    *fd = (int)n;
    return true;
}

static const struct mode *read_arguments(int argc, char **argv, struct daemon *d, struct arguments *a)
{
    const char *fd = NULL;
    const struct mode *mode = mode_find("--serve"), *found;
    struct { const char *flag; const char **value; } options[] = {
        { "--config", &a->config }, { "--data", &a->data }, { "--http", &a->http }, { "--ready-fd", &fd },
        { "--user", &d->user },
    };

    for (int i = 1; i < argc; i++) {
        bool known = false;
        for (size_t k = 0; k < sizeof(options) / sizeof(options[0]) && !known; k++)
            known = value_of(argc, argv, &i, options[k].flag, options[k].value);
        if (!known && !strcmp(argv[i], "--demo"))
            known = d->demo = true;
        if (!known && (found = mode_find(argv[i])))
            mode = found, known = true;
        if (!known) {
            fprintf(stderr, "lumad: unknown option %s (see --help)\n", argv[i]);
            return NULL;
        }
    }
    return fd && !read_fd(fd, &d->ready_fd) ? NULL : mode;
}

static enum lm_err configure(struct daemon *d, const struct arguments *a)
{
    static const char *const standard = "/etc/lumad/lumad.conf";
    static const char *const levels[] = { "error", "warn", "info", "debug" };
    enum lm_err err = config_init(&d->config);

    if (!err && (a->config || path_exists(standard)))
        err = config_read(&d->config, a->config ? a->config : standard, &d->why);
    if (!err && a->http)
        err = config_set(&d->config, "server", "http", a->http, &d->why);
    if (!err && a->data)
        err = config_set(&d->config, "files", "data", a->data, &d->why);
    if (err)
        return err;
    /* The demo must never mix with the house's own shows. */
    int n = snprintf(d->data, sizeof(d->data), "%s%s", d->config.data, d->demo && !a->data ? "-demo" : "");
    for (size_t i = 0; i < 4; i++)
        if (!strcmp(levels[i], d->config.log_level))
            log_set_level((enum log_level)i);
    /* The demo is for a look at it: nobody's network hears of it unless that is asked for. */
    interfaces_limit(d->demo && !*d->config.interfaces ? "lo" : d->config.interfaces);
    return n < (int)sizeof(d->data) ? LM_OK : LM_INVALID;
}

const struct mode *options_read(struct daemon *d, int argc, char **argv)
{
    struct arguments a = { 0 };
    const struct mode *mode = read_arguments(argc, argv, d, &a);

    if (!mode || !configure(d, &a))
        return mode;
    fprintf(stderr, "lumad: %s\n", d->why.detail[0] ? d->why.detail : "the configuration cannot be read");
    for (size_t i = 0; i < d->why.n; i++)
        fprintf(stderr, "lumad: %s: %s\n", d->why.errors[i].path, d->why.errors[i].message);
    return NULL;
}
