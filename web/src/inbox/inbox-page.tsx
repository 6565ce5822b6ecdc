import type { Mailer } from '@org/mail-sdk';
import { useEffect, useRef, useState } from 'preact/hooks';
import { announce } from '../shared/announce.tsx';
import { Icon } from '../shared/icon.tsx';
import { KeyGate } from '../shared/key-gate.tsx';
import { useKeys } from '../shared/keyboard.ts';
import { navigate, query, setQuery } from '../shared/router.ts';
import { Segments } from '../shared/segments.tsx';
import { FirstMail } from './first-mail.tsx';
import { focusRow, InboxList, ScheduledList } from './inbox-list.tsx';
import { type Inbox, useInbox } from './inbox-store.ts';
import { MailDetail } from './mail-detail.tsx';

/** The inbox; `rest` is the id of the mail that is open. */
export function InboxPage({ rest }: { rest: string }) {
  return <KeyGate>{(api) => <OpenInbox api={api} id={rest === '' ? null : rest} />}</KeyGate>;
}

function OpenInbox({ api, id }: { api: Mailer; id: string | null }) {
  const search = query.value.get('search') ?? '';
  const isUnreadOnly = query.value.get('show') === 'unread';
  const inbox = useInbox(api, isUnreadOnly ? `${search} is:unread` : search);
  const entries = inbox.entries ?? [];
  const entry = entries.find((candidate) => candidate.id === id) ?? null;
  const field = useRef<HTMLInputElement>(null);
  const actions = toActions(inbox, id);
  useTitle(entries.filter(({ isRead }) => !isRead).length);
  useReading(inbox, id);
  useKeys({
    j: () => actions.step(1),
    k: () => actions.step(-1),
    '/': () => field.current?.focus(),
    '#': () => actions.remove(),
    r: () => entry && void inbox.mark(entry.id, !entry.isRead),
    Escape: () => navigate(toHref(null)),
  });
  const isEmpty =
    inbox.entries?.length === 0 && inbox.scheduled.length === 0 && search === '' && !isUnreadOnly;
  return (
    <main class="inbox" data-open={id !== null}>
      <h1 class="only-read">Inbox</h1>
      <div class="inbox-side">
        <SearchBar field={field} search={search} isUnreadOnly={isUnreadOnly} />
        <ListArea inbox={inbox} id={id} isSearching={search !== '' || isUnreadOnly} />
        <ListFoot inbox={inbox} />
      </div>
      <div class="inbox-main">
        {id !== null ? (
          <MailDetail
            api={api}
            id={id}
            entry={entry}
            onMark={(isRead) => void inbox.mark(id, isRead)}
            onRemove={actions.remove}
          />
        ) : isEmpty ? (
          <FirstMail api={api} />
        ) : (
          <Hint />
        )}
      </div>
    </main>
  );
}

/** The address of a mail, with the search that led to it. */
function toHref(id: string | null): string {
  return `/inbox${id === null ? '' : `/${id}`}${location.search}`;
}

function toActions(inbox: Inbox, id: string | null) {
  const entries = inbox.entries ?? [];
  const at = entries.findIndex((entry) => entry.id === id);
  return {
    step(by: 1 | -1): void {
      const next = entries[Math.min(Math.max(at + by, 0), entries.length - 1)];
      if (!next) return;
      navigate(toHref(next.id), { replace: id !== null });
      focusRow(next.id);
    },
    remove(): void {
      if (id === null) return;
      const next = entries[at + 1] ?? entries[at - 1];
      navigate(toHref(next?.id ?? null), { replace: true });
      if (next) focusRow(next.id);
      announce('Deleted');
      void inbox.remove(id);
    },
  };
}

/** What is open is read, unless the person says otherwise while it is. */
function useReading(inbox: Inbox, id: string | null): void {
  const done = useRef<string | null>(null);
  const entry = inbox.entries?.find((candidate) => candidate.id === id);
  useEffect(() => {
    if (!entry || done.current === entry.id) return;
    done.current = entry.id;
    if (!entry.isRead) void inbox.mark(entry.id, true);
  }, [entry?.id]);
}

