/** The header in which the load generator gives each mail a token; its bodies carry the same. */
export const TOKEN_HEADER = 'X-Chaos-Token';

export type MailFacts = {
  /** What stands before the @ of the Message-ID. */
  messageId: string | null;
  token: string | null;
  /** Whether the body carries the token too, so that nobody got somebody else's mail. */
  isIntact: boolean;
};

/** Reads what the accounting needs, and nothing else: every mail of a run comes through here. */
export function readMailFacts(raw: Uint8Array): MailFacts {
  const text = Buffer.from(raw).toString('latin1');
  const end = text.indexOf('\r\n\r\n');
  const head = text.slice(0, end);
  const token = new RegExp(`^${TOKEN_HEADER}:\\s*(\\S+)`, 'im').exec(head)?.[1] ?? null;
  return {
    messageId: /^message-id:\s*<([^@>]+)@/im.exec(head)?.[1] ?? null,
    token,
    isIntact: token !== null && decodeBodies(text.slice(end)).every((body) => body.includes(token)),
  };
}

/** The contents of a body's parts: as they came, and as base64 where they may be that. */
function decodeBodies(text: string): string[] {
  return text.split(/\r\n--[^\r\n]*/).flatMap((part) => {
    const end = Math.max(part.indexOf('\r\n\r\n'), 0);
    const isContainer = /^\r\ncontent-type:\s*multipart\//i.test(part);
    const body = part.slice(end).trim();
    if (isContainer || body === '') return [];
    const isBase64 = /^[A-Za-z0-9+/=\r\n]+$/.test(body);
    return [isBase64 ? `${body}\n${Buffer.from(body, 'base64').toString('latin1')}` : body];
  });
}
