import { createMailer, type Mailer, type MailerOptions, type MessageStatus } from '../index.ts';
import { createFakeService, type FailureCode, type SentMessage } from './fake-service.ts';
import { describeMatch, isMatch, type MailMatch } from './mail-match.ts';

/** A mailer for unit tests: everything that a mailer has, and what a test wants to know. Nothing leaves the process. */
export type TestMailer = Mailer & {
  /** Every message in the order of sending, as the service would have got it. */
  readonly sent: readonly SentMessage[];
  /** The one message that fits; throws where none does, or several do. */
  expectSent(match?: MailMatch): SentMessage;
  /** Throws where a message fits. */
  expectNotSent(match?: MailMatch): void;
  /** The next calls fail with this code; `network_error` is a lost connection. Default once. */
  failNext(code: FailureCode, times?: number): void;
  /** Moves a message on, for code that looks what became of it; until then it is queued. */
  setStatus(id: string, status: MessageStatus): void;
  /** Answers a route that this mailer does not know, `answer('GET', '/v1/templates/welcome', { ... })`. */
  answer(method: string, path: string, answer: unknown): void;
  /** Forgets everything that was sent and planned. */
  clear(): void;
};

/**
 * A mailer that keeps what is sent. It repeats nothing unless it is told to, so that a planned failure reaches the code under test.
 *
 * @example
 * const mailer = createTestMailer();
 * await mailer.send({ to: 'ada@example.com', template: 'welcome', props: { name: 'Ada' } });
 * const { props } = mailer.expectSent({ to: 'ada@example.com', template: 'welcome' });
 * mailer.failNext('service_unavailable');
 * const { error } = await mailer.safe.send({ to: 'ada@example.com', subject: 'Hello', text: 'Hello' });
 * console.log(props?.name, error?.code); // Ada service_unavailable
 */
export function createTestMailer(options: Pick<MailerOptions, 'retry'> = {}): TestMailer {
  const service = createFakeService();
  const mailer = createMailer({
    retry: false,
    ...options,
    baseUrl: 'http://mail.test',
    apiKey: 'mk_test_in_memory',
    fetch: service.fetch,
  });
  const find = (match: MailMatch) => service.sent.filter((message) => isMatch(toMatchable(message), match));
  return {
    ...mailer,
    sent: service.sent,
    expectSent(match = {}) {
      const [found, ...others] = find(match);
      if (found && others.length === 0) return found;
      const count = found ? `${others.length + 1} times` : 'not at all';
      throw new Error(
        `${describeMatch(match)} was expected once and was sent ${count}.${listSent(service.sent)}`,
      );
    },
    expectNotSent(match = {}) {
      if (find(match).length === 0) return;
      throw new Error(`${describeMatch(match)} was sent, and should not have been.${listSent(service.sent)}`);
    },
    failNext: (code, times = 1) => service.failNext(code, times),
    setStatus: service.setStatus,
    answer: service.answer,
    clear: service.clear,
  };
}

function toMatchable({ to, cc = [], bcc = [], template, subject }: SentMessage) {
  return { to: [to, cc, bcc].flat(), template: template ?? null, subject: subject ?? null };
}

function listSent(sent: readonly SentMessage[]): string {
  if (sent.length === 0) return ' Nothing was sent.';
  const lines = sent.map(
    ({ to, template, subject }) => `- to ${String(to)}: ${template ?? subject ?? 'without a subject'}`,
  );
  return ` Sent:\n${lines.join('\n')}`;
}
