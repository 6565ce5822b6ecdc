/** Limits of one render and of the sandboxes together. docs/decisions/0010-render-limits.md says why these. */
export type RenderLimits = {
  /** CPU of the sandbox's main thread that one render may use, in milliseconds. */
  cpuMs: number;
  /** Time from the moment the sandbox has begun, less what it spent waiting for a busy machine, in milliseconds. */
  wallMs: number;
  /** Time that counts every wait, in milliseconds. */
  hardWallMs: number;
  /** Resident memory of one sandbox process. */
  maxRssBytes: number;
  /** Memory of all sandbox processes, spares included, without what they share. */
  maxTotalBytes: number;
  maxPropsBytes: number;
  /** Html and text together. */
  maxOutputBytes: number;
  /** Sandboxes that belong to a client; spares come on top. */
  maxProcesses: number;
  /** Sandboxes kept warm for clients that have none yet. */
  spares: number;
  /** A sandbox that has not rendered for this long is ended, in milliseconds. */
  idleMs: number;
};

export const DEFAULT_RENDER_LIMITS: RenderLimits = {
  cpuMs: 200,
  wallMs: 1000,
  hardWallMs: 3000,
  maxRssBytes: 512 * 1024 * 1024,
  maxTotalBytes: 3 * 1024 * 1024 * 1024,
  maxPropsBytes: 256 * 1024,
  maxOutputBytes: 5 * 1024 * 1024,
  maxProcesses: 16,
  spares: 1,
  idleMs: 60_000,
};
