import type { ComposeInput } from '../mail/mime-input.ts';
import type { PoolUse } from '../telemetry/metrics.ts';

/** One message ready to leave: composed once, the same bytes for every attempt. */
export type OutboundMail = {
  /** Our id (UUIDv7); every adapter hands it to its provider, so that provider events can be matched to it. */
  messageId: string;
  /** Built from parsed addresses only, never from header text. */
  envelope: { from: string; to: readonly string[] };
  /** The whole RFC 5322 message with CRLF line ends. */
  mime: Uint8Array;
  /**
   * The same mail in fields, for providers whose API takes no bytes; made only where one asks. An adapter that needs
   * it throws where it is missing.
   */
  parts?: () => MailParts;
};

/** A mail in fields. What it shows; whom it goes to is the envelope's alone. */
export type MailParts = Omit<ComposeInput, 'messageId' | 'date'>;

export type SendOptions = {
  /**
   * Called, and awaited, at the last moment before bytes of the message leave (SMTP: when the body is first read after
   * DATA was accepted; HTTP: when the connection stands and the body is asked for). The caller commits its checkpoint here; when it
   * throws, nothing is handed over and the error reaches the caller of `send` unchanged. An adapter that may safely repeat
   * a hand-over (the inbox) calls it afterwards, so that what dies in between is tried again instead of `unknown`.
   */
  onHandOver: () => Promise<void>;
  /** Ends the attempt; the outcome is `ambiguous` where the hand-over had begun. */
  signal: AbortSignal;
};

/** What the provider said about one envelope recipient that it did not accept. */
export type RecipientRefusal = {
  address: string;
  /** Permanent (5xx: never try again) or transient (4xx: may be tried later). */
  isPermanent: boolean;
  /** The provider's own words. */
  response: string;
};

/**
 * The outcome of one attempt. Expected failures are members, never exceptions.
 *
 * - `sent`: the provider took responsibility for every recipient but those in `refused`.
 * - `rejected`: permanent for the message as a whole or for every recipient.
 * - `deferred`: transient; the same provider may take it later.
 * - `provider_down`: the provider itself failed and took nothing: before the hand-over (network, greeting, credentials),
 *   or after it by its own answer (an HTTP API that is out of order). Another provider may take the message at once.
 * - `ambiguous`: the connection was lost after the hand-over began; it may have been delivered.
 */
export type SendResult =
  | {
      kind: 'sent';
      providerMessageId: string | null;
      response: string;
      refused: readonly RecipientRefusal[];
      /** True where acceptance is delivery (the inbox). */
      isDelivered: boolean;
    }
  | { kind: 'rejected'; response: string; refused: readonly RecipientRefusal[] }
  | {
      kind: 'deferred';
      response: string;
      retryAfterMs: number | null;
      refused: readonly RecipientRefusal[];
      /** True where the provider took nothing because we are over its rate or quota; another one may take it now. */
      isThrottled?: boolean;
    }
  | { kind: 'provider_down'; reason: string }
  | { kind: 'ambiguous'; reason: string };

/** A way out for mail. An adapter is one file that implements this. */
export type Provider = {
  /** Stable name, shown in timelines and metrics. */
  readonly name: string;
  send(mail: OutboundMail, options: SendOptions): Promise<SendResult>;
  /** Its connections or requests under way, where it bounds them. */
  use?(): PoolUse;
  /** Closes connections once what is under way has ended. Safe to call twice. */
  close(): Promise<void>;
};
