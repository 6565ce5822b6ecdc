import { describe, expect, test } from 'bun:test';
import { ApiError } from '../problems/problem.ts';
import { readJsonBody } from './json-body.ts';

const MAX_BYTES = 1000;

function post(
  body: BodyInit,
  headers: Record<string, string> = { 'content-type': 'application/json' },
): Request {
  return new Request('http://localhost/', { method: 'POST', body, headers });
}

async function codeOf(request: Request): Promise<string> {
  try {
    await readJsonBody(request, { maxBytes: MAX_BYTES });
    return 'accepted';
  } catch (error) {
    return error instanceof ApiError ? error.code : 'unexpected';
  }
}

function endless(): { stream: ReadableStream<Uint8Array>; pulled: () => number } {
  let pulled = 0;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled += 1;
      controller.enqueue(new Uint8Array(100).fill(32));
    },
  });
  return { stream, pulled: () => pulled };
}

describe('JSON bodies', () => {
  test.each(['{"toString":1}', '{"a":[{"toString":null}]}', '{"to\\u0053tring":{}}'])(
    'refuses %s, of which no text can be made',
    async (body) => {
      expect(await codeOf(post(body))).toBe('invalid_request');
      expect(await codeOf(post('{"a":"toString"}'))).toBe('accepted');
    },
  );

  test('reads JSON, with a charset named or not', async () => {
    expect(await readJsonBody(post('{"a":"ä😀"}'), { maxBytes: MAX_BYTES })).toEqual({ a: 'ä😀' });
    expect(
      await readJsonBody(post('[1]', { 'content-type': 'Application/JSON; charset=utf-8' }), {
        maxBytes: MAX_BYTES,
      }),
    ).toEqual([1]);
  });

  test('reads none of a DELETE', async () => {
    expect(
      await readJsonBody(new Request('http://localhost/', { method: 'DELETE' }), { maxBytes: MAX_BYTES }),
    ).toBeNull();
  });

  test('takes a POST without a body for null, so that it is never an empty object', async () => {
    const headers = { 'content-type': 'application/json' };
    for (const init of [{}, { headers }])
      expect(
        await readJsonBody(new Request('http://localhost/', { method: 'POST', ...init }), {
          maxBytes: MAX_BYTES,
        }),
      ).toBeNull();
  });

  test('refuses a declared length over the limit', async () => {
    expect(await codeOf(post(`"${'x'.repeat(MAX_BYTES)}"`))).toBe('body_too_large');
  });

  test('stops reading a chunked body at the limit', async () => {
    const { stream, pulled } = endless();
    expect(await codeOf(post(stream))).toBe('body_too_large');
    expect(pulled()).toBeLessThan(20);
  });

  test('takes a body of exactly the limit', async () => {
    expect(await codeOf(post(`"${'x'.repeat(MAX_BYTES - 2)}"`))).toBe('accepted');
  });

  test.each(['', '{', '{"a":1,}', 'null null', "{'a':1}"])('refuses %j as JSON', async (text) => {
    expect(await codeOf(post(text))).toBe('invalid_json');
  });

  test('refuses bytes that are not UTF-8', async () => {
    expect(await codeOf(post(new Uint8Array([0x22, 0xff, 0x22])))).toBe('invalid_json');
  });

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp'])(
    'refuses %s',
    async (type) => {
      expect(await codeOf(post('{}', { 'content-type': type }))).toBe('unsupported_media_type');
    },
  );

  test.each([
    String.raw`{"a":"x\u0000"}`,
    String.raw`{"a":["\ud800"]}`,
    String.raw`{"\u0000":1}`,
    String.raw`{"a":{"\udfff":1}}`,
  ])('refuses text that a database cannot keep: %s', async (text) => {
    expect(await codeOf(post(text))).toBe('invalid_request');
  });

  test('allows honest depth, and survives the other kind', async () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    expect(await codeOf(post(nested(100)))).toBe('accepted');
    expect(await codeOf(post(nested(101)))).toBe('invalid_request');
    expect(await codeOf(post(nested(450)))).toBe('invalid_request');
  });
});
