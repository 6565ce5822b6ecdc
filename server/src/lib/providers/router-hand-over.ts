/** How the caller hears of hand-overs; both are awaited, and what they throw ends the message unchanged. */
export type HandOverCallbacks = {
  /**
   * As in `SendOptions`, with the provider's name. Called at most once a message, unless `onHandOverRevoked` was called
   * for the one before.
   */
  onHandOver: (provider: string) => Promise<void>;
  /**
   * Called, and awaited, when a provider answered after its hand-over that it took nothing (an HTTP API that is out of order, or
   * throttles) and another one could. The caller takes its checkpoint back; without this function the message stays
   * with the first hand-over, whatever came of it.
   */
  onHandOverRevoked?: (provider: string, reason: string) => Promise<void>;
};

/** The one hand-over of one message. */
export type HandOver = {
  /** What one provider calls. */
  by(provider: string): () => Promise<void>;
  /** False once the message was handed over and that cannot be taken back. */
  mayGoOn(): boolean;
  revoke(reason: string): Promise<void>;
};

/** Keeps watch that at most one hand-over of a message stands, whatever the adapters do. */
export function createHandOver({ onHandOver, onHandOverRevoked }: HandOverCallbacks): HandOver {
  let standing: string | null = null;
  return {
    by: (provider) => async () => {
      if (standing !== null)
        throw new Error(`${provider} asked for a hand-over while that to ${standing} stands`);
      standing = provider;
      await onHandOver(provider);
    },
    mayGoOn: () => standing === null || onHandOverRevoked !== undefined,
    async revoke(reason) {
      if (standing === null) return;
      await onHandOverRevoked?.(standing, reason);
      standing = null;
    },
  };
}
