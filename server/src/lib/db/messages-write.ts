import { type Claim, claimName, type PriorClaim, type StoredAnswer } from '../idempotency/claim.ts';
import type { NewMailJob } from '../queue/mail-queue.ts';
import { addUsage, lockUsage, type Usage, type UsageMonth, usageName } from './client-usage.ts';
import type { Database, Db } from './database.ts';
import { CLAIM_KEYS, claimsFrom, findPriorClaims } from './idempotency.ts';
import type { Message, NewAttachment, NewRecipient } from './messages.ts';
import { type Row, runStatement } from './statement.ts';

/** The columns of a message that are known when it is accepted. */
export type NewMessageRow = Pick<
  Message,
  | 'id'
  | 'clientId'
  | 'mode'
  | 'traceId'
  | 'templateVersionId'
  | 'templateName'
  | 'templateVersion'
  | 'props'
  | 'locale'
  | 'html'
  | 'text'
  | 'bodyBlob'
  | 'givenSubject'
  | 'subject'
  | 'fromAddress'
  | 'replyTo'
  | 'headers'
  | 'tags'
  | 'metadata'
  | 'recipient'
  | 'priority'
  | 'scheduledAt'
  | 'unsubscribeSecret'
  | 'createdAt'
> & { status: 'queued' | 'scheduled' };

/** A message to make durable, with the job that will deliver it; null for one that waits for its time. */
export type NewMessage = {
  row: NewMessageRow;
  recipients: readonly NewRecipient[];
  attachments: readonly NewAttachment[];
  job: NewMailJob | null;
};

/** What one request wants written: all of it in one transaction, or nothing. */
export type WriteUnit = {
  messages: readonly NewMessage[];
  /** The key that it must be the first to claim. */
  claim: Claim | null;
  /** The month it counts against; null where nothing is counted. */
  usage: UsageMonth | null;
  /** True where less than all is nothing; otherwise as many as the quota allows, from the first. */
  isWhole: boolean;
  /** What is answered where this many messages, from the first, were written. */
  answer(written: number): StoredAnswer;
};

export type WriteResult =
  | { kind: 'written'; count: number }
  | { kind: 'over_quota' }
  /** The key is another request's; nothing was written. */
  | { kind: 'claimed'; prior: PriorClaim };

/** Adds jobs inside the transaction of their messages, where the queue is in the same database. */
export type AddJobsInTransaction = (tx: Db, jobs: readonly NewMailJob[]) => Promise<void>;

/**
 * Makes the messages of many requests durable as one: rows, recipients, attachments, first events, idempotency keys and usage all
 * commit together or not at all. One round trip, unless a quota has to be asked.
 *
 * @throws the driver's error where the whole was not written
 */
export async function writeUnits(
  database: Database,
  units: readonly WriteUnit[],
  addJobs: AddJobsInTransaction | null,
): Promise<WriteResult[]> {
  const isPlain = addJobs === null && units.every(({ usage }) => usage === null);
  if (isPlain) return insertUnits(database.db, units, units.map(allOf));
  return database.transaction(async (tx) => {
    const grants = await grant(tx, units);
    const results = await insertUnits(tx, units, grants);
    await addUsage(tx, usedBy(units, results));
    if (addJobs)
      await addJobs(
        tx,
        units.flatMap((unit, index) => jobsOf(unit, results[index])),
      );
    return results;
  });
}

/** The jobs of what was written. */
export function jobsOf({ messages }: WriteUnit, result: WriteResult | undefined): NewMailJob[] {
  if (result?.kind !== 'written') return [];
  return messages.slice(0, result.count).flatMap(({ job }) => job ?? []);
}

function allOf({ messages }: WriteUnit): number {
  return messages.length;
}

/** How many messages of each unit its quota allows; -1 for none. Taken first come, first served. */
async function grant(tx: Db, units: readonly WriteUnit[]): Promise<number[]> {
  const months = new Map(units.flatMap(({ usage }) => (usage ? [[usageName(usage), usage] as const] : [])));
  if (months.size === 0) return units.map(allOf);
  const usages = await lockUsage(tx, [...months.values()]);
  // After the lock: whoever used one of these keys in the same month has committed by now.
  const claims = units.flatMap(({ claim, usage }) => (claim && usage ? [claim] : []));
  const taken = new Set((await findPriorClaims(tx, claims)).keys());
  return units.map((unit) => {
    const name = unit.claim && claimName(unit.claim);
    const usage = unit.usage && usages.get(usageName(unit.usage));
    if (!usage || (name !== null && taken.has(name))) return allOf(unit);
    const granted = take(usage, unit);
    // A key that comes twice at once makes its messages once.
    if (name !== null && granted !== OVER_QUOTA) taken.add(name);
    return granted;
  });
}

