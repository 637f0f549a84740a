#include "../../tap.h"

#include <stdlib.h>
#include <unistd.h>

#include "core/config.h"
#include "core/path.h"

static struct config c;
static struct problem p;

/* Reads `text` as a file into fresh defaults. */
static enum lm_err read_text(const char *text)
{
    char name[] = "/tmp/lumad-conf-XXXXXX";
    int fd = mkstemp(name);

    config_clear(&c);
    problem_clear(&p);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || config_init(&c))
        return LM_INTERNAL;
    close(fd);
    enum lm_err err = config_read(&c, name, &p);
    unlink(name);
    return err;
}

/* The program ends without what was read last. */
static __attribute__((destructor)) void clear(void)
{
    config_clear(&c);
}

static char *printed(void (*print)(FILE *))
{
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);

    print(f);
    fclose(f);
    return text;
}

TEST(the_defaults)
{
    setenv("HOME", "/home/me", 1);
    unsetenv("XDG_DATA_HOME");
    CHECK_INT(config_init(&c), LM_OK);
    CHECK_STR(c.http, "127.0.0.1:8080");
    CHECK_STR(c.data, "/home/me/.local/share/lumad");
    CHECK_STR(c.web, "");
    CHECK_STR(c.fixtures, "/usr/share/qlcplus/fixtures");
    CHECK_STR(c.allowed_hosts, "");
    CHECK_STR(c.log_level, "info");
    CHECK_STR(c.audio, "auto");
    CHECK_STR(c.plugin_dir, "");
    CHECK_STR(c.import_folders, "/home/me/:/media:/run/media:/mnt:/srv");
    CHECK(c.real_time);
    CHECK_INT(c.rt_priority, 60);
    CHECK_INT(c.compile_threads, 0);
    CHECK(c.cache_max_mb > 0);
}

TEST(the_data_directory_follows_xdg_when_absolute)
{
    config_clear(&c);
    setenv("XDG_DATA_HOME", "/srv/xdg", 1);
    CHECK_INT(config_init(&c), LM_OK);
    CHECK_STR(c.data, "/srv/xdg/lumad");
    config_clear(&c);
    setenv("XDG_DATA_HOME", "relative", 1);
    CHECK_INT(config_init(&c), LM_OK);
    CHECK_STR(c.data, "/home/me/.local/share/lumad");
    unsetenv("XDG_DATA_HOME");
}

TEST(without_a_home_the_account_says_where_it_is)
{
    config_clear(&c);
    unsetenv("HOME");
    enum lm_err err = config_init(&c);
    setenv("HOME", "/home/me", 1);
    CHECK_INT(err, LM_OK);
    CHECK(c.data[0] == '/' && strstr(c.data, "/.local/share/lumad"));
}

TEST(a_file_sets_what_it_names)
{
    CHECK_INT(read_text("; comment\n# comment\n[server]\nhttp = [::]:9000\nallowed_hosts = booth, stage.example\n\n"
                        "[files]\ndata = ~/show\nfixtures=/a:~/b:/c~/d\ncache_max_mb = 100\n"
                        "[engine]\nreal_time = off\nrt_priority = 80\n[log]\nlevel = debug\n[audio]\ndevice = USB Audio: x"), LM_OK);
    CHECK_STR(c.http, "[::]:9000");
    CHECK_STR(c.allowed_hosts, "booth, stage.example");
    CHECK_STR(c.data, "/home/me/show");
    CHECK_STR(c.fixtures, "/a:/home/me/b:/c~/d");
    CHECK_INT(c.cache_max_mb, 100);
    CHECK(!c.real_time);
    CHECK_INT(c.rt_priority, 80);
    CHECK_STR(c.log_level, "debug");
    CHECK_STR(c.audio, "USB Audio: x");
    CHECK_STR(c.web, "");
}

TEST(an_empty_file_is_fine)
{
    CHECK_INT(read_text(""), LM_OK);
    CHECK_INT(read_text("\xEF\xBB\xBF[log]\r\nlevel = warn\r\n"), LM_OK);
    CHECK_STR(c.log_level, "warn");
}

