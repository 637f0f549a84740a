#include "audio/feed.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { AHEAD = PCM_RATE / 2 };

/* --- sounds --- */

struct track_sound *track_sound_new(struct pcm *mix)
{
    struct track_sound *t = calloc(1, sizeof(*t));

    if (!t)
        return NULL;
    atomic_init(&t->refs, 1);
    t->sound.mix = *mix;
    t->gain = 1;
    for (int i = 0; i < SOURCE_STEMS; i++)
        t->sound.stem_gain[i] = 1;
    *mix = (struct pcm){ 0 };
    return t;
}

struct track_sound *track_sound_ref(struct track_sound *t)
{
    if (t)
        atomic_fetch_add(&t->refs, 1);
    return t;
}

void track_sound_unref(struct track_sound *t)
{
    if (!t || atomic_fetch_sub(&t->refs, 1) > 1)
        return;
    pcm_close(&t->sound.mix);
    for (int i = 0; i < t->sound.n_stems; i++)
        pcm_close(&t->sound.stems[i]);
    free(t->beats);
    free(t->downbeats);
    free(t);
}

/* --- a course --- */

enum lm_err feed_init(struct feed *f)
{
    memset(f, 0, sizeof(*f));
    f->is_over = true;
    for (int i = 0; i < 2; i++)
        if (!(f->sources[i] = source_new())) {
            feed_clear(f);
            return LM_NOMEM;
        }
    return LM_OK;
}

static void put_sounds(struct feed *f, int from)
{
    for (int i = from; i < COURSE_LEGS; i++) {
        track_sound_unref(f->sounds[i]);
        f->sounds[i] = NULL;
    }
}

void feed_clear(struct feed *f)
{
    put_sounds(f, 0);
    for (int i = 0; i < 2; i++)
        source_free(f->sources[i]);
}

static void read_sound_near(const struct track_sound *t, int64_t frame)
{
    pcm_read_near(&t->sound.mix, frame);
    for (int i = 0; i < t->sound.n_stems; i++)
        pcm_read_near(&t->sound.stems[i], frame);
}

static void look_ahead(struct feed *f, uint32_t n)
{
    const struct run *r = &f->course.legs[f->course.at].run;

    if ((f->ahead -= n) > 0)
        return;
    f->ahead = AHEAD;
    int64_t left, frame = run_frame(r, (int64_t)f->v, &left);
    read_sound_near(f->sounds[f->course.at], frame);
    if (run_loops(r) && left < PCM_AHEAD * PCM_RATE)
        read_sound_near(f->sounds[f->course.at], r->loop_start);
    if (f->course.at + 1 < f->course.n)
        read_sound_near(f->sounds[f->course.at + 1], f->course.legs[f->course.at + 1].run.anchor);
}

static void start_source(struct feed *f, int source, int leg, double v)
{
    source_start(f->sources[source], &f->course.legs[leg].run, &f->sounds[leg]->sound, llround(v));
}

static void take_sounds(struct feed *f, int from, struct track_sound *const sounds[], int sounds_from, int n)
{
    for (int i = 0; i < n; i++)
        f->sounds[from + i] = track_sound_ref(sounds[sounds_from + i]);
}

void feed_begin(struct feed *f, const struct course *c, struct track_sound *const sounds[COURSE_LEGS])
{
    const struct leg *l = &c->legs[c->at];
    struct track_sound *old[COURSE_LEGS];

    memcpy(old, f->sounds, sizeof(old));
    take_sounds(f, 0, sounds, 0, c->n);
    for (int i = c->n; i < COURSE_LEGS; i++)
        f->sounds[i] = NULL;
    for (int i = 0; i < COURSE_LEGS; i++)
        track_sound_unref(old[i]);
    f->course = *c;
    f->v = 0;
    f->faded = l->faded;
    f->is_fading = c->at > 0 && l->faded < l->fade;
    f->is_over = f->joins = false;
    f->ahead = 0;
    stream_plan(&f->w);
    start_source(f, f->live, c->at, 0);
    if (f->is_fading)
        start_source(f, !f->live, c->at - 1, l->join);
}

