import { TOKEN_HEADER } from './mail-facts.ts';
import { toRecipient } from './recipients.ts';
import { drawFor, pickOne } from './seeded-draws.ts';

/** One message to ask for: the same number and seed make the same one. */
export type PlannedRequest = {
  /** In headers and bodies of the mail, so that it can be told apart wherever it ends up. */
  token: string;
  recipients: readonly string[];
  body: Readonly<Record<string, unknown>>;
};

/** The template that the load uses, as the starter templates have it. */
export const TEMPLATE_NAME = 'welcome';

export type RequestPlanOptions = {
  seed: number;
  /** Whether some have a time, a priority or an attachment; older versions of the service do not take them. */
  isFull: boolean;
  now: () => number;
};

const PRIORITIES = ['high', 'normal', 'low'] as const;

/** Plans request `number` of a run. */
export function planRequest(number: number, { seed, isFull, now }: RequestPlanOptions): PlannedRequest {
  const draw = (what: string) => drawFor(seed, `${what} ${number}`);
  const token = toToken(number, seed);
  const isRefused = draw('refused') < 0.05;
  const to = toRecipient(number, { isRefused });
  const copy =
    draw('copy') < 0.08 ? toRecipient(number, { isRefused: draw('copy refused') < 0.2, copy: '-cc' }) : null;
  const isLater = isFull && draw('later') < 0.05;
  return {
    token,
    recipients: copy === null ? [to] : [to, copy],
    body: {
      to,
      ...(copy === null ? {} : { cc: copy }),
      subject: `Number ${number}`,
      headers: { [TOKEN_HEADER]: token },
      tags: { run: 'chaos' },
      ...(isFull ? { priority: pickOne(PRIORITIES, draw('priority')) } : {}),
      ...(isFull && draw('attachment') < 0.1 ? { attachments: [toAttachment(token)] } : {}),
      ...(isLater ? { scheduledAt: new Date(now() + 2000 + draw('when') * 8000).toISOString() } : {}),
      ...contentOf(draw('content'), token),
    },
  };
}

/** A short mail that nobody refuses, for runs in which only its way matters. */
export function planPlainRequest(number: number, seed: number): PlannedRequest {
  const token = toToken(number, seed);
  const to = toRecipient(number, { isRefused: false });
  const headers = { [TOKEN_HEADER]: token };
  return { token, recipients: [to], body: { to, subject: `Number ${number}`, text: token, headers } };
}

const toToken = (number: number, seed: number): string => `chaos${seed.toString(36)}x${number}x`;

/** A small file that holds the token. */
export function toAttachment(token: string): Record<string, string> {
  const content = Buffer.from(`${token}\n`.repeat(20)).toString('base64');
  return { filename: 'token.txt', contentType: 'text/plain', content };
}

function contentOf(draw: number, token: string): Record<string, unknown> {
  if (draw < 0.3) return { html: `<p>${token}</p>`, text: token };
  if (draw < 0.5) return { html: `<h1>${token}</h1>${'<p>Lorem ipsum dolor sit amet.</p>'.repeat(200)}` };
  if (draw < 0.6) return { text: `${token}\n.\n..two dots\n` };
  return {
    template: TEMPLATE_NAME,
    props: { name: token, productName: 'Chaos', startUrl: `https://example.com/${token}` },
  };
}
