/** The language asked for, and whose messages are looked into, in this order. */
export type LocaleRequest = { tag: string; chain: readonly string[] };

/** What a sandbox is asked to render, without the props, which travel beside it as they are. */
export type RenderRequest = {
  codeHash: string;
  mode: 'render' | 'check';
  /** Milliseconds since 1970 that `Date` shall report. */
  now: number;
  /** Seed of `Math.random`. */
  seed: string;
  maxOutputUnits: number;
  /** Without one a template gets neither `t` nor `locale`. */
  locale?: LocaleRequest | undefined;
};

/** Writes a request as one line of JSON and the props' own text after it, so that props are not escaped twice. */
export function encodeRenderRequest(request: RenderRequest, propsJson: string): string {
  return `${JSON.stringify(request)}\n${propsJson}`;
}

/** Splits what `encodeRenderRequest` wrote. */
export function splitRenderRequest(text: string): { requestJson: string; propsJson: string } {
  const end = text.indexOf('\n');
  return { requestJson: text.slice(0, end), propsJson: text.slice(end + 1) };
}

/** Reads a request. Throws on anything else: both ends are ours. */
export function parseRenderRequest(json: string): RenderRequest {
  const request: unknown = JSON.parse(json);
  if (!isRenderRequest(request)) throw new Error('A render request is malformed');
  return request;
}

function isRenderRequest(value: unknown): value is RenderRequest {
  if (typeof value !== 'object' || value === null) return false;
  if (!('codeHash' in value) || typeof value.codeHash !== 'string') return false;
  if (!('mode' in value) || (value.mode !== 'render' && value.mode !== 'check')) return false;
  if (!('now' in value) || typeof value.now !== 'number') return false;
  if (!('seed' in value) || typeof value.seed !== 'string') return false;
  if ('locale' in value && !isLocaleRequest(value.locale)) return false;
  return 'maxOutputUnits' in value && typeof value.maxOutputUnits === 'number';
}

function isLocaleRequest(value: unknown): value is LocaleRequest {
  if (typeof value !== 'object' || value === null) return false;
  return 'tag' in value && typeof value.tag === 'string' && 'chain' in value && Array.isArray(value.chain);
}
