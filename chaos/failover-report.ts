import type { FailoverResult } from './run-failover.ts';

/** A recovered provider must not be met with more than it had before it failed, but for what the machine's moods add. */
const STAMPEDE_FACTOR = 2;

/** Good where every promise was kept, none failed, the backup took over, and the primary came back without a stampede. */
export function isGoodFailover({ account, figures, crashes }: FailoverResult): boolean {
  const { failed, firstOnBackupMs, firstOnPrimaryAgainMs, peakBefore, peakAfter } = figures;
  const isBack = firstOnBackupMs !== null && firstOnPrimaryAgainMs !== null;
  return (
    account.isGood && crashes === 0 && failed === 0 && isBack && peakAfter <= peakBefore * STAMPEDE_FACTOR
  );
}

/** The object that `--json` prints. */
export function toFailoverJson(seed: number, result: FailoverResult): Record<string, unknown> {
  const { findings: _findings, ...counts } = result.account;
  return { seed, ...counts, ...result.figures, crashes: result.crashes, isGood: isGoodFailover(result) };
}

/** What a person who never saw this before needs to judge the run. */
export function toFailoverTable(result: FailoverResult): string {
  const { account, figures } = result;
  const ms = (value: number | null) => (value === null ? 'never' : `${value} ms`);
  const rows: [string, string, string][] = [
    ['accepted', String(account.accepted), 'messages while the first provider went away and came back'],
    ['failed', String(figures.failed), 'because of it (must be 0)'],
    [
      'unknown',
      String(account.unknown),
      `in the middle of the hand-over when it went (${account.unknownAllowed} could have been)`,
    ],
    ['lost', String(account.lost + account.stuck), 'lost or stuck (must be 0)'],
    ['duplicates', String(account.duplicates), 'the same mail at a provider twice (must be 0)'],
    ['on backup', ms(figures.firstOnBackupMs), 'from the outage to the first mail at the backup'],
    ['attempts', String(figures.extraAttempts), 'more than one a message'],
    [
      'failovers',
      String(figures.failovers),
      'tries at the primary that went to the backup within their attempt',
    ],
    ['back again', ms(figures.firstOnPrimaryAgainMs), 'from the return to the first mail at the primary'],
    [
      'connections',
      `${figures.connectionsBefore} / ${figures.connectionsAfter}`,
      'most at once at the primary, before / after',
    ],
    [
      'peak',
      `${figures.peakBefore} / ${figures.peakAfter}`,
      'most mails in half a second at the primary, before / after',
    ],
    ['recovery', figures.recovery.join(' '), 'mails a second at the primary from its first one on'],
  ];
  const verdict = isGoodFailover(result) ? 'the outage cost nobody a mail' : 'NOT as promised';
  return [
    '',
    ...rows.map(([name, value, meaning]) => `  ${name.padEnd(12)} ${value.padStart(10)}   ${meaning}`),
    '',
    `  ${verdict}`,
  ].join('\n');
}
