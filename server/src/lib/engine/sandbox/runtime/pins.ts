/**
 * Time and randomness as a template sees them: fixed by the message, so that rendering it again gives the same
 * bytes.
 */

const RealDate = Date;
const realFormatter = Object.getOwnPropertyDescriptor(Intl.DateTimeFormat.prototype, 'format')?.get;
const realFormatToParts = Intl.DateTimeFormat.prototype.formatToParts;

let pinnedNow = 0;
let randomState: [number, number, number, number] = [0, 0, 0, 0];

/** Sets the time (milliseconds since 1970) that `Date` reports and the seed of `Math.random`. */
export function pin(now: number, seed: string): void {
  pinnedNow = now;
  randomState = seedState(seed);
  // the first outputs of a freshly seeded sfc32 still resemble the seed
  for (let round = 0; round < 12; round += 1) nextRandom();
}

/** Four FNV-1a hashes of the seed, each from its own offset. */
function seedState(seed: string): [number, number, number, number] {
  const hash = (offset: number): number => {
    let value = 0x811c9dc5 ^ offset;
    for (let index = 0; index < seed.length; index += 1) {
      value = Math.imul(value ^ seed.charCodeAt(index), 0x01000193);
    }
    return value >>> 0;
  };
  return [hash(0), hash(0x9e3779b9), hash(0x243f6a88), hash(0xb7e15162)];
}

/** sfc32 (PractRand's small fast counter generator). */
function nextRandom(): number {
  const [a, b, c, counter] = randomState;
  const sum = (a + b + counter) | 0;
  randomState = [b ^ (b >>> 9), (c + (c << 3)) | 0, (((c << 21) | (c >>> 11)) + sum) | 0, (counter + 1) | 0];
  return (sum >>> 0) / 4_294_967_296;
}

function PinnedDate(this: unknown, ...args: unknown[]): unknown {
  if (new.target === undefined) return new RealDate(pinnedNow).toString();
  return Reflect.construct(RealDate, args.length === 0 ? [pinnedNow] : args, new.target);
}

function install(target: object, key: PropertyKey, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, configurable: true, enumerable: false });
}

Object.defineProperty(PinnedDate, 'prototype', { value: RealDate.prototype, writable: false });
install(PinnedDate, 'name', 'Date');
install(PinnedDate, 'length', 7);
install(PinnedDate, 'now', () => pinnedNow);
install(PinnedDate, 'parse', RealDate.parse);
install(PinnedDate, 'UTC', RealDate.UTC);
// otherwise `new Date(0).constructor` would hand out the real clock
install(RealDate.prototype, 'constructor', PinnedDate);
install(globalThis, 'Date', PinnedDate);
install(Math, 'random', nextRandom);

// A formatter called without a date reads the clock itself.
Object.defineProperty(Intl.DateTimeFormat.prototype, 'format', {
  configurable: true,
  get(this: Intl.DateTimeFormat) {
    const format: unknown = realFormatter === undefined ? undefined : Reflect.apply(realFormatter, this, []);
    if (typeof format !== 'function') return undefined;
    return (date?: unknown): unknown => Reflect.apply(format, undefined, [date ?? pinnedNow]);
  },
});
install(
  Intl.DateTimeFormat.prototype,
  'formatToParts',
  function formatToParts(this: Intl.DateTimeFormat, date?: Date | number) {
    return Reflect.apply(realFormatToParts, this, [date ?? pinnedNow]);
  },
);
