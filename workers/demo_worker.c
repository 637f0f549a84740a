/*
 * Renders the music of the demo show: `demo_worker --out FILE.flac|.wav --truth FILE.json`.
 *
 * 44 bars of house at 124 beats per minute in F minor, written as tables (demo_song.h) and played by the synthesisers below. As we
 * know where every beat, chord and section lies, the truth file says so exactly: the demo's beat grid comes from it, and analysers
 * can be measured against it.
 *
 *   parts[]  what plays in which bar  ->  instruments add to the buses  ->  side-chain, echo, reverb  ->  limiter  ->  file
 *
 * The same binary writes the same samples each time: no clock, and noise from a fixed seed. On stdout the JSON lines of every worker:
 * {"progress","step"} and at the end {"result":{"bars","seconds"}} or {"error":{"code","message"}}.
 */
#include <errno.h>
#include <math.h>
#include <sndfile.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "demo_song.h"
#include "demo_synth.h"

#define BPM 124.0
#define BEAT (60.0 / BPM)
#define STEP (BEAT / 4)                 /* a sixteenth */
#define LEAD_IN 0.75                    /* seconds of pick-up before the first downbeat */
#define TAIL 3.0                        /* the last hit rings out */
enum { BEATS_PER_BAR = 4 };

/* Says why and gives false. Paths come from lumad: nothing in them needs quoting but what JSON forbids. */
static bool fail(const char *code, const char *what, const char *why)
{
    printf("{\"error\":{\"code\":\"%s\",\"message\":\"", code);
    for (const char *c = what; *c; c++)
        if (*c != '"' && *c != '\\' && (unsigned char)*c >= ' ')
            putchar(*c);
    printf(": %s\"}}\n", why);
    return false;
}

static void say_progress(double done, const char *step)
{
    printf("{\"progress\":%.2f,\"step\":\"%s\"}\n", done, step);
    fflush(stdout);
}

/* --- drums --- */
static void play_kick(double at, double level)
{
    double phase = 0;
    size_t i0 = frame_at(at), i1 = frame_at(at + 0.42);
    for (size_t i = i0; i < i1; i++) {
        double t = (double)(i - i0) / RATE;
        phase += (47 + 170 * exp(-t * 34) + 1400 * exp(-t * 320)) / RATE;
        double body = tanh(2.2 * sin(TWO_PI * phase)) * exp(-t * 6.2) * clamp01((0.42 - t) * 25);
        bus_add(&drums, i, level * (body + 0.25 * noise() * exp(-t * 420)), 0);
    }
    for (size_t i = i0; i < frame_at(at + BEAT); i++) {          /* and everything else makes room for it */
        double x = (double)(i - i0) / RATE / (0.72 * BEAT);
        duck[i] = fminf(duck[i], (float)(x >= 1 ? 1 : 0.12 + 0.88 * x * x * (3 - 2 * x)));
    }
}

static void play_clap(double at, double level)
{
    struct svf band = { 0 };
    double phase = 0;
    size_t i0 = frame_at(at), i1 = frame_at(at + 0.35);
    for (size_t i = i0; i < i1; i++) {
        double t = (double)(i - i0) / RATE, late = t - 0.024;
        double env = late < 0 ? exp(-fmod(t, 0.008) * 260) : exp(-late * 15);
        phase += (185 + 60 * exp(-t * 60)) / RATE;
        svf_run(&band, noise(), 1700, 0.75);
        double v = level * (1.5 * band.band * env + 0.45 * sin(TWO_PI * phase) * exp(-t * 26));
        bus_add(&drums, i, v, 0);
        bus_add(&room, i, 0.22 * v, 0);
    }
}

static void play_hat(double at, double seconds, double level, double pan)
{
    struct svf f = { 0 };
    size_t i0 = frame_at(at), i1 = frame_at(at + seconds);
    for (size_t i = i0; i < i1; i++) {
        double t = (double)(i - i0) / RATE;
        svf_run(&f, noise(), 8200, 0.9);
        bus_add(&drums, i, level * f.high * exp(-t * 5.0 / seconds), pan);
    }
}

