import { join } from 'node:path';
import { createFrameDecoder, encodeFrame, REPLY, REQUEST, type Frame } from './frames.ts';
import { encodeInitRequest } from './init-request.ts';
import type { KillReason, LimitWatch, WatchLimits } from './limit-watch.ts';
import type { Lockdown, SandboxMode } from './lockdown.ts';
import { encodeRenderRequest, type LocaleRequest } from './render-request.ts';

const CHILD_PATH = join(import.meta.dir, 'child.ts');

/** Time from a request to its acknowledgement. Nothing but our own code runs in it, so only a sick process needs it. */
const ACKNOWLEDGE_MS = 10_000;
/** Starting means evaluating a megabyte of script, on a machine that may be busy. */
const START_MS = 30_000;

export type SandboxJob = {
  codeHash: string;
  code: string;
  mode: 'render' | 'check';
  propsJson: string;
  now: number;
  seed: string;
  maxOutputUnits: number;
  locale?: LocaleRequest | undefined;
};

export type SandboxOutcome =
  /** JSON that the realm wrote: to be read as hostile input. */
  | { kind: 'answer'; json: string }
  | { kind: 'killed'; reason: KillReason }
  /**
   * The process ended: `outside` when somebody else killed it or it had not begun with the template, which then
   * cannot be at fault; `itself` otherwise.
   */
  | { kind: 'died'; cause: 'outside' | 'itself' };

export type SandboxProcess = {
  readonly pid: number;
  readonly isAlive: boolean;
  /** What the kernel has agreed to. */
  readonly lockdown: Lockdown;
  /** Renders one job; one at a time. Breaking a limit kills the process. */
  run(job: SandboxJob, limits: WatchLimits): Promise<SandboxOutcome>;
  /** Ends the process; what it renders ends with the given reason, as an accident without one. */
  kill(reason?: KillReason): void;
  /** Settles when the process is gone. */
  readonly exited: Promise<void>;
};

export type SandboxProcessOptions = {
  runtimeCode: string;
  mode: SandboxMode;
  watch: LimitWatch;
  /** Answers over this many bytes end the process. */
  maxAnswerBytes: number;
};

const DIED_OUTSIDE = { kind: 'died', cause: 'outside' } as const;

/** How long a process that has closed its pipe is given to end by itself. */
const END_MS = 1000;

type Waiter = { onFrame(frame: Frame): void; onEnd(outcome: SandboxOutcome): void };

/**
 * Starts a sandbox process with an empty environment and resolves when its runtime has been evaluated. Throws when
 * it does not start.
 */
