import { toSmtpBody } from './smtp-body.ts';
import { SmtpError, type SmtpWire } from './smtp-wire.ts';

/** What the server offered when it was greeted. */
export type SmtpOffer = {
  isPipelining: boolean;
  hasSize: boolean;
  /** The largest message that it takes; 0 where it did not say. */
  maxBytes: number;
};

export type SmtpEnvelope = { from: string; to: readonly string[]; size: number };

/** What a server said about one recipient that it did not accept. */
export type RefusedRecipient = { recipient: string; response: string };

type Dialog = { wire: SmtpWire; offer: SmtpOffer; toLoss: () => Error; cut: () => void };

/** Reads the answer to EHLO; the first line of it is a greeting, and the only one after HELO. */
export function parseOffer(reply: string): SmtpOffer {
  const offers = reply.split(/\r?\n/).slice(1);
  const size = offers.flatMap((line) => /^\d{3}[ -]SIZE(?: +(\d+))?\s*$/i.exec(line) ?? []);
  return {
    isPipelining: offers.some((line) => /^\d{3}[ -]PIPELINING\s*$/i.test(line)),
    hasSize: size.length > 0,
    maxBytes: Number(size[1] ?? 0),
  };
}

/**
 * Resolves once the server asks for the message, with the recipients that it refused. Where it offers PIPELINING the
 * whole envelope goes out in one write (RFC 2920), and every reply to it is read whatever the first of them says, so
 * that the connection stays in step.
 *
 * @throws SmtpError with what the server said, or why the connection ended
 */
export async function sendEnvelope(
  dialog: Dialog,
  envelope: SmtpEnvelope,
  refused: RefusedRecipient[],
): Promise<void> {
  const { offer } = dialog;
  if (offer.maxBytes > 0 && envelope.size > offer.maxBytes)
    throw new SmtpError(`Message size larger than allowed ${offer.maxBytes}`, 'EMESSAGE', 'MAIL FROM', '');
  const commands = toCommands(envelope, offer);
  if (!offer.isPipelining) return sendStepwise(dialog, { commands, envelope, refused });
  const replies = await dialog.wire.exchange(`${commands.join('\r\n')}\r\n`, commands.length);
  const data = replies[commands.length - 1];
  try {
    assertMail(dialog, replies[0]);
    envelope.to.forEach((recipient, index) =>
      noteRecipient(dialog, { reply: replies[index + 1], recipient, refused }),
    );
    assertRecipients(envelope, refused);
  } catch (error) {
    if (data !== undefined && isGoAhead(data)) await takeDataBack(dialog, isAllRefused(envelope, refused));
    throw error;
  }
  assertData(dialog, data);
}

/**
 * Writes the message and resolves with the server's final answer.
 *
 * @throws SmtpError where that is no acceptance, or the connection ended before it came
 */
export async function sendMessage({ wire, toLoss }: Dialog, mime: Uint8Array): Promise<string> {
  const [reply] = await wire.exchange(toSmtpBody(mime), 1);
  if (reply === undefined) throw toLoss();
  if (reply[0] !== '2') throw new SmtpError('Message failed', 'EMESSAGE', 'DATA', reply);
  return reply;
}

/**
 * Ends the transaction, so that the next message starts clean.
 *
 * @throws SmtpError where the server does not agree
 */
export async function resetDialog({ wire, toLoss }: Dialog): Promise<void> {
  const [reply] = await wire.exchange('RSET\r\n', 1);
  if (reply === undefined) throw toLoss();
  if (reply[0] !== '2') throw new SmtpError('Could not reset session state', 'EPROTOCOL', 'RSET', reply);
}

function toCommands({ from, to, size }: SmtpEnvelope, { hasSize }: SmtpOffer): string[] {
  const mail = `MAIL FROM:<${from}>${hasSize ? ` SIZE=${size}` : ''}`;
  return [mail, ...to.map((recipient) => `RCPT TO:<${recipient}>`), 'DATA'];
}

type Stepwise = { commands: readonly string[]; envelope: SmtpEnvelope; refused: RefusedRecipient[] };

async function sendStepwise(dialog: Dialog, { commands, envelope, refused }: Stepwise): Promise<void> {
  const ask = async (index: number) => {
    const [reply] = await dialog.wire.exchange(`${commands[index]}\r\n`, 1);
    return reply;
  };
  assertMail(dialog, await ask(0));
  for (const [index, recipient] of envelope.to.entries())
    noteRecipient(dialog, { reply: await ask(index + 1), recipient, refused });
  assertRecipients(envelope, refused);
  assertData(dialog, await ask(commands.length - 1));
}

function assertMail({ toLoss }: Dialog, reply: string | undefined): void {
  if (reply === undefined) throw toLoss();
  if (reply[0] !== '2') throw new SmtpError('Mail command failed', 'EENVELOPE', 'MAIL FROM', reply);
}

type RecipientReply = { reply: string | undefined; recipient: string; refused: RefusedRecipient[] };

function noteRecipient({ toLoss }: Dialog, { reply, recipient, refused }: RecipientReply): void {
  if (reply === undefined) throw toLoss();
  if (reply[0] !== '2') refused.push({ recipient, response: reply });
}

function isAllRefused({ to }: SmtpEnvelope, refused: readonly RefusedRecipient[]): boolean {
  return refused.length === to.length;
}

function assertRecipients(envelope: SmtpEnvelope, refused: readonly RefusedRecipient[]): void {
  if (!isAllRefused(envelope, refused)) return;
  // What may still change for one of them says more than what is final for another.
  const reply = refused.find(({ response }) => response[0] === '4') ?? refused.at(-1);
  throw new SmtpError(
    "Can't send mail - all recipients were rejected",
    'EENVELOPE',
    'RCPT TO',
    reply?.response ?? '',
  );
}

function assertData({ toLoss }: Dialog, reply: string | undefined): void {
  if (reply === undefined) throw toLoss();
  if (!isGoAhead(reply)) throw new SmtpError('Data command failed', 'EENVELOPE', 'DATA', reply);
}

/** It should be 354; some servers say 250. */
function isGoAhead(reply: string): boolean {
  return reply[0] === '2' || reply[0] === '3';
}

/**
 * The server waits for a message that must not come. With every recipient refused a lone dot ends it (RFC 2920 section
 * 3.1); where it refused only the sender it is out of its mind, and an empty mail might go to those whom it accepted.
 */
async function takeDataBack({ wire, cut }: Dialog, isForNobody: boolean): Promise<void> {
  if (isForNobody) await wire.exchange('.\r\n', 1);
  else cut();
}
