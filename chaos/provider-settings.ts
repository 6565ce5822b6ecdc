import { describeSettings } from '../server/src/config.ts';
import type { ChaosProvider } from './provider.ts';

/** Whether this version of the service can be given several providers. */
export function canFailOver(): boolean {
  return describeSettings().some(({ name }) => name === 'PROVIDERS');
}

/** The settings that make the service send through these providers, the first one preferred. */
export function toProviderSettings(
  providers: readonly ChaosProvider[],
  poolSize: number,
): Record<string, string> {
  const [first] = providers;
  if (!first) throw new RangeError('a service without a provider delivers nothing');
  if (!canFailOver())
    return { SMTP_HOST: '127.0.0.1', SMTP_PORT: String(first.port), SMTP_POOL_SIZE: String(poolSize) };
  const settings = providers.map(({ name, port }) => ({
    name,
    kind: 'smtp',
    host: '127.0.0.1',
    port,
    poolSize,
  }));
  return { PROVIDERS: JSON.stringify(settings) };
}