static void play_crash(double at, double level, bool reverse)
{
    struct svf l = { 0 }, r = { 0 };
    double seconds = reverse ? 0.7 : 2.6;
    size_t i0 = frame_at(at), i1 = frame_at(at + seconds);
    for (size_t i = i0; i < i1; i++) {
        double x = (double)(i - i0) / RATE / seconds, env = reverse ? x * x * x : exp(-x * 4.2);
        svf_run(&l, noise(), 5200, 1.1);
        svf_run(&r, noise(), 5200, 1.1);
        drums.l[i] += (float)(level * env * l.high);
        drums.r[i] += (float)(level * env * r.high);
        bus_add(&room, i, 0.1 * level * env * l.high, 0);
    }
}

static void play_boom(double at, double level)
{
    double phase = 0;
    size_t i0 = frame_at(at), i1 = frame_at(at + 1.8);
    for (size_t i = i0; i < i1; i++) {
        double t = (double)(i - i0) / RATE;
        phase += (34 + 46 * exp(-t * 5)) / RATE;
        double v = level * sin(TWO_PI * phase) * exp(-t * 2.4) * clamp01((1.8 - t) * 8);
        bus_add(&drums, i, v, 0);
        bus_add(&room, i, 0.15 * v, 0);
    }
}

static void play_riser(double at, double seconds)
{
    struct svf l = { 0 }, r = { 0 };
    double phase = 0;
    size_t i0 = frame_at(at), i1 = frame_at(at + seconds);
    for (size_t i = i0; i < i1; i++) {
        double x = (double)(i - i0) / RATE / seconds, hz = 300 * pow(30, x), level = 0.30 * x * x;
        svf_run(&l, noise(), hz, 0.35);
        svf_run(&r, noise(), hz, 0.35);
        double tone = 0.05 * x * saw(&phase, midi_hz(53 + 24 * x * x));
        music.l[i] += (float)(level * l.band + tone);
        music.r[i] += (float)(level * r.band + tone);
        bus_add(&room, i, 0.2 * level * l.band, 0);
    }
}

/* --- notes --- */
static void play_bass(double at, double seconds, int midi, double open)
{
    struct svf f = { 0 };
    double p1 = 0, p2 = 0.3, sub = 0, hz = midi_hz(midi);
    size_t i0 = frame_at(at), i1 = frame_at(at + seconds);
    for (size_t i = i0; i < i1; i++) {
        double t = (double)(i - i0) / RATE, env = clamp01(t * 400) * clamp01((seconds - t) * 120);
        sub += hz / RATE;
        svf_run(&f, 0.5 * (saw(&p1, hz) + saw(&p2, hz * 1.007)), 160 + (500 + 1500 * open) * exp(-t * 13), 0.55);
        bus_add(&music, i, 0.36 * env * (tanh(1.8 * f.low) + 0.75 * sin(TWO_PI * sub)), 0);
    }
}

/* Five detuned saws per note, spread over the stereo field; `fade` seconds of attack and release. */
static void play_chord(const struct chord *c, double at, double seconds, double level, double fade, double cutoff)
{
    enum { SAWS = 5 };
    static const double cents[SAWS] = { -17, -7, 0, 8, 16 };
    double phase[CHORD_NOTES][SAWS];
    struct svf l = { 0 }, r = { 0 }, rumble_l = { 0 }, rumble_r = { 0 };
    size_t i0 = frame_at(at), i1 = frame_at(at + seconds + fade);
    double step[CHORD_NOTES][SAWS];
    for (int n = 0; n < CHORD_NOTES; n++)
        for (int s = 0; s < SAWS; s++) {
            phase[n][s] = 0.5 + 0.5 * noise();
            step[n][s] = midi_hz(c->notes[n] + cents[s] / 100);
        }
    for (size_t i = i0; i < i1; i++) {
        double t = (double)(i - i0) / RATE, sum_l = 0, sum_r = 0;
        for (int n = 0; n < CHORD_NOTES; n++)
            for (int s = 0; s < SAWS; s++) {
                double v = saw(&phase[n][s], step[n][s]), pan = (s - 2) * 0.4 * (n & 1 ? -1 : 1);
                sum_l += v * (1 - pan);
                sum_r += v * (1 + pan);
            }
        double env = clamp01(t / fade) * clamp01((seconds + fade - t) / fade);
        double hz = cutoff * (fade < 0.1 ? 0.35 + 0.65 * exp(-t * 7) : 1);
        svf_run(&l, sum_l, hz, 0.8);
        svf_run(&r, sum_r, hz, 0.8);
        svf_run(&rumble_l, l.low, 190, 1.4);        /* below is the place of bass and kick */
        svf_run(&rumble_r, r.low, 190, 1.4);
        music.l[i] += (float)(0.055 * level * env * rumble_l.high);
        music.r[i] += (float)(0.055 * level * env * rumble_r.high);
        room.l[i] += (float)(0.014 * level * env * rumble_l.high);
        room.r[i] += (float)(0.014 * level * env * rumble_r.high);
    }
}

