import { CommandError } from '../../command-error.ts';
import { serverSettings } from '../../environment.ts';
import { outputOf, type ServiceFlags } from '../../options.ts';
import { bold, dim, green, red, yellow } from '../../output.ts';
import { withSpinner } from '../../progress.ts';
import { type Check, failed } from './check.ts';
import { checkDns } from './dns.ts';
import { checkMachine } from './machine.ts';
import { checkService } from './service.ts';

type DoctorFlags = ServiceFlags & { domain?: string; dkimSelector?: string[] };

/** `mailctl doctor` */
export async function doctor(flags: DoctorFlags): Promise<void> {
  const output = outputOf(flags);
  const checks = await withSpinner(output, 'Looking', async () => [
    ...(await checkMachine()),
    ...(await checkService(flags)),
    ...(await checkServer()),
    ...(flags.domain === undefined ? [] : await checkDns(flags.domain, flags.dkimSelector ?? [])),
  ]);
  const count = checks.filter(({ state }) => state === 'failed').length;
  output.answer({ ok: count === 0, checks }, () => toReport(checks));
  if (count > 0) throw new CommandError('failed', `${count} of ${checks.length} checks failed.`);
}

/** On a server's own machine its settings say what else there is to look at. */
async function checkServer(): Promise<Check[]> {
  const { hasDatabase, hasRedis, hasProvider } = serverSettings();
  if (!hasDatabase && !hasRedis && !hasProvider) return [];
  try {
    const { inspectServer } = await import('@org/mail-server/admin');
    return await inspectServer();
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'ConfigError') throw error;
    return [failed('settings', error.message, 'Correct them; .env.example explains each.')];
  }
}

const MARKS: Readonly<Record<Check['state'], (text: string) => string>> = {
  ok: (text) => green(text),
  warning: (text) => yellow(text),
  failed: (text) => red(text),
  skipped: (text) => dim(text),
};

function toReport(checks: readonly Check[]): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  return checks
    .map(({ name, state, detail, fix }) => {
      const line = `${MARKS[state](state.padEnd(7))}  ${bold(name.padEnd(width))}  ${detail}`;
      return fix === null ? line : `${line}\n${' '.repeat(width + 11)}${fix}`;
    })
    .join('\n');
}
