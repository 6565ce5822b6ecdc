import { describe, expect, test } from 'bun:test';
import { buildSeccompProgram, type SeccompArch } from './seccomp-program.ts';

const PID = 4242;
const AUDIT_ARCH = { x64: 0xc000003e, arm64: 0xc00000b7 } as const;
const ALLOW = 0x7fff0000;
const KILL = 0x80000000;
const EPERM = 0x00050001;
const ENOSYS = 0x00050026;

type Call = { arch: number; nr: number; arg0?: number };

/** Runs a filter as the kernel does: forward jumps only, and it has to end in a return. */
function decide(program: Uint8Array, { arch, nr, arg0 = 0 }: Call): number {
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength);
  const words = new Map([
    [0, nr],
    [4, arch],
    [16, arg0],
    [20, 0],
  ]);
  let accumulator = 0;
  for (let at = 0; at < program.length / 8; at += 1) {
    const code = view.getUint16(at * 8, true);
    const value = view.getUint32(at * 8 + 4, true);
    const jump = (isTrue: boolean): number => view.getUint8(at * 8 + (isTrue ? 2 : 3));
    if (code === 0x06) return value;
    else if (code === 0x20) accumulator = (words.get(value) ?? Number.NaN) >>> 0;
    else if (code === 0x15) at += jump(accumulator === value);
    else if (code === 0x45) at += jump((accumulator & value) !== 0);
    else throw new Error(`The instruction ${code} is unknown`);
  }
  throw new Error('The program ran past its end');
}

/** Numbers as the kernel's headers have them (asm/unistd_64.h, asm-generic/unistd.h), written down a second time. */
const ALLOWED = {
  x64: {
    read: 0,
    write: 1,
    close: 3,
    poll: 7,
    mmap: 9,
    mprotect: 10,
    munmap: 11,
    brk: 12,
    rt_sigaction: 13,
    rt_sigprocmask: 14,
    rt_sigreturn: 15,
    writev: 20,
    sched_yield: 24,
    mremap: 25,
    mincore: 27,
    madvise: 28,
    nanosleep: 35,
    getpid: 39,
    exit: 60,
    gettimeofday: 96,
    getrusage: 98,
    sysinfo: 99,
    sigaltstack: 131,
    gettid: 186,
    time: 201,
    futex: 202,
    sched_getaffinity: 204,
    restart_syscall: 219,
    clock_gettime: 228,
    clock_getres: 229,
    clock_nanosleep: 230,
    exit_group: 231,
    epoll_wait: 232,
    epoll_ctl: 233,
    ppoll: 271,
    set_robust_list: 273,
    epoll_pwait: 281,
    getcpu: 309,
    getrandom: 318,
    membarrier: 324,
    rseq: 334,
    epoll_pwait2: 441,
  },
  arm64: {
    epoll_ctl: 21,
    epoll_pwait: 22,
    close: 57,
    read: 63,
    write: 64,
    writev: 66,
    ppoll: 73,
    exit: 93,
    exit_group: 94,
    futex: 98,
    set_robust_list: 99,
    nanosleep: 101,
    clock_gettime: 113,
    clock_getres: 114,
    clock_nanosleep: 115,
    sched_getaffinity: 123,
    sched_yield: 124,
    restart_syscall: 128,
    sigaltstack: 132,
    rt_sigaction: 134,
    rt_sigprocmask: 135,
    rt_sigreturn: 139,
    getrusage: 165,
    getcpu: 168,
    gettimeofday: 169,
    getpid: 172,
    gettid: 178,
    sysinfo: 179,
    brk: 214,
    munmap: 215,
    mremap: 216,
    mmap: 222,
    mprotect: 226,
    mincore: 232,
    madvise: 233,
    getrandom: 278,
    membarrier: 283,
    rseq: 293,
    epoll_pwait2: 441,
  },
} as const;

const SPECIAL = {
  x64: { clone: 56, clone3: 435, tgkill: 234, prctl: 157 },
  arm64: { clone: 220, clone3: 435, tgkill: 131, prctl: 167 },
} as const;

