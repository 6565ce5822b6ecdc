import { describe, expect, test } from 'bun:test';
import { parseProviders, type ParsedProviders } from './settings-parse.ts';
import { createTestCertificate } from './test-certificate.ts';

const DKIM_KEY = createTestCertificate().key;
const FILES: Record<string, string> = { '/keys/dkim.pem': DKIM_KEY, '/keys/ca.pem': 'CA' };

function readText(path: string): string {
  const text = FILES[path];
  if (text === undefined) throw Object.assign(new Error(`no such file ${path}`), { code: 'ENOENT' });
  return text;
}

function parse(entries: unknown, env: Record<string, string> = {}): ParsedProviders {
  return parseProviders(JSON.stringify(entries), { env, readText });
}

/** The places that were complained about. */
function places(entries: unknown, env: Record<string, string> = {}): string[] {
  const { problems, providers } = parse(entries, env);
  if (problems.length > 0) expect(providers).toEqual([]);
  return problems.map((problem) => problem.split(' ')[0] ?? '');
}

const smtp = { name: 'a', kind: 'smtp', host: 'relay' };
const ses = { name: 'b', kind: 'ses', region: 'eu-west-1' };
const postmark = { name: 'c', kind: 'postmark', serverToken: 't' };
const resend = { name: 'd', kind: 'resend', apiKey: 'k' };

describe('providers', () => {
  test('need little, and stand in the order they are written in', () => {
    const place = { weight: 100, ratePerS: null };
    expect(parse([smtp, ses, postmark, resend])).toEqual({
      problems: [],
      providers: [
        {
          ...place,
          kind: 'smtp',
          name: 'a',
          order: 0,
          host: 'relay',
          port: 587,
          isSecure: false,
          isTlsRequired: false,
          auth: null,
          poolSize: 20,
          tls: {},
          dkim: null,
        },
        {
          ...place,
          kind: 'ses',
          name: 'b',
          order: 1,
          region: 'eu-west-1',
          credentials: null,
          configurationSet: null,
          endpoint: null,
          maxInFlight: 20,
        },
        {
          ...place,
          kind: 'postmark',
          name: 'c',
          order: 2,
          serverToken: 't',
          messageStream: 'outbound',
          endpoint: null,
          maxInFlight: 20,
        },
        { ...place, kind: 'resend', name: 'd', order: 3, apiKey: 'k', endpoint: null, maxInFlight: 10 },
      ],
    });
  });

  test('may have everything', () => {
    const place = { order: 7, weight: 30, ratePerS: 14 };
    const entries = [
      {
        ...smtp,
        ...place,
        port: 465,
        secure: true,
        requireTls: true,
        auth: { user: 'u', pass: 'p' },
        poolSize: 3,
        tls: { caFile: '/keys/ca.pem', servername: 'mx.example' },
        dkim: { domain: 'acme.example', selector: 's1', keyFile: '/keys/dkim.pem' },
      },
      {
        ...ses,
        ...place,
        accessKeyId: 'i',
        secretAccessKey: 's',
        sessionToken: 't',
        configurationSet: 'events',
        endpoint: 'https://vpce.example',
        maxInFlight: 5,
      },
      { ...postmark, ...place, messageStream: 'receipts', endpoint: 'http://127.0.0.1:9/', maxInFlight: 5 },
    ];
    const { providers, problems } = parse(entries);
    expect(problems).toEqual([]);
    expect(providers).toMatchObject([
      {
        ...place,
        port: 465,
        isSecure: true,
        isTlsRequired: true,
        auth: { user: 'u', pass: 'p' },
        poolSize: 3,
        tls: { ca: 'CA', servername: 'mx.example' },
        dkim: { domain: 'acme.example', selector: 's1', privateKey: DKIM_KEY },
      },
      {
        ...place,
        credentials: { accessKeyId: 'i', secretAccessKey: 's', sessionToken: 't' },
        configurationSet: 'events',
        endpoint: 'https://vpce.example',
        maxInFlight: 5,
      },
      { ...place, messageStream: 'receipts', endpoint: 'http://127.0.0.1:9/' },
    ]);
  });

  test('may keep their secrets in the environment', () => {
    const entries = [
      { ...smtp, auth: { user: 'u', pass: { env: 'RELAY_PASS' } } },
      { ...resend, apiKey: { env: 'RESEND_KEY' } },
    ];
    expect(parse(entries, { RELAY_PASS: 'hunter2', RESEND_KEY: 're_1' }).providers).toMatchObject([
      { auth: { pass: 'hunter2' } },
      { apiKey: 're_1' },
    ]);
    expect(parse(entries, { RESEND_KEY: '' }).problems).toEqual([
      'PROVIDERS[0].auth.pass names the environment variable RELAY_PASS, which is not set',
      'PROVIDERS[1].apiKey names the environment variable RESEND_KEY, which is not set',
    ]);
  });

  test('may stand in a file', () => {
    const options = { env: {}, readText: () => JSON.stringify([smtp]) };
    expect(parseProviders('file:/etc/providers.json', options).providers).toMatchObject([{ name: 'a' }]);
    expect(parseProviders('file:/none', { env: {}, readText }).problems).toEqual([
      'PROVIDERS names a file that cannot be read (ENOENT)',
    ]);
  });
});

