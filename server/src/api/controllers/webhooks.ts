import { Elysia } from 'elysia';
import type { Database } from '../../lib/db/database.ts';
import { applyProviderEvents } from '../../lib/db/provider-events.ts';
import { parseSesEvents } from '../../lib/providers/ses-events.ts';
import { fetchSnsText } from '../../lib/providers/sns-fetch.ts';
import type { SnsMessage } from '../../lib/providers/sns-message.ts';
import { createSnsVerifier, type SnsVerifier, toConfirmationUrl } from '../../lib/providers/sns-verify.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';
import type { Metrics } from '../../lib/telemetry/metrics.ts';
import { ApiError } from '../problem.ts';

export type WebhooksDeps = {
  database: Database;
  logger: Logger;
  metrics: Metrics;
  /** The only topics that are listened to; without any there is no route. */
  topicArns: readonly string[];
  /** The providers whose events may come this way, by name. */
  providers: readonly { name: string; kind: string }[];
};

/** The service's own limit is 256 KiB; quoted as JSON a text may double. */
export const MAX_CALLBACK_BYTES = 640 * 1024;

/** Every route below it takes its body raw, and nobody's key. */
export const CALLBACK_PREFIX = '/webhooks/';

const RETRY_LATER = { headers: { 'retry-after': '20' } };

type Listening = WebhooksDeps & { verifier: SnsVerifier };

/**
 * `POST /webhooks/:provider`: what SES tells through Amazon's notification service. The service repeats what was answered with 5xx, and
 * drops what was answered with 4xx: so a forgery is 403, and a database that is away 503.
 */
export function webhooksController(deps: WebhooksDeps) {
  const app = new Elysia({ normalize: false });
  const { topicArns } = deps;
  if (topicArns.length === 0) return app;
  const verifier = createSnsVerifier({ topicArns, fetchCertificate: fetchSnsText });
  app.post(`${CALLBACK_PREFIX}:provider`, ({ params, body }) =>
    receive({ ...deps, verifier }, { provider: findProvider(deps, params.provider), body }),
  );
  return app;
}

/** By its name; `ses` also means the only provider of that kind, however it is called. */
function findProvider({ providers }: WebhooksDeps, name: string): string {
  const candidates = providers.filter(({ kind }) => kind === 'ses' || kind === 'smtp');
  const named = candidates.find((candidate) => candidate.name === name);
  if (named) return named.name;
  const ofSes = candidates.filter(({ kind }) => kind === 'ses');
  // A process that only serves the API need not know the providers.
  if (name === 'ses' && ofSes.length <= 1) return ofSes[0]?.name ?? name;
  throw new ApiError('not_found', `There is no provider "${name}" whose events come this way.`);
}

async function receive(deps: Listening, { provider, body }: { provider: string; body: unknown }) {
  const text = body instanceof Uint8Array ? Buffer.from(body).toString('utf8') : '';
  const message = await verify(deps, { provider, text });
  switch (message.Type) {
    case 'SubscriptionConfirmation':
      return confirm(deps, message);
    case 'UnsubscribeConfirmation':
      deps.logger.warn(
        { topic: message.TopicArn },
        'the topic was unsubscribed: no events will come any more',
      );
      return NOTHING;
    case 'Notification':
      return apply(deps, { provider, message });
  }
}

const NOTHING = { applied: 0, repeated: 0, unmatched: 0 };

async function verify(
  { verifier, logger, metrics }: Listening,
  { provider, text }: { provider: string; text: string },
): Promise<SnsMessage> {
  const verdict = await verifier.verify(text);
  if (verdict.ok) return verdict.message;
  metrics.providerEvents.add(1, { provider, result: 'refused' });
  logger.info({ provider, code: verdict.code }, 'a callback was refused');
  if (verdict.code === 'certificate_unavailable')
    throw new ApiError('service_unavailable', 'The certificate cannot be had right now.', RETRY_LATER);
  throw new ApiError('callback_refused', `The callback was not verified: ${verdict.code}.`);
}

/** Only after the signature, and only of a topic that was configured: anybody else could make us visit addresses. */
async function confirm({ logger }: Listening, message: SnsMessage) {
  const url = toConfirmationUrl(message);
  if (url === null)
    throw new ApiError('callback_refused', 'The address to confirm at is not the service’s own.');
  await visit(url);
  logger.info({ topic: message.TopicArn }, 'the subscription to the topic is confirmed');
  return NOTHING;
}

async function visit(url: string): Promise<void> {
  try {
    await fetchSnsText(url);
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'no answer';
    throw new ApiError(
      'service_unavailable',
      `The subscription could not be confirmed: ${reason}.`,
      RETRY_LATER,
    );
  }
}

async function apply(
  { database, logger, metrics }: Listening,
  { provider, message }: { provider: string; message: SnsMessage },
) {
  const events = parseSesEvents(message.Message, { provider });
  if (events === null) {
    logger.info({ provider, notification: message.MessageId }, 'a notification holds no event of a mail');
    return NOTHING;
  }
  const { moved, ...counts } = await applyProviderEvents(database, events);
  for (const [result, count] of Object.entries(counts))
    metrics.providerEvents.add(count, { provider, result });
  if (counts.unmatched > 0) logger.debug({ provider, ...counts }, 'events of mail that is not ours');
  for (const { messageId, traceId, from, status } of moved)
    logger.info(
      { message_id: messageId, trace_id: traceId, provider, from, status },
      'a provider event moved a message',
    );
  return counts;
}
