import {
  createMailer,
  type InboxEntry,
  MailError,
  type MailerOptions,
  type Message,
  type MessageContent,
} from '../index.ts';
import { watchArrivals } from './arrivals.ts';
import { hangBell } from './bell.ts';
import { describeMatch, isMatch, type MailMatch } from './mail-match.ts';

/** A mail that came, as its recipient would have seen it. */
export type ReceivedMail = Pick<MessageContent, 'subject' | 'html' | 'text'> & {
  /** The message's id. */
  id: string;
  /** Every address that it went to. */
  to: string[];
  /** Every link of the html, or of the text where there is none, in order. */
  links: string[];
  message: Message;
};

/** Which mail to wait for. */
export type WaitForMail = MailMatch & {
  /** In milliseconds. Default 10,000. */
  timeoutMs?: number;
};

/** The mails that come from when it was opened. */
export type Inbox = {
  /**
   * The first mail that fits and was not returned before; waits until there is one.
   *
   * @throws MailError `wait_timeout`, which says what came instead
   */
  waitFor(match: WaitForMail): Promise<ReceivedMail>;
};

const DEFAULT_TIMEOUT_MS = 10_000;
/** Between two looks, where nothing rings: twice as long each time. What rings is looked at then. */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1000;

/**
 * Opens the inbox of a key for an end-to-end test: with a `mk_test_...` key, or with any against a service in the DEV role, mail is
 * kept instead of sent. Mails from before are left alone.
 *
 * @example
 * const inbox = await openInbox({ baseUrl: process.env.MAIL_BASE_URL, apiKey: process.env.MAIL_API_KEY });
 * await mailer.send({ to: 'ada@example.com', subject: 'Confirm', text: 'Go to https://example.com/confirm?t=1' });
 * const mail = await inbox.waitFor({ to: 'ada@example.com', subject: /confirm/i });
 * console.log(mail.links[0]); // https://example.com/confirm?t=1
 */
export async function openInbox(options: MailerOptions = {}): Promise<Inbox> {
  const mailer = createMailer(options);
  const arrivals = await watchArrivals(mailer);
  const returned = new Set<string>();

  /** Oldest first: what is waited for came in the order in which it was caused. */
  const look = async (): Promise<InboxEntry[]> =>
    (await arrivals()).filter(({ id }) => !returned.has(id)).reverse();

  const open = async ({ id, envelope: { to }, subject }: InboxEntry): Promise<ReceivedMail> => {
    const [message, { html, text }] = await Promise.all([
      mailer.messages.get(id),
      mailer.messages.content(id),
    ]);
    return { id, to, subject: subject ?? '', html, text, links: findLinks(html, text), message };
  };

  const take = async (entry: InboxEntry): Promise<ReceivedMail> => {
    // At once, so that nobody else who waits takes the same.
    returned.add(entry.id);
    try {
      return await open(entry);
    } catch (error) {
      returned.delete(entry.id);
      throw error;
    }
  };

  return {
    async waitFor({ timeoutMs = DEFAULT_TIMEOUT_MS, ...match }) {
      const endsAtMs = Date.now() + timeoutMs;
      const bell = hangBell(mailer);
      try {
        for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)) {
          const fresh = await look();
          const found = fresh.find((entry) => isMatch({ ...entry, to: entry.envelope.to }, match));
          if (found) return await take(found);
          const leftMs = endsAtMs - Date.now();
          if (leftMs <= 0) throw toTimeout(match, fresh, timeoutMs);
          await bell.heard(Math.min(pauseMs, leftMs));
        }
      } finally {
        bell.stop();
      }
    },
  };
}

function findLinks(html: string | null, text: string | null): string[] {
  if (html === null)
    return [...(text ?? '').matchAll(/https?:\/\/[^\s<>"]+[^\s<>".,;:!?)]/g)].map(([link]) => link);
  return [...html.matchAll(/<a\b[^>]*?\bhref\s*=\s*(?:"([^"]*)"|'([^']*)')/gi)].map(([, double, single]) =>
    unescapeHtml(double ?? single ?? ''),
  );
}

function unescapeHtml(text: string): string {
  return text
    .replaceAll('&quot;', '"')
    .replaceAll('&#x27;', "'")
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
}

function toTimeout(match: MailMatch, came: readonly InboxEntry[], timeoutMs: number): MailError {
  const list = came
    .map(({ envelope, subject }) => `- to ${envelope.to.join(', ')}: ${subject ?? 'without a subject'}`)
    .join('\n');
  const message = `${describeMatch(match)} did not come within ${timeoutMs} ms. ${came.length === 0 ? 'Nothing else came.' : `Came:\n${list}`}`;
  return new MailError({ code: 'wait_timeout', message });
}
