import { join } from 'node:path';
import { createFrameDecoder, encodeFrame, REPLY, REQUEST, type Frame } from './frames.ts';
import type { KillReason, LimitWatch, WatchLimits } from './limit-watch.ts';
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
  /** The process ended by itself. */
  | { kind: 'died' };

export type SandboxProcess = {
  readonly pid: number;
  readonly isAlive: boolean;
  /** Renders one job; one at a time. Breaking a limit kills the process. */
  run(job: SandboxJob, limits: WatchLimits): Promise<SandboxOutcome>;
  kill(): void;
  /** Settles when the process is gone. */
  readonly exited: Promise<void>;
};

export type SandboxProcessOptions = {
  runtimeCode: string;
  watch: LimitWatch;
  /** Answers over this many bytes end the process. */
  maxAnswerBytes: number;
};

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
    if (isAlive) child.kill('SIGKILL');
    isAlive = false;
    const current = waiter;
    waiter = null;
    current?.onEnd(outcome);
  };

  const send = (kind: number, text: string): void => {
    void child.stdin.write(encodeFrame(kind, text));
    void child.stdin.flush();
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
    const reply = exchange(ACKNOWLEDGE_MS, (frame, clearTimer) => {
      if (frame.kind !== REPLY.started) return true;
      clearTimer();
      const onBreach = (reason: KillReason): void => end({ kind: 'killed', reason });
      unwatch = options.watch.watch({ pid: child.pid, limits, onBreach });
      return false;
    });
    const { codeHash, mode, now, seed, maxOutputUnits, locale } = job;
    const request = { codeHash, mode, now, seed, maxOutputUnits, locale };
    send(REQUEST.render, encodeRenderRequest(request, job.propsJson));
    const result = await reply;
    unwatch();
    if (!('text' in result)) return result;
    return result.kind === REPLY.unknownCode ? 'unknown_code' : { kind: 'answer', json: result.text };
  };

  const exited = pump(child.stdout, options.maxAnswerBytes, {
    onFrame: (frame) => waiter?.onFrame(frame),
    onTooLarge: () => end({ kind: 'killed', reason: 'output' }),
    onEnd: () => end({ kind: 'died' }),
  });

  const ready = exchange(START_MS, () => true);
  send(REQUEST.init, options.runtimeCode);
  const started = await ready;
  if (started.kind !== REPLY.ready) throw new Error('A sandbox process did not start');

  return {
    pid: child.pid,
    get isAlive() {
      return isAlive;
    },
    async run(job, limits) {
      if (!isAlive) return { kind: 'died' };
      const outcome = await render(job, limits);
      if (outcome !== 'unknown_code') return outcome;
      // the child keeps a bounded number of templates and has dropped this one
      sentCode.clear();
      const second = await render(job, limits);
      return second === 'unknown_code' ? { kind: 'died' } : second;
    },
    kill: () => end({ kind: 'died' }),
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

async function settleAll(...promises: Promise<unknown>[]): Promise<void> {
  await Promise.allSettled(promises);
}

type PumpHandlers = { onFrame(frame: Frame): void; onTooLarge(): void; onEnd(): void };

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
    handlers.onEnd();
  }
}
