import { collectOutput } from '../../server/test/support/collect-output.ts';

/** Known weaknesses of lesser weight are listed, and break nothing. */
const LEVELS: readonly unknown[] = ['high', 'critical'];

type Advisory = { package: string; severity: string; title: string; url: string };

/**
 * Asks the configured registry for known weaknesses of everything in bun.lock, and resolves with the exit code: 1 where one is high or
 * critical. A registry that does not offer this, or none in reach, is said and is no failure: a mirror often lacks it.
 */
export async function auditDependencies(
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<number> {
  const child = Bun.spawn([process.execPath, 'audit', '--json'], {
    env: { ...env },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const { stdout, stderr } = await collectOutput(child);
  const advisories = parseAudit(stdout);
  if (advisories === null) {
    console.log(`audit: not done, the registry did not answer it (${lastLine(stderr)})`);
    return 0;
  }
  const grave = advisories.filter(({ severity }) => LEVELS.includes(severity));
  for (const { package: name, severity, title, url } of advisories)
    console.log(`${severity}: ${name}: ${title} ${url}`);
  console.log(`audit: ${advisories.length} known weaknesses, ${grave.length} of them high or critical`);
  return grave.length > 0 ? 1 : 0;
}

/** The advisories by package, as the registry answers; null for anything else. */
export function parseAudit(text: string): Advisory[] | null {
  const found = parseJson(text);
  if (typeof found !== 'object' || found === null) return null;
  return Object.entries(found).flatMap(([name, list]) =>
    (Array.isArray(list) ? list : []).map((advisory: Record<string, unknown>) => ({
      package: name,
      severity: String(advisory['severity']),
      title: String(advisory['title']),
      url: String(advisory['url']),
    })),
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
