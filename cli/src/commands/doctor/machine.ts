import { statfs } from 'node:fs/promises';
import { type Check, ok, warning } from './check.ts';

const MIN_FREE_BYTES = 1024 ** 3;
const GIBIBYTE = 1024 ** 3;

/** What runs this program, and the room that is left here. */
export async function checkMachine(readFreeBytes: () => Promise<number> = readFromDisk): Promise<Check[]> {
  const freeBytes = await readFreeBytes();
  const free = `${(freeBytes / GIBIBYTE).toFixed(1)} GiB free here`;
  return [
    ok('runtime', `Bun ${Bun.version} on ${process.platform} ${process.arch}`),
    freeBytes < MIN_FREE_BYTES
      ? warning('disk', free, 'Make room: a database that cannot write accepts no mail.')
      : ok('disk', free),
  ];
}

async function readFromDisk(): Promise<number> {
  const { bavail, bsize } = await statfs('.');
  return bavail * bsize;
}
