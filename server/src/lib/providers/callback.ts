import { createHash } from 'node:crypto';
import type { ProviderEvent } from './provider-event.ts';
import type { ProviderSettings } from './settings.ts';

/** A callback as it came: nothing in it is believed yet. */
export type Callback = { body: Uint8Array; headers: Headers };

/** What a callback turned out to be. */
export type CallbackVerdict =
  /** It is the provider's own; without events where it tells of nothing that concerns a mail. */
  | { kind: 'genuine'; events: readonly ProviderEvent[]; note?: string }
  /** The code is told to the sender, so it says which check failed and nothing about secrets. */
  | { kind: 'refused'; code: string }
  /** Nobody can tell right now: the provider should come again. */
  | { kind: 'later'; reason: string };

/**
 * How one kind of provider tells what became of mail. A further provider is one more file with such an adapter, and a line in
 * `callback-adapters.ts`.
 */
export type CallbackAdapter = {
  readonly kind: ProviderSettings['kind'];
  /** True where the callback claims to be of this kind: one relay may be any of them. Proves nothing. */
  isLike(headers: Headers): boolean;
  /** Checks that the callback is genuine, on its very bytes and before anything in it is read; then reads it. */
  read(callback: Callback, context: { provider: string }): CallbackVerdict | Promise<CallbackVerdict>;
};

/** The id of a fact: the same however often, and in however many callbacks, it is told. */
export function toEventId(kind: string, parts: readonly string[]): string {
  return `${kind}_${createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 40)}`;
}

/** Our own id where the provider carried one that looks like it; null for anything else. */
export function toOwnId(text: string | null | undefined): string | null {
  const id = (text ?? '').trim();
  return /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i.test(id) ? id.toLowerCase() : null;
}

/**
 * The facts in a body of JSON. Both Postmark and Resend post one at a time; a list is what a relay in between collects.
 *
 * @returns null where it is no JSON
 */
export function parseFacts(body: Uint8Array): unknown[] | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
    return Array.isArray(value) ? value : [value];
  } catch {
    return null;
  }
}
