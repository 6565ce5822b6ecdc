import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { eq, inArray } from 'drizzle-orm';
import { messages } from '../src/db/schema.ts';
import type { BlobStore } from '../src/lib/blobs/blob-store.ts';
import { removeClient } from '../src/lib/db/client-removal.ts';
import { findClient } from '../src/lib/db/clients.ts';
import type { Database } from '../src/lib/db/database.ts';
import { eraseRecipient } from '../src/lib/db/erasure.ts';
import { retryMessage } from '../src/lib/db/resolutions.ts';
import { pruneBatch, type RetentionKind } from '../src/lib/db/retention.ts';
import { type BareProfile, openBareProfile } from './support/bare-profile.ts';
import { insertHandedOver } from './support/handed-over.ts';
import { isMissing } from './support/requires.ts';
import { describeOnBothProfiles } from './support/system.ts';
import { waitFor } from './support/wait-for.ts';

const DAY_MS = 86_400_000;
const ACTOR = { owner: null, by: 'by a test' };

/** A message that failed long ago, and has something in blob storage. */
async function insertFailed({ database, blobs, clientId }: BareProfile, email = 'ada@example.net') {
  const made = Date.now() - 400 * DAY_MS;
  const id = Bun.randomUUIDv7('hex', made);
  await insertHandedOver(database, [id], { clientId, status: 'failed', recipients: [email] });
  await blobs.put(`body/${id}`, new Uint8Array([1]), database.db);
  await database.db
    .update(messages)
    .set({ bodyBlob: `body/${id}`, text: null, createdAt: new Date(made), updatedAt: new Date(made) })
    .where(eq(messages.id, id));
  return id;
}

async function rowsOf({ database }: BareProfile, ids: readonly string[]) {
  return database.db
    .select({ id: messages.id, status: messages.status, bodyBlob: messages.bodyBlob })
    .from(messages)
    .where(inArray(messages.id, [...ids]));
}

/** Does something at the moment when blobs are deleted, which is in the middle of a removal. */
function interrupted(blobs: BlobStore, meanwhile: () => Promise<void>): BlobStore {
  return {
    ...blobs,
    async delete(keys) {
      await meanwhile();
      await blobs.delete(keys);
    },
  };
}

const prune = (profile: BareProfile, blobs: BlobStore, kind: RetentionKind) =>
  pruneBatch(
    { database: profile.database, blobs },
    { kind, before: new Date(Date.now() - 365 * DAY_MS), after: null, limit: 10 },
  );

async function removeWholeClient(profile: BareProfile, blobs: BlobStore) {
  const client = await findClient(profile.database.db, profile.clientId);
  if (!client) throw new Error('the client is gone');
  return removeClient({ database: profile.database, blobs }, client, () => {});
}

describeOnBothProfiles('a retry in the middle of a removal', (name) => {
  let profile: BareProfile;

  beforeAll(async () => {
    profile = await openBareProfile(name);
  }, 60_000);

  afterAll(() => profile.release());

  test.each<[string, (blobs: BlobStore) => Promise<unknown>]>([
    ['of content', (blobs) => prune(profile, blobs, 'bodies')],
    ['of messages', (blobs) => prune(profile, blobs, 'messages')],
    [
      'of a recipient',
      (blobs) =>
        eraseRecipient(
          { database: profile.database, blobs },
          { clientId: profile.clientId, email: 'ada@example.net' },
        ),
    ],
    ['of a client', (blobs) => removeWholeClient(profile, blobs)],
  ])('%s: what it found stays as it found it', async (_name, remove) => {
    await profile.database.db.delete(messages);
    const id = await insertFailed(profile);
    let found: Awaited<ReturnType<typeof rowsOf>> | null = null;
    await remove(
      interrupted(profile.blobs, async () => {
        await retryMessage(profile.database, { messageId: id, actor: ACTOR });
        found = await rowsOf(profile, [id]);
      }),
    );
    expect(found).not.toBeNull();
    expect(await rowsOf(profile, [id])).toEqual(found ?? []);
    expect(await profile.blobs.get(`body/${id}`)).toBeNull();
  });
});

describe.skipIf(isMissing('initdb', 'postgres', 'redis-server'))('a retry that is not committed yet', () => {
  let profile: BareProfile;

  beforeAll(async () => {
    profile = await openBareProfile('production');
  }, 60_000);

  afterAll(() => profile.release());

  /** Retries in a transaction that ends once the removal has, or waits for it. */
  const removeDuringRetry = async <T>(id: string, remove: () => Promise<T>): Promise<T> => {
    const { database } = profile;
    let removing: Promise<T> | null = null;
    const whileRemoving: Database = {
      ...database,
      transaction: (work) =>
        database.transaction(async (tx) => {
          const result = await work(tx);
          removing = remove();
          await Promise.race([removing, waitFor('somebody to wait for a lock', isSomebodyWaiting)]);
          return result;
        }),
    };
    expect(await retryMessage(whileRemoving, { messageId: id, actor: ACTOR })).toMatchObject({
      kind: 'done',
    });
    if (removing === null) throw new Error('the removal has not begun');
    return removing;
  };
  const isSomebodyWaiting = async () => {
    const waiting = await profile.database.query(
      `select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      [],
    );
    return waiting.length > 0 ? true : null;
  };
  const expectWhole = async (id: string) => {
    expect(await rowsOf(profile, [id])).toEqual([{ id, status: 'queued', bodyBlob: `body/${id}` }]);
    expect(await profile.blobs.get(`body/${id}`)).not.toBeNull();
  };

  test.each<RetentionKind>(['bodies', 'events', 'messages'])(
    'is passed over by the retention of %s',
    async (kind) => {
      const id = await insertFailed(profile);
      expect(await removeDuringRetry(id, () => prune(profile, profile.blobs, kind))).toMatchObject({
        removed: 0,
      });
      await expectWhole(id);
    },
  );

  test('is waited for by an erasure, which then leaves it', async () => {
    const id = await insertFailed(profile, 'eve@example.net');
    const order = { clientId: profile.clientId, email: 'eve@example.net' };
    const done = await removeDuringRetry(id, () => eraseRecipient(profile, order));
    expect(done).toMatchObject({ messages: 0, pending: 1 });
    await expectWhole(id);
  });

  test('is waited for by the removal of a client, which then is none', async () => {
    await profile.database.db.delete(messages);
    const id = await insertFailed(profile);
    const done = await removeDuringRetry(id, () => removeWholeClient(profile, profile.blobs));
    expect(done).toMatchObject({ kind: 'in_use' });
    await expectWhole(id);
    expect(await findClient(profile.database.db, profile.clientId)).toMatchObject({ status: 'active' });
  });
});
