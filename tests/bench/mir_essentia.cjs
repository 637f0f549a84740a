// Beats and chords by essentia.js (RhythmExtractor2013 multifeature, whitened HPCP of 36 bins with 8 harmonics, ChordsDetectionBeats: the best of five settings tried): node mir_essentia.cjs FOLDER_OF_NODE_MODULES FILE.f32 prints one JSON object.
// FILE: mono float32 at 44.1 kHz. A peer for bench_mir.py, used where it is installed.
const fs = require('fs')
const path = require('path')
const [modules, file] = process.argv.slice(2)
const { Essentia, EssentiaWASM } = require(path.join(modules, 'essentia.js'))
const essentia = new Essentia(EssentiaWASM)
const bytes = fs.readFileSync(file)
const signal = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
const NOTES = { C: 0, 'C#': 1, Db: 1, D: 2, 'D#': 3, Eb: 3, E: 4, F: 5, 'F#': 6, Gb: 6, G: 7, 'G#': 8, Ab: 8, A: 9, 'A#': 10, Bb: 10, B: 11 }
const SIZE = 8192, HOP = 2048, RATE = 44100

const rhythm = essentia.RhythmExtractor2013(essentia.arrayToVector(signal), 208, 'multifeature', 40)
const beats = Array.from(essentia.vectorToArray(rhythm.ticks))
const pcp = new EssentiaWASM.VectorVectorFloat()
for (let at = 0; at + SIZE <= signal.length; at += HOP) {
    const w = essentia.Windowing(essentia.arrayToVector(signal.subarray(at, at + SIZE)), true, SIZE, 'blackmanharris62').frame
    const s = essentia.Spectrum(w, SIZE).spectrum
    const p = essentia.SpectralPeaks(s, 1e-5, 3500, 60, 20, 'magnitude', RATE)
    const white = essentia.SpectralWhitening(s, p.frequencies, p.magnitudes, 3500, RATE).magnitudes
    const h = essentia.HPCP(p.frequencies, white, true, 500, 8, 3500, false, 40, false, 'unitMax', 440, RATE, 36, 'cosine', 1).hpcp
    pcp.push_back(h)
    for (const v of [w, s, p.frequencies, p.magnitudes, white]) v.delete()
}
let chords = []
try {
    const names = essentia.ChordsDetectionBeats(pcp, essentia.arrayToVector(Float32Array.from(beats)), 'interbeat_median', HOP, RATE).chords
    for (let i = 0; i < names.size() && i + 1 < beats.length; i++) {
        const name = names.get(i), minor = name.endsWith('m')
        chords.push({ start: beats[i], end: beats[i + 1], root: (NOTES[minor ? name.slice(0, -1) : name] + 0) % 12, quality: minor ? 'min' : 'maj' })
    }
} catch (e) {
    console.error(String(e))
}
console.log(JSON.stringify({ beats, bpm: rhythm.bpm, chords }))
