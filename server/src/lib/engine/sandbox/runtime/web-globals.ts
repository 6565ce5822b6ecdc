import { decodeUtf8, encodeUtf8 } from './utf8.ts';
import { createVirtualTimers } from './virtual-timers.ts';

/**
 * The few web globals that react-dom/server's edge build and react-email's `render` use, written inside the realm
 * so that none of the host's objects has to be lent to it. They do what those two need and no more.
 */

type ByteSink = { write?: (chunk: Uint8Array) => void; close?: () => void };
type ByteSource = { pull?: (controller: ByteController) => void };
type ByteController = {
  enqueue(chunk: Uint8Array): void;
  close(): void;
  error(reason: unknown): void;
  desiredSize: number;
  byobRequest: null;
};

class Encoder {
  encode(text = ''): Uint8Array<ArrayBuffer> {
    return encodeUtf8(String(text));
  }
}

class Decoder {
  #pending = new Uint8Array(0);

  decode(bytes?: Uint8Array, options?: { stream?: boolean }): string {
    const all = bytes === undefined ? this.#pending : join(this.#pending, bytes);
    const end = options?.stream === true ? completeLength(all) : all.length;
    this.#pending = all.slice(end);
    return decodeUtf8(all.subarray(0, end));
  }
}

function join(head: Uint8Array, tail: Uint8Array): Uint8Array {
  if (head.length === 0) return tail;
  const joined = new Uint8Array(head.length + tail.length);
  joined.set(head);
  joined.set(tail, head.length);
  return joined;
}

/** How many leading bytes end at a character's border: a chunk may cut a character in two. */
function completeLength(bytes: Uint8Array): number {
  let start = bytes.length - 1;
  while (start >= 0 && start > bytes.length - 4 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start -= 1;
  const lead = bytes[start] ?? 0;
  const size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  return start + size <= bytes.length ? bytes.length : Math.max(start, 0);
}

class Writable {
  readonly sink: ByteSink;

  constructor(sink: ByteSink = {}) {
    this.sink = sink;
  }
}

class Readable {
  readonly #source: ByteSource;

  constructor(source: ByteSource = {}) {
    this.#source = source;
  }

  /** One pull is enough: `render` reads only after React has said that everything is ready. */
  pipeTo(destination: Writable): Promise<void> {
    return new Promise((resolve, reject) => {
      const { sink } = destination;
      this.#source.pull?.({
        enqueue: (chunk) => sink.write?.(chunk),
        close: () => {
          sink.close?.();
          resolve();
        },
        error: reject,
        desiredSize: Number.POSITIVE_INFINITY,
        byobRequest: null,
      });
    });
  }
}

/** The realm's timers; the runtime runs them between drains of the microtask queue. */
export const timers = createVirtualTimers();

const settled = Promise.resolve();

function enqueueMicrotask(callback: unknown): void {
  if (typeof callback !== 'function') throw new TypeError('The callback of a microtask must be a function');
  // oxlint-disable-next-line unicorn/prefer-await -- this is what a microtask is made of
  void settled.then(() => {
    Reflect.apply(callback, undefined, []);
  });
}

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** html-to-text's entity tables are stored as base64. */
function decodeBase64(base64: unknown): string {
  let binary = '';
  let bits = 0;
  let bitCount = 0;
  for (const character of String(base64).replace(/[\t\n\f\r =]/g, '')) {
    const value = BASE64.indexOf(character);
    if (value < 0) throw new TypeError('The string is not base64');
    bits = ((bits << 6) | value) & 0xffff;
    bitCount += 6;
    if (bitCount < 8) continue;
    bitCount -= 8;
    binary += String.fromCharCode((bits >> bitCount) & 0xff);
  }
  return binary;
}

/** Tailwind copies its syntax trees with it: plain objects, arrays, maps, sets and dates, which may share parts. */
function clone(value: unknown, seen = new Map<object, unknown>()): unknown {
  if (typeof value === 'function' || typeof value === 'symbol')
    throw new TypeError('The value cannot be cloned');
  if (typeof value !== 'object' || value === null) return value;
  if (seen.has(value)) return seen.get(value);
  if (value instanceof Date) return new Date(value.getTime());
  if (value instanceof RegExp) return new RegExp(value.source, value.flags);
  return cloneContainer(value, seen);
}

function cloneContainer(value: object, seen: Map<object, unknown>): unknown {
  if (value instanceof Map) {
    const copy = new Map<unknown, unknown>();
    seen.set(value, copy);
    for (const [key, entry] of value) copy.set(clone(key, seen), clone(entry, seen));
    return copy;
  }
  if (value instanceof Set) {
    const copy = new Set<unknown>();
    seen.set(value, copy);
    for (const entry of value) copy.add(clone(entry, seen));
    return copy;
  }
  const copy: object = Array.isArray(value) ? [] : {};
  seen.set(value, copy);
  for (const [key, entry] of Object.entries(value)) {
    const descriptor = { value: clone(entry, seen), writable: true, enumerable: true, configurable: true };
    Object.defineProperty(copy, key, descriptor);
  }
  return copy;
}

const GLOBALS = {
  structuredClone: (value: unknown) => clone(value),
  atob: decodeBase64,
  setTimeout: timers.setTimeout,
  setInterval: timers.setInterval,
  clearTimeout: timers.clear,
  clearInterval: timers.clear,
  queueMicrotask: enqueueMicrotask,
  TextEncoder: Encoder,
  TextDecoder: Decoder,
  ReadableStream: Readable,
  WritableStream: Writable,
};

for (const [name, value] of Object.entries(GLOBALS)) {
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
}
