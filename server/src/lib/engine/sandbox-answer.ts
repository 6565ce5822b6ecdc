/** What a sandbox answered, checked. */
export type SandboxAnswer =
  | {
      status: 'ok';
      subject: string | null;
      html: string;
      text: string;
      schemaJson: string | null;
      previewPropsJson: string | null;
      mailJson: string | null;
    }
  | { status: 'error' | 'too_large'; message: string };

const MALFORMED: SandboxAnswer = {
  status: 'error',
  message: 'The sandbox gave an answer that cannot be read',
};

/** Reads a sandbox's JSON as hostile input: only own string members of the expected names count. */
export function parseSandboxAnswer(json: string): SandboxAnswer {
  const value = parseJson(json);
  if (typeof value !== 'object' || value === null || !('status' in value)) return MALFORMED;
  if (value.status === 'error' || value.status === 'too_large') {
    const message = textOf(value, 'message');
    return message === null ? MALFORMED : { status: value.status, message: message.slice(0, 2000) };
  }
  const html = textOf(value, 'html');
  const text = textOf(value, 'text');
  if (value.status !== 'ok' || html === null || text === null) return MALFORMED;
  const schemaJson = textOf(value, 'schemaJson');
  const previewPropsJson = textOf(value, 'previewPropsJson');
  const mailJson = textOf(value, 'mailJson');
  const subject = textOf(value, 'subject');
  return { status: 'ok', subject, html, text, schemaJson, previewPropsJson, mailJson };
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
