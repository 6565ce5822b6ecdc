import type { Mailer } from '@org/mail-sdk';
import { useState } from 'preact/hooks';
import { CopyButton } from '../shared/copy-button.tsx';
import { key } from '../shared/session.ts';

/** What an empty inbox says: how a mail gets here, ready to be copied. */
export function FirstMail({ api }: { api: Mailer }) {
  const [isSending, setIsSending] = useState(false);
  const send = async (): Promise<void> => {
    setIsSending(true);
    try {
      await api.send({
        to: 'ada@example.com',
        subject: 'Hello, inbox',
        text: 'Your mail service took this mail, queued it and delivered it here.',
        html: '<p style="font:16px/1.5 system-ui,sans-serif">Your mail service took this mail, queued it and <b>delivered it here</b>.</p>',
      });
    } finally {
      setIsSending(false);
    }
  };
  return (
    <div class="first-mail">
      <h1>No mail yet</h1>
      <p class="soft">
        Mail appears here the moment it is sent. Only where a relay is configured does live mail go out
        instead.
      </p>
      <button type="button" class="button primary" disabled={isSending} onClick={() => void send()}>
        Send the first mail
      </button>
      {snippets().map(({ title, text }) => (
        <section key={title} class="snippet" aria-label={title}>
          <div class="snippet-head">
            <h2>{title}</h2>
            <CopyButton text={text} />
          </div>
          <pre class="mono" tabIndex={0}>
            {text}
          </pre>
        </section>
      ))}
      <p class="soft">
        Mail to <code class="mono">bounce@test.mail</code>, <code class="mono">complaint@</code>,{' '}
        <code class="mono">defer@</code>, <code class="mono">slow@</code> and{' '}
        <code class="mono">timeout@</code> shows what a bad day looks like.
      </p>
    </div>
  );
}

function snippets(): { title: string; text: string }[] {
  const { origin } = location;
  const secret = key.value ?? '';
  return [
    {
      title: 'From the terminal',
      text: `mailctl send --to ada@example.com --subject Hello --text 'It works'`,
    },
    {
      title: 'From anywhere',
      text: `curl ${origin}/v1/messages \\
  -H 'X-Api-Key: ${secret}' \\
  -H 'Content-Type: application/json' \\
  -d '{"to":"ada@example.com","subject":"Hello","text":"It works"}'`,
    },
    {
      title: 'From TypeScript',
      text: `import { createMailer } from '@org/mail-sdk';

const mailer = createMailer({
  baseUrl: '${origin}',
  apiKey: '${secret}',
});
await mailer.send({ to: 'ada@example.com', subject: 'Hello', text: 'It works' });`,
    },
  ];
}
