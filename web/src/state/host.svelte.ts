/*
 * The transport as far as it changes seldom. Where the music is now: live.clock.
 * What lumad answers to a request is its state, as pushed: it is taken at once, and an
 * older message that was still on its way is not.
 */
import { asError, get, post, put } from '../api/client';
import type { Beats, HostAudio, HostStems, Quantize, StemLevel, StemName, Track, TransportState } from '../api/types';
import { attempt } from './attempt';
import { onChange } from './changes';
import { Held } from './held.svelte';
import { link } from './link.svelte';
import { live, now } from './live';

/* A grid corrected by hand is there before, and without, an analysis. */
export const hasBeats = (t: Track) => t.bpm !== null || t.analysis?.beats?.state === 'done';

const AT_END_S = 0.05;
export const STEM_NAMES: readonly StemName[] = ['drums', 'bass', 'vocals', 'other'];
const OPEN: StemLevel = { gain_db: 0, mute: false, solo: false };
const NO_STEMS: HostStems = { available: false, drums: OPEN, bass: OPEN, vocals: OPEN, other: OPEN };
const isSame = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
const QUANTIZES: readonly Quantize[] = ['none', 'beat', 'bar'];
const stored = () => QUANTIZES.find((q) => q === localStorage.getItem('lumad.quantize')) ?? 'none';

class Host {
    loaded = $state(false);
    playing = $state(false);
    state = $state<TransportState>('stopped');
    trackId = $state<string | null>(null);
    scoreId = $state<string | null>(null);
    duration = $state(0);
    loop = $state({ enabled: false, start: 0, end: 0 });
    next = $state.raw<HostAudio['next']>(null);
    pending = $state.raw<HostAudio['pending']>(null);
    calibration = $state.raw<HostAudio['calibration']>({ enabled: false, group_id: null });
    latencyMs = $state<number | null>(null);
    bpm = $state<number | null>(null);
    beats = $state.raw<Beats | null>(null);
    /* Jumps of this page wait for it. */
    quantize = $state<Quantize>(stored());

    private farRate = $state.raw({ rate: 1, keep_pitch: true });
    private farVolume = $state(0);
    private farStems = $state.raw<HostStems>(NO_STEMS);
    private farMetronome = $state.raw({ enabled: false, db: -12 });
    private readonly handRate = new Held('Change the rate', () => this.farRate, (v) => this.ask('/rate', v));
    private readonly handVolume = new Held('Change the volume', () => this.farVolume, (db) => this.ask('/volume', { db }));
    private readonly handStems = new Held('Change the stems', () => this.farStems, ({ drums, bass, vocals, other }) => this.ask('/stems', { drums, bass, vocals, other }, put));
    private readonly handMetronome = new Held('Change the metronome', () => this.farMetronome, (m) => this.ask('/metronome', m, put));

    /* The last part of this track that was looped, to be looped again. */
    private lastLoop: { trackId: string; start: number; end: number } | null = null;
    private seq = 0;
    private of = 0; /* the opening of the socket in which it was counted */
    private gridOf: string | null = null;

    constructor() {
        onChange(['track_beats', 'tracks'], () => void this.loadGrid());
    }

    get rate() {
        return this.handRate.value.rate;
    }
    get keepPitch() {
        return this.handRate.value.keep_pitch;
    }
    get volumeDb() {
        return this.handVolume.value;
    }
    get isVolumePending() {
        return this.handVolume.isPending;
    }
    get stems() {
        return this.handStems.value;
    }
    get metronome() {
        return this.handMetronome.value;
    }
    get position() {
        return live.clock.position(now());
    }

    push(m: HostAudio) {
        if (m.seq < this.seq && this.of === link.opened) return;
        this.seq = m.seq;
        this.of = link.opened;
        this.loaded = m.loaded;
        this.playing = m.playing;
        this.state = m.state;
        this.scoreId = m.score_id;
        this.duration = m.duration;
        this.latencyMs = m.latency_ms;
        this.bpm = m.beat?.bpm ?? null;
        this.farVolume = m.volume_db;
        /* Twenty times a second the same: only what changed is news to the page. */
        const rate = { rate: m.rate, keep_pitch: m.keep_pitch };
        if (!isSame(rate, this.farRate)) this.farRate = rate;
        if (!isSame(m.next, this.next)) this.next = m.next;
        if (!isSame(m.pending, this.pending)) this.pending = m.pending;
        if (!isSame(m.stems, this.farStems)) this.farStems = m.stems;
        if (!isSame(m.metronome, this.farMetronome)) this.farMetronome = m.metronome;
        if (!isSame(m.calibration, this.calibration)) this.calibration = m.calibration;
        if (!isSame(m.loop, this.loop)) this.loop = { ...m.loop };
        if (m.loop.enabled && m.track_id) this.lastLoop = { trackId: m.track_id, start: m.loop.start, end: m.loop.end };
        if (m.track_id !== this.trackId) {
            this.trackId = m.track_id;
            void this.loadGrid();
        }
    }

