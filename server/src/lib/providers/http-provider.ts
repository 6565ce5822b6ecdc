import { exchange, type HttpAnswer, type HttpExchange, type HttpRequest } from './http-exchange.ts';
import type { PoolUse } from '../telemetry/metrics.ts';
import { createSlots, type Slots } from './http-slots.ts';
import type { MailParts, OutboundMail, Provider, SendOptions, SendResult } from './provider.ts';

export type HttpProviderOptions = {
  name: string;
  /** Requests under way at once. */
  maxInFlight: number;
  /** Makes one request and sorts its outcome. */
  deliver(mail: OutboundMail, line: HttpLine): Promise<SendResult>;
};

export type HttpLine = {
  /** Reaches the provider; may be called again where that is safe. */
  go(request: HttpRequest): Promise<HttpExchange>;
  signal: AbortSignal;
};

/** What the adapters of HTTP APIs have in common: guards, a bound on requests under way, an orderly end. */
export function createHttpProvider(options: HttpProviderOptions): Provider {
  return new HttpProvider(options);
}

class HttpProvider implements Provider {
  readonly name: string;
  readonly #deliver: HttpProviderOptions['deliver'];
  readonly #slots: Slots;
  readonly #active = new Set<Promise<unknown>>();
  #isClosed = false;

  constructor({ name, maxInFlight, deliver }: HttpProviderOptions) {
    this.name = name;
    this.#deliver = deliver;
    this.#slots = createSlots(maxInFlight);
  }

  async send(mail: OutboundMail, options: SendOptions): Promise<SendResult> {
    if (this.#isClosed) return { kind: 'provider_down', reason: 'the provider is closed' };
    if (mail.envelope.to.length === 0)
      return { kind: 'rejected', response: 'the envelope has no recipient', refused: [] };
    const work = this.#sendInSlot(mail, options);
    this.#active.add(work);
    try {
      return await work;
    } finally {
      this.#active.delete(work);
    }
  }

  use(): PoolUse {
    return this.#slots.use();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    while (this.#active.size > 0) await Promise.allSettled(this.#active);
  }

  async #sendInSlot(mail: OutboundMail, { onHandOver, signal }: SendOptions): Promise<SendResult> {
    if (!(await this.#slots.take(signal))) return { kind: 'provider_down', reason: 'aborted' };
    try {
      // A request that is repeated belongs to one hand-over: its checkpoint is written once.
      const recordOnce = once(onHandOver);
      const go = (request: HttpRequest) => exchange(request, { onHandOver: recordOnce, signal });
      return await this.#deliver(mail, { go, signal });
    } finally {
      this.#slots.giveBack();
    }
  }
}

function once(act: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | null = null;
  return () => (done ??= act());
}

/** Sorts what is the same for every API; only a real answer is the adapter's to read. */
export function toSendResult(
  outcome: HttpExchange,
  readAnswer: (answer: HttpAnswer) => SendResult,
): SendResult {
  switch (outcome.kind) {
    case 'unreachable':
      return { kind: 'provider_down', reason: outcome.reason };
    case 'lost':
      return { kind: 'ambiguous', reason: outcome.reason };
    case 'answered':
      return readAnswer(outcome);
  }
}

/** @throws Error where the mail came without fields: whoever made it forgot them */
export function partsOf(mail: OutboundMail): MailParts {
  if (!mail.parts) throw new Error('this provider needs the mail in fields');
  return mail.parts();
}

/** The headers that the sender asked for, with the one-click pair of RFC 8058 in the place of any of his own. */
export function toCustomHeaders({ headers, unsubscribeUrl }: MailParts): Record<string, string> {
  if (unsubscribeUrl === null) return { ...headers };
  const others = Object.entries(headers).filter(([name]) => !/^list-unsubscribe(-post)?$/i.test(name));
  return {
    ...Object.fromEntries(others),
    'List-Unsubscribe': `<${unsubscribeUrl}>`,
    'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
  };
}
