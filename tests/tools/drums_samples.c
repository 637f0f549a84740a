/*
 * What the network of daemon/dsp/drums.c hears, for who teaches it (drums_train.py):
 *
 *   drums_samples attacks PCM      for each attack, as float32 on stdout: its instant in seconds, DRUM_NET_IN inputs
 *   drums_samples usual PCM        the square root of what attacks bring in each band, which 98 of 100 spectra do not exceed, as float32
 */
#include <stdio.h>

#include "../../daemon/dsp/drums.c"     /* what it hears is nobody else's business */
#include "audio/pcm.h"

static enum lm_err put_attacks(struct tool *k, const struct pcm *pcm, size_t count)
{
    struct usual u;
    enum lm_err err = read_all(k, pcm->data, pcm->frames, pcm->channels, pcm->rate, count, NULL, NULL);

    if (err || (err = choose(k, count)) || !k->n || (err = usual_of(k, &u)))
        return err;
    for (size_t i = 0; i < k->n; i++) {
        float row[1 + DRUM_NET_IN] = { (float)((double)k->events[i].t / RATE + LEAD) };
        hear(&k->events[i], &u, row + 1);
        fwrite(row, sizeof row, 1, stdout);
    }
    return LM_OK;
}

static enum lm_err put_usual(struct tool *k, const struct pcm *pcm, size_t count)
{
    float *root[BANDS], in[SIZE];
    enum lm_err err = LM_OK;

    for (int b = 0; b < BANDS; b++)
        if (!(root[b] = malloc(count * sizeof(float))))
            return LM_NOMEM;
    for (size_t t = 0; t < count; t += SPECTRUM_LANES) {
        for (unsigned lane = 0; lane < SPECTRUM_LANES; lane++) {
            window_at(pcm->data, pcm->frames, pcm->channels, pcm->rate, t + lane, in);
            spectrum_put(k->spectrum, lane, in);
        }
        spectrum_run(k->spectrum);
        for (unsigned lane = 0; lane < SPECTRUM_LANES; lane++)
            spectrum_read(k->spectrum, lane, 0, SIZE / 2 + 1, k->old[LAG + lane]);
        for (unsigned lane = 0; lane < SPECTRUM_LANES && t + lane < count; lane++) {
            measure(k, t + lane, k->old[LAG + lane], k->old[lane]);
            for (int b = 0; b < BANDS; b++)
                root[b][t + lane] = sqrtf(k->attack[(t + lane) % RING][b]);
        }
        memcpy(k->old, k->old[SPECTRUM_LANES], LAG * sizeof *k->old);
    }
    for (int b = 0; b < BANDS && !err; b++) {
        float usual;
        err = order_percentile(root[b], count, ALIKE, &usual);
        fwrite(&usual, sizeof usual, 1, stdout);
    }
    return err;
}

int main(int argc, char **argv)
{
    struct pcm pcm;
    struct problem p = { 0 };
    struct tool *k;

    if (argc != 3) {
        fprintf(stderr, "Use drums_samples attacks|usual PCM\n");
        return 2;
    }
    if (pcm_open(argv[2], &pcm, &p)) {
        fprintf(stderr, "%s\n", p.detail);
        return 1;
    }
    size_t count = (size_t)((double)pcm.frames / pcm.rate * RATE) + 1;
    if (!(k = calloc(1, sizeof *k)) || !(k->spectrum = spectrum_new(SIZE)))
        return 1;
    for (int r = 0; r < RANGES; r++)
        if (!(k->all[r] = malloc(count * sizeof(float))))
            return 1;
    bins_init(k, pcm.rate);
    /* From here on what was allocated goes with the process. */
    if (!strcmp(argv[1], "usual") ? put_usual(k, &pcm, count) : put_attacks(k, &pcm, count))
        return 1;
    return fclose(stdout) ? 1 : 0;
}
