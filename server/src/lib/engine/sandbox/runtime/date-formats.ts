/**
 * `toLocaleDateString` and its siblings make a formatter at every call, some 130 us each: more than all the text of
 * a mail. The formatters are remembered here, where no template can get at them.
 */

const MAX_FORMATS = 100;

const { DateTimeFormat } = Intl;
const { apply } = Reflect;
const { stringify } = JSON;
const formats = new Map<string, (date: Date) => string>();

type Method = 'toLocaleDateString' | 'toLocaleTimeString' | 'toLocaleString';

/** The styles that a method may be given without adding fields of its own. */
const OWN_STYLE: Readonly<Record<Method, readonly string[]>> = {
  toLocaleDateString: ['dateStyle'],
  toLocaleTimeString: ['timeStyle'],
  toLocaleString: ['dateStyle', 'timeStyle'],
};
const OPTIONS = new Set([
  'dateStyle',
  'timeStyle',
  'timeZone',
  'calendar',
  'numberingSystem',
  'hour12',
  'hourCycle',
]);

/** A key for options whose meaning we know; null sends the call to the native method. */
function keyOf(method: Method, locales: unknown, options: unknown): string | null {
  if (typeof locales !== 'string' || typeof options !== 'object' || options === null) return null;
  const entries = Object.entries(options);
  const isKnown = entries.every(
    ([name, value]) => OPTIONS.has(name) && (typeof value === 'string' || typeof value === 'boolean'),
  );
  const styles = entries.map(([name]) => name).filter((name) => name.endsWith('Style'));
  const isOwn = styles.length > 0 && styles.every((name) => OWN_STYLE[method].includes(name));
  return isKnown && isOwn ? stringify([locales, entries]) : null;
}

function formatFor(key: string, locales: string, options: object): (date: Date) => string {
  const found = formats.get(key);
  if (found !== undefined) return found;
  const format = new DateTimeFormat(locales, { ...options }).format;
  if (formats.size >= MAX_FORMATS) formats.clear();
  formats.set(key, format);
  return format;
}

const datePrototype = Date.prototype;

function remember(method: Method): void {
  const native = datePrototype[method];
  const replacement = function (this: Date, locales?: unknown, options?: unknown): unknown {
    const key = keyOf(method, locales, options);
    if (key === null || typeof locales !== 'string' || typeof options !== 'object' || options === null)
      return apply(native, this, [locales, options]);
    // an invalid date is the native method's to name
    return Number.isNaN(this.getTime())
      ? apply(native, this, [locales, options])
      : formatFor(key, locales, options)(this);
  };
  Object.defineProperty(replacement, 'name', { value: method });
  Object.defineProperty(datePrototype, method, {
    value: replacement,
    writable: true,
    configurable: true,
    enumerable: false,
  });
}

for (const method of ['toLocaleDateString', 'toLocaleTimeString', 'toLocaleString'] as const)
  remember(method);
