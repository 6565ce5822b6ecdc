import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** The text of a page without its code, which may look like anything. */
function withoutCode(markdown: string): string {
  return markdown
    .replaceAll(/^(```|~~~)[^]*?^\1/gm, '')
    .replaceAll(/`[^`\n]*`/g, (code) => 'x'.repeat(code.length));
}

/** The anchor that GitHub gives a heading; `taken` counts how often each was given on the page. */
function toAnchor(heading: string, taken: Map<string, number>): string {
  const text = heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(/\s/g, '-');
  const count = taken.get(text) ?? 0;
  taken.set(text, count + 1);
  return count === 0 ? text : `${text}-${count}`;
}

/** Every anchor of a page. */
export function anchorsOf(markdown: string): Set<string> {
  const taken = new Map<string, number>();
  const text = markdown.replaceAll(/^(```|~~~)[^]*?^\1/gm, '');
  return new Set(
    [...text.matchAll(/^#{1,6} +(.+?) *#*$/gm)].map(([, heading = '']) => toAnchor(heading, taken)),
  );
}

/** Every link of a page, without those that lead out of the repository. */
export function localLinksOf(markdown: string): string[] {
  const links = [...withoutCode(markdown).matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)];
  return links.map(([, target = '']) => target).filter((target) => !/^[a-z][a-z0-9+.-]*:/i.test(target));
}

/** Links of a page that lead nowhere. `path` is relative to `root`. */
export function findDeadLinks(root: string, path: string): string[] {
  const markdown = readFileSync(join(root, path), 'utf8');
  return localLinksOf(markdown).flatMap((link) => {
    const [file = '', anchor] = link.split('#');
    const target = file === '' ? path : relative(root, join(root, dirname(path), decodeURIComponent(file)));
    const complaint = `${path}: ${link}`;
    if (target.startsWith('..') || !existsSync(join(root, target))) return [complaint];
    if (anchor === undefined) return [];
    const isThere = target.endsWith('.md') && anchorsOf(readFileSync(join(root, target), 'utf8')).has(anchor);
    return isThere ? [] : [complaint];
  });
}