    /* No beats yet (still analysed, or none found): the transport shows time alone. */
    private async loadGrid() {
        const id = this.trackId;
        if (id !== this.gridOf) this.beats = null;
        this.gridOf = id;
        if (!id) return;
        try {
            const track = await get<Track>(`/tracks/${id}`);
            const beats = hasBeats(track) ? await get<Beats>(`/tracks/${id}/beats`) : null;
            if (id === this.trackId) this.beats = beats;
        } catch (e) {
            /* The track was deleted; or the connection is lost: then the next change asks again. */
            if (asError(e).status === 404 && id === this.trackId) this.beats = null;
        }
    }

    private async ask(path: string, body: unknown = {}, how: typeof post | typeof put = post) {
        const answer = await how<HostAudio>(`/host-audio${path}`, body);
        if (answer && 'loop' in answer) this.push(answer);
    }

    /* At the end there is nothing left to play: then from the start. */
    play = async () => {
        if (this.duration > 0 && this.position > this.duration - AT_END_S && !(await this.seek(0))) return false;
        return attempt('Play', () => post('/host-audio/play'));
    };
    pause = () => attempt('Pause', () => post('/host-audio/pause'));
    toggle = () => (this.playing ? this.pause() : this.play());
    seek = (seconds: number) => attempt('Seek', () => post('/host-audio/seek', { seconds: Math.max(0, seconds) }));
    /* To a place or a cue point, on the next beat or bar where that is wished and the music runs. */
    jump = (to: { seconds: number } | { marker_id: string }) => attempt('Jump', () => this.ask('/seek', { ...to, quantize: this.wait }));
    get wait(): Quantize {
        return this.playing && this.beats?.beats.length ? this.quantize : 'none';
    }
    setQuantize = (q: Quantize) => {
        this.quantize = q;
        localStorage.setItem('lumad.quantize', q);
    };
    setLoop = (enabled: boolean, start: number, end: number) => attempt('Loop', () => post('/host-audio/loop', { enabled, start, end }));
    unload = () => attempt('Take the track off', () => post('/host-audio/unload'));
    load = (trackId: string) => attempt('Load track', () => post('/host-audio/load-track', { track_id: trackId }));

    setRate = (rate: number, keepPitch = this.keepPitch) => this.handRate.set({ rate: Math.min(2, Math.max(0.5, Math.round(rate * 1000) / 1000)), keep_pitch: keepPitch });
    setVolume = (db: number) => this.handVolume.set(Math.min(0, Math.max(-60, db)));
    setStem = (name: StemName, change: Partial<StemLevel>) => this.handStems.set({ ...this.stems, [name]: { ...this.stems[name], ...change } });
    /* All of them, as they were separated: the mix itself is heard. */
    openStems = () => this.handStems.set({ ...NO_STEMS, available: this.stems.available });
    setMetronome = (change: Partial<{ enabled: boolean; db: number }>) => this.handMetronome.set({ ...this.metronome, ...change });
    setNext = (trackId: string, crossfade = 0) => attempt('Queue the next track', () => this.ask('/next', { track_id: trackId, crossfade_seconds: crossfade }));
    cancelNext = () => attempt('Take the next track off', () => this.ask('/next', { track_id: null }));
    /* It ends with this page's socket at the latest. */
    startCalibration = (groupId: string) => attempt('Calibration', () => this.ask('/calibration', { enabled: true, group_id: groupId, ...(link.client ? { client: link.client } : {}) }, put));
    stopCalibration = () => attempt('End the calibration', () => this.ask('/calibration', { enabled: false }, put));

    /* Loop off, or on for what was looped last, else for the whole track. */
    toggleLoop = () => {
        const { enabled, start, end } = this.loop;
        if (enabled) return this.setLoop(false, start, end);
        const last = this.lastLoop;
        if (last && last.trackId === this.trackId) return this.setLoop(true, last.start, last.end);
        return this.setLoop(true, 0, this.duration);
    };
}

export const host = new Host();
link.onHostAudio = (m) => host.push(m);
