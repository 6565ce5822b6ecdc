import type { OutboundMail, Provider, SendOptions, SendResult } from './provider.ts';

/** Results of each kind, as adapters give them. */
export const RESULTS = {
  sent: { kind: 'sent', providerMessageId: 'p-1', response: '250 ok', refused: [], isDelivered: false },
  rejected: { kind: 'rejected', response: '550 no such user', refused: [] },
  deferred: { kind: 'deferred', response: '451 greylisted', retryAfterMs: null, refused: [] },
  throttled: {
    kind: 'deferred',
    response: '429 too fast',
    retryAfterMs: 3000,
    refused: [],
    isThrottled: true,
  },
  down: { kind: 'provider_down', reason: 'ECONNREFUSED' },
  ambiguous: { kind: 'ambiguous', reason: 'the connection was lost' },
} satisfies Record<string, SendResult>;

/** Whether an adapter calls `onHandOver` for this result: SMTP refuses connections before it. */
const HANDED_OVER: Readonly<Record<SendResult['kind'], boolean>> = {
  sent: true,
  rejected: true,
  deferred: true,
  ambiguous: true,
  provider_down: false,
};

export type ScriptedProvider = Provider & {
  /** Ids of the messages that it was asked to send. */
  readonly asked: string[];
  readonly inFlight: number;
  readonly mostInFlight: number;
  readonly closed: number;
  /** What it does from now on. */
  plan: (mail: OutboundMail, options: SendOptions) => Promise<SendResult> | SendResult;
};

/** A provider that does as it is told, and calls `onHandOver` as adapters do unless the plan does so itself. */
export function createScriptedProvider(name: string, result: SendResult = RESULTS.sent): ScriptedProvider {
  const asked: string[] = [];
  let inFlight = 0;
  let mostInFlight = 0;
  let closed = 0;
  const provider: ScriptedProvider = {
    name,
    asked,
    get inFlight() {
      return inFlight;
    },
    get mostInFlight() {
      return mostInFlight;
    },
    get closed() {
      return closed;
    },
    plan: answerWith(result),
    async send(mail, options) {
      asked.push(mail.messageId);
      inFlight += 1;
      mostInFlight = Math.max(mostInFlight, inFlight);
      try {
        return await provider.plan(mail, options);
      } finally {
        inFlight -= 1;
      }
    },
    async close() {
      closed += 1;
    },
  };
  return provider;
}

export function answerWith(result: SendResult): ScriptedProvider['plan'] {
  return async (_mail, { onHandOver }) => {
    if (HANDED_OVER[result.kind]) await onHandOver();
    return result;
  };
}

export function createMail(messageId: string): OutboundMail {
  return {
    messageId,
    envelope: { from: 'a@b.example', to: ['c@d.example'] },
    mime: new Uint8Array([13, 10]),
  };
}
