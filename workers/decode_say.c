#include "decode.h"

#include <stdio.h>

void say(json_t *line)
{
    json_dumpf(line, stdout, JSON_COMPACT);
    putchar('\n');
    fflush(stdout);
    json_decref(line);
}

static const char *code_of(enum lm_err err)
{
    return err == LM_MEDIA_TYPE ? "not_audio" : err == LM_INVALID ? "broken"
         : err == LM_RANGE ? "unsupported" : err == LM_TOO_LARGE ? "too_long" : lm_err_code(err);
}

void say_error(enum lm_err err, const struct problem *p)
{
    say(json_pack("{s:{s:s,s:s}}", "error", "code", code_of(err), "message",
                  p->detail[0] ? p->detail : lm_err_text(err)));
}

void say_progress(double progress, const char *step)
{
    say(json_pack("{s:f,s:s}", "progress", progress, "step", step));
}
