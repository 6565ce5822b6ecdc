/** Comments and styles in one piece; tags with their quoted values, in which `>` may be; text. */
const PIECE = /<!--[\s\S]*?-->|<style\b[\s\S]*?<\/style>|<(?:"[^"]*"|'[^']*'|[^>"'])*>|[^<]+|</gi;
const TAG = /^<(\/?)([a-z][a-z0-9-]*)/i;
const INLINE = new Set('a abbr b big br code em font i s small span strong strike sub sup u wbr'.split(' '));
const VOID = new Set('area base br col hr img input link meta source track wbr'.split(' '));

/**
 * A mail's HTML in lines for reading. What is sent is one long line, and stays so: only spaces around blocks are added, in
 * what is shown.
 */
export function formatHtml(html: string): string {
  const lines: string[] = [];
  let depth = 0;
  let line = '';
  const end = (): void => {
    if (line.trim() !== '') lines.push('  '.repeat(Math.max(depth, 0)) + line.trim());
    line = '';
  };
  for (const [piece] of html.matchAll(PIECE)) {
    const [, close, name] = TAG.exec(piece) ?? [];
    if (name === undefined || INLINE.has(name.toLowerCase())) {
      // Conditional comments belong on lines of their own; text and what stands in it does not.
      if (piece.startsWith('<!')) end();
      line += piece.replace(/\s+/g, ' ');
      continue;
    }
    end();
    if (close) depth -= 1;
    line = piece;
    const isClosed = VOID.has(name.toLowerCase()) || piece.endsWith('/>') || /<\/style>$/i.test(piece);
    end();
    if (!close && !isClosed) depth += 1;
  }
  end();
  return joinShort(lines).join('\n');
}

const SHORT = 90;

/** `<td>`, a few words and `</td>` read better on one line than on three. */
function joinShort(lines: readonly string[]): string[] {
  const joined: string[] = [];
  for (const line of lines) {
    const [text = '', open = ''] = [joined.at(-1), joined.at(-2)];
    const name = /^\s*<\/([a-z0-9-]+)>$/i.exec(line)?.[1];
    const isPair =
      name !== undefined && new RegExp(`^\\s*<${name}\\b`, 'i').test(open) && !/^\s*<\//.test(text);
    const whole = open + text.trim() + line.trim();
    if (isPair && whole.trim().length <= SHORT) joined.splice(-2, 2, whole);
    else joined.push(line);
  }
  return joined;
}
