import { isObject } from '../../src/api/openapi/public-schema.ts';
import type { Draws } from './fuzz-draws.ts';

const deep = (open: string, close: string, levels: number) => open.repeat(levels) + close.repeat(levels);

/** Texts that JSON writers would not write, put in the place of a value as they are. */
const RAW_VALUES = [
  '1e400',
  '-1e400',
  '123456789012345678901234567890',
  '-0',
  '0.1e-400',
  '9007199254740993',
  '2147483648',
  'null',
  'true',
  '""',
  '[]',
  '{}',
  '"\\u0000"',
  '"\\uD800"',
  '"\\uDC00\\uD800"',
  '"\\u202Egnp.exe"',
  '"a@b.c\\r\\nBcc: x@y.z"',
  '"2026-13-45T99:99:99Z"',
  '"9999-12-31T23:59:59Z"',
  '"-271821-04-20T00:00:00Z"',
  '"\'; drop table messages; --"',
  '"${7*7}{{7*7}}<script>alert(1)</script>"',
  '"../../../../etc/passwd"',
  '{"__proto__":{"isAdmin":true}}',
  '{"constructor":{"prototype":{"isAdmin":true}}}',
  '{"toString":1,"valueOf":null,"hasOwnProperty":[]}',
  '{"a":1,"a":2}',
  deep('[', ']', 90),
  deep('[', ']', 5000),
  `${'{"a":'.repeat(3000)}1${'}'.repeat(3000)}`,
  `"${'x'.repeat(70_000)}"`,
  `[${'1,'.repeat(5000)}1]`,
  '"\u{1F4A9}\u{E0001}\u200B\uFEFF"',
  '"İıſK"',
  'undefined',
  'NaN',
  "'single'",
  '/*x*/1',
  '[1,]',
  '',
] as const;

const KEYS = [
  '__proto__',
  'constructor',
  'toString',
  '',
  'a\\u0000b',
  'x'.repeat(300),
  'clientId',
  'mode',
  'status',
  'id',
];

const TEXTS = [
  '',
  'a',
  'welcome',
  'ada@example.net',
  'Ada <ada@example.net>',
  '2026-11-21T08:00:00Z',
  'üñí',
  '%00',
  '1',
  '../x',
];

/** A value that fits a schema more often than not. */
export function drawValue(schema: unknown, draws: Draws, depth = 0): unknown {
  if (!isObject(schema) || depth > 6) return draws.pick(TEXTS);
  const { type, anyOf, enum: values, minItems, properties, required } = schema;
  if (Array.isArray(values)) return draws.pick(values);
  if (Array.isArray(anyOf)) return drawValue(draws.pick(anyOf), draws, depth);
  if (type === 'boolean') return draws.oneIn(2);
  if (type === 'null') return null;
  if (type === 'integer' || type === 'number') return drawInteger(schema, draws);
  if (type === 'array') {
    const count = Math.max(Number(minItems ?? 0), draws.below(4));
    return Array.from({ length: count }, () => drawValue(schema['items'], draws, depth + 1));
  }
  if (type === 'string') return drawText(schema, draws);
  const needed: unknown[] = Array.isArray(required) ? required : [];
  const entries = Object.entries(isObject(properties) ? properties : {}).filter(
    ([name]) => needed.includes(name) || draws.oneIn(3),
  );
  const object = Object.fromEntries(
    entries.map(([name, child]) => [name, drawValue(child, draws, depth + 1)]),
  );
  if (isObject(schema['additionalProperties'])) object[draws.pick(TEXTS)] = draws.pick(TEXTS);
  return object;
}

function drawInteger({ minimum, maximum }: Record<string, unknown>, draws: Draws): number {
  const low = Number(minimum ?? -10);
  const high = Number(maximum ?? 100);
  return draws.pick([low, high, low + draws.below(Math.min(high - low, 1000) + 1), low - 1, high + 1]);
}

function drawText({ description, pattern, example }: Record<string, unknown>, draws: Draws): string {
  if (typeof example === 'string') return example;
  const about = String(description ?? pattern ?? '');
  if (about.includes('address'))
    return draws.pick(['ada@example.net', `f${draws.below(1e6)}@example.net`, 'Ö <ö@exämple.net>', 'x@y']);
  if (about.includes('time') || about.includes('\\d{4}'))
    return draws.pick(['2026-11-21T08:00:00Z', '2026-11-21T08:00+14:00', '2999-02-30T00:00:00Z']);
  if (about.includes('URL'))
    return draws.pick([
      'http://127.0.0.1:9/x',
      'https://127.0.0.1:9',
      'ftp://x',
      'http://[::1]:9',
      'javascript:1',
    ]);
  return draws.pick(TEXTS);
}

