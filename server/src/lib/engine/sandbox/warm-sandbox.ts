import { createHash } from 'node:crypto';
import { compileTemplate } from '../compiler.ts';
import type { TemplateSources } from '../template-sources.ts';
import type { WatchLimits } from './limit-watch.ts';
import {
  startSandboxProcess,
  type SandboxJob,
  type SandboxProcess,
  type SandboxProcessOptions,
} from './sandbox-process.ts';
import { CODE_BLOCK_WARM_UP, WARM_UP, WARM_UP_PROPS } from './warm-up.ts';

export type SandboxStarter = {
  /** Starts a sandbox that has rendered its warm-up. Throws when it does not. */
  start(): Promise<SandboxProcess>;
  /** Loads what the job's code needs and the sandbox has not; false when that ended the sandbox. */
  prepare(sandbox: SandboxProcess, code: string): Promise<boolean>;
};

// Our own code runs under these, on a machine that may be busy with a thousand renders.
const WARM_UP_LIMITS: WatchLimits = {
  cpuMs: 10_000,
  wallMs: 20_000,
  hardWallMs: 30_000,
  maxRssBytes: 1024 * 1024 * 1024,
};

const LOCK_MISSING =
  'This system cannot lock the sandboxes of templates in (seccomp on Linux, x86_64 or aarch64). ' +
  'SANDBOX=trusted runs without, where everybody who may push a template is trusted with this machine.';

/** The second pass lets the JIT see what the first one loaded; a third gained less than it cost. */
const WARM_UP_PASSES = 2;

export type SandboxStarterOptions = SandboxProcessOptions & {
  /** In `full` mode, throw for a sandbox that the kernel has not locked in. */
  isLockRequired: boolean;
  /** How a process is started; a test of what happens without a lock starts its own. */
  startProcess?: (options: SandboxProcessOptions) => Promise<SandboxProcess>;
  /** Called once when a sandbox runs without its lock in `full` mode. */
  onUnlocked(): void;
};

/** Creates the starter; compiles the warm-ups once, while the first process starts. */
export function createSandboxStarter(options: SandboxStarterOptions): SandboxStarter {
  const compiling = Promise.all([
    createWarmUpJob(WARM_UP, WARM_UP_PROPS),
    createWarmUpJob(CODE_BLOCK_WARM_UP, '{}'),
  ]);
  // Whoever starts a sandbox is told; with nobody there it is no rejection that nobody handles.
  void Promise.allSettled([compiling]);
  const withCodeBlock = new WeakSet<SandboxProcess>();
  const { startProcess = startSandboxProcess } = options;
  let hasWarned = false;

  /** Before a template is near: a sandbox without its walls is refused, or spoken of once. */
  const requireLock = (sandbox: SandboxProcess): void => {
    if (options.mode === 'trusted' || Object.values(sandbox.lockdown).every(Boolean)) return;
    if (options.isLockRequired) {
      sandbox.kill();
      throw new Error(LOCK_MISSING);
    }
    if (!hasWarned) options.onUnlocked();
    hasWarned = true;
  };
  return {
    async start() {
      const sandbox = await startProcess(options);
      requireLock(sandbox);
      const [warmUp] = await compiling.catch((error: unknown) => {
        sandbox.kill();
        throw error;
      });
      for (let pass = 0; pass < WARM_UP_PASSES; pass += 1) {
        const outcome = await sandbox.run(warmUp, WARM_UP_LIMITS);
        if (outcome.kind === 'answer' && outcome.json.startsWith('{"status":"ok"')) continue;
        sandbox.kill();
        throw new Error('A sandbox failed its warm-up', { cause: outcome });
      }
      return sandbox;
    },
    async prepare(sandbox, code) {
      // over-approximates: a mail that only mentions the word pays the load once
      if (!code.includes('CodeBlock') || withCodeBlock.has(sandbox)) return true;
      withCodeBlock.add(sandbox);
      const [, codeBlockWarmUp] = await compiling;
      const outcome = await sandbox.run(codeBlockWarmUp, WARM_UP_LIMITS);
      return outcome.kind === 'answer';
    },
  };
}

async function createWarmUpJob(sources: TemplateSources, propsJson: string): Promise<SandboxJob> {
  const compiled = await compileTemplate(sources);
  if (!compiled.ok) throw new Error('The warm-up template does not compile', { cause: compiled.errors });
  const codeHash = createHash('sha256').update(compiled.code).digest('hex');
  const pins = { mode: 'render', now: 0, seed: 'warm-up', maxOutputUnits: 1_000_000 } as const;
  return { codeHash, code: compiled.code, propsJson, ...pins };
}