export async function startSandboxProcess(options: SandboxProcessOptions): Promise<SandboxProcess> {
  const child = spawnChild();
  let waiter: Waiter | null = null;
  let isAlive = true;
  const sentCode = new Set<string>();

  const end = (outcome: SandboxOutcome): void => {
    isAlive = false;
    child.kill('SIGKILL');
    const current = waiter;
    waiter = null;
    current?.onEnd(outcome);
  };

  const send = (kind: number, text: string): void => {
    const frame = encodeFrame(kind, text);
    void ignoreFailure(() => child.stdin.write(frame));
    void ignoreFailure(() => child.stdin.flush());
  };

  /** Sends requests and resolves with the first reply for which `isLast` is true, or with how the process ended. */
  const exchange = (
    timeoutMs: number,
    isLast: (frame: Frame, clearTimer: () => void) => boolean,
  ): Promise<Frame | SandboxOutcome> =>
    new Promise((resolve) => {
      const timer = setTimeout(() => end({ kind: 'killed', reason: 'unresponsive' }), timeoutMs);
      waiter = {
        onFrame(frame) {
          if (!isLast(frame, () => clearTimeout(timer))) return;
          clearTimeout(timer);
          waiter = null;
          resolve(frame);
        },
        onEnd(outcome) {
          clearTimeout(timer);
          resolve(outcome);
        },
      };
    });

  const render = async (job: SandboxJob, limits: WatchLimits): Promise<SandboxOutcome | 'unknown_code'> => {
    if (!sentCode.has(job.codeHash)) send(REQUEST.code, `${job.codeHash}\n${job.code}`);
    sentCode.add(job.codeHash);
    let unwatch = (): void => {};
    let hasBegun = false;
    const reply = exchange(ACKNOWLEDGE_MS, (frame, clearTimer) => {
      if (frame.kind !== REPLY.started) return true;
      clearTimer();
      hasBegun = true;
      const onBreach = (reason: KillReason): void => end({ kind: 'killed', reason });
      unwatch = options.watch.watch({ pid: child.pid, limits, onBreach });
      return false;
    });
    const { codeHash, mode, now, seed, maxOutputUnits, locale } = job;
    const request = { codeHash, mode, now, seed, maxOutputUnits, locale };
    send(REQUEST.render, encodeRenderRequest(request, job.propsJson));
    const result = await reply;
    unwatch();
    if (!('text' in result)) return hasBegun || result.kind !== 'died' ? result : DIED_OUTSIDE;
    return result.kind === REPLY.unknownCode ? 'unknown_code' : { kind: 'answer', json: result.text };
  };

  const exited = pump(child.stdout, options.maxAnswerBytes, {
    onFrame: (frame) => waiter?.onFrame(frame),
    onTooLarge: () => end({ kind: 'killed', reason: 'output' }),
    async onEnd() {
      isAlive = false;
      end({ kind: 'died', cause: await causeOfDeath(child) });
    },
  });

  const ready = exchange(START_MS, () => true);
  send(REQUEST.init, encodeInitRequest(options.mode, options.runtimeCode));
  const started = await ready;
  if (!('text' in started) || started.kind !== REPLY.ready)
    throw new Error('A sandbox process did not start');
  const lockdown = parseLockdown(started.text);

  return {
    pid: child.pid,
    lockdown,
    get isAlive() {
      return isAlive;
    },
    async run(job, limits) {
      if (!isAlive) return DIED_OUTSIDE;
      const outcome = await render(job, limits);
      if (outcome !== 'unknown_code') return outcome;
      // the child keeps a bounded number of templates and has dropped this one
      sentCode.clear();
      if (!isAlive) return DIED_OUTSIDE;
      const second = await render(job, limits);
      return second === 'unknown_code' ? { kind: 'died', cause: 'itself' } : second;
    },
    kill: (reason) => end(reason === undefined ? DIED_OUTSIDE : { kind: 'killed', reason }),
    exited: settleAll(exited, child.exited),
  };
}

function spawnChild() {
  // --no-env-file and the root folder keep a .env or bunfig.toml of the working directory out of the child
  return Bun.spawn([process.execPath, '--no-env-file', '--no-install', CHILD_PATH], {
    env: {},
    cwd: '/',
    // out of the terminal's process group: Ctrl-C must let the worker drain, which takes its sandboxes alive
    detached: true,
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'ignore',
  });
}

/** Reads how a process ended that has closed its pipe; one that lingers is ended. */
async function causeOfDeath(child: ReturnType<typeof spawnChild>): Promise<'outside' | 'itself'> {
  let hasLingered = false;
  const timer = setTimeout(() => {
    hasLingered = true;
    child.kill('SIGKILL');
  }, END_MS);
  await child.exited;
  clearTimeout(timer);
  // nothing that runs inside can send these to itself: it has no way to call kill()
  const isSignalled = child.signalCode === 'SIGKILL' || child.signalCode === 'SIGTERM';
  return isSignalled && !hasLingered ? 'outside' : 'itself';
}

/** The child reports before any template has run in it. */
function parseLockdown(json: string): Lockdown {
  const value: unknown = JSON.parse(json);
  const has = (name: keyof Lockdown): boolean =>
    typeof value === 'object' && value !== null && Reflect.get(value, name) === true;
  return {
    diesWithParent: has('diesWithParent'),
    noNewPrivileges: has('noNewPrivileges'),
    isUndumpable: has('isUndumpable'),
    hasFilter: has('hasFilter'),
  };
}

/** For writes: a pipe whose other end has died is noticed where answers are read, and only there. */
async function ignoreFailure(step: () => unknown): Promise<void> {
  await Promise.allSettled([(async () => step())()]);
}

async function settleAll(...promises: Promise<unknown>[]): Promise<void> {
  await Promise.allSettled(promises);
}

type PumpHandlers = { onFrame(frame: Frame): void; onTooLarge(): void; onEnd(): Promise<void> };

async function pump(
  stdout: ReadableStream<Uint8Array>,
  maxBytes: number,
  handlers: PumpHandlers,
): Promise<void> {
  const decoder = createFrameDecoder({ maxBytes });
  const reader = stdout.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      const frames = decoder.push(value);
      if (frames === 'too_large') {
        handlers.onTooLarge();
        break;
      }
      for (const frame of frames) handlers.onFrame(frame);
    }
  } finally {
    await handlers.onEnd();
  }
}
