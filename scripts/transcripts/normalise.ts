import { stripVTControlCharacters } from 'node:util';

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
const CURSOR = /(?<="nextCursor":")[\w-]{48}(?=")/g;
const CLEAR_LINE = '\r\u001B[2K';
const DAY_MS = 86_400_000;

/** What differs from run to run, and what stands for it in documents. */
const VOLATILE: readonly (readonly [RegExp, string])[] = [
  [/http:\/\/127\.0\.0\.1:\d+/g, 'http://127.0.0.1:3025'],
  [/\b\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z/g, '2026-11-21T08:00:00.000Z'],
  [/\b\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}\b/g, '2026-11-21 08:00:00'],
  [/\b\d{4}-\d{2}-\d{2} \d{2}:\d{2}\b(?!:)/g, '2026-11-21 08:00'],
  [/^Date: .+ GMT\b/gm, 'Date: Sat, 21 Nov 2026 08:00:00 GMT'],
  [/\b(mk_(?:live|test))_[a-z0-9]{8}_[A-Za-z0-9_-]{43}/g, '$1_k7pq2xwd_<the rest of the key>'],
  [/\b(mk_(?:live|test))_[a-z0-9]{8}_\.\.\./g, '$1_k7pq2xwd_...'],
  [/(?<="(?:keyPrefix|prefix)":")[a-z0-9]{8}(?=")/g, 'k7pq2xwd'],
  [/\bwhsec_[A-Za-z0-9+/=]{20,}/g, 'whsec_<the rest of the secret>'],
  [/\b[0-9a-f]{32}\b/g, '1f6cf1c6a0f8cbdbb9ae1df2f1f2fd0d'],
  [/(?<=^traceparent: 00-[0-9a-f]{32}-)[0-9a-f]{16}/gm, '00f067aa0ba902b7'],
  [/(?<=^id: )\S+/gm, 'MTIzNDUuNDgxNTE'],
  [/(?<=^ratelimit-remaining: )\d+/gim, '99'],
  [/(?<=^ratelimit-reset: )\d+/gim, '1'],
  [/\b\d+(?:\.\d+)? GiB free/g, '120.0 GiB free'],
  [/ready in \d+\.\d s/g, 'ready in 1.6 s'],
  [/\bin \d+ ms/g, 'in 40 ms'],
  [/on (?:linux|darwin|win32) (?:x64|arm64)/g, 'on linux x64'],
];

/** A time to come that documents ask for: tomorrow, whenever they are run. */
const TOMORROW = '2026-11-22T08:00:00';
const MARK = '@tomorrow@';

export type Normaliser = {
  /** Replaces what differs from run to run, ids by the order in which they appear, so that the same stays the same. */
  toStandIns(text: string): string;
  /** The other way, for what a document asks by an id or a time that it shows. */
  toReal(text: string): string;
};

export function createNormaliser(folder: string): Normaliser {
  const ids = new Map<string, string>();
  const tomorrow = `${new Date(Date.now() + DAY_MS).toISOString().slice(0, 10)}T08:00:00`;
  const nameOf = (id: string): string => {
    const known = ids.get(id) ?? `01a1fcb2-31de-7043-a58c-${String(ids.size + 1).padStart(12, '0')}`;
    ids.set(id, known);
    return known;
  };
  return {
    toStandIns(text) {
      const plain = toShown(text)
        .replaceAll(folder, '~/shop')
        .replaceAll(tomorrow, MARK)
        .replaceAll(UUID, nameOf)
        .replaceAll(CURSOR, (cursor) => toCursor(nameOf(fromCursor(cursor))));
      const known = VOLATILE.reduce((result, [pattern, stand]) => result.replaceAll(pattern, stand), plain);
      return known.replaceAll(MARK, TOMORROW);
    },
    toReal(text) {
      const later = text.replaceAll(TOMORROW, tomorrow);
      return [...ids].reduce(
        (result, [id, name]) => result.replaceAll(name, id).replaceAll(toCursor(name), toCursor(id)),
        later,
      );
    },
  };
}

const toCursor = (id: string) => Buffer.from(id).toString('base64url');
const fromCursor = (cursor: string) => Buffer.from(cursor, 'base64url').toString();

/** What is left on the screen: lines that a spinner has cleared are gone, and so are colours. */
function toShown(text: string): string {
  return text
    .split(/\r?\n/)
    .map((line) => stripVTControlCharacters(line.split(CLEAR_LINE).at(-1) ?? '').trimEnd())
    .join('\n')
    .trim();
}
