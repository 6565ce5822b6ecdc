import { dlopen } from 'bun:ffi';

const LIBC_NAMES = ['libc.so.6', `libc.musl-${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}.so.1`];

const PR_SET_PDEATHSIG = 1;
const PR_SET_DUMPABLE = 4;
const PR_SET_NO_NEW_PRIVS = 38;
const SIGKILL = 9;

/** What the kernel has agreed to; false where it refused or is not Linux. */
export type Lockdown = { diesWithParent: boolean; noNewPrivileges: boolean; isUndumpable: boolean };

/**
 * Asks the kernel to end this process with its parent, never to give it more rights, and to hide its memory from
 * other processes of the same user. A parent that died before the call is noticed by the pipe, which then ends.
 */
export function lockDown(): Lockdown {
  const libc = process.platform === 'linux' ? openLibc() : null;
  if (libc === null) return { diesWithParent: false, noNewPrivileges: false, isUndumpable: false };
  const { prctl } = libc.symbols;
  return {
    diesWithParent: prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) === 0,
    noNewPrivileges: prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) === 0,
    isUndumpable: prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) === 0,
  };
}

function openLibc() {
  for (const name of LIBC_NAMES) {
    try {
      return dlopen(name, { prctl: { args: ['i32', 'u64', 'u64', 'u64', 'u64'], returns: 'i32' } });
    } catch {
      // the other C library's name
    }
  }
  return null;
}
