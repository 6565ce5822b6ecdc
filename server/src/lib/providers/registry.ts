import type { SmtpSettings } from '../../config.ts';
import type { KeyMode } from '../auth/api-key.ts';
import { createInboxStore } from '../db/inbox.ts';
import type { Db } from '../db/database.ts';
import { createInboxProvider } from './inbox.ts';
import type { Provider } from './provider.ts';
import { createSmtpProvider } from './smtp.ts';

export type ProviderRegistry = {
  /** The way out for a message: test mail never leaves the inbox, in any role. */
  choose(message: { mode: KeyMode }): Provider;
  close(): Promise<void>;
};

/** Live mail goes to the relay where one is configured; without one (DEV only) to the inbox like test mail. */
export function createProviderRegistry({
  smtp,
  db,
}: {
  smtp: SmtpSettings | null;
  db: Db;
}): ProviderRegistry {
  const inbox = createInboxProvider({ store: createInboxStore(db) });
  const relay = smtp ? createSmtpProvider({ name: 'smtp', ...smtp }) : inbox;
  return {
    choose: ({ mode }) => (mode === 'test' ? inbox : relay),
    async close() {
      await Promise.all([relay.close(), inbox.close()]);
    },
  };
}
