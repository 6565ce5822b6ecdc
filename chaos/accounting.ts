import type { Evidence, MessageState, Promised } from './evidence.ts';
import { explainUnknown } from './explain-unknown.ts';
import type { Incident } from './journal.ts';
import { isMarkedForRefusal } from './recipients.ts';

/**
 * What became of one promise.
 *
 * - `delivered`: the API says that it was sent, and a provider has it for every recipient.
 * - `failed`: it was meant to, and nobody is missing a mail.
 * - `unknown`: the API says that nobody can know; something must explain it.
 * - `lost`: neither, or the API says that it was sent and no provider has it.
 * - `stuck`: not at its end when the time to settle was over.
 * - `misjudged`: it ended as nobody planned, such as failed without a refusal.
 */
export type Verdict = 'delivered' | 'failed' | 'unknown' | 'lost' | 'stuck' | 'misjudged';

/** Something that a person should look at. */
export type Finding = {
  kind: Exclude<Verdict, 'delivered' | 'failed'> | 'unexplained' | 'duplicate' | 'stranger' | 'mixed up';
  messageId: string | null;
  text: string;
};

/** The account of a run; the six verdicts add up to `accepted`. */
export type Account = {
  accepted: number;
  delivered: number;
  failed: number;
  unknown: number;
  lost: number;
  stuck: number;
  misjudged: number;
  /** Mails that a provider has once more than it should, by Message-ID and recipient. */
  duplicates: number;
  /** Messages made twice of one request that was repeated with its idempotency key. */
  doubled: number;
  /** Unknown ones that nothing explains. */
  unexplained: number;
  /** More unknown ones than these would fail the run even if each were explained. */
  unknownAllowed: number;
  /** Mails that no request asked for. */
  strangers: number;
  /** Mails with another one's content. */
  mixedUp: number;
  /** Mails of requests whose caller never got an answer. */
  unpromised: number;
  findings: Finding[];
  isGood: boolean;
};

const UNFINISHED: readonly string[] = ['scheduled', 'queued', 'sending'];

/** Holds every promise against what the providers have and what the API says. Pure: evidence in, account out. */
export function account(evidence: Evidence): Account {
  const copies = countCopies(evidence);
  const findings: Finding[] = [];
  const counts: Record<Verdict, number> = {
    delivered: 0,
    failed: 0,
    unknown: 0,
    lost: 0,
    stuck: 0,
    misjudged: 0,
  };
  for (const promise of evidence.promises) {
    const { verdict, text } = judge(promise, evidence.states.get(promise.id), (recipient) =>
      copies.has(copyKey(promise.id, recipient)),
    );
    counts[verdict] += 1;
    if (verdict === 'delivered' || verdict === 'failed') continue;
    if (verdict === 'unknown') findings.push(toUnknownFinding(promise, evidence));
    else findings.push({ kind: verdict, messageId: promise.id, text });
  }
  findings.push(...findDuplicates(copies), ...findDoubled(evidence), ...findForeign(evidence));
  return toAccount(evidence, counts, findings);
}

type Judgement = { verdict: Verdict; text: string };

function judge(
  { recipients }: Promised,
  state: MessageState | undefined,
  isStored: (recipient: string) => boolean,
): Judgement {
  const missing = recipients.filter((recipient) => !isMarkedForRefusal(recipient) && !isStored(recipient));
  const refused = recipients.filter(isMarkedForRefusal);
  const says = state
    ? `the API says ${state.status} after ${state.attempts} attempts`
    : 'the API does not know it';
  const error = state?.lastError ? ` (${state.lastError})` : '';
  const text = `${says}${error}; ${missing.length === 0 ? 'no mail is missing' : `no provider has it for ${missing.join(', ')}`}`;
  if (!state) return { verdict: 'lost', text };
  if (UNFINISHED.includes(state.status)) return { verdict: 'stuck', text };
  if (state.status === 'unknown') return { verdict: 'unknown', text };
  if (state.status === 'failed' && refused.length > 0)
    return { verdict: missing.length === 0 ? 'failed' : 'lost', text };
  if (state.status !== 'sent' && state.status !== 'delivered') return { verdict: 'misjudged', text };
  if (refused.length > 0)
    return { verdict: 'misjudged', text: `${text}; it was refused for ${refused.join(', ')}` };
  return { verdict: missing.length === 0 ? 'delivered' : 'lost', text };
}

function toUnknownFinding(promise: Promised, evidence: Evidence): Finding {
  const why = explainUnknown(promise, evidence);
  if (why !== null) return { kind: 'unknown', messageId: promise.id, text: why };
  const steps = evidence.timelines.get(promise.id) ?? [];
  const seen = evidence.visits.filter(({ recipients }) =>
    recipients.some((one) => promise.recipients.includes(one)),
  );
  const told = steps
    .map(({ type, at, provider }) => `${type}${provider ? ` ${provider}` : ''} ${at}`)
    .join(', ');
  const visits = seen.map(({ provider, at, end }) => `${provider} ${end} ${at}`).join(', ');
  return {
    kind: 'unexplained',
    messageId: promise.id,
    text: `nothing cut it off; timeline: ${told || 'none'}; providers: ${visits || 'none saw it'}`,
  };
}

