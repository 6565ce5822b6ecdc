import { buildExecutable } from './cli/build.ts';
import { buildSdk } from './sdk/build.ts';

const TARGETS: Readonly<Record<string, () => Promise<void>>> = {
  sdk: () => buildSdk(),
  cli: async () => void (await buildExecutable()),
};

const names = process.argv.slice(2);
const unknown = names.filter((name) => !(name in TARGETS));
if (unknown.length > 0) {
  console.error(
    `./dev build: no target "${unknown.join('", "')}"; there are: ${Object.keys(TARGETS).join(', ')}`,
  );
  process.exitCode = 2;
} else {
  for (const [name, build] of Object.entries(TARGETS)) {
    if (names.length > 0 && !names.includes(name)) continue;
    await build();
    console.log(`built ${name}`);
  }
}
