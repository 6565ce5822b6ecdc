import { expect, test } from 'bun:test';
import { join } from 'node:path';

const MODULE = join(import.meta.dir, 'cpu-priority.ts');

/** Prints the nice values of all threads of a process that was lowered twice, and of one that it started. */
const PROGRAM = `
import { readdirSync, readFileSync } from 'node:fs';
import { lowerCpuPriority } from ${JSON.stringify(MODULE)};
const niceOf = (path) => { const stat = readFileSync(path, 'utf8'); return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]); };
lowerCpuPriority(7);
lowerCpuPriority(3);
const threads = readdirSync('/proc/self/task').map((id) => niceOf('/proc/self/task/' + id + '/stat'));
const child = Bun.spawnSync(['nice']).stdout.toString().trim();
console.log(JSON.stringify({ threads: [...new Set(threads)], count: threads.length, child }));
`;

test.skipIf(process.platform !== 'linux' || Bun.which('nice') === null)(
  'every thread stands back, and what is started later; never less than before',
  async () => {
    const lowered = Bun.spawn([process.execPath, '-e', PROGRAM], { stdout: 'pipe', stderr: 'inherit' });
    const printed = await new Response(lowered.stdout).json();
    expect(printed).toMatchObject({ threads: [7], child: '7' });
    expect(printed.count).toBeGreaterThan(1);
  },
  30_000,
);
