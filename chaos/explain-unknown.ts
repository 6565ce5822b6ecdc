import type { Evidence, Promised, Step } from './evidence.ts';
import type { Incident } from './journal.ts';
import type { Visit } from './provider.ts';

/** A worker that has the answer writes it within this time, on a busy machine too; the database may keep it waiting longer. */
const RECORD_MS = 4000;
/** The database's clock gives a step the time at which its transaction began. */
const CLOCK_SLACK_MS = 50;
/** The longest pause between two tries to write, and a try itself. */
const LAST_TRY_MS = 3000;

const CUT_ENDS: ReadonlySet<Visit['end']> = new Set([
  'cut in the message',
  'cut before the answer',
  'never answered',
  'went down before the answer',
]);

/** The last hand-over of a message, and when the attempt began that it was part of. */
type HandOver = { provider: string | null; attemptedAt: number; at: number; unknownAt: number };

/**
 * What cut a message off between its hand-over and the answer, in words; null where nothing that was done to the system
 * explains it.
 */
export function explainUnknown(promise: Promised, evidence: Evidence): string | null {
  const handOver = findHandOver(evidence.timelines.get(promise.id) ?? []);
  if (!handOver) return null;
  const visits = evidence.visits.filter(
    ({ provider, recipients, at }) =>
      (handOver.provider === null || provider === handOver.provider) &&
      at >= handOver.attemptedAt - CLOCK_SLACK_MS &&
      recipients.some((recipient) => promise.recipients.includes(recipient)),
  );
  return (
    explainByCut(visits, handOver) ??
    explainByKill(visits, handOver, evidence) ??
    explainByOutage(visits, handOver, evidence) ??
    explainByDatabase(visits, handOver, evidence)
  );
}

function findHandOver(timeline: readonly Step[]): HandOver | null {
  const handedOver = timeline.findLast(({ type }) => type === 'handed_over');
  const unknown = timeline.findLast(({ type }) => type === 'unknown');
  if (!handedOver || !unknown) return null;
  // A provider sees the mail at its door before the hand-over is written down, so that visits count from here.
  const attempted = timeline.findLast(({ type, at }) => type === 'attempted' && at <= handedOver.at);
  return {
    provider: handedOver.provider,
    attemptedAt: attempted?.at ?? handedOver.at,
    at: handedOver.at,
    unknownAt: unknown.at,
  };
}

function explainByCut(visits: readonly Visit[], { at }: HandOver): string | null {
  const cut = visits.find(({ end }) => CUT_ENDS.has(end));
  if (!cut) return null;
  const kept = cut.isStored ? 'and has the mail' : 'and has not got the mail';
  return `${cut.provider} ${cut.end}, ${Math.max(cut.at - at, 0)} ms after the hand-over, ${kept}`;
}

/** The worker must have died after the hand-over, within its lease, and before it could write the answer down. */
function explainByKill(visits: readonly Visit[], handOver: HandOver, evidence: Evidence): string | null {
  const { at, unknownAt } = handOver;
  const answeredAt = visits.find(({ end }) => end === 'answered')?.answeredAt ?? null;
  const isInTime = (kill: Incident) =>
    kill.at >= at - CLOCK_SLACK_MS &&
    kill.at <= Math.min(unknownAt, at + evidence.leaseMs) &&
    (answeredAt === null ||
      kill.at <= answeredAt + RECORD_MS + databaseAwayMs(evidence, answeredAt, kill.at));
  const kill = evidence.incidents.find((incident) => incident.blow === 'worker killed' && isInTime(incident));
  if (!kill) return null;
  const kept = visits.some(({ isStored }) => isStored)
    ? 'the provider has the mail'
    : 'no provider has the mail';
  return `${kill.target} was killed ${kill.at - at} ms after the hand-over; ${kept}`;
}

function explainByOutage(
  visits: readonly Visit[],
  handOver: HandOver,
  { incidents }: Evidence,
): string | null {
  const { at, unknownAt, provider } = handOver;
  if (visits.some(({ end }) => end === 'answered')) return null;
  const outage = incidents.find(
    (incident) =>
      incident.blow === 'provider down' &&
      (provider === null || incident.target === provider) &&
      incident.at >= at - CLOCK_SLACK_MS &&
      incident.at <= unknownAt,
  );
  return outage ? `${outage.target} went down ${outage.at - at} ms after the hand-over` : null;
}

/** An answer that cannot be written down before the lease is over has been lost as well. */
function explainByDatabase(
  visits: readonly Visit[],
  { attemptedAt }: HandOver,
  { incidents, leaseMs }: Evidence,
): string | null {
  const answered = visits.find(({ end }) => end === 'answered');
  if (!answered || answered.answeredAt === null) return null;
  const lastChanceAt = answered.answeredAt + RECORD_MS;
  const outage = incidents.find(
    ({ blow, at, endedAt }) =>
      blow.startsWith('postgres') &&
      at <= lastChanceAt &&
      (endedAt ?? Infinity) >= attemptedAt + leaseMs - LAST_TRY_MS,
  );
  return outage ? `PostgreSQL was away from before the answer was written until the lease was over` : null;
}

/** How long PostgreSQL was away between two times, with a second to find it again. */
function databaseAwayMs({ incidents }: Evidence, from: number, until: number): number {
  return incidents
    .filter(({ blow }) => blow.startsWith('postgres'))
    .map(({ at, endedAt }) => Math.min((endedAt ?? until) + 1000, until) - Math.max(at, from))
    .reduce((sum, overlapMs) => sum + Math.max(overlapMs, 0), 0);
}
