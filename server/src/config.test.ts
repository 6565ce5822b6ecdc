import { describe, expect, test } from 'bun:test';
import { ConfigError, describeSettings, parseConfig } from './config.ts';
import { createApiKey } from './lib/auth/api-key.ts';

const PRODUCTION = { DATABASE_URL: 'postgres://u:p@db/mail', REDIS_URL: 'redis://cache', SMTP_HOST: 'relay' };

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    parseConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

const namesOf = (env: Record<string, string>) => problemsOf(env).map((problem) => problem.split(' ')[0]);

describe('configuration', () => {
  test('the DEV role needs nothing', () => {
    const config = parseConfig({ SERVICE_ROLE: 'DEV' });
    expect(config).toMatchObject({
      role: 'DEV',
      host: '127.0.0.1',
      port: 3025,
      providers: [],
      callbacks: { sesTopicArns: [], postmarkSecrets: [], resendSecrets: [] },
      storage: { kind: 'embedded' },
    });
    expect(Object.isFrozen(config)).toBe(true);
  });

  test('a production role listens everywhere and takes its storage from the URLs', () => {
    expect(parseConfig({ SERVICE_ROLE: 'API', ...PRODUCTION })).toMatchObject({
      host: '0.0.0.0',
      storage: { kind: 'production', databaseUrl: PRODUCTION.DATABASE_URL, redisUrl: PRODUCTION.REDIS_URL },
      providers: [{ kind: 'smtp', name: 'smtp', host: 'relay', port: 587, isSecure: false, auth: null }],
    });
  });

  describe('a setting in a file', () => {
    const files: Record<string, string> = {
      '/run/secrets/key': `${createApiKey('live').text}\n`,
      '/run/secrets/db': 'mysql://x',
    };
    const readText = (path: string): string => {
      const text = files[path];
      if (text === undefined) throw Object.assign(new Error('not there'), { code: 'ENOENT' });
      return text;
    };
    const problemsWith = (env: Record<string, string>): readonly string[] => {
      try {
        parseConfig({ SERVICE_ROLE: 'API', ...PRODUCTION, ...env }, { readText });
        return [];
      } catch (error) {
        if (error instanceof ConfigError) return error.problems;
        throw error;
      }
    };

    test('counts as one in the environment, without the line break at its end', () => {
      const env = { SERVICE_ROLE: 'API', ...PRODUCTION, ADMIN_API_KEY_FILE: '/run/secrets/key' };
      expect(parseConfig(env, { readText }).adminApiKey).toBe(files['/run/secrets/key']?.trim() ?? '');
    });

    test('excludes the same in the environment, and must be there and right', () => {
      const { DATABASE_URL: _, ...rest } = PRODUCTION;
      expect(problemsWith({ SMTP_HOST_FILE: '/run/secrets/key' })).toEqual([
        'SMTP_HOST_FILE and SMTP_HOST exclude each other: set one of them',
      ]);
      const wrong = { ...rest, DATABASE_URL: '', DATABASE_URL_FILE: '/run/secrets/db' };
      expect(problemsWith(wrong)).toEqual([expect.stringMatching(/^DATABASE_URL has a wrong value/)]);
      const away = { ...rest, DATABASE_URL: '', DATABASE_URL_FILE: '/run/secrets/away' };
      expect(problemsWith(away)).toEqual([
        'DATABASE_URL_FILE has a wrong value: the file cannot be read (ENOENT)',
      ]);
    });
  });

  test('webhooks stay on the public internet but in DEV, and there too where that is wished', () => {
    const closed = { allowHttp: false, allowPrivate: false };
    expect(parseConfig({ SERVICE_ROLE: 'WORKER', ...PRODUCTION }).webhooks).toMatchObject(closed);
    expect(parseConfig({ SERVICE_ROLE: 'DEV' }).webhooks).toMatchObject({
      allowHttp: true,
      allowPrivate: true,
    });
    const wished = { WEBHOOKS_ALLOW_HTTP: 'false', WEBHOOKS_ALLOW_PRIVATE: 'false' };
    expect(parseConfig({ SERVICE_ROLE: 'DEV', ...wished }).webhooks).toMatchObject(closed);
    expect(parseConfig({ SERVICE_ROLE: 'DEV' }).webhooks.retryDelaysMs.slice(0, 3)).toEqual([
      5000, 30_000, 120_000,
    ]);
    expect(
      namesOf({ SERVICE_ROLE: 'DEV', WEBHOOKS_RETRY_DELAYS_MS: '5000,', SECRET_KEY: 'short' }).sort(),
    ).toEqual(['SECRET_KEY', 'WEBHOOKS_RETRY_DELAYS_MS']);
  });

  test('an endpoint that is down is given up, and paused, after about a day', () => {
    const { retryDelaysMs } = parseConfig({ SERVICE_ROLE: 'DEV' }).webhooks;
    const hours = retryDelaysMs.reduce((sum, ms) => sum + ms, 0) / 3_600_000;
    expect(hours).toBeGreaterThan(23);
    expect(hours).toBeLessThan(25);
  });

  test('nothing is exported unless it is said where, and nothing scraped unless somebody may', () => {
    const telemetryOf = (env: Record<string, string>) =>
      parseConfig({ SERVICE_ROLE: 'API', ...PRODUCTION, ...env }).telemetry;
    expect(telemetryOf({})).toEqual({
      serviceName: 'mail-api',
      isTracing: false,
      isScraped: false,
      metricsExport: null,
    });
    const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };
    expect(telemetryOf(endpoint)).toMatchObject({
      isTracing: true,
      isScraped: false,
      metricsExport: { protocol: 'http/protobuf', intervalMs: 60_000 },
    });
    expect(telemetryOf({ ...endpoint, OTEL_METRICS_EXPORTER: 'none' })).toMatchObject({
      isTracing: true,
      metricsExport: null,
    });
    expect(telemetryOf({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c/v1/traces' })).toMatchObject({
      isTracing: true,
      metricsExport: null,
    });
    expect(
      telemetryOf({ ...endpoint, OTEL_SDK_DISABLED: 'true', METRICS_TOKEN: 'x'.repeat(16) }),
    ).toMatchObject({ isTracing: false, isScraped: true, metricsExport: null });
    expect(telemetryOf({ SERVICE_ROLE: 'WORKER', WORKER_PORT: '0' })).toMatchObject({
      serviceName: 'mail-worker',
      isScraped: true,
    });
    expect(telemetryOf({ WORKER_PORT: '0' })).toMatchObject({ isScraped: false });
  });

  test('names every wrong setting at once', () => {
    const env = {
      SERVICE_ROLE: 'WORKER',
      PORT: 'many',
      LOG_LEVEL: 'loud',
      MAIL_FROM: 'nobody',
      SMTP_USER: 'u',
    };
    const names = ['DATABASE_URL', 'LOG_LEVEL', 'MAIL_FROM', 'PORT', 'SMTP_HOST', 'SMTP_USER'];
    expect(namesOf(env).sort()).toEqual(names);
    expect(namesOf({})).toEqual(['SERVICE_ROLE']);
  });

  test.each([
    [{ SERVICE_ROLE: 'API' }, 'DATABASE_URL'],
    [{ SERVICE_ROLE: 'API', DATABASE_URL: 'mysql://x' }, 'DATABASE_URL'],
    [{ SERVICE_ROLE: 'API', DATABASE_URL: 'pglite:x' }, 'DATABASE_URL'],
    [{ SERVICE_ROLE: 'API', DATABASE_URL: 'postgres://x' }, 'REDIS_URL'],
    [{ SERVICE_ROLE: 'DEV', REDIS_URL: 'redis://x' }, 'REDIS_URL'],
    [{ SERVICE_ROLE: 'WORKER', DATABASE_URL: 'postgres://x', REDIS_URL: 'redis://x' }, 'SMTP_HOST'],
    [{ SERVICE_ROLE: 'DEV', SMTP_USER: 'u' }, 'SMTP_USER'],
    [{ SERVICE_ROLE: 'DEV', HOST: '0.0.0.0' }, 'HOST'],
    [{ SERVICE_ROLE: 'DEV', MAIL_FROM: 'nobody' }, 'MAIL_FROM'],
    [{ SERVICE_ROLE: 'DEV', ADMIN_API_KEY: 'short' }, 'ADMIN_API_KEY'],
    [{ SERVICE_ROLE: 'DEV', PORT: '65536' }, 'PORT'],
    [{ SERVICE_ROLE: 'dev' }, 'SERVICE_ROLE'],
  ])('refuses %j by the name %s', (env, name) => {
    expect(namesOf(env)).toEqual([name]);
  });

  test('never repeats a value: some are secrets', () => {
    const problems = problemsOf({
      SERVICE_ROLE: 'DEV',
      ADMIN_API_KEY: 'hunter2',
      DATABASE_URL: 'postgres://u:hunter2@x',
    });
    expect(problems).not.toEqual([]);
    expect(problems.join('\n')).not.toContain('hunter2');
  });

  test('retries follow one policy, but for what a priority has of its own', () => {
    const { retry } = parseConfig({
      SERVICE_ROLE: 'DEV',
      MAX_ATTEMPTS: '7',
      RETRY_BASE_MS: '100',
      RETRY_MAX_MS: '9000',
      MAX_ATTEMPTS_HIGH: '12',
      RETRY_BASE_MS_LOW: '60000',
      RETRY_MAX_MS_LOW: '86400000',
    });
    expect(retry).toEqual({
      high: { maxAttempts: 12, baseMs: 100, maxMs: 9000 },
      normal: { maxAttempts: 7, baseMs: 100, maxMs: 9000 },
      low: { maxAttempts: 7, baseMs: 60_000, maxMs: 86_400_000 },
    });
    expect(namesOf({ SERVICE_ROLE: 'DEV', MAX_ATTEMPTS_LOW: '0' })).toEqual(['MAX_ATTEMPTS_LOW']);
  });

  test('an empty value counts as unset', () => {
    expect(parseConfig({ SERVICE_ROLE: 'DEV', PORT: '', SMTP_HOST: '' })).toMatchObject({
      port: 3025,
      providers: [],
    });
  });

  test('takes a complete SMTP relay and an admin key', () => {
    const { text } = createApiKey('live');
    const config = parseConfig({
      SERVICE_ROLE: 'DEV',
      SMTP_HOST: 'relay',
      SMTP_PORT: '465',
      SMTP_SECURE: 'true',
      SMTP_USER: 'u',
      SMTP_PASS: 'p',
      ADMIN_API_KEY: text,
    });
    expect(config.providers).toEqual([
      {
        kind: 'smtp',
        name: 'smtp',
        order: 0,
        weight: 100,
        ratePerS: null,
        host: 'relay',
        port: 465,
        isSecure: true,
        isTlsRequired: false,
        auth: { user: 'u', pass: 'p' },
        poolSize: 20,
        tls: {},
        dkim: null,
      },
    ]);
    expect(config.adminApiKey).toBe(text);
  });

  test('takes named providers in the place of a relay, and names what is wrong with them beside the rest', () => {
    const { SMTP_HOST: _, ...storage } = PRODUCTION;
    const PROVIDERS = '[{"name":"backup","kind":"smtp","host":"relay","port":2525}]';
    const worker = { SERVICE_ROLE: 'WORKER', ...storage };
    expect(parseConfig({ ...worker, PROVIDERS }).providers).toMatchObject([{ name: 'backup', port: 2525 }]);
    expect(namesOf({ ...worker, PORT: 'many', PROVIDERS: '[{"kind":"smtp"}]' })).toEqual([
      'PORT',
      'PROVIDERS[0].name',
      'PROVIDERS[0].host',
    ]);
    expect(namesOf({ ...worker, SMTP_HOST: 'relay', PROVIDERS })).toEqual(['PROVIDERS']);
    const readText = (path: string) => (path === '/etc/providers.json' ? PROVIDERS : '');
    const fromFile = parseConfig({ ...worker, PROVIDERS: 'file:/etc/providers.json' }, { readText });
    expect(fromFile.providers).toMatchObject([{ name: 'backup' }]);
  });

  test('takes the topics that callbacks of SES are believed from', () => {
    const topic = 'arn:aws:sns:eu-west-1:123456789012:ses-events';
    const config = parseConfig({ SERVICE_ROLE: 'DEV', SES_SNS_TOPIC_ARNS: `${topic}, ${topic}-2` });
    expect(config.callbacks.sesTopicArns).toEqual([topic, `${topic}-2`]);
    for (const wrong of ['*', `${topic},`, 'arn:aws:sqs:eu-west-1:123456789012:x', `${topic} x`]) {
      expect(namesOf({ SERVICE_ROLE: 'DEV', SES_SNS_TOPIC_ARNS: wrong })).toEqual(['SES_SNS_TOPIC_ARNS']);
    }
  });

  test('.env.example explains every setting, in the same words and with the same default', async () => {
    const example = await Bun.file(new URL('../../.env.example', import.meta.url)).text();
    for (const setting of describeSettings()) {
      expect(example).toContain(setting.description);
      const line = example
        .split('\n')
        .find((candidate) => candidate.replace('#', '').startsWith(`${setting.name}=`));
      expect(line, setting.name).toBeDefined();
      if (line?.startsWith('#') && setting.default !== undefined)
        expect(line).toBe(`#${setting.name}=${setting.default}`);
    }
  });

  test('links of the DEV role lead to this machine, and of the others nowhere unless it is said where', () => {
    expect(parseConfig({ SERVICE_ROLE: 'DEV', PORT: '4000' }).publicUrl).toBe('http://127.0.0.1:4000');
    expect(parseConfig({ SERVICE_ROLE: 'DEV', PORT: '0' }).publicUrl).toBeNull();
    expect(parseConfig({ SERVICE_ROLE: 'DEV', PUBLIC_URL: 'https://m.example.com/' }).publicUrl).toBe(
      'https://m.example.com',
    );
  });
});
