/* What the program does instead of serving. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "audio/chain.h"
#include "core/version.h"
#include "db/table.h"
#include "graph/graph.h"
#include "net/auth.h"
#include "start/start.h"

static int check_config(struct daemon *d)
{
    (void)d;
    puts("the configuration is valid");
    return EXIT_SUCCESS;
}

static int print_config(struct daemon *d)    { (void)d; config_print(stdout); return EXIT_SUCCESS; }
static int print_config_md(struct daemon *d) { (void)d; config_print_md(stdout); return EXIT_SUCCESS; }
static int print_nodes_md(struct daemon *d)  { (void)d; graph_print_nodes_md(); return EXIT_SUCCESS; }
static int print_routes_md(struct daemon *d) { (void)d; api_print_routes_md(); return EXIT_SUCCESS; }
static int print_openapi(struct daemon *d)   { (void)d; api_print_openapi(); return EXIT_SUCCESS; }
static int print_schema(struct daemon *d)    { (void)d; table_print_md(stdout); return EXIT_SUCCESS; }
static int print_effects(struct daemon *d)   { (void)d; effects_print_md(stdout); return EXIT_SUCCESS; }
static int print_version(struct daemon *d)   { (void)d; puts("lumad " LUMAD_VERSION); return EXIT_SUCCESS; }

static int print_nodes_json(struct daemon *d)
{
    json_t *nodes = graph_node_types();

    (void)d;
    json_dumpf(nodes, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
    putchar('\n');
    json_decref(nodes);
    return EXIT_SUCCESS;
}

static int say_why(const struct daemon *d, enum lm_err err)
{
    fprintf(stderr, "lumad: %s\n", d->why.detail[0] ? d->why.detail : lm_err_text(err));
    return EXIT_FAILURE;
}

static int migrate(struct daemon *d)
{
    enum lm_err err = part_data.start(d);

    if (err)
        return say_why(d, err);
    if (!(err = part_database.start(d))) {
        printf("the database is at version %lld\n", (long long)db_schema_version(d->l.db));
        part_database.stop(d);
    }
    part_data.stop(d);
    return err ? say_why(d, err) : EXIT_SUCCESS;
}

/* Beside a lumad that may run: only state.db is opened, and nothing is locked. */
static int reset_password(struct daemon *d)
{
    char state[PATH_SIZE], migrations[PATH_SIZE];
    enum lm_err err = path_join(state, d->data, "state.db");

    if (!err)
        err = path_share("migrations", migrations, &d->why);
    if (!err)
        err = auth_reset_password(state, migrations, d->user, &d->why);
    return err ? say_why(d, err) : EXIT_SUCCESS;
}

static int help(struct daemon *d)
{
    (void)d;
    modes_print_help();
    return EXIT_SUCCESS;
}

static const struct mode modes[] = {
    { "--serve",                "play and serve (the default)",                        NULL },
    { "--check-config",         "read the configuration and say what is wrong with it", check_config },
    { "--print-config",         "the commented configuration file",                    print_config },
    { "--print-config=md",      "the same as a reference page",                        print_config_md },
    { "--print-nodes=json",     "the catalogue of node types",                         print_nodes_json },
    { "--print-nodes=md",       "the same as a reference page",                        print_nodes_md },
    { "--print-routes=md",      "the REST routes as a reference page",                 print_routes_md },
    { "--print-routes=openapi", "the REST routes as OpenAPI 3.1",                      print_openapi },
    { "--print-schema=md",      "the tables of the database as a reference page",      print_schema },
    { "--print-effects=md",     "the effects of audio outputs as a reference page",    print_effects },
    { "--migrate",              "bring the database up to date and stop",              migrate },
    { "--reset-password",       "a new password for who forgot theirs; also while lumad runs", reset_password },
    { "--version",              "print the version",                                   print_version },
    { "--help",                 "this",                                                help },
};
enum { MODES = sizeof(modes) / sizeof(modes[0]) };

const struct mode *mode_find(const char *flag)
{
    for (size_t i = 0; i < MODES; i++)
        if (!strcmp(flag, modes[i].flag))
            return &modes[i];
    return NULL;
}

void modes_print_help(void)
{
    puts("lumad [options] [mode]\n\n"
         "  --config FILE      configuration (default /etc/lumad/lumad.conf when it is there)\n"
         "  --data DIR         data directory\n"
         "  --http ADDR:PORT   where to listen; port 0 = any\n"
         "  --demo             the demo show, in a data directory of its own unless --data is given\n"
         "  --ready-fd N       writes {\"http\":PORT} there once it serves\n"
         "  --user NAME        whose password --reset-password sets (default: the first admin's)\n");
    for (size_t i = 0; i < MODES; i++)
        printf("  %-22s %s\n", modes[i].flag, modes[i].help);
}
