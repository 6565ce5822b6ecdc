// Ours and linear: no part of them can match the same text in two ways.
const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const TIME = /^(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d{1,9})?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;
const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const SCHEME = /^[a-z][a-z0-9+.-]*:/i;

const MAX_ADDRESS_LENGTH = 320;

const FORMATS: ReadonlyMap<string, (text: string) => boolean> = new Map([
  ['date', isDate],
  ['time', (text) => TIME.test(text)],
  ['date-time', isDateTime],
  ['email', isEmail],
  ['uri', isUri],
  ['url', isUri],
  ['uuid', (text) => UUID.test(text)],
]);

/** Checks the formats that props of a mail use; any other format is an annotation and always fits. */
export function isFormatted(format: string, text: string): boolean {
  return FORMATS.get(format)?.(text) ?? true;
}

function isDate(text: string): boolean {
  const [, year, month, day] = DATE.exec(text) ?? [];
  if (year === undefined || month === undefined || day === undefined) return false;
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  return date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
}

function isDateTime(text: string): boolean {
  return /^[Tt ]$/.test(text.charAt(10)) && isDate(text.slice(0, 10)) && TIME.test(text.slice(11));
}

function isEmail(text: string): boolean {
  const separator = text.lastIndexOf('@');
  const domain = text.slice(separator + 1);
  if (separator < 1 || text.length > MAX_ADDRESS_LENGTH || /[\s<>(),;:"\\]/.test(text)) return false;
  return (
    !text.slice(0, separator).includes('@') &&
    /^[^.]/.test(domain) &&
    !domain.endsWith('.') &&
    !domain.includes('..')
  );
}

function isUri(text: string): boolean {
  return SCHEME.test(text) && !/[\s<>"{}|\\^`]/.test(text) && URL.canParse(text);
}
