import type { Mailer } from '@org/mail-sdk';
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { key, mailer } from './session.ts';

/** What needs a key, or else the way to give one. */
export function KeyGate({ children }: { children: (api: Mailer) => ComponentChildren }) {
  return mailer.value ? <>{children(mailer.value)}</> : <AskForKey />;
}

/** Forgets a key that the service does not take any more. */
export function forgetKey(): void {
  key.value = null;
}

function AskForKey() {
  const [text, setText] = useState('');
  const isKey = /^mk_(live|test)_[\w-]+$/.test(text.trim());
  const submit = (event: Event): void => {
    event.preventDefault();
    if (isKey) key.value = text.trim();
  };
  return (
    <main class="empty key-gate">
      <h1>This browser has no key yet</h1>
      <p>
        Open the link that <code class="mono">mailctl dev</code> printed beside “Inbox”, or paste a key. It
        stays in this browser.
      </p>
      <form onSubmit={submit}>
        <label class="only-read" for="key">
          API key
        </label>
        <input
          id="key"
          class="field mono"
          type="password"
          autocomplete="off"
          spellcheck={false}
          placeholder="mk_…"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <button type="submit" class="button primary" disabled={!isKey}>
          Open the inbox
        </button>
      </form>
    </main>
  );
}
