import { listApiKeys } from '../../src/lib/db/api-keys.ts';
import { listBreakerChanges } from '../../src/lib/db/breaker-changes.ts';
import { listClients } from '../../src/lib/db/clients.ts';
import type { Database, Db } from '../../src/lib/db/database.ts';
import { listDeadLetterIds, listDeadLetters } from '../../src/lib/db/dead-letters.ts';
import { listInbox } from '../../src/lib/db/inbox.ts';
import { listMessageEvents } from '../../src/lib/db/messages.ts';
import { listSuppressions } from '../../src/lib/db/suppressions.ts';
import { listTemplates, listTemplateVersions } from '../../src/lib/db/templates.ts';
import { listDeliveries } from '../../src/lib/db/webhooks-deliveries.ts';
import { listEndpoints } from '../../src/lib/db/webhooks-endpoints.ts';
import { BUSY_CLIENT, FIRST_MESSAGE_AT, LONG_TEMPLATE } from './many-rows.ts';

/** One list with one combination of filters. */
export type ListCase = {
  name: string;
  work: (database: Database) => Promise<unknown>;
  /** Any of these serves it: what is common is found soonest on the way from the newest, what is rare in an index of its own. */
  follows: readonly string[];
};

/** Every choice of up to `size` of these that have nothing to say of the same filter, each made one object. */
export function combinationsOf<T extends object>(choices: readonly T[], size: number): T[] {
  if (size === 0) return [];
  return choices.flatMap((one, index) => {
    const others = choices.slice(index + 1).filter((other) => !Object.keys(other).some((key) => key in one));
    return [one, ...combinationsOf(others, size - 1).map((combined): T => Object.assign({}, one, combined))];
  });
}

const HOUR_MS = 3_600_000;
const FIRST_PAGE = { before: null, limit: 20 };
const LATER_PAGE = { before: '01ffffff-ffff-7fff-bfff-ffffffffffff', limit: 20 };
const LIVE = { clientId: BUSY_CLIENT, mode: 'live' as const };
const INBOX = { clientId: BUSY_CLIENT, mode: 'test' as const };

type Listing<F> = {
  list: string;
  /** The first is none at all. */
  filters: readonly F[];
  read: (db: Db, filter: F, page: typeof FIRST_PAGE | typeof LATER_PAGE) => Promise<unknown>;
  follows: (filter: F) => readonly string[];
};

/** Each filter on the first page and on a later one. */
function casesOf<F>({ list, filters, read, follows }: Listing<F>): ListCase[] {
  return filters.flatMap((filter) =>
    [FIRST_PAGE, LATER_PAGE].map((page) => ({
      name: `${list} ${JSON.stringify(filter)}${page === LATER_PAGE ? ', a later page' : ''}`,
      work: ({ db }: Database) => read(db, filter, page),
      follows: follows(filter),
    })),
  );
}

/** Whatever else is asked for is asked of each entry on the way. */
const INDEX_OF_LETTERS: Readonly<Record<string, string>> = {
  clientId: 'dead_letters_client',
  template: 'dead_letters_template',
  provider: 'dead_letters_provider',
  reason: 'dead_letters_pkey',
  since: 'dead_letters_created',
  until: 'dead_letters_created',
};

const OTHER_CLIENT = '00000000-0000-7000-8000-000000000001';

/** A template and a provider that no letter is of. */
const RARE: readonly [template: string, provider: string] = ['never-sent', 'never-used'];

/** A common value of each, a rare one, and words that no letter holds. */
const lettersOf = (clientId: string) => [
  { clientId },
  { template: 'template-3' },
  { template: RARE[0] },
  { provider: 'smtp' },
  { provider: RARE[1] },
  { reason: 'never said' },
  { since: new Date(FIRST_MESSAGE_AT + 12 * HOUR_MS) },
  { until: new Date(FIRST_MESSAGE_AT + 12 * HOUR_MS) },
];

function deadLetters(owner: typeof LIVE | null): ListCase[] {
  const who = owner === null ? 'all' : 'a client';
  const follows = (filter: object) => {
    const own = Object.keys(filter).map((name) => INDEX_OF_LETTERS[name] ?? '');
    const isRare = Object.values(filter).some((value) => RARE.some((rare) => rare === value));
    return isRare ? own : [...own, 'dead_letters_client', 'dead_letters_pkey'];
  };
  const filters = [{}, ...combinationsOf(lettersOf(owner?.clientId ?? OTHER_CLIENT), 2)];
  return [
    ...casesOf({
      list: `dead letters of ${who}`,
      filters,
      read: (db, filter, page) => listDeadLetters(db, { owner, filter, ...page }),
      follows,
    }),
    ...casesOf({
      list: `dead letters of ${who}, to retry`,
      filters,
      read: (db, filter, { before, limit }) =>
        listDeadLetterIds(db, { owner, filter, after: before && BUSY_CLIENT, limit }),
      follows,
    }),
  ];
}

