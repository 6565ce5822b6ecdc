import css from '@speed-highlight/core/languages/css.js';
import html from '@speed-highlight/core/languages/html.js';
import js from '@speed-highlight/core/languages/js.js';
import json from '@speed-highlight/core/languages/json.js';
import ts from '@speed-highlight/core/languages/ts.js';
import xml from '@speed-highlight/core/languages/xml.js';
import { type ShjLanguageData, tokenizeWith } from '@speed-highlight/core/tokenize';

type Languages = Readonly<Record<string, ShjLanguageData>>;
// Its types write `sub: undefined` where its types of parameters want none; what is used is the same.
const LANGUAGES = { css, html, js, json, ts, xml } as Languages;

export type Language = 'html' | 'json' | 'ts' | 'plain';

/** Some text, and what it is: a class of the style sheet, or null. */
export type Piece = { text: string; kind: string | null };

/** What is longer is shown without colours rather than late. */
const MAX_LENGTH = 400_000;

/** A text in lines, each in pieces by what they are. */
export function toLines(text: string, language: Language): Piece[][] {
  const lines: Piece[][] = [[]];
  const add = (part: string, kind: string | null): void => {
    for (const [index, piece] of part.split('\n').entries()) {
      if (index > 0) lines.push([]);
      if (piece !== '') lines.at(-1)?.push({ text: piece, kind });
    }
  };
  if (language === 'plain' || text.length > MAX_LENGTH) add(text, null);
  else
    tokenizeWith(text, language, (part, kind) => add(part, kind ?? null), {
      languages: LANGUAGES,
    });
  return lines;
}
