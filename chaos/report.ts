import type { Finding } from './accounting.ts';
import type { Incident } from './journal.ts';
import type { ChaosResult } from './run-chaos.ts';

/** How often each kind of blow fell, by short names. */
export type Kills = {
  api: number;
  worker: number;
  redis: number;
  redisWiped: number;
  postgres: number;
  providerOutages: number;
};

/** Counts the blows of a run. */
export function countKills(incidents: readonly Incident[]): Kills {
  const countOf = (start: string) => incidents.filter(({ blow }) => blow.startsWith(start)).length;
  const redisWiped = countOf('redis killed and wiped');
  return {
    api: countOf('api'),
    worker: countOf('worker'),
    redis: countOf('redis') - redisWiped,
    redisWiped,
    postgres: countOf('postgres'),
    providerOutages: countOf('provider'),
  };
}

const MOST_FINDINGS = 20;

/** The object that `--json` prints. */
export function toJson(seed: number, result: ChaosResult): Record<string, unknown> {
  const { account, load, evidence, crashes, settleMs } = result;
  const { findings, ...counts } = account;
  return {
    seed,
    ...counts,
    isGood: isGoodRun(result),
    kills: countKills(evidence.incidents),
    cuts: countCuts(result),
    crashes,
    settleMs,
    answers: load.answers,
    replayed: load.replayed,
    refusals: load.refusals.length,
    unanswered: load.unansweredTokens.size,
    findings: findings.slice(0, MOST_FINDINGS),
  };
}

/** Good where the account is, no valid request was refused, and nothing of the service fell over by itself. */
export function isGoodRun({ account, load, crashes }: ChaosResult): boolean {
  return account.isGood && load.refusals.length === 0 && crashes === 0;
}

function countCuts({ evidence }: ChaosResult): number {
  return evidence.visits.filter(({ end }) => end !== 'answered' && end !== 'deferred').length;
}

/** What a person who never saw this before needs to judge the run. */
export function toTable(seed: number, result: ChaosResult): string {
  const { account, load, evidence, crashes } = result;
  const { api, worker, redis, redisWiped, postgres, providerOutages } = countKills(evidence.incidents);
  const answers = Object.entries(load.answers).map(([status, count]) => `${status}: ${count}`);
  const rows: [string, number, string][] = [
    ['accepted', account.accepted, 'requests that got a 202: each of them is a promise'],
    ['delivered', account.delivered, 'a provider has the mail, and the API says so'],
    ['failed', account.failed, 'refused by the provider, as was planned for their recipients'],
    [
      'unknown',
      account.unknown,
      `cut off between hand-over and answer (${account.unknownAllowed} could have been)`,
    ],
    ['lost', account.lost, 'no provider has it, and nothing says why (must be 0)'],
    ['stuck', account.stuck, 'not at an end when the time to settle was over (must be 0)'],
    ['misjudged', account.misjudged, 'ended in a way that nobody planned (must be 0)'],
    ['unexplained', account.unexplained, 'unknown without anything that cut it off (must be 0)'],
    ['duplicates', account.duplicates, 'the same mail at a provider twice (must be 0)'],
    ['strangers', account.strangers, 'mails that nobody asked for (must be 0)'],
    ['mixed up', account.mixedUp, 'mails with the words of another (must be 0)'],
    ['crashes', crashes, 'processes that ended by themselves (must be 0)'],
    ['refusals', load.refusals.length, 'valid requests refused for good (must be 0)'],
  ];
  return [
    '',
    ...rows.map(([name, count, meaning]) => `  ${name.padEnd(12)}${String(count).padStart(8)}   ${meaning}`),
    '',
    `  kills: workers ${worker}, APIs ${api}, Redis ${redis} and ${redisWiped} with its data, PostgreSQL ${postgres}`,
    `  providers: outages ${providerOutages}, mails cut off ${countCuts(result)}`,
    `  requests by answer: ${answers.join(', ')}`,
    ...toFindingLines(account.findings),
    ...load.refusals.slice(0, MOST_FINDINGS).map((refusal) => `  refused  ${refusal}`),
    '',
    `  seed ${seed}: ${isGoodRun(result) ? 'every promise was kept' : 'NOT every promise was kept'}`,
  ].join('\n');
}

function toFindingLines(findings: readonly Finding[]): string[] {
  // The worst first: explained ones are for those who want to know more.
  const sorted = [...findings].sort((a, b) => Number(a.kind === 'unknown') - Number(b.kind === 'unknown'));
  const lines = sorted
    .slice(0, MOST_FINDINGS)
    .map(({ kind, messageId, text }) => `  ${kind}  ${messageId ?? 'no id'}: ${text}`);
  const left = sorted.length - lines.length;
  return ['', ...lines, ...(left > 0 ? [`  and ${left} more`] : [])];
}
