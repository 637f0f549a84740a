/* How long the graphics take for a picture, and whether they have finished the last one. */
const STUCK_MS = 600; /* after this the next one is drawn anyway */

export class GpuClock {
    /* Of the last finished picture, milliseconds; 0: not known. */
    took = 0;
    private fence: WebGLSync | null = null;
    private at = 0;

    constructor(private readonly gl: WebGL2RenderingContext) {}

    /* A picture was given to them. */
    begun(nowMs: number) {
        this.fence = this.gl.fenceSync(this.gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
        this.at = nowMs;
        this.gl.flush();
    }

    isFree(nowMs: number): boolean {
        if (!this.fence) return true;
        const isDone = this.gl.getSyncParameter(this.fence, this.gl.SYNC_STATUS) === this.gl.SIGNALED;
        if (!isDone && nowMs - this.at < STUCK_MS) return false;
        this.took = nowMs - this.at;
        this.gl.deleteSync(this.fence);
        this.fence = null;
        return true;
    }

    reset() {
        this.fence = null;
        this.took = 0;
    }
}