static void play_pluck(double at, int midi, double open, double level, double pan)
{
    struct svf f = { 0 };
    double p1 = 0, p2 = 0.5, hz = midi_hz(midi);
    size_t i0 = frame_at(at), i1 = frame_at(at + 0.30);
    for (size_t i = i0; i < i1; i++) {
        double t = (double)(i - i0) / RATE, env = clamp01(t * 900) * exp(-t * 11) * clamp01((0.30 - t) * 60);
        svf_run(&f, saw(&p1, hz) - saw(&p2, hz * 0.999), 350 + 7500 * open * exp(-t * 16), 0.5);
        bus_add(&music, i, level * env * f.low, pan);
        bus_add(&echo, i, 0.45 * level * env * f.low, pan);
        bus_add(&room, i, 0.12 * level * env * f.low, -pan);
    }
}

static void play_lead(double at, double seconds, int midi, double level, double open)
{
    struct svf f = { 0 };
    double p[3] = { 0, 0.33, 0.66 };
    size_t i0 = frame_at(at), i1 = frame_at(at + seconds + 0.08);
    for (size_t i = i0; i < i1; i++) {
        double t = (double)(i - i0) / RATE;
        double env = clamp01(t * 180) * (0.65 + 0.35 * exp(-t * 6)) * clamp01((seconds + 0.08 - t) * 14);
        double hz = midi_hz(midi + 0.12 * clamp01(t * 3 - 0.5) * sin(TWO_PI * 5.4 * t));
        double v = saw(&p[0], hz) + 0.8 * saw(&p[1], hz * 1.006) + 0.5 * saw(&p[2], hz * 2.003);
        svf_run(&f, v, 1100 + 9000 * open, 0.6);
        bus_add(&music, i, level * env * f.low, 0);
        bus_add(&echo, i, 0.4 * level * env * f.low, 0.2);
        bus_add(&room, i, 0.25 * level * env * f.low, 0);
    }
}

/* --- the song --- */
struct bar {
    const struct part *part;
    const struct chord *chord;
    int in_part, in_song, in_section;   /* counted from 0 */
    double at, open;
};

static void play_bar_drums(const struct bar *b)
{
    unsigned plays = b->part->plays;
    bool last = b->in_part == b->part->bars - 1;
    for (int s = 0; s < STEPS_PER_BAR; s++) {
        double at = b->at + s * STEP;
        if (plays & KICK && s % 4 == 0)
            play_kick(at, 0.80);
        if (plays & CLAP && s % 8 == 4)
            play_clap(at, 0.50);
        if (plays & HATS)
            play_hat(at, 0.05, s % 4 == 2 ? 0.30 : s % 2 ? 0.11 : 0.17, s % 2 ? 0.35 : -0.2);
        if (plays & OPEN_HAT && s % 4 == 2)
            play_hat(at, 0.22, 0.30, 0.1);
        if (plays & CLAP && plays & OPEN_HAT && last && s >= 13)         /* a small fill into the next part */
            play_clap(at, 0.16 + 0.05 * (s - 13));
        if (plays & ROLL && (b->in_part ? true : s % 2 == 0))
            play_clap(at, 0.08 + 0.16 * ((b->in_part * STEPS_PER_BAR + s) / (2.0 * STEPS_PER_BAR)));
    }
    if (plays & CRASH && b->in_part == 0)
        play_crash(b->at, 0.26, false), play_boom(b->at, 0.5);
    if (plays & RISER && b->in_section == 0)
        play_riser(b->at, 4 * BEATS_PER_BAR * BEAT);
}

