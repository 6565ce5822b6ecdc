import type { CallbackAdapter, CallbackVerdict } from './callback.ts';
import { parseSesEvents } from './ses-events.ts';
import { fetchSnsText } from './sns-fetch.ts';
import type { SnsMessage } from './sns-message.ts';
import { createSnsVerifier, toConfirmationUrl } from './sns-verify.ts';

export type SesCallbackOptions = {
  /** The only topics that are listened to. */
  topicArns: readonly string[];
  /** Gets certificates, and visits the address that confirms a subscription. */
  fetchText?: typeof fetchSnsText;
};

/** What SES tells through Amazon's notification service; a subscription of a configured topic is confirmed on the way. */
export function createSesCallback({
  topicArns,
  fetchText = fetchSnsText,
}: SesCallbackOptions): CallbackAdapter {
  const verifier = createSnsVerifier({ topicArns, fetchCertificate: fetchText });
  return {
    kind: 'ses',
    isLike: (headers) => headers.has('x-amz-sns-message-type'),
    async read({ body }, { provider }) {
      const verdict = await verifier.verify(Buffer.from(body).toString('utf8'));
      if (verdict.ok) return read(verdict.message, { provider, fetchText });
      if (verdict.code === 'certificate_unavailable')
        return { kind: 'later', reason: 'the certificate cannot be had right now' };
      return { kind: 'refused', code: verdict.code };
    },
  };
}

type Context = { provider: string; fetchText: typeof fetchSnsText };

async function read(message: SnsMessage, { provider, fetchText }: Context): Promise<CallbackVerdict> {
  switch (message.Type) {
    case 'SubscriptionConfirmation':
      return confirm(message, fetchText);
    case 'UnsubscribeConfirmation':
      return { kind: 'genuine', events: [], note: `unsubscribed from ${message.TopicArn}` };
    case 'Notification': {
      const events = parseSesEvents(message.Message, { provider });
      return events ? { kind: 'genuine', events } : { kind: 'genuine', events: [], note: 'malformed' };
    }
  }
}

/** Only after the signature, and only of a topic that was configured: anybody else could make us visit addresses. */
async function confirm(message: SnsMessage, fetchText: Context['fetchText']): Promise<CallbackVerdict> {
  const url = toConfirmationUrl(message);
  if (url === null) return { kind: 'refused', code: 'bad_confirmation_url' };
  try {
    await fetchText(url);
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'no answer';
    return { kind: 'later', reason: `the subscription could not be confirmed: ${reason}` };
  }
  return { kind: 'genuine', events: [], note: `subscribed to ${message.TopicArn}` };
}
