import manifest from '../../../package.json' with { type: 'json' };
import type { Mailer, MailError, ProviderReport } from '@org/mail-sdk';
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
  const [key, ...version] = await checkKey({ baseUrl, apiKey }, keyFrom ?? 'flag');
  const operator = key.state === 'ok' ? await checkAsOperator(flags) : [];
  return [...reached, ...ready, key, ...version, ...operator];
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
  [
    'process',
    'processing',
    'Start a worker (SERVICE_ROLE=WORKER), or bring its queue back: mail is accepted meanwhile, and waits.',
  ],
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

/** The key, and the version of the service, which is told to a good key alone. */
async function checkKey(
  connection: { baseUrl: string; apiKey: string },
  keyFrom: string,
): Promise<[Check, ...Check[]]> {
  try {
    const { scopes, serviceVersion } = await identify(connection);
    return [
      ok('key', `accepted (from ${keyFrom}): ${toCell(scopes)}`),
      checkVersion(manifest.version, serviceVersion),
    ];
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const fix = `Log in with another: ${programName()} login`;
    return [failed('key', `refused (from ${keyFrom}): ${reason}`, fix)];
  }
}

/** Commands and service are released together: across two releases a command may ask for what the other does not know. */
export function checkVersion(own: string, service: string | undefined): Check {
  const name = 'version';
  // A service of a release that did not say it yet is an older one.
  const older = service === undefined || Bun.semver.order(own, service) > 0;
  if (own === service) return ok(name, `mailctl and the service are both ${own}`);
  const detail = `mailctl is ${own}, the service ${service ?? 'of an older release'}`;
  const fix = older
    ? `Update the service to ${own}${service === undefined ? '' : `, or install @org/mailctl@${service}`}.`
    : `Update mailctl: bun add -d --exact @org/mailctl@${service}`;
  return warning(name, detail, fix);
}

/** What only an admin's key is told; any other is told nothing, which is no fault. */
async function checkAsOperator(flags: ServiceFlags): Promise<Check[]> {
  const mailer = await mailerOf(flags, { isAdmin: true });
  return (await Promise.all([checkQueue(mailer), checkProviders(mailer)])).flat();
}

async function checkQueue(mailer: Mailer): Promise<Check[]> {
  const { data, error } = await mailer.safe.queue.get();
  if (error) return [skipped('queue', toSilence(error))];
  const { paused: isPaused, ...depths } = data;
  if (isPaused) return [warning('queue', `paused: ${toCell(depths)}`, `${programName()} queue resume`)];
  return [ok('queue', toCell(depths))];
}

async function checkProviders(mailer: Mailer): Promise<Check[]> {
  const { data, error } = await mailer.safe.providers.list();
  if (error) return [skipped('providers', toSilence(error))];
  return data.data.map(toProviderCheck);
}

function toProviderCheck({ name, workers }: ProviderReport): Check {
  const worst = workers.find(({ breaker }) => breaker.state !== 'closed');
  if (!worst) return ok(`provider ${name}`, 'its circuit breaker is closed');
  const { state, reason } = worst.breaker;
  return failed(
    `provider ${name}`,
    `its circuit breaker is ${state}${reason === null ? '' : `: ${reason}`}`,
    'It has failed again and again; its own status page may say why.',
  );
}

function toSilence({ status, message }: MailError): string {
  return status === 403 ? 'only an admin key is told' : message;
}