static void play_bar_notes(const struct bar *b)
{
    static const int climb[8] = { 0, 2, 3, 1, 4, 2, 3, 4 };
    unsigned plays = b->part->plays;
    double bar_s = BEATS_PER_BAR * BEAT;
    bool is_soft = !(plays & KICK);
    if (plays & PAD)
        play_chord(b->chord, b->at, bar_s, 0.40 + 0.25 * b->open, 0.14, 600 + 6500 * b->open * b->open);
    for (int s = 0; s < STEPS_PER_BAR; s++) {
        double at = b->at + s * STEP;
        if (plays & STABS && stab_rhythm[s] == 'x')
            play_chord(b->chord, at, 0.16, 1.15, 0.012, 2500 + 11000 * b->open);
        if (plays & BASS && bass_rhythm[s] == 'x')
            play_bass(at, STEP * 0.92, b->chord->bass + (s == 14 ? 12 : 0), b->open);
        if (plays & ARP)
            play_pluck(at, b->chord->notes[climb[s % 8]] + (s >= 8 ? 24 : 12), b->open, 0.10, s % 2 ? 0.5 : -0.5);
    }
    if (plays & HOOK)
        for (int n = 0; n < HOOK_NOTES; n++)
            if (hook[n].step / STEPS_PER_BAR == b->in_part % 4)
                play_lead(b->at + hook[n].step % STEPS_PER_BAR * STEP, hook[n].steps * STEP * 0.9, hook[n].midi,
                          is_soft ? 0.055 : 0.085, is_soft ? 0.25 * b->open : b->open);
}

/* Calls `play` for every bar; returns how many there are. */
static int each_bar(void (*play)(const struct bar *b, void *ctx), void *ctx)
{
    struct bar b = { 0 };
    for (int p = 0; p < PARTS; p++) {
        b.part = &parts[p];
        if (!p || strcmp(parts[p].section, parts[p - 1].section))
            b.in_section = 0;
        for (b.in_part = 0; b.in_part < b.part->bars; b.in_part++, b.in_song++, b.in_section++) {
            bool is_break = !strcmp(b.part->section, "break");
            b.chord = is_break ? &break_chords[b.in_section % 4] : &song_chords[b.in_section % 4];
            b.at = LEAD_IN + b.in_song * BEATS_PER_BAR * BEAT;
            b.open = b.part->open_from + (b.part->open_to - b.part->open_from) * b.in_part / b.part->bars;
            if (play)
                play(&b, ctx);
        }
    }
    return b.in_song;
}

static void play_bar(const struct bar *b, void *ctx)
{
    say_progress(0.7 * b->in_song / *(const int *)ctx, "synthesis");
    play_bar_drums(b);
    play_bar_notes(b);
}

/* --- files --- */
static bool write_audio(const char *path)
{
    const char *dot = strrchr(path, '.');
    int format = dot && !strcmp(dot, ".wav") ? SF_FORMAT_WAV : SF_FORMAT_FLAC;
    SF_INFO info = { .samplerate = (int)RATE, .channels = 2, .format = format | SF_FORMAT_PCM_16 };
    enum { CHUNK = 4096 };
    short buf[CHUNK * 2];
    SNDFILE *f = sf_open(path, SFM_WRITE, &info);
    if (!f)
        return fail("write", path, "cannot be made");
    sf_set_string(f, SF_STR_TITLE, "First Light");
    sf_set_string(f, SF_STR_ARTIST, "lumad");
    sf_set_string(f, SF_STR_ALBUM, "Demo Show");
    bool ok = true;
    for (size_t i = 0; ok && i < frames; i += CHUNK) {
        size_t n = frames - i < CHUNK ? frames - i : CHUNK;
        for (size_t j = 0; j < n; j++) {
            double dither = 0.5 * (noise() + noise());          /* one LSB, triangular */
            buf[2 * j] = (short)lrint(drums.l[i + j] * 32767 + dither);
            buf[2 * j + 1] = (short)lrint(drums.r[i + j] * 32767 + dither);
        }
        ok = sf_writef_short(f, buf, (sf_count_t)n) == (sf_count_t)n;
    }
    return !sf_close(f) && ok ? true : fail("write", path, "could not be written");
}

/* All times of the truth file come from here, so that equal instants are equal numbers. */
static void print_time(FILE *f, double seconds) { fprintf(f, "%.6f", seconds); }

struct truth { FILE *f; const char *section; };

static void print_chord(const struct bar *b, void *ctx)
{
    struct truth *t = ctx;
    fprintf(t->f, "%s\n  {\"start\": ", b->in_song ? "," : "");
    print_time(t->f, b->at);
    fputs(", \"end\": ", t->f);
    print_time(t->f, b->at + BEATS_PER_BAR * BEAT);
    fprintf(t->f, ", \"root\": %d, \"quality\": \"%s\", \"label\": \"%s\"}", b->chord->root, b->chord->quality, b->chord->label);
}

