import { createDkimSigner } from '../mail/dkim.ts';
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