TEST(errors_name_the_file_the_line_and_the_reason)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        { "[server]\nhttp = 8080\n", ":2: http must be an address and a port" },
        { "[server]\nhttp = 1.2.3.4:99999\n", ":2: http must be" },
        { "[server]\nhttp = ::1:80\n", ":2: http must be" },
        { "[server]\nhttp =\n", ":2: http must be" },
        { "\n[engine]\n\nrt_priority = 91\n", ":4: rt_priority must be a whole number from 1 to 90, not \"91\"" },
        { "[engine]\nrt_priority = 6x\n", ":2: rt_priority must be" },
        { "[engine]\ncompile_threads =\n", ":2: compile_threads must be" },
        { "[engine]\nreal_time = maybe\n", ":2: real_time must be yes or no" },
        { "[log]\nlevel = loud\n", ":2: level must be one of: error warn info debug" },
        { "[log]\nlevel = inf\n", ":2: level must be one of" },
        { "[files]\ndata =\n", ":2: data must not be empty" },
        { "[server]\nhtpt = x\n", ":2: there is no key htpt in [server], did you mean http?" },
        { "[serve]\nhttp = x\n", ":2: there is no section [serve]" },
        { "http = x\n", ":1: http stands before the first [section]" },
        { "[log]\nlevel = info\nlevel = debug\n", ":3: level is given twice" },
        { "[files]\nfixtures = /a:\n  /b\n", ":3: fixtures is given twice, or the line after it is indented" },
        { "[log]\nwhat is this\n", ":2: neither" },
        { "[log\n", ":1: neither" },
        { "[files]\ndata = /\xFF\n", ":2: data is not UTF-8" },
        { "[log]\nlevel = loud\nnonsense\n", ":2: level" },
        { "[log]\nnonsense\nlevel = loud\n", ":3: level" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum lm_err err = read_text(rows[i].text);
        if (err != LM_INVALID || p.err != LM_INVALID || !strstr(p.detail, rows[i].want) || strncmp(p.detail, "/tmp/lumad-conf-", 16)) {
            TAP_FAIL("row %zu: %d %s", i, err, p.detail);
            return;
        }
    }
}

TEST(a_line_too_long_is_refused_not_cut)
{
    char text[300] = "[files]\nfixtures = /";
    size_t n = strlen(text);

    memset(text + n, 'f', 198 - 12);
    CHECK_INT(read_text(text), LM_OK);
    CHECK_INT(strlen(c.fixtures), 198 - 11);
    memset(text + n, 'f', 198 - 11);
    CHECK_INT(read_text(text), LM_INVALID);
    CHECK(strstr(p.detail, ":2: the line is longer than 198 characters"));
}

TEST(a_missing_or_binary_file_is_an_error)
{
    CHECK_INT(config_read(&c, "/nonexistent/lumad.conf", &p), LM_NOT_FOUND);
    CHECK_STR(p.detail, "/nonexistent/lumad.conf: Not found");
    CHECK_INT(path_write("/tmp/lumad-conf-binary", "[log]\0", 6, 0600), LM_OK);
    CHECK_INT(config_read(&c, "/tmp/lumad-conf-binary", NULL), LM_INVALID);
    unlink("/tmp/lumad-conf-binary");
}

TEST(the_command_line_sets_single_keys)
{
    config_clear(&c);
    CHECK_INT(config_init(&c), LM_OK);
    CHECK_INT(config_set(&c, "server", "http", "0.0.0.0:0", &p), LM_OK);
    CHECK_INT(config_set(&c, "server", "http", "localhost:81", NULL), LM_OK);
    CHECK_STR(c.http, "localhost:81");
    CHECK_INT(config_set(&c, "server", "http", "nonsense", &p), LM_INVALID);
    CHECK_STR(c.http, "localhost:81");
    CHECK_INT(config_set(&c, "server", "nope", "1", NULL), LM_INVALID);
}

TEST(the_printed_file_reads_back_as_the_defaults)
{
    char *text = printed(config_print), *open = text ? strdup(text) : NULL;
    struct config def;
    bool is_right = text && open;

    /* Once as it is, once with every key uncommented ("#key = ..." without a space after the '#'). */
    is_right = is_right && read_text(text) == LM_OK;
    for (char *at = open; at && (at = strstr(at, "\n#")); at++)
        if (at[2] != ' ')
            at[1] = ' ', memmove(at + 1, at + 2, strlen(at + 2) + 1);
    is_right = is_right && read_text(open) == LM_OK && config_init(&def) == LM_OK;
    if (is_right) {
        is_right = !strcmp(c.http, def.http) && !strcmp(c.data, def.data) && !strcmp(c.fixtures, def.fixtures) &&
                   !strcmp(c.log_level, def.log_level) && c.cache_max_mb == def.cache_max_mb && c.real_time == def.real_time;
        config_clear(&def);
    }
    free(open);
    free(text);
    if (!is_right)
        printf("# %s\n", p.detail);
    CHECK(is_right);
}

TEST(the_file_in_the_tree_is_the_printed_one)
{
    char path[PATH_SIZE], *data = NULL, *text;
    size_t n;

    CHECK_INT(path_share("config/lumad.conf", path, &p), LM_OK);
    CHECK_INT(path_read(path, 1 << 20, &data, &n), LM_OK);
    text = printed(config_print);
    bool is_same = !strcmp(text, data);
    free(text);
    free(data);
    CHECK(is_same);
}

TEST(the_reference_names_every_key_of_the_file)
{
    char *text = printed(config_print), *page = printed(config_print_md);
    int n = 0, missing = 0;

    for (char *at = text; (at = strstr(at, "\n#")); at++) {
        char name[64], want[80];
        if (at[2] == ' ' || sscanf(at + 2, "%63[a-z_] =", name) != 1)
            continue;
        snprintf(want, sizeof(want), "| `%s` |", name);
        n++;
        missing += !strstr(page, want);
    }
    bool is_whole = !strstr(page, "(null)");           /* each says what kind of value it has */
    free(text);
    free(page);
    CHECK_INT(n, 17);
    CHECK_INT(missing, 0);
    CHECK(is_whole);
}
