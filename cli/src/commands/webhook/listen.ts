import { CommandError } from '../../command-error.ts';
import { assertUrl } from '../../connection.ts';
import { mailerOf, outputOf, type ServiceFlags } from '../../options.ts';
import { bold, dim, green, red } from '../../output.ts';
import { parsePast } from '../../parse-option.ts';
import { toWebhook, type Webhook } from '../../webhook-request.ts';

type ListenFlags = ServiceFlags & { secret?: string; since?: string };

/** How a forwarded event was received. */
type Received = { status: number | null; durationMs: number; error: string | null };

const TIMEOUT_MS = 10_000;
const SECRET_BYTES = 24;

/** `mailctl webhook listen`: without end, but for Ctrl-C. */
export async function listen(target: string, flags: ListenFlags): Promise<void> {
  const output = outputOf(flags);
  const url = assertUrl(target);
  const secret = assertSecret(flags.secret ?? createSecret());
  const since = flags.since === undefined ? {} : { since: parsePast(flags.since, '--since') };
  const mailer = await mailerOf(flags);
  output.note(`Forwarding events to ${bold(url)}; Ctrl-C ends it.`);
  if (flags.secret === undefined) output.note(`They are signed with ${bold(secret)}`);
  for await (const event of mailer.stream(since)) {
    const webhook = await toWebhook(event, { secret, nowMs: Date.now() });
    const received = await forward(url, webhook);
    const { messageId } = event;
    output.line({ type: webhook.type, messageId, ...received }, () =>
      toLine(webhook.type, messageId, received),
    );
  }
}

function createSecret(): string {
  return `whsec_${Buffer.from(crypto.getRandomValues(new Uint8Array(SECRET_BYTES))).toString('base64')}`;
}

function assertSecret(secret: string): string {
  if (/^whsec_[A-Za-z0-9+/]{16,}={0,2}$/.test(secret)) return secret;
  throw new CommandError(
    'usage',
    'That is no secret of a webhook: they begin with whsec_ and go on in base64.',
  );
}

/** Once: what is being written on this machine is allowed to fail, and the next event shall not wait for it. */
async function forward(url: string, { headers, body }: Webhook): Promise<Received> {
  const startedAtMs = performance.now();
  const duration = () => Math.round(performance.now() - startedAtMs);
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'manual' });
    await response.body?.cancel();
    return { status: response.status, durationMs: duration(), error: null };
  } catch (error) {
    return {
      status: null,
      durationMs: duration(),
      error: error instanceof Error ? error.message : String(error),
    };
  }
}

function toLine(type: string, messageId: string, { status, durationMs, error }: Received): string {
  const isWell = status !== null && status >= 200 && status < 300;
  const answer = status === null ? (error ?? '') : String(status);
  return `${(isWell ? green : red)(answer)}  ${type}  ${messageId}  ${dim(`${durationMs} ms`)}`;
}
