/** A place in the feed of events: behind everything that it names. */
export type FeedPosition = {
  /** The number of a transaction, in decimal: it has 64 bits. */
  txid: string;
  /** An event's id; 0 for "before every event of that transaction". */
  id: number;
};

/** Negative where `a` comes first, positive where `b` does, 0 where they are the same place. */
export function comparePositions(a: FeedPosition, b: FeedPosition): number {
  if (a.txid !== b.txid) return BigInt(a.txid) < BigInt(b.txid) ? -1 : 1;
  return a.id - b.id;
}

/** The position as an opaque text that clients can give back. */
export function toFeedCursor({ txid, id }: FeedPosition): string {
  return Buffer.from(`${txid}.${id}`).toString('base64url');
}

const CURSOR = /^(0|[1-9]\d{0,18})\.(0|[1-9]\d{0,15})$/;

/** The position that {@link toFeedCursor} made a text of; null for any other text. */
export function parseFeedCursor(cursor: string): FeedPosition | null {
  const [, txid, id] = CURSOR.exec(Buffer.from(cursor, 'base64url').toString('latin1')) ?? [];
  if (txid === undefined || id === undefined) return null;
  const number = Number(id);
  return Number.isSafeInteger(number) ? { txid, id: number } : null;
}