function take(usage: Usage, { messages, isWhole }: WriteUnit): number {
  if (usage.limit === null) return messages.length;
  const left = Math.max(usage.limit - usage.accepted, 0);
  const granted = Math.min(left, messages.length);
  if (granted < messages.length && (isWhole || granted === 0)) return OVER_QUOTA;
  usage.accepted += granted;
  return granted;
}

const OVER_QUOTA = -1;

function usedBy(units: readonly WriteUnit[], results: readonly WriteResult[]) {
  const used = new Map<string, UsageMonth & { n: number }>();
  units.forEach(({ usage }, index) => {
    const result = results[index];
    if (!usage || result?.kind !== 'written') return;
    const n = (used.get(usageName(usage))?.n ?? 0) + result.count;
    used.set(usageName(usage), { ...usage, n });
  });
  return [...used.values()];
}

async function insertUnits(
  db: Db,
  units: readonly WriteUnit[],
  grants: readonly number[],
): Promise<WriteResult[]> {
  const names = new Set<string>();
  const batch = createBatch();
  units.forEach(({ messages, claim, answer }, unit) => {
    const count = grants[unit] ?? OVER_QUOTA;
    if (count === OVER_QUOTA) return;
    const name = claim && claimName(claim);
    // The second of two with the same key in one flush finds what the first has left.
    if (name !== null && names.has(name)) return;
    if (name !== null) names.add(name);
    if (claim) batch.addClaim(unit, claim, answer(count));
    for (const message of messages.slice(0, count)) batch.addMessage(claim ? unit : null, message);
  });
  const claimed = await batch.insert(db);
  const lost = units.filter(({ claim }, unit) => claim !== null && !claimed.has(unit));
  const prior = await findPriorClaims(
    db,
    lost.flatMap(({ claim }) => claim ?? []),
  );
  return units.map(({ claim }, unit) => {
    const count = grants[unit] ?? OVER_QUOTA;
    if (claim === null || claimed.has(unit)) {
      return count === OVER_QUOTA ? { kind: 'over_quota' } : { kind: 'written', count };
    }
    const found = prior.get(claimName(claim));
    if (!found && count === OVER_QUOTA) return { kind: 'over_quota' };
    return { kind: 'claimed', prior: found ?? { kind: 'in_progress' } };
  });
}

/** Collects the rows of a flush as the lists that one statement reads. */
function createBatch() {
  const messages: object[] = [];
  const props: string[] = [];
  const recipients: object[] = [];
  const attachments: object[] = [];
  const claims: object[] = [];
  const insertPlain = async (db: Db): Promise<readonly Row[]> => {
    const params = [JSON.stringify(messages), props.join(SEPARATOR), JSON.stringify(recipients)];
    if (attachments.length === 0) return runStatement(db, INSERT, params);
    return runStatement(db, INSERT_WITH_ATTACHMENTS, [...params, JSON.stringify(attachments)]);
  };
  const insertClaimed = (db: Db) => {
    const others = [recipients, attachments, claims].map((list) => JSON.stringify(list));
    return runStatement(db, INSERT_CLAIMED, [JSON.stringify(messages), props.join(SEPARATOR), ...others]);
  };
  return {
    addClaim(unit: number, claim: Claim, answer: StoredAnswer) {
      claims.push({ unit, ...claim, ...answer });
    },
    addMessage(unit: number | null, message: NewMessage) {
      const { props: text, ...row } = message.row;
      if (text?.includes(SEPARATOR)) throw new TypeError('props are not JSON');
      props.push(text ?? '');
      // A Date would take the whole list off the fast way of JSON.stringify.
      const createdAt = row.createdAt.toISOString();
      messages.push(unit === null ? { ...row, createdAt } : { unit, ...row, createdAt });
      message.recipients.forEach(({ kind, email, name }, position) =>
        recipients.push({
          messageId: row.id,
          position,
          clientId: row.clientId,
          kind,
          email,
          name,
          status: row.status,
        }),
      );
      message.attachments.forEach((attachment, position) =>
        attachments.push({ messageId: row.id, position, ...attachment }),
      );
    },
    /** Writes everything in one statement; returns the units whose keys were claimed. */
    async insert(db: Db): Promise<Set<number>> {
      if (messages.length + claims.length === 0) return new Set();
      const rows = claims.length > 0 ? await insertClaimed(db) : await insertPlain(db);
      return new Set(rows.map(({ unit }) => Number(unit)));
    },
  };
}

