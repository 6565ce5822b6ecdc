import type { InboxEntry, Mailer, MessageSummary } from '@org/mail-sdk';
import { MailError } from '@org/mail-sdk';
import { useEffect, useRef, useState } from 'preact/hooks';
import { announce } from '../shared/announce.tsx';
import { forgetKey } from '../shared/key-gate.tsx';
import { isRefusal, useLive } from '../shared/use-live.ts';

/** The list as it stands. */
export type Inbox = {
  /** Null until the first answer. */
  entries: readonly InboxEntry[] | null;
  /** What waits for its time. */
  scheduled: readonly MessageSummary[];
  hasMore: boolean;
  /** Why there is nothing newer, for the person. */
  failure: string | null;
  loadMore(): void;
  mark(id: string, isRead: boolean): Promise<void>;
  remove(id: string): Promise<void>;
  empty(): Promise<void>;
  deliverNow(id: string): Promise<void>;
};

const PAGE = 50;
const MOST = 100;

type Loaded = { entries: InboxEntry[]; scheduled: MessageSummary[]; cursor: string | null };

/** What changed here changes in the other windows of this browser too. */
const CHANNEL = 'mail.inbox';

/** The inbox that fills itself: kept in step with the service, other windows and this one's own actions. */
export function useInbox(api: Mailer, search: string): Inbox {
  const [loaded, setLoaded] = useState<Loaded | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const channel = useRef<BroadcastChannel | null>(null);
  // An answer that was overtaken by a later question is dropped.
  const asked = useRef(0);
  const known = useRef<ReadonlySet<string> | null>(null);

  const attempt = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
      setFailure(null);
    } catch (error) {
      if (isRefusal(error)) forgetKey();
      setFailure(error instanceof MailError ? error.message : 'The service does not answer.');
    }
  };

  const load = (): Promise<void> =>
    attempt(async () => {
      const number = ++asked.current;
      const next = await fetchInbox(api, search, loaded?.entries.length ?? 0);
      if (number !== asked.current) return;
      tellNew(known.current, next.entries);
      known.current = new Set([...(known.current ?? []), ...next.entries.map(({ id }) => id)]);
      setLoaded(next);
    });

  /** What a person did is shown at once, and looked up after. */
  const change = (work: () => Promise<unknown>, optimistic: (entries: InboxEntry[]) => InboxEntry[]) => {
    asked.current += 1;
    setLoaded((now) => now && { ...now, entries: optimistic(now.entries) });
    return attempt(async () => {
      await work();
      channel.current?.postMessage(null);
      await load();
    });
  };

  useEffect(() => {
    known.current = null;
    void load();
  }, [api, search]);
  useLive(
    api,
    () => true,
    () => void load(),
  );
  const latest = useRef(load);
  latest.current = load;
  useEffect(() => {
    const opened = new BroadcastChannel(CHANNEL);
    opened.addEventListener('message', () => void latest.current());
    channel.current = opened;
    return () => opened.close();
  }, []);

  return {
    entries: loaded?.entries ?? null,
    scheduled: loaded?.scheduled ?? [],
    hasMore: loaded?.cursor !== null && loaded !== null,
    failure,
    loadMore: () =>
      void attempt(async () => {
        if (!loaded?.cursor) return;
        asked.current += 1;
        const page = await api.inbox.list({ limit: PAGE, cursor: loaded.cursor, ...toSearch(search) });
        setLoaded({ ...loaded, entries: [...loaded.entries, ...page.data], cursor: page.nextCursor });
      }),
    mark: (id, isRead) =>
      change(
        () => api.inbox.mark(id, { isRead }),
        (entries) => entries.map((entry) => (entry.id === id ? { ...entry, isRead } : entry)),
      ),
    remove: (id) =>
      change(
        () => api.inbox.delete(id),
        (entries) => entries.filter((entry) => entry.id !== id),
      ),
    empty: () =>
      change(
        () => api.inbox.empty(),
        () => [],
      ),
    deliverNow: (id) =>
      attempt(async () => {
        await api.messages.reschedule(id, new Date());
        announce('On its way');
        await load();
      }),
  };
}

async function fetchInbox(api: Mailer, search: string, shown: number): Promise<Loaded> {
  const wanted = Math.max(PAGE, shown);
  const [scheduled, first] = await Promise.all([
    search === '' ? api.messages.list({ status: 'scheduled', limit: PAGE }) : { data: [] },
    api.inbox.list({ limit: Math.min(wanted, MOST), ...toSearch(search) }),
  ]);
  const entries = [...first.data];
  let { nextCursor: cursor } = first;
  while (cursor !== null && entries.length < wanted) {
    const page = await api.inbox.list({ limit: MOST, cursor, ...toSearch(search) });
    entries.push(...page.data);
    cursor = page.nextCursor;
  }
  return { entries, scheduled: scheduled.data, cursor };
}

function toSearch(search: string): { search?: string } {
  return search.trim() === '' ? {} : { search };
}

/** For those who listen: what came since the list was first seen. */
function tellNew(known: ReadonlySet<string> | null, entries: readonly InboxEntry[]): void {
  const fresh = known === null ? [] : entries.filter(({ id }) => !known.has(id));
  const [first] = fresh;
  if (first)
    announce(fresh.length === 1 ? `New mail: ${first.subject ?? 'no subject'}` : `${fresh.length} new mails`);
}