const DANGEROUS = {
  x64: {
    open: 2,
    stat: 4,
    ioctl: 16,
    pipe: 22,
    dup: 32,
    socket: 41,
    connect: 42,
    sendto: 44,
    recvmsg: 47,
    bind: 49,
    fork: 57,
    vfork: 58,
    execve: 59,
    kill: 62,
    unlink: 87,
    ptrace: 101,
    setuid: 105,
    tkill: 200,
    io_submit: 209,
    openat: 257,
    newfstatat: 262,
    prlimit64: 302,
    process_vm_readv: 310,
    seccomp: 317,
    memfd_create: 319,
    bpf: 321,
    execveat: 322,
    userfaultfd: 323,
    pidfd_send_signal: 424,
    io_uring_setup: 425,
    pidfd_open: 434,
    openat2: 437,
  },
  arm64: {
    dup: 23,
    ioctl: 29,
    unlinkat: 35,
    openat: 56,
    newfstatat: 79,
    ptrace: 117,
    kill: 129,
    tkill: 130,
    setuid: 146,
    socket: 198,
    bind: 200,
    connect: 203,
    sendto: 206,
    recvmsg: 212,
    execve: 221,
    prlimit64: 261,
    process_vm_readv: 270,
    seccomp: 277,
    memfd_create: 279,
    bpf: 280,
    execveat: 281,
    userfaultfd: 282,
    pidfd_send_signal: 424,
    io_uring_setup: 425,
    pidfd_open: 434,
    openat2: 437,
  },
} as const;

describe.each<SeccompArch>(['x64', 'arm64'])('the filter for %s', (name) => {
  const program = buildSeccompProgram({ arch: name, pid: PID });
  const arch = AUDIT_ARCH[name];
  const special = SPECIAL[name];
  const decideHere = (nr: number, arg0 = 0): number => decide(program, { arch, nr, arg0 });

  test('allows what the runtime needs', () => {
    const refused = Object.entries(ALLOWED[name]).filter(([, nr]) => decideHere(nr) !== ALLOW);
    expect(refused).toEqual([]);
  });

  test('refuses what reaches outside', () => {
    const let_through = Object.entries(DANGEROUS[name]).filter(([, nr]) => decideHere(nr) !== EPERM);
    expect(let_through).toEqual([]);
  });

  test('allows no number but those, of all there are and of the x32 table', () => {
    const known = new Set<number>([...Object.values(ALLOWED[name]), ...Object.values(special)]);
    const all = [...Array(1024).keys()].flatMap((nr) => [nr, nr + 0x40000000]);
    expect(all.filter((nr) => !known.has(nr) && decideHere(nr) !== EPERM)).toEqual([]);
  });

  test('allows threads and neither processes nor namespaces', () => {
    const thread = 0x3d0f00;
    expect(decideHere(special.clone, thread)).toBe(ALLOW);
    expect(decideHere(special.clone, 17)).toBe(EPERM);
    expect(decideHere(special.clone, thread | 0x20000)).toBe(EPERM);
    expect(decideHere(special.clone, thread | 0x40000000)).toBe(EPERM);
    expect(decideHere(special.clone3)).toBe(ENOSYS);
  });

  test('allows signals to its own process only, and names but no other setting of prctl', () => {
    expect(decideHere(special.tgkill, PID)).toBe(ALLOW);
    expect(decideHere(special.tgkill, PID + 1)).toBe(EPERM);
    expect([15, 0x53564d41].map((option) => decideHere(special.prctl, option))).toEqual([ALLOW, ALLOW]);
    expect([1, 4, 22, 38].map((option) => decideHere(special.prctl, option))).toEqual(Array(4).fill(EPERM));
  });

  test('ends a process that calls through another table', () => {
    for (const other of [0x40000003, 0x40000028, AUDIT_ARCH[name === 'x64' ? 'arm64' : 'x64']]) {
      expect(decide(program, { arch: other, nr: 0 })).toBe(KILL);
    }
  });

  test('is a program that the kernel takes: short, and jumping inside', () => {
    expect(program.length / 8).toBeLessThan(4096);
    expect(() => decideHere(0xffffffff)).not.toThrow();
  });
});
