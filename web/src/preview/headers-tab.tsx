import type { Rendered } from './contract.ts';
import { toSize } from './text-tabs.tsx';

/** What is around the mail: who it is from, what an inbox shows of it, and what it was made by. */
export function HeadersTab({ mail }: { mail: Rendered }) {
  const rows: [string, string | null][] = [
    ['Subject', mail.subject],
    ['From', mail.from],
    ...Object.entries(mail.headers),
  ];
  const facts: [string, string | null][] = [
    ['First words in an inbox', toPreviewText(mail.html)],
    ['Locale', mail.locale],
    ['HTML', toSize(mail.html)],
    ['Plain text', toSize(mail.text)],
    ['Rendered in', `${mail.tookMs.toFixed(1)} ms`],
    ['Content', mail.contentHash.slice(0, 16)],
    ['Engine', mail.engineVersion.slice(0, 16)],
  ];
  return (
    <div class="headers-tab">
      <FactTable label="Header" rows={rows} missing="from the request" />
      <FactTable label="The mail" rows={facts} missing="none" />
    </div>
  );
}

type FactTableProps = { label: string; rows: readonly [string, string | null][]; missing: string };

function FactTable({ label, rows, missing }: FactTableProps) {
  return (
    <section>
      <h2>{label}</h2>
      <dl class="facts">
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value ?? <span class="soft">{missing}</span>}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

const SHOWN_LENGTH = 140;

/** Clients show the first words of the body, which `<Preview>` puts there. */
function toPreviewText(html: string): string {
  const body = html.slice(html.search(/<body\b/i));
  const words = body.replace(/<!--[\s\S]*?-->|<(?:"[^"]*"|'[^']*'|[^>"'])*>/g, ' ');
  // Tags are gone: what is left is text with its entities.
  const text = new DOMParser().parseFromString(words, 'text/html').documentElement.textContent ?? '';
  // The filler after a preview text is made of characters without width.
  return text.replace(FILLER, ' ').replace(/\s+/g, ' ').trim().slice(0, SHOWN_LENGTH);
}

const FILLER = /[\u00a0\u00ad\u2007\u200b-\u200f\u{feff}]|\u034f/gu;
