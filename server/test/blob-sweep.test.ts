import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messages } from '../src/db/schema.ts';
import type { BlobStore } from '../src/lib/blobs/blob-store.ts';
import { createDatabaseStore } from '../src/lib/blobs/database-store.ts';
import { startFakeS3 } from '../src/lib/blobs/fake-s3.ts';
import { createFolderStore } from '../src/lib/blobs/folder-store.ts';
import { sweepOrphans } from '../src/lib/blobs/orphans.ts';
import { createS3Store } from '../src/lib/blobs/s3-store.ts';
import { createLogger } from '../src/lib/telemetry/logger.ts';
import { startBlobSweep } from '../src/worker/blob-sweep.ts';
import { type BareProfile, openBareProfile } from './support/bare-profile.ts';
import { insertRow } from './support/message-rows.ts';
import { describeOnBothProfiles } from './support/system.ts';
import { waitFor } from './support/wait-for.ts';

const DAY_MS = 86_400_000;
const BYTES = new Uint8Array([1]);

describeOnBothProfiles('blobs without a message', (name) => {
  let profile: BareProfile;
  const stores = new Map<string, BlobStore>();
  const folder = mkdtempSync(join(tmpdir(), 'mail-sweep-'));
  const s3 = startFakeS3();

  beforeAll(async () => {
    profile = await openBareProfile(name);
    const account = { endpoint: s3.url, region: 'us-east-1', accessKeyId: 'id', secretAccessKey: 'secret' };
    stores.set('the database', createDatabaseStore(profile.database.db));
    stores.set('a folder', createFolderStore(folder));
    stores.set('a bucket', createS3Store({ bucket: 'mail', prefix: 'blobs/', ...account }));
  }, 60_000);

  afterAll(async () => {
    await profile.release();
    await s3.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const idOf = (daysOld: number) => Bun.randomUUIDv7('hex', Date.now() - daysOld * DAY_MS);
  const keysOf = (id: string) => [`body/${id}`, `attachment/${id}/0`, `attachment/${id}/11`, `kept/${id}`];
  const putAll = async (store: BlobStore, keys: readonly string[]) => {
    for (const key of keys) await store.put(key, BYTES, profile.database.db);
  };
  const presentOf = async (store: BlobStore, keys: readonly string[]) => {
    const present = [];
    for (const key of keys) if ((await store.get(key)) !== null) present.push(key);
    return present;
  };
  const sweep = async ({ database }: BareProfile, blobs: BlobStore) => {
    const before = new Date(Date.now() - DAY_MS);
    const counts = await Array.fromAsync(sweepOrphans({ database, blobs }, { before, limit: 2 }));
    return counts.reduce((sum, count) => sum + count, 0);
  };

  test.each(['the database', 'a folder', 'a bucket'])('in %s go after a day, and no others', async (kind) => {
    const store = stores.get(kind);
    if (!store) throw new Error(`no store in ${kind}`);
    const orphans = [idOf(2), idOf(40), idOf(1.1)].flatMap(keysOf);
    const [young, living, removed] = [idOf(0.9), idOf(3), idOf(3)];
    const strange = 'body/of-somebody-else';
    await insertRow(profile, { id: living });
    // Its content was removed, and the process died before its blobs were.
    await insertRow(profile, { id: removed, props: 'null' });
    const staying = [...keysOf(young), ...keysOf(living), strange];
    await putAll(store, [...orphans, ...staying, ...keysOf(removed)]);
    expect(await sweep(profile, store)).toBe(orphans.length + 4);
    expect(await presentOf(store, [...orphans, ...keysOf(removed)])).toEqual([]);
    expect(await presentOf(store, staying)).toEqual(staying);
    expect(await sweep(profile, store)).toBe(0);
  });

  test('stay where the database knows of no message that old', async () => {
    await profile.database.db.delete(messages);
    await insertRow(profile);
    const store = createFolderStore(join(folder, 'new'));
    const keys = keysOf(idOf(5));
    await putAll(store, keys);
    expect(await sweep(profile, store)).toBe(0);
    expect(await presentOf(store, keys)).toEqual(keys);
  });

  test('are swept once a day, by whoever comes first', async () => {
    const store = createFolderStore(join(folder, 'daily'));
    const half = `part/${idOf(2)}`;
    await insertRow(profile, { id: idOf(2) });
    await putAll(store, [half]);
    const lines: string[] = [];
    const logger = createLogger({ level: 'info', destination: { write: (line) => void lines.push(line) } });
    const start = () => startBlobSweep({ database: profile.database, blobs: store, logger });
    const first = start();
    await waitFor('the sweep to be over', () => lines.find((line) => line.includes('were removed')) ?? null);
    await first.stop();
    expect(await store.get(half)).toBeNull();
    await putAll(store, [half]);
    // Stopping waits for the turn that has begun.
    await start().stop();
    expect(await store.get(half)).not.toBeNull();
  });
});
