import { useMemo, useState } from 'preact/hooks';
import { CodeView } from '../shared/code-view.tsx';
import { CopyButton } from '../shared/copy-button.tsx';
import { Segments } from '../shared/segments.tsx';
import type { Rendered, TemplateFacts } from './contract.ts';
import { formatHtml } from './format-html.ts';
import { setView, view } from './view-state.ts';

/** The mail's HTML, readable or to the byte. */
export function HtmlTab({ mail }: { mail: Rendered }) {
  const [form, setForm] = useState('lines');
  const lines = useMemo(() => formatHtml(mail.html), [mail.html]);
  return (
    <div class="text-tab">
      <div class="text-tab-bar">
        <Segments
          label="Form"
          value={form}
          onChange={setForm}
          segments={[
            { value: 'lines', label: 'In lines', content: 'In lines' },
            { value: 'sent', label: 'As it is sent', content: 'As sent' },
          ]}
        />
        <span class="soft">{toSize(mail.html)}</span>
        <CopyButton text={mail.html} />
      </div>
      <CodeView
        label="HTML of the mail"
        language="html"
        text={form === 'lines' ? lines : mail.html}
        isWrapped
      />
    </div>
  );
}

/** The mail for readers that show no HTML. */
export function PlainTextTab({ mail }: { mail: Rendered }) {
  return (
    <div class="text-tab">
      <div class="text-tab-bar">
        <span class="soft">{toSize(mail.text)}</span>
        <CopyButton text={mail.text} />
      </div>
      <CodeView label="Plain text of the mail" language="plain" text={mail.text} isWrapped />
    </div>
  );
}

/** The template's own files. */
export function SourceTab({ facts }: { facts: TemplateFacts }) {
  const { file, line } = view.value;
  const shown =
    facts.files.find(({ path }) => path === file) ?? facts.files.find(({ path }) => path === facts.entry);
  if (!shown) return null;
  return (
    <div class="text-tab">
      <div class="text-tab-bar">
        <select
          class="select mono"
          aria-label="File"
          value={shown.path}
          onChange={(event) => setView({ file: event.currentTarget.value, line: null })}
        >
          {facts.files.map(({ path }) => (
            <option key={path} value={path}>
              {path}
            </option>
          ))}
        </select>
        <CopyButton text={shown.text} />
      </div>
      <CodeView
        label={`Source ${shown.path}`}
        language={shown.path.endsWith('.json') ? 'json' : 'ts'}
        text={shown.text}
        line={line}
      />
    </div>
  );
}

/** Bytes as UTF-8, which is what is sent. */
export function toSize(text: string): string {
  const bytes = new TextEncoder().encode(text).length;
  return bytes < 1024 ? `${bytes} bytes` : `${(bytes / 1024).toFixed(1)} KB`;
}
