import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Programs that tests start, by the name of their binary. */
export type Program =
  | 'bash'
  | 'chromium'
  | 'curl'
  | 'fish'
  | 'initdb'
  | 'node'
  | 'npm'
  | 'openssl'
  | 'pg_basebackup'
  | 'postgres'
  | 'redis-server'
  | 'setpriv'
  | 'smtp-sink'
  | 'smtp-source'
  | 'zsh';

const DEBIAN_POSTGRES = '/usr/lib/postgresql';

/** Debian keeps server binaries out of PATH, and a test may run with a PATH that holds next to nothing. */
function debianFolders(): string[] {
  const folders = ['/usr/bin', '/usr/sbin'];
  if (!existsSync(DEBIAN_POSTGRES)) return folders;
  const versions = readdirSync(DEBIAN_POSTGRES).sort((a, b) => Number(b) - Number(a));
  return [...versions.map((version) => join(DEBIAN_POSTGRES, version, 'bin')), ...folders];
}

/** The absolute path of a program, from PATH or from where Debian puts it; null where it is not installed. */
export function findProgram(name: Program): string | null {
  const inPath = Bun.which(name);
  if (inPath) return inPath;
  const candidates = debianFolders().map((folder) => join(folder, name));
  return candidates.find((candidate) => existsSync(candidate)) ?? null;
}

/** PostgreSQL does not run as root, and to become somebody else takes `setpriv`. */
function findMissing(names: readonly Program[]): Program[] {
  const needed = new Set(names);
  if (needed.has('postgres') && process.getuid?.() === 0) needed.add('setpriv');
  return [...needed].filter((name) => findProgram(name) === null);
}

/** True where every one of the programs is installed. */
export function isAvailable(...names: readonly Program[]): boolean {
  return findMissing(names).length === 0;
}

/** What a test file does about the programs it needs. */
export type Requirement =
  | { kind: 'met' }
  | { kind: 'skip'; reason: string }
  | { kind: 'fail'; reason: string };

/**
 * Decides from what is missing. A laptop without PostgreSQL skips with a reason; in CI a missing server would be
 * a hole in the net that nobody sees, so it fails.
 */
export function judgeRequirement(missing: readonly string[], isCi: boolean): Requirement {
  if (missing.length === 0) return { kind: 'met' };
  const reason = `needs ${missing.join(', ')}`;
  return isCi ? { kind: 'fail', reason } : { kind: 'skip', reason };
}

/**
 * For `describe.skipIf(isMissing('postgres', 'redis-server'))`: true, with the reason on stderr, where a program
 * is missing. With `CI=true` it throws instead, which fails the whole test file.
 */
export function isMissing(...names: readonly Program[]): boolean {
  const requirement = judgeRequirement(findMissing(names), process.env['CI'] === 'true');
  if (requirement.kind === 'fail') throw new Error(`CI lacks a server: ${requirement.reason}`);
  if (requirement.kind === 'skip') console.error(`skipped: ${requirement.reason}`);
  return requirement.kind === 'skip';
}

/**
 * True under `./dev test --full`, where tests run their large form.
 *
 * @public
 */
export function isFullRun(): boolean {
  return process.env['MAIL_TEST_FULL'] === '1';
}
