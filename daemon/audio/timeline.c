#include "audio/timeline.h"

#include <math.h>

int64_t run_end(const struct run *r)
{
    return r->anchor < r->segment_end ? r->segment_end : r->frames;
}

/* A loop catches what comes from before its end; what starts behind it plays on. */
bool run_loops(const struct run *r)
{
    return r->loop && r->anchor < r->loop_end && r->loop_start < r->loop_end;
}

double run_rate(const struct run *r)
{
    return r->rate > 0 ? r->rate : 1;
}

double run_when(const struct run *r, double frame, double from)
{
    double v = frame - (double)r->anchor, length = (double)(r->loop_end - r->loop_start);

    if (!run_loops(r))
        return v >= from && frame <= (double)run_end(r) ? v : -1;
    if (frame >= (double)r->loop_end)
        return -1;
    if (v >= fmax(from, 0))
        return v;
    if (frame < (double)r->loop_start)
        return -1;
    v = (double)(r->loop_end - r->anchor) + frame - (double)r->loop_start;     /* after the first wrap */
    return v >= from ? v : v + ceil((from - v) / length) * length;
}

struct place run_place(const struct run *r, double v)
{
    struct place p = { .frame = (double)r->anchor + fmax(v, 0) };

    if (run_loops(r)) {
        double length = (double)(r->loop_end - r->loop_start), past = p.frame - (double)r->loop_end;
        if (past >= 0) {
            double turns = floor(past / length);
            p.frame = (double)r->loop_start + fmin(past - turns * length, length);
            p.wraps = (uint32_t)fmin(turns, 4e9) + 1;
        }
    } else if (p.frame >= (double)run_end(r)) {
        p.frame = (double)run_end(r);
        p.ended = true;
    }
    return p;
}

int64_t run_frame(const struct run *r, int64_t v, int64_t *n)
{
    int64_t frame = r->anchor + v;

    if (run_loops(r)) {
        if (frame >= r->loop_end)
            frame = r->loop_start + (frame - r->loop_end) % (r->loop_end - r->loop_start);
        *n = r->loop_end - frame;
    } else {
        *n = frame < run_end(r) ? run_end(r) - frame : 0;
    }
    return frame;
}
