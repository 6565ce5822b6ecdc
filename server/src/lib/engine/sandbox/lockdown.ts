import { dlopen, ptr } from 'bun:ffi';
import { writeFileSync } from 'node:fs';
import { lowerSessionPriority } from '../../cpu-priority.ts';
import { buildSeccompProgram } from './seccomp-program.ts';

const LIBC_NAMES = ['libc.so.6', `libc.musl-${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}.so.1`];

const PR_SET_PDEATHSIG = 1;
const PR_SET_DUMPABLE = 4;
const PR_SET_NO_NEW_PRIVS = 38;
const SIGKILL = 9;

const SYS_SECCOMP = { x64: 317, arm64: 277 } as const;
const SECCOMP_SET_MODE_FILTER = 1;
/** Every thread that is already there, Bun's and JavaScriptCore's, gets the filter too. */
const SECCOMP_FILTER_FLAG_TSYNC = 1;

/** What a sandbox process is asked to do: `trusted` leaves the filter of system calls out. */
export type SandboxMode = 'full' | 'trusted';

/** What the kernel has agreed to; false where it refused or is not Linux. */
export type Lockdown = {
  diesWithParent: boolean;
  noNewPrivileges: boolean;
  isUndumpable: boolean;
  hasFilter: boolean;
};

const NOTHING: Lockdown = {
  diesWithParent: false,
  noNewPrivileges: false,
  isUndumpable: false,
  hasFilter: false,
};

/**
 * Asks the kernel to end this process with its parent, never to give it more rights, to hide its memory from other
 * processes of the same user, and to refuse every system call but a few dozen. There is no way back. A parent that
 * died before the call is noticed by the pipe, which then ends.
 */
export function lockDown(mode: SandboxMode): Lockdown {
  const libc = openLibc();
  if (libc === null) return NOTHING;
  offerToOomKiller();
  // a sandbox has a session of its own
  lowerSessionPriority();
  const { prctl } = libc.symbols;
  return {
    diesWithParent: prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) === 0,
    noNewPrivileges: prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) === 0,
    isUndumpable: prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) === 0,
    // last: it forbids the calls above
    hasFilter: mode === 'full' && filterSystemCalls(libc),
  };
}

/**
 * Hides the memory and the environment of the process that starts sandboxes: /proc/<pid> then belongs to root, and a
 * child of the same user can neither read nor trace it. False where the kernel refused or is not Linux.
 */
export function hideFromChildren(): boolean {
  const libc = openLibc();
  return libc !== null && libc.symbols.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) === 0;
}

type Libc = NonNullable<ReturnType<typeof openLibc>>;

function filterSystemCalls(libc: Libc): boolean {
  const { arch, pid } = process;
  if (arch !== 'x64' && arch !== 'arm64') return false;
  const program = buildSeccompProgram({ arch, pid });
  // struct sock_fprog: a length of 16 bits, and a pointer at its natural alignment
  const header = new Uint8Array(16);
  const view = new DataView(header.buffer);
  view.setUint16(0, program.length / 8, true);
  view.setBigUint64(8, BigInt(ptr(program)), true);
  const { syscall } = libc.symbols;
  const result = syscall(
    SYS_SECCOMP[arch],
    SECCOMP_SET_MODE_FILTER,
    SECCOMP_FILTER_FLAG_TSYNC,
    BigInt(ptr(header)),
  );
  // positive is the id of a thread that could not be included
  return Number(result) === 0;
}

/** A machine out of memory should lose a sandbox, which is replaced, before it loses the server. */
function offerToOomKiller(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // no /proc, or a container that forbids it; the watch on memory is there in any case
  }
}

function openLibc() {
  if (process.platform !== 'linux') return null;
  for (const name of LIBC_NAMES) {
    try {
      return dlopen(name, {
        prctl: { args: ['i32', 'u64', 'u64', 'u64', 'u64'], returns: 'i32' },
        syscall: { args: ['i64', 'u64', 'u64', 'u64'], returns: 'i64' },
      });
    } catch {
      // the other C library's name
    }
  }
  return null;
}
