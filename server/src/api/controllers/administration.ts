import { Elysia } from 'elysia';
import type { Profile } from '../../lib/profile.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';
import type { Authenticator } from '../middleware/authenticate.ts';
import type { IdempotencyGuard } from '../middleware/idempotency.ts';
import { clientsController } from './clients.ts';
import { keysController } from './keys.ts';
import { providersController } from './providers.ts';
import { queueController } from './queue.ts';

export type AdministrationDeps = {
  profile: Profile;
  authenticator: Authenticator;
  idempotency: IdempotencyGuard;
  logger: Logger;
  now: () => Date;
};

/** Every route for admin keys alone. */
export function administrationController({
  profile,
  authenticator,
  idempotency,
  logger,
  now,
}: AdministrationDeps) {
  const { database, blobs, keyNews, providerBoard } = profile;
  const changed = (clientId: string) => {
    authenticator.forget(clientId);
    keyNews.publish(clientId);
  };
  const shared = { database, blobs, authenticator, logger, now, changed };
  return new Elysia({ normalize: false })
    .use(clientsController({ ...shared, idempotency }))
    .use(keysController(shared))
    .use(queueController({ queue: profile.queue.queue, authenticator, logger }))
    .use(providersController({ board: providerBoard, authenticator }));
}
