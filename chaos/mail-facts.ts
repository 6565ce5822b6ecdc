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

/** The parts of a body, whose encoding is base64 or none that hides a word. */
function decodeBodies(text: string): string[] {
  const parts = text.split(/\r\n--[^\r\n]*/).filter((part) => part.trim().replaceAll('-', '') !== '');
  return parts.map((part) => {
    const body = part.slice(Math.max(part.indexOf('\r\n\r\n'), 0)).trim();
    return /^[A-Za-z0-9+/=\r\n]+$/.test(body) ? Buffer.from(body, 'base64').toString('latin1') : body;
  });
}