/** A JSON text of a value, sometimes with something in it that the schema, or JSON itself, does not have. */
export function drawBody(schema: unknown, draws: Draws): string {
  const text = JSON.stringify(drawValue(schema, draws));
  if (draws.oneIn(3)) return text;
  if (draws.oneIn(8)) return draws.pick(RAW_VALUES);
  if (draws.oneIn(6)) return text.slice(0, draws.below(text.length + 1));
  // Any value in it, whole: the places of values are after a colon, a bracket or a comma.
  const places = [...text.matchAll(/(?<=[:[,])("(?:[^"\\]|\\.)*"|-?\d[\d.e+-]*|true|false|null)(?!\s*:)/g)];
  const added = `"${draws.pick(KEYS)}":${draws.pick(RAW_VALUES)}`;
  if (places.length === 0 || draws.oneIn(4))
    return text.startsWith('{')
      ? text.replace('{', () => (text === '{}' ? `{${added}` : `{${added},`))
      : text;
  const place = draws.pick(places);
  return text.slice(0, place.index) + draws.pick(RAW_VALUES) + text.slice(place.index + place[0].length);
}

/** Bytes that are no UTF-8, in the middle of what else would be. */
export function spoilBytes(bytes: Uint8Array, draws: Draws): Uint8Array {
  const bad = draws.pick([[0xff], [0xc3, 0x28], [0xed, 0xa0, 0x80], [0xf8, 0x88], [0xc0, 0x80], [0x00]]);
  const at = draws.below(bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, at), Buffer.from(bad), bytes.subarray(at)]);
}

/** Segments of a path that try to be something else. */
export const PATH_TRICKS = [
  '..',
  '.',
  '%2e%2e%2f',
  '..%2f..%2fv1%2fclients',
  '%00',
  '%',
  '%zz',
  '%c0%ae',
  '%ff',
  '%ED%A0%80',
  ';x=1',
  '*',
  '__proto__',
  'constructor',
  ':id',
  '',
  'a'.repeat(3000),
  '019a8f3c-5d2e-7c41-9b1f-3a6d2e8c4b7',
  '019A8F3C-5D2E-7C41-9B1F-3A6D2E8C4B70',
  '00000000-0000-0000-0000-000000000000',
  "'%20or%201=1--",
  '1e309',
  '-1',
  '999999999999',
  'a@example.net',
  '%F0%9F%92%A9',
] as const;

/** Headers twice, odd or out of place; each is written as it is. */
export const HEADER_TRICKS: readonly (readonly string[])[] = [
  ['X-Api-Key: mk_live_aaaaaaaa_x', 'X-Api-Key: mk_live_bbbbbbbb_y'],
  ['Authorization: Bearer', 'Authorization: Bearer a'],
  ['Authorization: Basic Og=='],
  ['X-Request-Id: a b\tc'],
  ['X-Request-Id: one', 'X-Request-Id: two'],
  ['traceparent: 00-ffffffffffffffffffffffffffffffff-ffffffffffffffff-zz'],
  ['Idempotency-Key: '],
  ['Idempotency-Key: k', 'Idempotency-Key: k'],
  [`Idempotency-Key: ${'k'.repeat(300)}`],
  ['Idempotency-Key: \x80\xff'],
  ['Content-Type: text/xml'],
  ['Content-Type: application/json', 'Content-Type: text/plain'],
  ['Content-Type: application/json; charset=utf-16'],
  ['Content-Type: multipart/form-data; boundary=x'],
  ['Content-Encoding: gzip'],
  ['Last-Event-ID: 0-0', 'Last-Event-ID: x'],
  ['Last-Event-ID: 99999999999999999999.99999999999999999999'],
  ['Cookie: __proto__=1; a=\xff'],
  ['X-Forwarded-For: 127.0.0.1, x', 'X-Forwarded-Host: evil'],
  ['X-HTTP-Method-Override: DELETE'],
  ['Accept: text/html', 'Accept-Language: *'],
  [`X-Long: ${'h'.repeat(6000)}`],
  ['Expect: 200-maybe'],
  ['Origin: http://evil.example'],
];
