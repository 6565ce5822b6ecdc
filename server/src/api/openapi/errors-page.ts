import { EXPLANATIONS } from '../problems/problem-explanations.ts';
import { PROBLEMS, type ProblemCode } from '../problems/problem.ts';
import { escapeHtml, toInlineHtml, toPage } from './html.ts';

const INTRODUCTION = [
  'Every error is answered as `application/problem+json` (RFC 9457). Programs decide by `code`, which never changes its meaning; `detail` is for people.',
  '`requestId` is also in the server’s log and in the header `X-Request-Id`. `errors` names wrong places by JSON pointer, and a batch has `items` by the place of the message.',
];

/** The codes in the order of their list, which is the order of their status. */
export function listCodes(): ProblemCode[] {
  return Object.keys(PROBLEMS).filter((code): code is ProblemCode => code in PROBLEMS);
}

/** docs/errors.md, whole. */
export function toErrorsMarkdown(): string {
  const sections = listCodes().map((code) => {
    const { status, title } = PROBLEMS[code];
    const { cause, remedy } = EXPLANATIONS[code];
    return `## ${code}\n**${status}** ${title}.\n\n**Cause.** ${cause}\n\n**Remedy.** ${remedy}\n`;
  });
  return [
    '# Errors\n',
    '<!-- Made from server/src/api/problems/problem.ts and problem-explanations.ts by `bun scripts/write-errors-page.ts`. -->\n',
    ...INTRODUCTION.map((text) => `${text}\n`),
    ...sections,
  ].join('\n');
}

/** The same as a page, with the anchors that `type` of a problem leads to. */
export function toErrorsHtml(): string {
  const sections = listCodes().map((code) => {
    const { status, title } = PROBLEMS[code];
    const { cause, remedy } = EXPLANATIONS[code];
    return `<section id="${code}"><h2><code>${code}</code> <small>${status}</small></h2>
<p><b>${escapeHtml(title)}.</b></p><p>${toInlineHtml(cause)}</p><p><b>Remedy.</b> ${toInlineHtml(remedy)}</p></section>`;
  });
  const introduction = INTRODUCTION.map((text) => `<p>${toInlineHtml(text)}</p>`).join('');
  const index = listCodes().map((code) => `<li><a href="#${code}">${code}</a></li>`);
  return toPage({
    title: 'Errors',
    nav: `<ul><li><a href="/docs">Reference</a></li></ul><ul>${index.join('')}</ul>`,
    main: `<h1>Errors</h1>${introduction}${sections.join('\n')}`,
  });
}
