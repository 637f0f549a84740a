/*
 * Drives the channel program from outside, for judges that share no code with it (tests/e2e/fixture_oracle.py). Commands on stdin, one a line:
 *   F PATH                  reads a definition: "ok MODES TYPE", or "no REASON"
 *   M INDEX                 patches that mode alone at 1.1: "mode SLOTS HEADS", a line "# WARNING" for each one, "."
 *   O WHITE CURVE MIN MAX   options for what M patches next (numbers of enum white_mode and enum dimmer_curve): no answer
 *   S HEAD I R G B STROBE PAN TILT SPEED    state of one head, -1 all of them; "nan" holds: no answer
 *   R N                     runs N frames of 1/44 s: one line of hex for each
 *   D                       the slots read back: "INTENSITY R G B STROBE PAN TILT SPEED" for each head, on one line, separated by ","
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/path.h"
#include "dmx/decode.h"
#include "dmx/program.h"
#include "fixtures/definition.h"
#include "fixtures/frame.h"
#include "fixtures/patch.h"

static const struct definition *definition;
static struct patch_fixture_row options = { .dimmer_max = 1 };
static struct patch *patch;
static struct universes *universes;
static const struct program *program;
static struct program_state *state;
static struct frame *frame, *back;
static int64_t now_ns;

static void close_mode(void)
{
    program_state_free(state), program_free(program), patch_free(patch), frame_free(frame), frame_free(back);
    state = NULL, program = NULL, patch = NULL, frame = back = NULL;
}

static void read_definition(const char *path)
{
    struct problem p = { 0 };
    char *text = NULL;
    size_t n;

    close_mode();
    definition_unref(definition);
    definition = NULL;
    if (path_read(path, 4 << 20, &text, &n))
        printf("no it cannot be read\n");
    else if (definition_parse(text, n, &definition, &p))
        printf("no %s\n", p.detail);
    else
        printf("ok %zu %s\n", definition->n_modes, fixture_type_name(definition->type));
    free(text);
}

static void patch_mode(size_t index)
{
    struct patch_fixture_row r = options;

    close_mode();
    if (!definition || index >= definition->n_modes)
        exit(2);
    strcpy(r.id, "00000000-0000-4000-8000-000000000001");
    r.universe = r.address = 1, r.definition = definition, r.mode_name = definition->modes[index].name, r.label = "light", r.model = "";
    if (patch_new(&r, 1, NULL, 0, &patch) || program_new(patch, universes, &program) || !(state = program_state_new(program, NULL, NULL)) ||
        !(frame = frame_new(patch->n_heads)) || !(back = frame_new(patch->n_heads)))
        exit(3);
    memset(universes->u[0].slots, 0, DMX_SLOTS);
    now_ns = 1000000000;
    printf("mode %d %zu\n", patch->fixtures[0].channels, patch->n_heads);
    for (size_t i = 0; i < patch->n_warnings; i++)
        printf("# %s\n", patch->warnings[i]);
    for (const char *const *w = program_warnings(program); *w; w++)
        printf("# %s\n", *w);
    puts(".");
}

static void set_heads(long head, const float v[8])
{
    for (size_t i = 0; frame && i < frame->heads; i++)
        if (head < 0 || (size_t)head == i) {
            frame->intensity[i] = v[0], frame->r[i] = v[1], frame->g[i] = v[2], frame->b[i] = v[3];
            frame->strobe[i] = v[4], frame->pan[i] = v[5], frame->tilt[i] = v[6], frame->speed[i] = v[7];
        }
}

static void run_frames(long n)
{
    static const char hex[] = "0123456789abcdef";
    char line[2 * DMX_SLOTS + 2];

    for (; patch && n > 0; n--) {
        size_t slots = (size_t)patch->fixtures[0].channels;
        now_ns += 1000000000 / 44;
        program_run(program, state, frame, now_ns, universes);
        for (size_t i = 0; i < slots; i++) {
            line[2 * i] = hex[universes->u[0].slots[i] >> 4];
            line[2 * i + 1] = hex[universes->u[0].slots[i] & 15];
        }
        line[2 * slots] = 0;
        puts(line);
    }
}

static void decode(void)
{
    if (!patch)
        return;
    program_decode(program, universes, back);
    for (size_t i = 0; i < back->heads; i++)
        printf("%s%.5f %.5f %.5f %.5f %.5f %.4f %.4f %.0f", i ? "," : "", (double)back->intensity[i], (double)back->r[i], (double)back->g[i],
               (double)back->b[i], (double)back->strobe[i], (double)back->pan[i], (double)back->tilt[i], (double)back->speed[i]);
    puts("");
}

int main(void)
{
    char line[8192];
    float v[8];
    int white, curve;

    if (!(universes = universes_new((const int[]){ 1 }, 1)))
        return 3;
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = 0;
        switch (line[0]) {
        case 'F':
            read_definition(line + 2);
            break;
        case 'M':
            patch_mode(strtoul(line + 1, NULL, 10));
            break;
        case 'O':
            if (sscanf(line + 1, "%d %d %lf %lf", &white, &curve, &options.dimmer_min, &options.dimmer_max) != 4)
                return 2;
            options.white = (enum white_mode)white, options.curve = (enum dimmer_curve)curve;
            break;
        case 'S': {
            char *at;
            long head = strtol(line + 1, &at, 10);
            for (int i = 0; i < 8; i++)
                v[i] = strtof(at, &at);
            set_heads(head, v);
            break;
        }
        case 'R':
            run_frames(strtol(line + 1, NULL, 10));
            break;
        case 'D':
            decode();
            break;
        default:
            return 2;
        }
        if (line[0] != 'S' && line[0] != 'O')
            fflush(stdout);
    }
    close_mode();
    definition_unref(definition);
    universes_free(universes);
    return 0;
}
