import { toEventId } from './callback.ts';
import type { ProviderEvent, ProviderEventType } from './provider-event.ts';
import { behaviourOf } from './test-address.ts';

/** Takes events as those of any provider's callback are taken. */
export type ReportEvents = (news: { provider: string; events: readonly ProviderEvent[] }) => Promise<unknown>;

export type InboxNewsOptions = {
  report: ReportEvents;
  name: string;
  now: () => Date;
  delayMs: number;
};

/** What the inbox tells of mail to the test addresses some time after it took it. */
export type InboxNews = {
  /** Tells of these recipients of a message, step by step; resolves at once. */
  follow(messageId: string, recipients: readonly string[]): void;
  /** Tells at once whatever was still to be told. */
  flush(): Promise<void>;
};

type Step = { type: ProviderEventType; detail: string };

const DELIVERED: Step = { type: 'delivered', detail: 'kept in the inbox' };
const BOUNCED: Step = { type: 'bounced_hard', detail: '550 5.1.1 no such user: the test address bounces' };
const COMPLAINED: Step = { type: 'spam', detail: 'the recipient called it spam: the test address complains' };

/** Creates the inbox's own callbacks. They wait in this process only: one that is killed leaves its mail as accepted. */
export function createInboxNews({ report, name, now, delayMs }: InboxNewsOptions): InboxNews {
  const waiting = new Set<() => Promise<void>>();

  const toEvent = (messageId: string, recipient: string, { type, detail }: Step): ProviderEvent => ({
    providerEventId: toEventId(name, [messageId, recipient, type]),
    provider: name,
    providerMessageId: messageId,
    messageId,
    type,
    recipient,
    occurredAt: now(),
    detail,
  });

  function tellLater(messageId: string, steps: readonly Step[], recipient: string): void {
    const [step, ...rest] = steps;
    if (!step) return;
    const tell = async () => {
      clearTimeout(timer);
      waiting.delete(tell);
      await report({ provider: name, events: [toEvent(messageId, recipient, step)] });
      tellLater(messageId, rest, recipient);
    };
    // Its failure is reported by whoever reports: there is no one here to tell.
    const timer = setTimeout(() => void tell(), delayMs);
    waiting.add(tell);
  }

  return {
    follow(messageId, recipients) {
      for (const recipient of recipients) tellLater(messageId, stepsFor(recipient), recipient);
    },
    async flush() {
      // What is told may have a next step.
      while (waiting.size > 0) await Promise.all([...waiting].map((tell) => tell()));
    },
  };
}

function stepsFor(recipient: string): readonly Step[] {
  switch (behaviourOf(recipient)) {
    case 'bounce':
      return [BOUNCED];
    case 'complaint':
      return [DELIVERED, COMPLAINED];
    default:
      return [DELIVERED];
  }
}
