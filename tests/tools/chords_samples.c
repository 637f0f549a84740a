/*
 * What the chords of daemon/dsp/chords.c are told by, for who learns their weights (chords_train.py):
 *
 *   chords_samples PCM BEATS.json
 *
 * as root_worker takes them, without stems. Writes to stdout for each step, as float32: start, end, level, steady, twelve of treble, twelve of bass (struct chord_step).
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "audio/pcm.h"
#include "dsp/chords.h"
#include "dsp/chroma.h"

static double *times(const json_t *list, size_t *n)
{
    double *at = calloc(json_array_size(list) + 1, sizeof(*at));

    for (*n = 0; at && *n < json_array_size(list); ++*n)
        at[*n] = json_number_value(json_array_get(list, *n));
    return at;
}

int main(int argc, char **argv)
{
    struct pcm pcm;
    struct problem p = { 0 };
    struct chord_step *step;
    size_t n, beats, downbeats;

    if (argc != 3) {
        fprintf(stderr, "Use chords_samples PCM BEATS.json\n");
        return 2;
    }
    json_t *grid = json_load_file(argv[2], 0, NULL);
    if (!grid || pcm_open(argv[1], &pcm, &p)) {
        fprintf(stderr, "%s\n", grid ? p.detail : "The beats cannot be read");
        return 1;
    }
    double *beat = times(json_object_get(grid, "beats"), &beats), *downbeat = times(json_object_get(grid, "downbeats"), &downbeats);
    struct pitch_input in = { pcm.data, pcm.channels };
    if (!beat || !downbeat || chord_steps_make(beat, beats, downbeat, downbeats, (double)pcm.frames / pcm.rate, &step, &n)
        || chroma_find(&in, 1, pcm.frames, pcm.rate, step, n, 1, NULL, NULL))
        return 1;
    for (size_t i = 0; i < n; i++) {
        float time[] = { (float)step[i].start, (float)step[i].end, step[i].level, step[i].steady };
        fwrite(time, sizeof(time), 1, stdout);
        fwrite(step[i].treble, sizeof(step[i].treble), 1, stdout);
        fwrite(step[i].bass, sizeof(step[i].bass), 1, stdout);
    }
    return fclose(stdout) ? 1 : 0;      /* what was allocated goes with the process */
}