const SUPPRESSIONS = casesOf({
  list: 'suppressions',
  filters: [
    {},
    ...combinationsOf(
      [{ email: 'a@example.net' }, { reason: 'hard_bounce' as const }, { reason: 'complaint' as const }],
      2,
    ),
  ],
  read: (db, filter, page) => listSuppressions(db, { clientId: BUSY_CLIENT, filter, ...page }),
  follows: (filter) => {
    if ('email' in filter) return ['suppressions_client_email', 'suppressions_reason'];
    if ('reason' in filter && filter.reason === 'complaint') return ['suppressions_reason'];
    return ['suppressions_client', 'suppressions_pkey'];
  },
});

const DELIVERIES = casesOf({
  list: 'deliveries of an endpoint',
  filters: [{}, ...(['pending', 'delivered', 'failed', 'paused'] as const).map((status) => ({ status }))],
  read: (db, filter, page) => listDeliveries(db, { endpointId: BUSY_CLIENT, ...filter, ...page }),
  follows: (filter) => {
    if (!('status' in filter) || filter.status === 'delivered')
      return ['webhook_deliveries_endpoint', 'webhook_deliveries_pkey'];
    return ['webhook_deliveries_status', 'webhook_deliveries_due'];
  },
});

const CLIENTS = casesOf({
  list: 'clients',
  filters: [
    {},
    ...combinationsOf(
      [{ status: 'active' as const }, { status: 'suspended' as const }, { name: 'client 7' }],
      2,
    ),
  ],
  read: (db, filter, page) => listClients(db, { filter, ...page }),
  follows: (filter) => {
    if ('name' in filter) return ['clients_name_unique'];
    return 'status' in filter ? ['clients_status', 'clients_pkey'] : ['clients_pkey'];
  },
});

const BREAKER_CHANGES = casesOf({
  list: 'events of a provider',
  filters: [{}, ...combinationsOf([{ since: new Date(0) }, { until: new Date(HOUR_MS) }], 2)],
  read: (db, filter, page) => listBreakerChanges(db, { provider: 'rare', ...filter, ...page }),
  follows: () => ['breaker_changes_provider'],
});

const INBOX_MAILS = casesOf({
  list: 'the inbox',
  filters: [
    {},
    ...combinationsOf(
      [
        { words: ['never written'] },
        { to: ['nobody'] },
        { subject: ['never written'] },
        { template: ['never-sent'] },
        { isRead: true },
        { isRead: false },
      ],
      2,
    ),
  ],
  read: (db, filter, page) => listInbox(db, { owner: INBOX, filter, ...page }),
  follows: () => ['inbox_messages_client', 'inbox_messages_pkey'],
});

const TEMPLATES = casesOf({
  list: 'templates',
  filters: [{ clientId: BUSY_CLIENT }, { clientId: null }],
  read: (db, { clientId }, page) => listTemplates(db, { clientId, ...page }),
  follows: () => ['templates_owner_name'],
});

const WITHOUT_FILTERS: Listing<object>[] = [
  {
    list: 'versions of a template',
    filters: [{}],
    read: (db, _, page) => listTemplateVersions(db, { templateId: LONG_TEMPLATE, ...page }),
    follows: () => ['template_versions_number', 'template_versions_pkey'],
  },
  {
    list: 'keys of a client',
    filters: [{}],
    read: (db, _, page) => listApiKeys(db, { clientId: BUSY_CLIENT, ...page }),
    follows: () => ['api_keys_client'],
  },
  {
    list: 'webhook endpoints',
    filters: [{}],
    read: (db, _, page) => listEndpoints(db, { owner: LIVE, ...page }),
    follows: () => ['webhook_endpoints_client'],
  },
  {
    list: 'events of a message',
    filters: [{}],
    read: (db) => listMessageEvents(db, LATER_PAGE.before),
    follows: () => ['message_events_message'],
  },
];

/** Every list but that of the messages, with every filter and every pair of them. */
export const LIST_CASES: readonly ListCase[] = [
  ...deadLetters(LIVE),
  ...deadLetters(null),
  ...SUPPRESSIONS,
  ...DELIVERIES,
  ...CLIENTS,
  ...BREAKER_CHANGES,
  ...INBOX_MAILS,
  ...TEMPLATES,
  ...WITHOUT_FILTERS.flatMap(casesOf),
];
