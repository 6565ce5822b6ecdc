import type { InboxEntry, Mailer } from '../index.ts';

/** What has come into an inbox since it was opened, newest first. */
export type Arrivals = () => Promise<InboxEntry[]>;

const PAGE = 100;

/**
 * Remembers what an inbox holds now and tells, as often as it is asked, everything that came afterwards: page by page back to what was
 * there, because more may come between two looks than one page shows.
 *
 * @internal
 */
export async function watchArrivals({ inbox }: Pick<Mailer, 'inbox'>): Promise<Arrivals> {
  const first = await inbox.list({ limit: PAGE });
  const old = new Set(first.data.map(({ id }) => id));
  const isOldBehind = first.nextCursor !== null;

  return async () => {
    const fresh: InboxEntry[] = [];
    let cursor: string | undefined;
    do {
      const { data, nextCursor } = await inbox.list({ limit: PAGE, ...(cursor ? { cursor } : {}) });
      const lastOld = data.findLastIndex(({ id }) => old.has(id));
      // Between old ones there may be new ones, which were accepted early and came late; behind the last is only what was there.
      const end = lastOld !== -1 && isOldBehind ? lastOld : data.length;
      fresh.push(...data.slice(0, end).filter(({ id }) => !old.has(id)));
      cursor = lastOld === -1 ? (nextCursor ?? undefined) : undefined;
    } while (cursor);
    return fresh;
  };
}