type Copy = { messageId: string; recipient: string; count: number };

const copyKey = (messageId: string, recipient: string): string => `${messageId} ${recipient}`;

function countCopies({ visits }: Evidence): Map<string, Copy> {
  const copies = new Map<string, Copy>();
  for (const { isStored, messageId, recipients } of visits) {
    if (!isStored || messageId === null) continue;
    for (const recipient of recipients) {
      const key = copyKey(messageId, recipient);
      const copy = copies.get(key) ?? { messageId, recipient, count: 0 };
      copies.set(key, { ...copy, count: copy.count + 1 });
    }
  }
  return copies;
}

function findDuplicates(copies: ReadonlyMap<string, Copy>): Finding[] {
  return [...copies.values()].flatMap(({ messageId, recipient, count }) =>
    Array.from({ length: count - 1 }, () => ({
      kind: 'duplicate' as const,
      messageId,
      text: `${recipient} has it ${count} times`,
    })),
  );
}

/** Two messages made of one request: the idempotency key did not hold. */
function findDoubled({ visits, isIdempotent }: Evidence): Finding[] {
  if (!isIdempotent) return [];
  const firstIds = new Map<string, string>();
  const doubled = new Map<string, Finding>();
  for (const { isStored, messageId, token } of visits) {
    if (!isStored || messageId === null || token === null) continue;
    const first = firstIds.get(token) ?? messageId;
    firstIds.set(token, first);
    if (first === messageId) continue;
    const text = `one request became two messages: ${first} and this one`;
    doubled.set(messageId, { kind: 'duplicate', messageId, text });
  }
  return [...doubled.values()];
}

/** Mails that nobody asked for, and mails that carry somebody else's words. */
function findForeign({ visits, promises, unansweredTokens }: Evidence): Finding[] {
  const tokens = new Map(promises.map(({ id, token }) => [id, token]));
  const stored = visits.filter(({ isStored }) => isStored);
  return stored.flatMap(({ messageId, token, isIntact, recipients }): Finding[] => {
    const wanted = tokens.get(messageId ?? '');
    const isKnown = wanted !== undefined || (token !== null && unansweredTokens.has(token));
    const text = `a mail for ${recipients.join(', ')} with token ${token ?? 'none'}`;
    if (!isKnown) return [{ kind: 'stranger', messageId, text }];
    const isMixedUp = !isIntact || (wanted !== undefined && wanted !== token);
    return isMixedUp ? [{ kind: 'mixed up', messageId, text }] : [];
  });
}

/**
 * Each kill may cut off what its worker had in hand, each cut one mail, and each outage what all workers had: of a
 * provider, or of the database where it lasts nearly as long as a lease.
 */
function countAllowedUnknown({ incidents, visits, concurrency, workers, leaseMs }: Evidence): number {
  const kills = incidents.filter(({ blow }) => blow === 'worker killed').length;
  const isLong = ({ at, endedAt }: Incident) => endedAt === null || endedAt - at > leaseMs / 2;
  const outages = incidents.filter(
    (incident) =>
      incident.blow === 'provider down' || (incident.blow.startsWith('postgres') && isLong(incident)),
  ).length;
  const cuts = visits.filter(
    ({ end }) => end === 'cut in the message' || end === 'cut before the answer' || end === 'never answered',
  ).length;
  return (kills + outages * workers) * concurrency + cuts;
}

function toAccount(evidence: Evidence, counts: Record<Verdict, number>, findings: Finding[]): Account {
  const countOf = (kind: Finding['kind']) => findings.filter((finding) => finding.kind === kind).length;
  const { promises, visits } = evidence;
  const known = new Set(promises.map(({ id }) => id));
  const faults = {
    lost: counts.lost,
    stuck: counts.stuck,
    misjudged: counts.misjudged,
    duplicates: countOf('duplicate'),
    unexplained: countOf('unexplained'),
    strangers: countOf('stranger'),
    mixedUp: countOf('mixed up'),
  };
  const unknownAllowed = countAllowedUnknown(evidence);
  const isClean = Object.values(faults).every((count) => count === 0);
  return {
    accepted: promises.length,
    ...counts,
    ...faults,
    doubled: findDoubled(evidence).length,
    unknownAllowed,
    unpromised: visits.filter(({ isStored, messageId }) => isStored && !known.has(messageId ?? '')).length,
    findings,
    // A run in which nothing was delivered has shown nothing.
    isGood: isClean && counts.unknown <= unknownAllowed && counts.delivered > 0,
  };
}
