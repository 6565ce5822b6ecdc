import type { Db } from '../db/database.ts';
import type { BlobStore } from './blob-store.ts';
import { createDatabaseStore } from './database-store.ts';
import { createFolderStore } from './folder-store.ts';
import { createS3Store, type S3Settings } from './s3-store.ts';

/** Where blobs are kept. */
export type BlobSettings =
  | { kind: 'database' }
  | { kind: 'folder'; folder: string }
  | ({ kind: 's3' } & S3Settings);

/** Opens the store that the settings name. */
export function createBlobStore(settings: BlobSettings, db: Db): BlobStore {
  switch (settings.kind) {
    case 'database':
      return createDatabaseStore(db);
    case 'folder':
      return createFolderStore(settings.folder);
    case 's3': {
      const { kind: _kind, ...s3 } = settings;
      return createS3Store(s3);
    }
  }
}

const S3_URL = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([A-Za-z0-9._/-]*))?$/;

/** Reads `s3://bucket/prefix`; null for anything else. */
export function parseS3Url(url: string): Pick<S3Settings, 'bucket' | 'prefix'> | null {
  const [, bucket, path = ''] = S3_URL.exec(url) ?? [];
  if (bucket === undefined) return null;
  return { bucket, prefix: path === '' || path.endsWith('/') ? path : `${path}/` };
}
