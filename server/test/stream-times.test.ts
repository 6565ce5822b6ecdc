import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createApi } from '../src/api/app.ts';
import { type RunningApi, startApi } from '../src/api/start.ts';
import { parseConfig } from '../src/config.ts';
import { createApiKey } from '../src/lib/auth/api-key.ts';
import { createLogger } from '../src/lib/telemetry/logger.ts';
import { createSilentTelemetry } from '../src/lib/telemetry/telemetry.ts';
import { type BareProfile, openBareProfile } from './support/bare-profile.ts';
import { openEventReader } from './support/event-reader.ts';
import { NO_ENGINE } from './support/list-routes.ts';
import { createCaller, createClient } from './support/system.ts';
import { waitFor } from './support/wait-for.ts';

const BEATS = 3;

describe('a stream on which nothing happens', () => {
  const admin = createApiKey('live').text;
  const config = parseConfig({
    SERVICE_ROLE: 'DEV',
    PORT: '0',
    ADMIN_API_KEY: admin,
    SHUTDOWN_DRAIN_MS: '0',
  });
  let profile: BareProfile;
  let api: RunningApi;
  let key: string;

  const deps = () => ({
    config,
    profile,
    engine: NO_ENGINE,
    logger: createLogger({ level: 'silent' }),
    telemetry: createSilentTelemetry(),
  });

  beforeAll(async () => {
    profile = await openBareProfile('embedded');
    api = startApi({ ...deps(), times: { streams: { heartbeatMs: 20 } } });
    ({ live: key } = await createClient(createCaller(api.url), admin));
  }, 60_000);
  afterAll(async () => {
    await api.stop();
    await profile.release();
  });

  test('beats all the same, so that nobody on the way takes it for dead', async () => {
    const reader = await openEventReader(api.url, { key });
    const countBeats = () => reader.comments.filter((comment) => comment === 'heartbeat').length;
    await waitFor('heartbeats', () => (countBeats() >= BEATS ? true : null));
    await reader.close();
    expect(reader.events).toEqual([]);
    expect(reader.lastEventId).not.toBe('');
  });

  test('is refused by a service that is stopping, which says when to come back', async () => {
    const stopping = createApi(deps());
    await stopping.stopStreams();
    const headers = { 'x-api-key': key, host: '127.0.0.1' };
    const response = await stopping.app.handle(new Request(`${api.url}/v1/messages/stream`, { headers }));
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
    await stopping.stop();
  });
});
