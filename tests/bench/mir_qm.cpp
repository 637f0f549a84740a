// Beats, downbeats and chords by the QM DSP library, as its Vamp plug-ins use it: mir_qm FILE prints one JSON object. A peer for bench_mir.py, built where libqm-dsp-dev is installed.
#include <qm-dsp/base/Window.h>
#include <qm-dsp/dsp/chromagram/Chromagram.h>
#include <qm-dsp/dsp/onsets/DetectionFunction.h>
#include <qm-dsp/dsp/rateconversion/Decimator.h>
#include <qm-dsp/dsp/tempotracking/DownBeat.h>
#include <qm-dsp/dsp/tempotracking/TempoTrackV2.h>
#include <sndfile.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

static const size_t STEP = 512, FRAME = 1024, DECIMATE = 16;

static std::vector<float> mono(const char *path, int *rate)
{
    SF_INFO info = {};
    SNDFILE *f = sf_open(path, SFM_READ, &info);
    std::vector<float> out;

    if (!f)
        return out;
    std::vector<float> all((size_t)info.frames * (size_t)info.channels);
    sf_readf_float(f, all.data(), info.frames);
    sf_close(f);
    out.resize((size_t)info.frames);
    for (size_t i = 0; i < out.size(); i++) {
        float sum = 0;
        for (int c = 0; c < info.channels; c++)
            sum += all[i * (size_t)info.channels + (size_t)c];
        out[i] = sum / (float)info.channels;
    }
    *rate = info.samplerate;
    return out;
}

static std::vector<double> find_beats(const std::vector<float> &x, int rate, DownBeat &down)
{
    DFConfig config = { (unsigned)STEP, (unsigned)FRAME, DF_COMPLEXSD, 3, false, -1, -1 };
    DetectionFunction df(config);
    std::vector<double> frame(FRAME), v, period, tempi, beats;

    for (size_t at = 0; at + FRAME <= x.size(); at += STEP) {
        std::copy(x.begin() + (long)at, x.begin() + (long)(at + FRAME), frame.begin());
        v.push_back(df.processTimeDomain(frame.data()));
        down.pushAudioBlock(x.data() + at);
    }
    while (!v.empty() && v.back() <= 0)
        v.pop_back();
    if (v.size() < 8)
        return beats;
    v.erase(v.begin(), v.begin() + 2);
    period.assign(v.size(), 0);
    TempoTrackV2 tempo((float)rate, STEP);
    tempo.calculateBeatPeriod(v, period, tempi);
    tempo.calculateBeats(v, period, beats);
    return beats;
}

// Twelve major and twelve minor triads against the chroma between two beats.
static void print_chords(const std::vector<float> &x, int rate, const std::vector<double> &beats)
{
    Decimator dec(1 << 13, 8);
    std::vector<double> in(1 << 13), out(1 << 10), y;

    for (size_t at = 0; at + in.size() <= x.size(); at += in.size()) {
        std::copy(x.begin() + (long)at, x.begin() + (long)(at + in.size()), in.begin());
        dec.process(in.data(), out.data());
        y.insert(y.end(), out.begin(), out.end());
    }
    double low = (double)rate / 8;
    ChromaConfig config = { (unsigned)low, 65.4, 1046.5, 36, 0.0054, MathUtilities::NormaliseNone };
    Chromagram chroma(config);
    size_t size = chroma.getFrameSize(), hop = size / 8;
    std::vector<std::vector<double> > frames;

    for (size_t at = 0; at + size <= y.size(); at += hop) {
        const double *c = chroma.process(y.data() + at);
        std::vector<double> f(12);
        for (unsigned b = 0; b < 36; b++)
            f[(b + 1) / 3 % 12] += c[b];
        frames.push_back(f);
    }
    std::printf("\"chords\":[");
    for (size_t i = 0; i + 1 < beats.size(); i++) {
        double a = beats[i] * STEP / rate, b = beats[i + 1] * STEP / rate, best = -1;
        size_t from = (size_t)std::max(0., (a * low - (double)size / 2) / (double)hop), to = (size_t)std::max(0., (b * low - (double)size / 2) / (double)hop) + 1;
        std::vector<double> sum(12);
        int chord = 0;

        for (size_t k = from; k < to && k < frames.size(); k++)
            for (int n = 0; n < 12; n++)
                sum[(size_t)n] += frames[k][(size_t)n];
        for (int k = 0; k < 24; k++) {
            double s = sum[(size_t)(k % 12)] + sum[(size_t)((k + (k < 12 ? 4 : 3)) % 12)] + sum[(size_t)((k + 7) % 12)];
            if (s > best)
                best = s, chord = k;
        }
        std::printf("%s{\"start\":%.4f,\"end\":%.4f,\"root\":%d,\"quality\":\"%s\"}", i ? "," : "", a, b, chord % 12, chord < 12 ? "maj" : "min");
    }
    std::printf("]");
}

int main(int argc, char **argv)
{
    int rate = 0;
    std::vector<float> x;

    if (argc != 2 || (x = mono(argv[1], &rate)).size() < 4 * FRAME)
        return std::fprintf(stderr, "Use mir_qm FILE\n"), 1;
    DownBeat down((float)rate, DECIMATE, STEP);
    std::vector<double> beats = find_beats(x, rate, down);
    std::vector<int> bars;
    size_t n = 0;
    down.setBeatsPerBar(4);
    const float *buffer = down.getBufferedAudio(n);
    if (beats.size() > 8)
        down.findDownBeats(buffer, n, beats, bars);
    std::printf("{\"beats\":[");
    for (size_t i = 0; i < beats.size(); i++)
        std::printf("%s%.4f", i ? "," : "", (beats[i] + 2) * STEP / rate);
    std::printf("],\"downbeats\":[");
    for (size_t i = 0; i < bars.size(); i++)
        std::printf("%s%.4f", i ? "," : "", (beats[(size_t)bars[i]] + 2) * STEP / rate);
    std::printf("],");
    print_chords(x, rate, beats);
    std::printf("}\n");
    return 0;
}