void feed_follow(struct feed *f, int leg, const struct course *c, struct track_sound *const sounds[COURSE_LEGS])
{
    int n = c->n - c->at - 1;

    if (n > COURSE_LEGS - leg - 1)
        n = COURSE_LEGS - leg - 1;
    put_sounds(f, leg + 1);
    take_sounds(f, leg + 1, sounds, c->at + 1, n);
    memcpy(f->course.legs + leg + 1, c->legs + c->at + 1, (size_t)n * sizeof(c->legs[0]));
    f->course.n = leg + 1 + n;
    if (n)
        f->is_over = false;
}

void feed_stop(struct feed *f)
{
    put_sounds(f, 0);
    f->course = (struct course){ 0 };
    f->is_over = true;
    f->is_fading = false;
    stream_plan(&f->w);
}

/* --- blocks --- */

/* The next leg takes the sources' other one; what was still fading away there is over. */
static void join(struct feed *f)
{
    int leg = f->course.at + 1, drop = course_advance(&f->course, leg);

    for (int i = 0; i < COURSE_LEGS; i++) {
        if (i < drop)
            track_sound_unref(f->sounds[i]);
        f->sounds[i] = i + drop < COURSE_LEGS ? f->sounds[i + drop] : NULL;
    }
    leg -= drop;
    f->live = !f->live;
    f->v = 0;
    f->faded = f->course.legs[leg].faded;
    f->is_fading = f->course.legs[leg].fade > 0;
    f->joins = true;
    f->ahead = 0;
    start_source(f, f->live, leg, 0);
}

static float mix_in(struct feed *f, struct stream_block *b)
{
    const struct leg *l = &f->course.legs[f->course.at];
    float old[STREAM_BLOCK * STREAM_CHANNELS] = { 0 };
    double v, step, first = f->faded;

    source_read(f->sources[!f->live], &f->course.legs[f->course.at - 1].run, &f->sounds[f->course.at - 1]->sound, old, b->n, &v, &step);
    for (uint32_t i = 0; i < b->n && f->faded < l->fade; i++, f->faded++) {
        float g = (float)((f->faded + 1) / l->fade);
        float up = l->equal_power ? sinf(g * (float)M_PI_2) : g, down = l->equal_power ? cosf(g * (float)M_PI_2) : 1 - g;
        for (uint32_t c = 0; c < STREAM_CHANNELS; c++)
            b->data[i * STREAM_CHANNELS + c] = old[i * STREAM_CHANNELS + c] * down + b->data[i * STREAM_CHANNELS + c] * up;
    }
    f->is_fading = f->faded < l->fade;
    return (float)((first + f->faded) / 2 / l->fade);
}

/* How many frames there are until the next leg begins; a block ends there. */
static uint32_t frames_to_join(const struct feed *f)
{
    const struct course *c = &f->course;

    if (c->at + 1 >= c->n)
        return STREAM_BLOCK;
    double left = ceil((c->legs[c->at + 1].join - f->v) / run_rate(&c->legs[c->at].run) - 1e-6);
    return left < STREAM_BLOCK ? left > 0 ? (uint32_t)left : 0 : STREAM_BLOCK;
}

/* False: no room, or nothing more to write. */
static bool write_block(struct feed *f)
{
    struct stream_block *b = stream_block(&f->w);
    uint32_t n;

    if (!b)
        return false;
    while (!(n = frames_to_join(f)))
        join(f);
    const struct leg *l = &f->course.legs[f->course.at];
    double step = run_rate(&l->run);
    uint32_t got = source_read(f->sources[f->live], &l->run, &f->sounds[f->course.at]->sound, b->data, n, &b->v, &step);
    bool has_next = f->course.at + 1 < f->course.n;
    if (!got && has_next) {             /* the run ends before the place where the next was to begin */
        join(f);
        return write_block(f);
    }
    b->generation = l->run.generation;
    b->n = got;
    b->step = step;
    b->joins = f->joins;
    b->is_last = got < n && !has_next;
    b->track_gain = l->gain;
    if (!got)
        b->v = f->v;
    if (f->is_fading) {
        float old = f->course.legs[f->course.at - 1].gain, g = mix_in(f, b);
        b->track_gain = old + (l->gain - old) * g;
    }
    f->joins = false;
    f->v = b->v + got * step;
    f->is_over = b->is_last;
    stream_push(&f->w);
    look_ahead(f, got);
    return true;
}

int feed_run(struct feed *f, int blocks)
{
    int done = 0;

    while (done < blocks && !f->is_over && write_block(f))
        done++;
    return done;
}
