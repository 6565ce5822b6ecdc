import { existsSync } from 'node:fs';
import { type CheckOutcome, toOutcome } from './check.ts';
import { type Manifest, readManifests } from './manifests.ts';

/** An alias is a second version of a package under a name that says so. */
const EXACT = /^(?:npm:(?:@[\w.-]+\/)?[\w.-]+@)?\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/;
const ADDRESS = /\.tgz"|https?:|git\+|github:/;

/** Lines of a lockfile that name a registry or any other address: it must install from whatever is configured. */
export function findAddresses(lockfile: string): string[] {
  const lines = lockfile.split('\n');
  return lines.flatMap((line, index) => (ADDRESS.test(line) ? [`bun.lock:${index + 1}: an address`] : []));
}

/** Dependencies that are not one exact version or a workspace of this repository. */
export function findLooseVersions(manifests: readonly Manifest[]): string[] {
  return manifests.flatMap(({ path, dependencies }) =>
    Object.entries(dependencies)
      .filter(([, version]) => version !== 'workspace:*' && !EXACT.test(version))
      .map(([name, version]) => `${path}: ${name} "${version}" is not an exact version`),
  );
}

/** The same package in two versions in two workspaces: types and singletons would come twice. */
export function findSplitVersions(manifests: readonly Manifest[]): string[] {
  const seen = new Map<string, string>();
  const complaints: string[] = [];
  for (const { path, dependencies } of manifests) {
    for (const [name, version] of Object.entries(dependencies)) {
      const other = seen.get(name) ?? version;
      seen.set(name, other);
      if (other !== version) complaints.push(`${path}: ${name} is ${version} here and ${other} elsewhere`);
    }
  }
  return complaints;
}

/** Dependencies that docs/decisions/dependencies.md does not name in backticks. */
export function findUnexplained(manifests: readonly Manifest[], reasons: string): string[] {
  const names = manifests.flatMap(({ dependencies }) =>
    Object.entries(dependencies).flatMap(([name, version]) => (version === 'workspace:*' ? [] : [name])),
  );
  const missing = [...new Set(names)].filter((name) => !reasons.includes(`\`${name}\``)).sort();
  return missing.map((name) => `${REASONS}: no line says why \`${name}\` is here`);
}

const REASONS = 'docs/decisions/dependencies.md';

/** Judges manifests and lockfile as text; that they agree with each other is for Bun to say. */
export async function checkDependencies(): Promise<CheckOutcome> {
  const manifests = await readManifests();
  const reasons = existsSync(REASONS) ? await Bun.file(REASONS).text() : '';
  const complaints = [
    ...findAddresses(await Bun.file('bun.lock').text()),
    ...findLooseVersions(manifests),
    ...findSplitVersions(manifests),
    ...findUnexplained(manifests, reasons),
  ];
  const names = new Set(manifests.flatMap(({ dependencies }) => Object.keys(dependencies)));
  return toOutcome(complaints, `${names.size} dependencies`);
}
