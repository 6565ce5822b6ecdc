import { describe, expect, test } from 'bun:test';
import type { Lockdown, SandboxMode } from './lockdown.ts';
import type { SandboxProcess } from './sandbox-process.ts';
import { createSandboxStarter } from './warm-sandbox.ts';

const LOCKED: Lockdown = {
  diesWithParent: true,
  noNewPrivileges: true,
  isUndumpable: true,
  hasFilter: true,
};

async function startOn(
  lockdown: Lockdown,
  { mode = 'full', isLockRequired }: { mode?: SandboxMode; isLockRequired: boolean },
) {
  const seen = { warnings: 0, kills: 0 };
  const startProcess = async (): Promise<SandboxProcess> => ({
    pid: 1,
    isAlive: true,
    lockdown,
    run: async () => ({ kind: 'answer', json: '{"status":"ok"}' }),
    kill: () => {
      seen.kills += 1;
    },
    exited: Promise.resolve(),
  });
  const starter = createSandboxStarter({
    runtimeCode: '',
    mode,
    isLockRequired,
    watch: { watch: () => () => {} },
    maxAnswerBytes: 1,
    startProcess,
    onUnlocked: () => {
      seen.warnings += 1;
    },
  });
  const results = await Promise.allSettled([starter.start(), starter.start()]);
  return { ...seen, starts: results.map(({ status }) => status) };
}

describe('a sandbox that the kernel has not locked in', () => {
  test.each(['diesWithParent', 'noNewPrivileges', 'isUndumpable', 'hasFilter'] as const)(
    'is refused and ended where the lock is required (%s is missing)',
    async (missing) => {
      expect(await startOn({ ...LOCKED, [missing]: false }, { isLockRequired: true })).toEqual({
        warnings: 0,
        kills: 2,
        starts: ['rejected', 'rejected'],
      });
    },
  );

  test('is used elsewhere, with one warning', async () => {
    expect(await startOn({ ...LOCKED, hasFilter: false }, { isLockRequired: false })).toEqual({
      warnings: 1,
      kills: 0,
      starts: ['fulfilled', 'fulfilled'],
    });
  });

  test('is used without a word where templates are said to be trusted', async () => {
    const options = { mode: 'trusted', isLockRequired: true } as const;
    expect(await startOn({ ...LOCKED, hasFilter: false }, options)).toMatchObject({ warnings: 0, kills: 0 });
  });
});
