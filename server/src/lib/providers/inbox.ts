import { toSearchText } from '../mail/search-text.ts';
import { createInboxNews, type ReportEvents } from './inbox-news.ts';
import type { OutboundMail, Provider, RecipientRefusal, SendOptions, SendResult } from './provider.ts';
import { behaviourOf, type TestBehaviour } from './test-address.ts';

/** Keeps mail for people to look at instead of sending it. */
export type InboxStore = {
  /**
   * Keeps the exact bytes under the message's id. Saving a message that is already there changes nothing and is no
   * error, because an attempt may be repeated after a crash between saving and recording.
   */
  save(entry: InboxEntry): Promise<void>;
};

export type InboxEntry = {
  messageId: string;
  envelope: { from: string; to: readonly string[] };
  mime: Uint8Array;
  /** What the mail says, for searching; null where that is not known. */
  text: string | null;
  receivedAt: Date;
};

export type InboxProviderOptions = {
  store: InboxStore;
  /** Hears what becomes of mail to the test addresses, as of a provider's callback. By default nobody does. */
  report?: ReportEvents;
  name?: string;
  now?: () => Date;
  /** How long the test addresses take for what they do. */
  delaysMs?: Partial<TestDelays>;
};

/** Times in milliseconds. */
export type TestDelays = {
  /** From the acceptance to the bounce, the complaint, the delivery. */
  news: number;
  /** What `defer@` asks to be left alone for. */
  retryAfter: number;
  /** What `slow@` takes to accept. */
  slow: number;
  /** From the hand-over to the loss of the connection to `timeout@`. */
  loss: number;
};

const DELAYS_MS: TestDelays = { news: 1000, retryAfter: 2000, slow: 3000, loss: 1000 };

/** Which messages were deferred is remembered for so many; one that is forgotten is merely deferred once more. */
const MAX_DEFERRED = 10_000;

/**
 * The provider of test keys and of the DEV role: mail ends in the store, where acceptance is delivery. Nothing leaves, and saving
 * twice keeps one, so the hand-over is told after the save: whatever fails or dies before that is simply tried again. Some addresses
 * ({@link behaviourOf}) make it behave like a provider on a bad day.
 */
export function createInboxProvider({
  store,
  report = async () => {},
  name = 'inbox',
  now = () => new Date(),
  delaysMs = {},
}: InboxProviderOptions): Provider {
  const delays = { ...DELAYS_MS, ...delaysMs };
  const news = createInboxNews({ report, name, now, delayMs: delays.news });
  const deferred = new Set<string>();

  const keep = ({ messageId, envelope, mime, parts }: OutboundMail) => {
    const text = parts ? toSearchText(parts()) : null;
    return store.save({ messageId, envelope, mime, text, receivedAt: now() });
  };

  /** Once a message: the next attempt finds the mailboxes open. */
  const deferNow = (messageId: string, behaviours: Behaviours): RecipientRefusal[] => {
    if (deferred.delete(messageId)) return [];
    const refused = [...behaviours].flatMap(([address, behaviour]) =>
      behaviour === 'defer' ? { address, isPermanent: false, response: DEFERRED } : [],
    );
    if (refused.length > 0 && deferred.size >= MAX_DEFERRED) deferred.clear();
    if (refused.length > 0) deferred.add(messageId);
    return refused;
  };

  const misbehave = async (
    mail: OutboundMail,
    { onHandOver, signal }: SendOptions,
    behaviours: Behaviours,
  ): Promise<SendResult> => {
    const { messageId, envelope } = mail;
    const kinds = new Set(behaviours.values());
    if (kinds.has('slow')) await pause(delays.slow, signal);
    if (signal.aborted) return ABORTED;
    const refused = deferNow(messageId, behaviours);
    if (refused.length === envelope.to.length)
      return { kind: 'deferred', response: DEFERRED, retryAfterMs: delays.retryAfter, refused };
    await keep(mail);
    await onHandOver();
    if (kinds.has('timeout')) {
      await pause(delays.loss, signal);
      return { kind: 'ambiguous', reason: 'the connection was lost after the mail was handed over' };
    }
    const accepted = envelope.to.filter((address) => !refused.some((one) => one.address === address));
    news.follow(messageId, accepted);
    const response = '250 accepted by the test address';
    return { kind: 'sent', providerMessageId: messageId, response, refused, isDelivered: false };
  };

  return {
    name,
    async send(mail, options) {
      if (options.signal.aborted) return ABORTED;
      const behaviours = behavioursOf(mail.envelope.to);
      if (behaviours.size > 0) return misbehave(mail, options, behaviours);
      await keep(mail);
      await options.onHandOver();
      return {
        kind: 'sent',
        providerMessageId: mail.messageId,
        response: 'kept in the inbox',
        refused: [],
        isDelivered: true,
      };
    },
    close: news.flush,
  };
}

const ABORTED = { kind: 'provider_down', reason: 'aborted' } as const;
const DEFERRED = '451 4.7.1 try again later: the test address defers once';

/** The test addresses of an envelope, and what each stands for. */
type Behaviours = ReadonlyMap<string, TestBehaviour>;

function behavioursOf(addresses: readonly string[]): Behaviours {
  const found = new Map<string, TestBehaviour>();
  for (const address of addresses) {
    const behaviour = behaviourOf(address);
    if (behaviour) found.set(address, behaviour);
  }
  return found;
}

/** Over at once where the attempt is. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const stop = () => {
    clearTimeout(timer);
    resolve();
  };
  signal.addEventListener('abort', stop, { once: true });
  return promise.finally(() => signal.removeEventListener('abort', stop));
}
