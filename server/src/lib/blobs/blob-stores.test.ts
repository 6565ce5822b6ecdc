import { afterAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Db } from '../db/database.ts';
import type { BlobStore } from './blob-store.ts';
import { parseS3Url } from './blob-settings.ts';
import { startFakeS3 } from './fake-s3.ts';
import { createFolderStore } from './folder-store.ts';
import { loadBody, toBodyBytes } from './message-content.ts';
import { createS3Store } from './s3-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'mail-blobs-'));
const s3 = startFakeS3();
const account = { endpoint: s3.url, region: 'us-east-1', accessKeyId: 'id', secretAccessKey: 'secret' };

afterAll(async () => {
  await s3.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Neither store looks at the transaction. */
const noTransaction = (): Db => {
  throw new Error('this store has no business with the database');
};
const tx: Db = new Proxy(Object.create(null), { get: noTransaction });

describe.each<[string, BlobStore]>([
  ['a folder', createFolderStore(folder)],
  ['a bucket', createS3Store({ bucket: 'mail', prefix: 'blobs/', ...account })],
])('blobs in %s', (_name, store) => {
  test('come back as they were, until they are deleted', async () => {
    const bytes = crypto.getRandomValues(new Uint8Array(60_000));
    await store.put('attachment/a/0', bytes, tx);
    expect(await store.get('attachment/a/0')).toEqual(bytes);
    await store.put('attachment/a/0', new Uint8Array([1]), tx);
    expect(await store.get('attachment/a/0')).toEqual(new Uint8Array([1]));
    await store.delete(['attachment/a/0', 'attachment/never']);
    expect(await store.get('attachment/a/0')).toBeNull();
  });

  test('are listed page by page, as far as was asked', async () => {
    const keys = Array.from({ length: 9 }, (_, n) => `attachment/b${n}/${n}`);
    for (const key of [...keys, 'body/b0']) await store.put(key, new Uint8Array(), tx);
    const list = async (below: string) => {
      const pages = await Array.fromAsync(store.list({ prefix: 'attachment/', below, limit: 4 }));
      expect(pages.every((page) => page.length <= 4)).toBe(true);
      return pages.flat().toSorted();
    };
    expect(await list('attachment/c')).toEqual(keys);
    expect(await list('attachment/b7/7')).toEqual(keys.slice(0, 7));
    for await (const page of store.list({ prefix: 'attachment/', below: 'attachment/c', limit: 4 }))
      await store.delete(page);
    expect(await list('attachment/c')).toEqual([]);
    expect(await Array.fromAsync(store.list({ prefix: 'kept/', below: 'kept/c', limit: 4 }))).toEqual([[]]);
  });

  test('hold a body', async () => {
    const body = { html: '<p>ä😀</p>', text: null };
    await store.put('body/a', toBodyBytes(body), tx);
    expect(await loadBody(store, { html: null, text: null, bodyBlob: 'body/a' })).toEqual(body);
    await expect(loadBody(store, { html: null, text: null, bodyBlob: 'body/b' })).rejects.toThrow('body/b');
  });
});

test('a folder keeps no half-written file, and no key leads out of it', async () => {
  const store = createFolderStore(folder);
  await store.put('body/whole', new Uint8Array([1]), tx);
  expect(readdirSync(join(folder, 'part'))).toEqual([]);
  await expect(store.get('../x')).rejects.toThrow(TypeError);
  await expect(store.put('body/../../x', new Uint8Array(), tx)).rejects.toThrow(TypeError);
});

test('a folder keeps none that is empty, of the many that messages had', async () => {
  const store = createFolderStore(folder);
  for (const key of ['attachment/x/0', 'attachment/x/1']) await store.put(key, new Uint8Array([1]), tx);
  await store.delete(['attachment/x/0']);
  expect(await store.get('attachment/x/1')).not.toBeNull();
  await store.delete(['attachment/x/1', 'attachment/never/0']);
  expect(readdirSync(join(folder, 'attachment'))).not.toContain('x');
});

test('a bucket uses its prefix, and an error other than absence is one', async () => {
  expect([...s3.objects.keys()].every((name) => name.startsWith('mail/blobs/'))).toBe(true);
  const gone = createS3Store({ bucket: 'mail', prefix: '', ...account, endpoint: 'http://127.0.0.1:1' });
  await expect(gone.get('x')).rejects.toThrow();
});

test.each([
  ['s3://mail', { bucket: 'mail', prefix: '' }],
  ['s3://mail/', { bucket: 'mail', prefix: '' }],
  ['s3://mail/a/b', { bucket: 'mail', prefix: 'a/b/' }],
  ['s3://mail/a/', { bucket: 'mail', prefix: 'a/' }],
  ['s3://', null],
  ['https://mail', null],
  ['s3://mail/?x', null],
])('reads %s', (url, expected) => {
  expect(parseS3Url(url)).toEqual(expected);
});
