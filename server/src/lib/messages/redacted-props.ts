import { type JsonObject, type JsonValue, parseJsonObject } from '../engine/json-object.ts';

const REDACTED = '[redacted]';

/** What such a key holds opens something. The last word counts: `tokenExpiresAt` is only a date. */
const SECRET_KEY =
  /(?:pass(?:word|phrase|code)?|secret|token|otp|pin|api[-_]?key|private[-_]?key|credentials?|authorization|cookie|cvv|cvc|ssn|iban|card[-_]?number)$/i;

/** The props of a message for showing: without the values of keys that name a secret. Null where there are none any more. */
export function toRedactedProps(props: string | null): JsonObject | null {
  const parsed = props === null ? null : parseJsonObject(props);
  return parsed && redactObject(parsed);
}

function redactObject(value: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, SECRET_KEY.test(key) ? REDACTED : redact(one)]),
  );
}

function redact(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(redact);
  return typeof value === 'object' && value !== null ? redactObject(value) : value;
}