describe('every problem is named at once, by its place', () => {
  test('of several providers', () => {
    const entries = [
      { ...smtp, port: 0, poolSize: 1.5, auth: { user: 'u' }, color: 'red' },
      'relay',
      { name: 'Bad Name', kind: 'resend' },
      { name: 'x', kind: 'pigeon' },
      { ...ses, weight: 0, ratePerS: '5', region: 'Europe' },
    ];
    expect(places(entries).sort()).toEqual([
      'PROVIDERS[0].auth.pass',
      'PROVIDERS[0].color',
      'PROVIDERS[0].poolSize',
      'PROVIDERS[0].port',
      'PROVIDERS[1]',
      'PROVIDERS[2].apiKey',
      'PROVIDERS[2].name',
      'PROVIDERS[3].kind',
      'PROVIDERS[4].ratePerS',
      'PROVIDERS[4].region',
      'PROVIDERS[4].weight',
    ]);
  });

  test.each<[string, unknown[], string[]]>([
    ['a name twice', [smtp, { ...resend, name: 'a' }], ['PROVIDERS[1].name']],
    ['the name of the inbox', [{ ...smtp, name: 'inbox' }], ['PROVIDERS[0].name']],
    ['a setting of another kind', [{ ...smtp, apiKey: 'k' }], ['PROVIDERS[0].apiKey']],
    ['half of a key', [{ ...ses, accessKeyId: 'i' }], ['PROVIDERS[0].accessKeyId']],
    ['a token without a key', [{ ...ses, sessionToken: 't' }], ['PROVIDERS[0].accessKeyId']],
    [
      'a key in plain text to elsewhere',
      [{ ...resend, endpoint: 'http://api.example' }],
      ['PROVIDERS[0].endpoint'],
    ],
    [
      'a host that only looks local',
      [{ ...resend, endpoint: 'http://localhost.evil' }],
      ['PROVIDERS[0].endpoint'],
    ],
    ['an address that is none', [{ ...postmark, endpoint: 'api' }], ['PROVIDERS[0].endpoint']],
    ['no DKIM key', [{ ...smtp, dkim: { domain: 'a.example', selector: 's' } }], ['PROVIDERS[0].dkim']],
    [
      'two DKIM keys',
      [{ ...smtp, dkim: { domain: 'a.example', selector: 's', key: 'k', keyFile: '/keys/dkim.pem' } }],
      ['PROVIDERS[0].dkim'],
    ],
    [
      'a DKIM key that cannot sign',
      [{ ...smtp, dkim: { domain: 'a.example', selector: 's', key: 'hunter2' } }],
      ['PROVIDERS[0].dkim'],
    ],
    [
      'a DKIM domain that is none',
      [{ ...smtp, dkim: { domain: 'a b', selector: 's', key: DKIM_KEY } }],
      ['PROVIDERS[0].dkim.domain'],
    ],
    [
      'a DKIM selector that is none',
      [{ ...smtp, dkim: { domain: 'a.example', selector: 's=', key: DKIM_KEY } }],
      ['PROVIDERS[0].dkim.selector'],
    ],
    [
      'files that are not there',
      [{ ...smtp, tls: { caFile: '/x' }, dkim: { domain: 'a.example', selector: 's', keyFile: '/y' } }],
      ['PROVIDERS[0].tls.caFile', 'PROVIDERS[0].dkim.keyFile'],
    ],
    ['nothing in it', [], ['PROVIDERS']],
  ])('%s', (_, entries, expected) => {
    expect(places(entries)).toEqual(expected);
  });

  test.each(['', '{', '{}', 'null', '"x"', 'relay:25'])('%j is no list', (setting) => {
    const { problems, providers } = parseProviders(setting, { env: {}, readText });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toStartWith('PROVIDERS ');
    expect(providers).toEqual([]);
  });
});

test('no problem repeats a value: it may be a secret', () => {
  const wrong = [
    { ...smtp, port: 'hunter2', auth: 'hunter2', dkim: { key: 'hunter2' } },
    { ...smtp, name: 'e', dkim: { domain: 'a.example', selector: 's', key: 'hunter2' } },
    { ...smtp, name: 'f', dkim: { domain: 'hunter2!', selector: 's', key: 'hunter2' } },
    { name: 'hunter2!', kind: 'hunter2' },
    { ...ses, region: 'hunter2', secretAccessKey: 'hunter2' },
    { ...resend, apiKey: ['hunter2'], endpoint: 'http://hunter2' },
  ];
  expect(parse(wrong).problems.join('\n')).not.toContain('hunter2');
  const halfOfIt = `[{"apiKey":"hunter2"`;
  expect(parseProviders(halfOfIt, { env: {}, readText }).problems.join()).not.toContain('hunter2');
  const inFile = { env: {}, readText: () => halfOfIt };
  expect(parseProviders('file:/x', inFile).problems).toEqual(['PROVIDERS is not JSON']);
});
