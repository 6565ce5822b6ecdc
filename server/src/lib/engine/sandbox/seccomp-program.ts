/** Architectures that have a table here. */
export type SeccompArch = 'x64' | 'arm64';

type CallTable = Readonly<{
  /** AUDIT_ARCH_*: which table of numbers a call was made with. */
  auditArch: number;
  clone: number;
  clone3: number;
  tgkill: number;
  prctl: number;
  /** Allowed with any argument, the frequent ones first. */
  plain: readonly number[];
}>;

/**
 * What Bun needs once its runtime is evaluated: the two pipes, memory, threads of its own, the event loop, clocks.
 * Nothing here takes a path, an address or another process; found with strace under load, and kept wider than what
 * was seen only by calls of the same kind that another C library or kernel makes instead.
 */
const TABLES: Readonly<Record<SeccompArch, CallTable>> = {
  x64: {
    auditArch: 0xc000003e,
    clone: 56,
    clone3: 435,
    tgkill: 234,
    prctl: 157,
    plain: [
      // futex, read, write, writev, madvise, mmap, munmap, mprotect, mremap, brk, mincore, close
      202, 0, 1, 20, 28, 9, 11, 10, 25, 12, 27, 3,
      // epoll_wait, epoll_pwait, epoll_pwait2, epoll_ctl, poll, ppoll, restart_syscall
      232, 281, 441, 233, 7, 271, 219,
      // rt_sigaction, rt_sigprocmask, rt_sigreturn, sigaltstack, membarrier, rseq, set_robust_list
      13, 14, 15, 131, 324, 334, 273,
      // clock_gettime, clock_getres, clock_nanosleep, nanosleep, gettimeofday, time, getrusage, sysinfo
      228, 229, 230, 35, 96, 201, 98, 99,
      // sched_yield, sched_getaffinity, getcpu, getpid, gettid, getrandom, exit, exit_group
      24, 204, 309, 39, 186, 318, 60, 231,
    ],
  },
  arm64: {
    auditArch: 0xc00000b7,
    clone: 220,
    clone3: 435,
    tgkill: 131,
    prctl: 167,
    plain: [
      // futex, read, write, writev, madvise, mmap, munmap, mprotect, mremap, brk, mincore, close
      98, 63, 64, 66, 233, 222, 215, 226, 216, 214, 232, 57,
      // epoll_pwait, epoll_pwait2, epoll_ctl, ppoll, restart_syscall
      22, 441, 21, 73, 128,
      // rt_sigaction, rt_sigprocmask, rt_sigreturn, sigaltstack, membarrier, rseq, set_robust_list
      134, 135, 139, 132, 283, 293, 99,
      // clock_gettime, clock_getres, clock_nanosleep, nanosleep, gettimeofday, getrusage, sysinfo
      113, 114, 115, 101, 169, 165, 179,
      // sched_yield, sched_getaffinity, getcpu, getpid, gettid, getrandom, exit, exit_group
      124, 123, 168, 172, 178, 278, 93, 94,
    ],
  },
};

// classic BPF: load a word, jump if equal, jump if any bit is set, return
const LOAD = 0x20;
const JUMP_EQUAL = 0x15;
const JUMP_SET = 0x45;
const RETURN = 0x06;

// struct seccomp_data: nr, arch, instruction pointer, six arguments of 64 bits
const OFFSET_NR = 0;
const OFFSET_ARCH = 4;
const OFFSET_ARG0 = 16;

const ALLOW = 0x7fff0000;
const KILL_PROCESS = 0x80000000;
const EPERM = 0x00050000 | 1;
const ENOSYS = 0x00050000 | 38;

const CLONE_THREAD = 0x00010000;
/** Every CLONE_NEW*: a thread in namespaces of its own. */
const CLONE_NEW_ANY = 0x7e020000;
const PR_SET_NAME = 15;
/** Names a mapping, as C libraries and JavaScriptCore do. */
const PR_SET_VMA = 0x53564d41;

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, value: number];

/**
 * Builds the filter as an array of `struct sock_filter`. Calls that are not listed fail with EPERM, so that a Bun that
 * wants something new degrades instead of dying; a call through another architecture's table ends the process.
 */
export function buildSeccompProgram({ arch, pid }: { arch: SeccompArch; pid: number }): Uint8Array {
  const table = TABLES[arch];
  const program: Instruction[] = [
    [LOAD, 0, 0, OFFSET_ARCH],
    [JUMP_EQUAL, 1, 0, table.auditArch],
    [RETURN, 0, 0, KILL_PROCESS],
    [LOAD, 0, 0, OFFSET_NR],
    ...table.plain.flatMap((number): Instruction[] => [
      [JUMP_EQUAL, 0, 1, number],
      [RETURN, 0, 0, ALLOW],
    ]),
    // its flags are in memory, where a filter cannot look; C libraries fall back to clone
    [JUMP_EQUAL, 0, 1, table.clone3],
    [RETURN, 0, 0, ENOSYS],
    // threads only: no fork
    [JUMP_EQUAL, 0, 5, table.clone],
    [LOAD, 0, 0, OFFSET_ARG0],
    [JUMP_SET, 2, 0, CLONE_NEW_ANY],
    [JUMP_SET, 0, 1, CLONE_THREAD],
    [RETURN, 0, 0, ALLOW],
    [RETURN, 0, 0, EPERM],
    // the collector stops this process's own threads with signals
    ...whenArgument(table.tgkill, [pid]),
    ...whenArgument(table.prctl, [PR_SET_NAME, PR_SET_VMA]),
    [RETURN, 0, 0, EPERM],
  ];
  return encode(program);
}

/** Allows a call whose first argument (an int) is one of the given. */
function whenArgument(number: number, values: readonly number[]): Instruction[] {
  const checks = values.flatMap((value): Instruction[] => [
    [JUMP_EQUAL, 0, 1, value],
    [RETURN, 0, 0, ALLOW],
  ]);
  return [
    [JUMP_EQUAL, 0, checks.length + 2, number],
    [LOAD, 0, 0, OFFSET_ARG0],
    ...checks,
    [RETURN, 0, 0, EPERM],
  ];
}

function encode(program: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(program.length * 8);
  const view = new DataView(bytes.buffer);
  for (const [index, [code, ifTrue, ifFalse, value]] of program.entries()) {
    view.setUint16(index * 8, code, true);
    view.setUint8(index * 8 + 2, ifTrue);
    view.setUint8(index * 8 + 3, ifFalse);
    view.setUint32(index * 8 + 4, value, true);
  }
  return bytes;
}
