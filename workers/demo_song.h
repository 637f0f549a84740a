#pragma once
/* The music of the demo show as tables: parts, chords, melody, rhythms. Ours; played by demo_worker.c. */

enum { STEPS_PER_BAR = 16, CHORD_NOTES = 5 };     /* a step is a sixteenth */

enum plays {
    KICK = 1 << 0, CLAP = 1 << 1, HATS = 1 << 2, OPEN_HAT = 1 << 3, BASS = 1 << 4, PAD = 1 << 5, STABS = 1 << 6, ARP = 1 << 7, HOOK = 1 << 8,
    ROLL = 1 << 9, RISER = 1 << 10, CRASH = 1 << 11
};

static const struct part {
    const char *section;
    int bars;
    unsigned plays;
    double open_from, open_to;          /* how far the filters are open, 0..1, over the part */
} parts[] = {
    { "intro", 4, PAD | ARP,                                                   0.05, 0.25 },
    { "intro", 4, PAD | ARP | KICK | HATS,                                     0.25, 0.40 },
    { "build", 2, PAD | ARP | KICK | CLAP | HATS | RISER,                      0.40, 0.60 },
    { "build", 2, PAD | ARP | ROLL | RISER,                                    0.60, 1.00 },
    { "drop",  8, KICK | CLAP | HATS | OPEN_HAT | BASS | STABS | HOOK | CRASH, 0.70, 0.85 },
    { "break", 4, PAD | CRASH,                                                 0.35, 0.20 },
    { "break", 4, PAD | ARP | HOOK,                                            0.20, 0.45 },
    { "build", 2, PAD | ARP | KICK | CLAP | HATS | RISER,                      0.45, 0.65 },
    { "build", 2, PAD | ARP | ROLL | RISER,                                    0.65, 1.00 },
    { "drop",  8, KICK | CLAP | HATS | OPEN_HAT | BASS | STABS | HOOK | ARP | CRASH, 0.80, 1.00 },
    { "outro", 4, KICK | HATS | BASS | PAD | CRASH,                            0.50, 0.10 },
};
enum { PARTS = sizeof parts / sizeof *parts };

static const struct chord {
    const char *label, *quality;
    int root;                           /* pitch class, C = 0 */
    int bass;                           /* MIDI */
    int notes[CHORD_NOTES];
} song_chords[4] = {
    { "Fm7",    "min7", 5, 41, { 53, 60, 63, 67, 68 } },
    { "Dbmaj7", "maj7", 1, 37, { 53, 56, 60, 61, 65 } },
    { "Ab",     "maj",  8, 44, { 51, 56, 60, 63, 68 } },
    { "Eb",     "maj",  3, 39, { 51, 58, 63, 67, 70 } },
}, break_chords[4] = {
    { "Dbmaj7", "maj7", 1, 37, { 53, 56, 60, 61, 65 } },
    { "Eb",     "maj",  3, 39, { 55, 58, 63, 65, 67 } },
    { "Fm7",    "min7", 5, 41, { 53, 60, 63, 67, 68 } },
    { "Cm7",    "min7", 0, 36, { 55, 58, 60, 63, 67 } },
};

static const struct note { int step, midi, steps; } hook[] = {           /* over four bars */
    {  0, 72, 3 }, {  3, 75, 3 }, {  6, 77, 4 }, { 10, 75, 2 }, { 12, 72, 4 },
    { 16, 73, 3 }, { 19, 77, 3 }, { 22, 80, 4 }, { 26, 77, 2 }, { 28, 75, 4 },
    { 32, 75, 3 }, { 35, 72, 3 }, { 38, 75, 4 }, { 42, 77, 2 }, { 44, 80, 4 },
    { 48, 79, 3 }, { 51, 77, 3 }, { 54, 75, 6 }, { 60, 70, 2 }, { 62, 72, 2 },
};
enum { HOOK_NOTES = sizeof hook / sizeof *hook };
static const char *const stab_rhythm = "x..x..x...x.x...";
static const char *const bass_rhythm = "..x...x...x.x.xx";