const COLUMNS = {
  id: ['id', 'uuid'],
  clientId: ['client_id', 'uuid'],
  mode: ['mode', 'key_mode'],
  status: ['status', 'message_status'],
  traceId: ['trace_id', 'text'],
  templateVersionId: ['template_version_id', 'uuid'],
  templateName: ['template_name', 'text'],
  templateVersion: ['template_version', 'int'],
  locale: ['locale', 'text'],
  html: ['html', 'text'],
  text: ['text', 'text'],
  bodyBlob: ['body_blob', 'text'],
  givenSubject: ['given_subject', 'text'],
  subject: ['subject', 'text'],
  fromAddress: ['from_address', 'text'],
  replyTo: ['reply_to', 'text[]'],
  headers: ['headers', 'jsonb'],
  tags: ['tags', 'jsonb'],
  metadata: ['metadata', 'jsonb'],
  recipient: ['recipient', 'text'],
  priority: ['priority', 'message_priority'],
  scheduledAt: ['scheduled_at', 'timestamptz'],
  unsubscribeSecret: ['unsubscribe_secret', 'text'],
  createdAt: ['created_at', 'timestamptz'],
} as const satisfies Record<Exclude<keyof NewMessageRow, 'props'>, readonly [column: string, type: string]>;

const FIELDS = Object.entries(COLUMNS);
const MESSAGE_TYPES = FIELDS.map(([field, [, type]]) => `"${field}" ${type}`).join(', ');
const MESSAGE_FIELDS = FIELDS.map(([field]) => `"${field}"`).join(', ');
const MESSAGE_COLUMNS = FIELDS.map(([, [column]]) => column).join(', ');

/**
 * Between the props of two messages. They are JSON already: written as texts of another JSON, and read from it, they would be most of
 * what the database and this process spend on a message. No JSON has this character outside its escapes.
 */
const SEPARATOR = '\u0001';

/** All that an accepted message needs; `only` leaves out the messages whose key was not claimed. */
function insertText(only: string, withAttachments: boolean): string {
  return `
  input as (
    select m.* from rows from (
      json_to_recordset($1::json) as (unit int, ${MESSAGE_TYPES}),
      unnest(string_to_array($2, '${SEPARATOR}', ''))
    ) as m(unit, ${MESSAGE_FIELDS}, props) ${only}
  ), new_messages as (
    insert into messages (${MESSAGE_COLUMNS}, props) select ${MESSAGE_FIELDS}, props from input
  ), new_recipients as (
    insert into message_recipients (message_id, position, client_id, kind, email, name, status)
    select r."messageId", r.position, r."clientId", r.kind, r.email, r.name, r.status
    from json_to_recordset($3::json)
      as r("messageId" uuid, position int, "clientId" uuid, kind recipient_kind, email text, name text, status message_status)
    ${only && 'join input on input.id = r."messageId"'}
  ), ${withAttachments ? attachmentsText(only) : ''} new_events as (
    insert into message_events (message_id, client_id, type, attempt)
    select id, "clientId", 'accepted'::message_event_type, 0 from input
    union all
    select id, "clientId", 'scheduled', 0 from input where status = 'scheduled'
  )`;
}

function attachmentsText(only: string): string {
  return `new_attachments as (
    insert into message_attachments (message_id, position, filename, content_type, content_id, size_bytes, blob_key)
    select a."messageId", a.position, a.filename, a."contentType", a."contentId", a."sizeBytes", a."blobKey"
    from json_to_recordset($4::json)
      as a("messageId" uuid, position int, filename text, "contentType" text, "contentId" text, "sizeBytes" int, "blobKey" text)
    ${only && 'join input on input.id = a."messageId"'}
  ), `;
}

const INSERT = `with ${insertText('', false)} select 1 where false`;
const INSERT_WITH_ATTACHMENTS = `with ${insertText('', true)} select 1 where false`;
const INSERT_CLAIMED = `
  with claims as (${claimsFrom('$5')}), claimed as (${CLAIM_KEYS}),
  open_units as (
    select unit from claims join claimed on (claimed.owner_id, claimed.mode, claimed.method, claimed.path, claimed.key)
      = (claims."ownerId", claims.mode, claims.method, claims.path, claims.key)
  ),
  ${insertText('where m.unit is null or m.unit in (select unit from open_units)', true)}
  select unit from open_units`;
