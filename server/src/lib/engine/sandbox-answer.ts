/** The ways to render: our own writer, React's static renderer, and react-email's own. */
const PATHS = ['written', 'static', 'stream'] as const;

/** What a sandbox answered, checked. */
export type SandboxAnswer =
  | {
      status: 'ok';
      subject: string | null;
      html: string;
      text: string;
      /** Which way it took, as the sandbox says. */
      path: (typeof PATHS)[number];
      schemaJson: string | null;
      previewPropsJson: string | null;
      mailJson: string | null;
    }
  | { status: 'error' | 'too_large'; message: string; stack: string | null };

const MALFORMED: SandboxAnswer = {
  status: 'error',
  message: 'The sandbox gave an answer that cannot be read',
  stack: null,
};

const MAX_MESSAGE_LENGTH = 2000;
const MAX_STACK_LENGTH = 4000;

/**
 * Reads what a sandbox wrote as hostile input: a line of JSON, of which only own members of the expected names and
 * types count, and after it html and text.
 */
export function parseSandboxAnswer(answer: string): SandboxAnswer {
  const end = answer.indexOf('\n');
  const value = parseJson(end < 0 ? answer : answer.slice(0, end));
  if (typeof value !== 'object' || value === null || !('status' in value)) return MALFORMED;
  if (value.status === 'error' || value.status === 'too_large') {
    const message = textOf(value, 'message');
    const stack = textOf(value, 'stack')?.slice(0, MAX_STACK_LENGTH) ?? null;
    if (message === null) return MALFORMED;
    return { status: value.status, message: message.slice(0, MAX_MESSAGE_LENGTH), stack };
  }
  const htmlUnits: unknown = Object.hasOwn(value, 'htmlUnits') ? Reflect.get(value, 'htmlUnits') : null;
  const body = end < 0 ? '' : answer.slice(end + 1);
  const path = PATHS.find((candidate) => candidate === textOf(value, 'path'));
  if (value.status !== 'ok' || path === undefined || !isLengthWithin(htmlUnits, body)) return MALFORMED;
  const html = body.slice(0, htmlUnits);
  const text = body.slice(htmlUnits);
  const schemaJson = textOf(value, 'schemaJson');
  const previewPropsJson = textOf(value, 'previewPropsJson');
  const mailJson = textOf(value, 'mailJson');
  const subject = textOf(value, 'subject');
  return { status: 'ok', subject, html, text, path, schemaJson, previewPropsJson, mailJson };
}

function isLengthWithin(value: unknown, text: string): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= text.length;
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}

function textOf(value: object, key: string): string | null {
  const member: unknown = Object.hasOwn(value, key) ? Reflect.get(value, key) : null;
  return typeof member === 'string' ? member : null;
}
