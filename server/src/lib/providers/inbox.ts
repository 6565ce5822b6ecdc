import type { Provider } from './provider.ts';

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
  receivedAt: Date;
};

export type InboxProviderOptions = {
  store: InboxStore;
  name?: string;
  now?: () => Date;
};

/**
 * The provider of test keys and of the DEV role: mail ends in the store, where acceptance is delivery. Nothing leaves, and saving
 * twice keeps one, so the hand-over is told after the save: whatever fails or dies before that is simply tried again.
 */
export function createInboxProvider({
  store,
  name = 'inbox',
  now = () => new Date(),
}: InboxProviderOptions): Provider {
  return {
    name,
    async send({ messageId, envelope, mime }, { onHandOver, signal }) {
      if (signal.aborted) return { kind: 'provider_down', reason: 'aborted' };
      await store.save({ messageId, envelope, mime, receivedAt: now() });
      await onHandOver();
      return {
        kind: 'sent',
        providerMessageId: messageId,
        response: 'kept in the inbox',
        refused: [],
        isDelivered: true,
      };
    },
    async close() {},
  };
}
