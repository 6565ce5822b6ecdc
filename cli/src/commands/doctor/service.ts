import type { Mailer } from '@org/mail-sdk';
import { findConnection } from '../../connection.ts';
import { programName } from '../../environment.ts';
import { identify } from '../../identity.ts';
import { mailerOf, type ServiceFlags } from '../../options.ts';
import { isRecord, toCell, toRecord } from '../../record.ts';
import { type Check, failed, ok, skipped, warning } from './check.ts';

const TIMEOUT_MS = 5000;
const MAX_CLOCK_SKEW_MS = 30_000;
const MS_PER_S = 1000;

/** The service as this machine reaches it, and what it says of itself. */
export async function checkService(flags: ServiceFlags): Promise<Check[]> {
  const { baseUrl, apiKey, urlFrom, keyFrom } = await findConnection(flags);
  const reached = await checkReach(baseUrl, urlFrom);
  if (reached.some(({ state }) => state === 'failed')) return [...reached, skipped('key', 'nothing answers')];
  const ready = await checkReadiness(baseUrl);
  if (apiKey === null) {
    const fix = `Set MAIL_API_KEY, or log in: ${programName()} login`;
    return [...reached, ...ready, failed('key', `there is none for ${baseUrl}`, fix)];
  }
  const key = await checkKey({ baseUrl, apiKey }, keyFrom ?? 'flag');
  const operator = key.state === 'ok' ? await checkAsOperator(flags) : [];
  return [...reached, ...ready, key, ...operator];
}

async function checkReach(baseUrl: string, urlFrom: string): Promise<Check[]> {
  const askedAtMs = Date.now();
  try {
    const response = await fetch(`${baseUrl}/healthz`, {
      signal: AbortSignal.timeout(TIMEOUT_MS),
      redirect: 'manual',
    });
    const answeredAtMs = Date.now();
    if (!response.ok) throw new Error(`it answers ${response.status}`);
    return [ok('url', `${baseUrl} (from ${urlFrom})`), checkClock(response, (askedAtMs + answeredAtMs) / 2)];
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const fix = `Check the URL, or start a service here: ${programName()} dev`;
    return [failed('url', `${baseUrl} (from ${urlFrom}) does not answer: ${reason}`, fix)];
  }
}

/** Signatures and schedules go wrong between clocks that are apart. */
function checkClock(response: Response, nowMs: number): Check {
  const date = Date.parse(response.headers.get('date') ?? '');
  if (Number.isNaN(date)) return skipped('clock', 'the service does not say what time it is');
  const apartMs = Math.abs(date - nowMs);
  if (apartMs <= MAX_CLOCK_SKEW_MS) return ok('clock', 'agrees with the service');
  const text = `${Math.round(apartMs / MS_PER_S)} s apart from the service`;
  return warning('clock', text, 'Set both clocks by NTP: webhooks and schedules depend on them.');
}

const READINESS: readonly (readonly [string, string, string])[] = [
  ['accept', 'accepting', 'Its database does not answer: nothing can be accepted.'],
  ['process', 'processing', 'Its queue does not answer: mail is accepted and waits.'],
  ['worker', 'worker', 'No worker is alive: start one (SERVICE_ROLE=WORKER).'],
];

async function checkReadiness(baseUrl: string): Promise<Check[]> {
  try {
    const response = await fetch(`${baseUrl}/readyz`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    const answer = toRecord(await response.json());
    return READINESS.flatMap(([field, name, fix]) => {
      const part = answer[field];
      if (!isRecord(part)) return [];
      return [part.isOk === true ? ok(name, 'ready') : failed(name, toCell(part.reason), fix)];
    });
  } catch {
    return [warning('readiness', 'it does not say whether it is ready', 'Look at its log.')];
  }
}

async function checkKey(connection: { baseUrl: string; apiKey: string }, keyFrom: string): Promise<Check> {
  try {
    const identity = await identify(connection);
    const facts = toCell(identity.scopes);
    return ok('key', `accepted (from ${keyFrom})${facts === '' ? '' : `: ${facts}`}`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return failed(
      'key',
      `refused (from ${keyFrom}): ${reason}`,
      `Log in with another: ${programName()} login`,
    );
  }
}

/** What only an admin's key is told; any other is told nothing, which is no fault. */
async function checkAsOperator(flags: ServiceFlags): Promise<Check[]> {
  const mailer = await mailerOf(flags, { isAdmin: true });
  return (await Promise.all([checkQueue(mailer), checkProviders(mailer)])).flat();
}

async function checkQueue(mailer: Mailer): Promise<Check[]> {
  const { data, error } = await mailer.safe.request('GET', '/v1/queue');
  if (error) return [skipped('queue', toSilence(error.status))];
  const { isPaused, paused, ...depths } = toRecord(data);
  if (isPaused === true || paused === true)
    return [warning('queue', `paused: ${toCell(depths)}`, `${programName()} queue resume`)];
  return [ok('queue', toCell(depths))];
}

async function checkProviders(mailer: Mailer): Promise<Check[]> {
  const { data, error } = await mailer.safe.request('GET', '/v1/providers');
  if (error) return [skipped('providers', toSilence(error.status))];
  const list = toRecord(data).data;
  return (Array.isArray(list) ? list.map(toRecord) : []).map((provider) => {
    const name = `provider ${toCell(provider.name)}`;
    const state = toCell(provider.state ?? provider.breaker);
    if (!state.includes('open')) return ok(name, state);
    return failed(
      name,
      `its circuit breaker is ${state}`,
      'It has failed again and again; its own status page may say why.',
    );
  });
}

function toSilence(status: number | null): string {
  return status === 404 ? 'this service does not tell' : 'only an admin key is told';
}
