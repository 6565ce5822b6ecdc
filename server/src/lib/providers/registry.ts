import type { KeyMode } from '../auth/api-key.ts';
import { createInboxStore } from '../db/inbox.ts';
import type { Db } from '../db/database.ts';
import { createDkimSigner } from '../mail/dkim.ts';
import { createInboxProvider } from './inbox.ts';
import { createPostmarkProvider } from './postmark.ts';
import type { Provider } from './provider.ts';
import { createResendProvider } from './resend.ts';
import { createSesProvider } from './ses.ts';
import type { ProviderSettings } from './settings.ts';
import { createSmtpProvider } from './smtp.ts';

/** A way out and its place among the others. */
export type PlacedProvider = {
  provider: Provider;
  kind: ProviderSettings['kind'];
  order: number;
  weight: number;
  ratePerS: number | null;
};

export type ProviderRegistry = {
  /** The way out for a message: test mail never leaves the inbox, in any role. */
  choose(message: { mode: KeyMode }): Provider;
  close(): Promise<void>;
};

/** The configured ways out in order of preference. None opens a connection before it is used. */
export function createProviders(settings: readonly ProviderSettings[]): PlacedProvider[] {
  return settings
    .map((one) => ({
      provider: createProvider(one),
      kind: one.kind,
      order: one.order,
      weight: one.weight,
      ratePerS: one.ratePerS,
    }))
    .toSorted((a, b) => a.order - b.order);
}

/** Live mail goes to the preferred provider; without any (DEV only) to the inbox like test mail. */
export function createProviderRegistry({
  providers: settings,
  db,
}: {
  providers: readonly ProviderSettings[];
  db: Db;
}): ProviderRegistry {
  const inbox = createInboxProvider({ store: createInboxStore(db) });
  const providers = createProviders(settings).map(({ provider }) => provider);
  return {
    choose: ({ mode }) => (mode === 'test' ? inbox : (providers[0] ?? inbox)),
    async close() {
      await Promise.all([...providers, inbox].map((provider) => provider.close()));
    },
  };
}

function createProvider(settings: ProviderSettings): Provider {
  switch (settings.kind) {
    case 'smtp': {
      const { name, host, port, isSecure, isTlsRequired, auth, poolSize, tls } = settings;
      const dkim = settings.dkim && createDkimSigner(settings.dkim);
      return createSmtpProvider({ name, host, port, isSecure, isTlsRequired, auth, poolSize, tls, dkim });
    }
    case 'ses': {
      const { name, region, credentials, configurationSet, endpoint, maxInFlight } = settings;
      return createSesProvider({ name, region, credentials, configurationSet, endpoint, maxInFlight });
    }
    case 'postmark': {
      const { name, serverToken, messageStream, endpoint, maxInFlight } = settings;
      return createPostmarkProvider({ name, serverToken, messageStream, endpoint, maxInFlight });
    }
    case 'resend': {
      const { name, apiKey, endpoint, maxInFlight } = settings;
      return createResendProvider({ name, apiKey, endpoint, maxInFlight });
    }
  }
}