function useTitle(unread: number): void {
  useEffect(() => {
    document.title = unread > 0 ? `(${unread}) Inbox` : 'Inbox';
  }, [unread]);
}

type SearchBarProps = { field: { current: HTMLInputElement | null }; search: string; isUnreadOnly: boolean };

/** A search begins when the person stops typing for a moment. */
const TYPING_MS = 150;

function SearchBar({ field, search, isUnreadOnly }: SearchBarProps) {
  const [text, setText] = useState(search);
  useEffect(() => {
    const timer = setTimeout(() => setQuery({ search: text === '' ? null : text }), TYPING_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <div class="inbox-bar" role="search">
      <div class="search">
        <Icon name="search" />
        <input
          ref={field}
          class="field"
          type="search"
          aria-label="Search the inbox"
          aria-keyshortcuts="/"
          placeholder="Search mail"
          title="Words, or to: subject: template: is:unread"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Escape') event.currentTarget.blur();
          }}
        />
      </div>
      <Segments
        label="Which mails"
        value={isUnreadOnly ? 'unread' : 'all'}
        onChange={(value) => setQuery({ show: value === 'unread' ? value : null })}
        segments={[
          { value: 'all', label: 'All', content: 'All' },
          { value: 'unread', label: 'Unread', content: 'Unread' },
        ]}
      />
    </div>
  );
}

function ListArea({ inbox, id, isSearching }: { inbox: Inbox; id: string | null; isSearching: boolean }) {
  const { entries, scheduled, hasMore, failure } = inbox;
  return (
    <div class="inbox-scroll" aria-busy={entries === null}>
      {failure === null ? null : <p class="inbox-note danger">{failure}</p>}
      <ScheduledList messages={scheduled} onDeliver={(message) => void inbox.deliverNow(message)} />
      {entries?.length === 0 ? (
        <p class="inbox-note">{isSearching ? 'No mail fits.' : 'No mail yet.'}</p>
      ) : (
        <InboxList entries={entries ?? []} current={id} toHref={toHref} />
      )}
      {hasMore ? (
        <button type="button" class="button quiet inbox-more" onClick={inbox.loadMore}>
          {isSearching ? 'Search older mail' : 'Older mail'}
        </button>
      ) : null}
    </div>
  );
}

function ListFoot({ inbox }: { inbox: Inbox }) {
  const count = inbox.entries?.length ?? 0;
  const [isAsking, setIsAsking] = useState(false);
  if (count === 0) return null;
  const empty = (): void => {
    setIsAsking(false);
    navigate('/inbox');
    announce('The inbox is empty');
    void inbox.empty();
  };
  return (
    <div class="inbox-foot">
      {isAsking ? (
        <>
          <span>Delete every mail?</span>
          <button type="button" class="button" onClick={empty}>
            Delete all
          </button>
          <button type="button" class="button quiet" onClick={() => setIsAsking(false)}>
            Keep
          </button>
        </>
      ) : (
        <>
          <span class="soft">
            {count}
            {inbox.hasMore ? '+' : ''} {count === 1 ? 'mail' : 'mails'}
          </span>
          <button type="button" class="button quiet" onClick={() => setIsAsking(true)}>
            Delete all
          </button>
        </>
      )}
    </div>
  );
}

const KEYS = [
  ['j', 'k', 'next, previous'],
  ['Enter', 'read'],
  ['/', 'search'],
  ['r', 'read or unread'],
  ['#', 'delete'],
] as const;

function Hint() {
  return (
    <div class="empty">
      <Icon name="inbox" />
      <h2>Choose a mail</h2>
      <dl class="keys">
        {KEYS.map((keys) => (
          <div key={keys[0]}>
            <dt>
              {keys.slice(0, -1).map((name) => (
                <kbd key={name}>{name}</kbd>
              ))}
            </dt>
            <dd>{keys.at(-1)}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
