import type { LocalApi } from './local-api.ts';

/** What became of a mail that was sent to see the whole path at work. */
export type FirstMail = {
  messageId: string;
  status: string;
  subject: string | null;
  htmlBytes: number;
  textBytes: number;
  /** Names of its events in order. */
  timeline: string[];
  lastError: string | null;
};

const POLL_MS = 20;
const WAITING: readonly string[] = ['queued', 'sending'];

/**
 * Sends the welcome template with its own preview props (or a plain line, where there is none) and waits until no worker has
 * anything left to do with it, or `timeoutMs` are over.
 */
export async function sendFirstMail(
  api: LocalApi,
  { welcomeProps, timeoutMs }: { welcomeProps: Record<string, unknown> | null; timeoutMs: number },
): Promise<FirstMail> {
  const content = welcomeProps
    ? { template: 'welcome', props: welcomeProps }
    : { subject: 'It works', text: 'Your mail service accepted, queued and delivered this mail.' };
  const messageId = await api.send({ to: 'Ada <ada@example.com>', ...content });
  const deadline = performance.now() + timeoutMs;
  let message = await api.getMessage(messageId);
  while (WAITING.includes(message.status) && performance.now() < deadline) {
    await Bun.sleep(POLL_MS);
    message = await api.getMessage(messageId);
  }
  const timeline = await api.getTimeline(messageId);
  const { html, text } = await api.getContent(messageId);
  return {
    messageId,
    status: message.status,
    subject: message.subject,
    htmlBytes: Buffer.byteLength(html ?? ''),
    textBytes: Buffer.byteLength(text ?? ''),
    timeline,
    lastError: message.lastError,
  };
}