static void print_section(const struct bar *b, void *ctx)
{
    struct truth *t = ctx;
    if (b->in_section)
        return;
    if (t->section) {
        print_time(t->f, b->at);
        fputs("},", t->f);
    }
    fprintf(t->f, "\n  {\"name\": \"%s\", \"bar\": %d, \"start\": ", b->part->section, b->in_song + 1);
    print_time(t->f, b->at);
    fputs(", \"end\": ", t->f);
    t->section = b->part->section;
}

static bool write_truth(const char *path, int bars)
{
    struct truth t = { fopen(path, "w"), NULL };
    if (!t.f)
        return fail("write", path, strerror(errno));
    double end = LEAD_IN + bars * BEATS_PER_BAR * BEAT, length = (double)frames / RATE;
    int pick_up = (int)(LEAD_IN / BEAT);        /* beats before the first downbeat */
    fprintf(t.f, "{\"title\": \"First Light\", \"bpm\": %g, \"beats_per_bar\": %d, \"bars\": %d, \"key\": \"F minor\", \"duration_seconds\": ", BPM,
            BEATS_PER_BAR, bars);
    print_time(t.f, length);
    fputs(",\n \"beats\": [", t.f);
    for (int b = -pick_up; LEAD_IN + b * BEAT < length; b++) {
        fputs(b > -pick_up ? ", " : "", t.f);
        print_time(t.f, LEAD_IN + b * BEAT);
    }
    fputs("],\n \"downbeats\": [", t.f);
    for (int b = 0; LEAD_IN + b * BEAT < length; b += BEATS_PER_BAR) {
        fputs(b ? ", " : "", t.f);
        print_time(t.f, LEAD_IN + b * BEAT);
    }
    fputs("],\n \"sections\": [", t.f);
    each_bar(print_section, &t);
    print_time(t.f, end);
    fputs("}],\n \"chords\": [", t.f);
    each_bar(print_chord, &t);
    fputs("]}\n", t.f);
    bool ok = !ferror(t.f);
    return !fclose(t.f) && ok ? true : fail("write", path, "could not be written");
}

static bool render(int bars)
{
    frames = (size_t)((LEAD_IN + bars * BEATS_PER_BAR * BEAT + TAIL) * RATE);
    duck = malloc((frames + 1) * sizeof *duck);
    bool has_memory = bus_new(&drums) && bus_new(&music) && bus_new(&echo) && bus_new(&room) && duck;
    if (!has_memory)
        return fail("memory", "demo_worker", "out of memory");
    for (size_t i = 0; i < frames; i++)
        duck[i] = 1;
    double end = LEAD_IN + bars * BEATS_PER_BAR * BEAT;
    play_crash(LEAD_IN - 0.7, 0.22, true);
    each_bar(play_bar, &bars);
    play_kick(end, 0.8);
    play_boom(end, 0.6);
    play_crash(end, 0.28, false);
    play_chord(&song_chords[0], end, 1.2, 1.0, 0.9, 2600);
    run_echo(3 * STEP);     /* dotted eighths */
    say_progress(0.7, "reverb");
    if (!run_room(room.l, 0) || !run_room(room.r, 23))
        return fail("memory", "demo_worker", "out of memory");
    say_progress(0.9, "master");
    master();
    return true;
}

int main(int argc, char **argv)
{
    const char *out = NULL, *truth = NULL;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (!strcmp(argv[i], "--out"))
            out = argv[i + 1];
        else if (!strcmp(argv[i], "--truth"))
            truth = argv[i + 1];
        else
            out = NULL, argc = 0;
    }
    if (!out || !truth || argc % 2 == 0) {
        fputs("usage: demo_worker --out FILE.flac|FILE.wav --truth FILE.json\n", stderr);
        return 2;
    }
    int bars = each_bar(NULL, NULL);
    bool ok = render(bars) && write_audio(out) && write_truth(truth, bars);
    if (ok)
        printf("{\"result\":{\"bars\":%d,\"seconds\":%.3f}}\n", bars, (double)frames / RATE);
    bus_clear(&drums), bus_clear(&music), bus_clear(&echo), bus_clear(&room);
    free(duck);
    return ok ? 0 : 1;
}
