import { Icon } from '../shared/icon.tsx';
import type { Check, Rendered, SourceFile } from './contract.ts';
import { setView } from './view-state.ts';

type Advice = { title: string; fix: string };

/** Every code there is: a new one compiles when it has its advice. */
const ADVICE: Readonly<Record<Check['code'], Advice>> = {
  html_too_large: {
    title: 'Too large for Gmail',
    fix: 'Gmail cuts a mail at 102 KB. Show fewer rows and link to the rest, or use fewer classes in what repeats.',
  },
  image_without_alt: {
    title: 'Image without alt',
    fix: 'Say what it shows with alt="…", or alt="" where it only decorates.',
  },
  image_relative: {
    title: 'Image without an address',
    fix: 'Write the whole URL, beginning with https://.',
  },
  insecure_url: {
    title: 'Address without encryption',
    fix: 'Use https:. Several clients do not load http: images and warn of such links.',
  },
  link_without_text: {
    title: 'Link without text',
    fix: 'Put words into the link, or an alt text on the image in it.',
  },
  lang_missing: {
    title: 'Language missing',
    fix: 'Write <Html lang="…">, so that it is read aloud in its own language.',
  },
  preview_missing: {
    title: 'Preview text missing',
    fix: 'Add <Preview> as the first thing in the body: inboxes show it after the subject.',
  },
  css_unsupported: {
    title: 'Not every client knows this CSS',
    fix: 'See that the mail reads well without it, or lay it out with <Row> and <Column>.',
  },
  class_order: {
    title: 'Two classes set the same',
    fix: 'Keep the one that you mean: in a mail the later one counts.',
  },
  table_without_role: {
    title: 'Table for layout read as data',
    fix: 'Add role="presentation", which <Section> and <Row> do by themselves.',
  },
  translation_missing: {
    title: 'Translation missing',
    fix: 'Add the key to that locale in messages/.',
  },
};

/** What mail clients would show otherwise than meant, each with the place and a way to mend it. */
export function ChecksTab({ mail }: { mail: Rendered }) {
  if (mail.checks.length === 0) {
    return (
      <div class="empty checks-none">
        <Icon name="check" />
        <h2>Nothing found</h2>
        <p>Size, images, links, language, preview text and CSS of mail clients were looked at.</p>
      </div>
    );
  }
  return (
    <ol class="checks">
      {mail.checks.map((check, index) => (
        <CheckView key={index} check={check} files={mail.facts.files} />
      ))}
    </ol>
  );
}

function CheckView({ check, files }: { check: Check; files: readonly SourceFile[] }) {
  const { code, message, file, line } = check;
  const { title, fix } = ADVICE[code];
  const source =
    line === null ? undefined : files.find(({ path }) => path === file)?.text.split('\n')[line - 1];
  return (
    <li class="check">
      <h2>{title}</h2>
      <p>{message}</p>
      {file === null ? null : (
        <button type="button" class="check-place mono" onClick={() => setView({ tab: 'source', file, line })}>
          <span>{line === null ? file : `${file}:${line}`}</span>
          {source === undefined ? null : <code>{source.trim()}</code>}
        </button>
      )}
      <p class="check-fix">{fix}</p>
    </li>
  );
}
