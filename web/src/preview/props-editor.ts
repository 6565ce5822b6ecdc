import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from '@codemirror/autocomplete';
import { history, historyKeymap, standardKeymap } from '@codemirror/commands';
import { json } from '@codemirror/lang-json';
import { ensureSyntaxTree, HighlightStyle, indentOnInput, syntaxHighlighting } from '@codemirror/language';
import { EditorState, StateEffect, StateField } from '@codemirror/state';
import { Decoration, type DecorationSet, EditorView, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import type { NotRendered } from './contract.ts';
import { findRange } from './json-path.ts';
import { completeFrom } from './schema-completion.ts';

export type PropError = NotRendered['propErrors'][number];

export type PropsEditor = {
  /** Shows another text, unless it is what is there already. */
  show(text: string): void;
  /** Takes the schema that is offered from and marks what is wrong. Returns the line of each error, from 1. */
  update(hints: Record<string, unknown> | null, errors: readonly PropError[]): readonly number[];
  /** Puts the cursor at the beginning of a line. */
  goTo(line: number): void;
  close(): void;
};

type EditorOptions = {
  parent: HTMLElement;
  text: string;
  styleNonce: string;
  onChange: (text: string) => void;
};

const COLOURS = HighlightStyle.define([
  { tag: tags.propertyName, color: 'var(--code-tag)' },
  { tag: tags.string, color: 'var(--code-text)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--code-name)' },
  { tag: tags.separator, color: 'var(--code-quiet)' },
]);

const LOOK = EditorView.theme({
  '&': { height: '100%', fontSize: '12px', backgroundColor: 'var(--surface)', color: 'var(--text)' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '19px' },
  '.cm-gutters': { backgroundColor: 'var(--surface)', color: 'var(--text-faint)', border: 'none' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '.cm-content ::selection': { backgroundColor: 'var(--accent-soft)' },
  '.cm-wrong': { textDecoration: 'underline wavy var(--danger)', textUnderlineOffset: '3px' },
  '.cm-tooltip': {
    backgroundColor: 'var(--raised)',
    border: '1px solid var(--line-strong)',
    borderRadius: '6px',
    color: 'var(--text)',
  },
  '.cm-tooltip-autocomplete > ul > li[aria-selected]': {
    backgroundColor: 'var(--accent)',
    color: 'var(--accent-text)',
  },
  '.cm-completionDetail': { color: 'var(--text-soft)', fontStyle: 'normal' },
  '.cm-tooltip-autocomplete > ul > li[aria-selected] .cm-completionDetail': { color: 'inherit' },
});

const setMarks = StateEffect.define<readonly { from: number; to: number }[]>();

const WRONG = Decoration.mark({ class: 'cm-wrong' });

/** What is wrong is underlined; the words for it stand below the editor, where everybody can read them. */
const marks = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(current, transaction) {
    for (const effect of transaction.effects) {
      if (!effect.is(setMarks)) continue;
      return Decoration.set(
        effect.value.map(({ from, to }) => WRONG.range(from, to)),
        true,
      );
    }
    return current.map(transaction.changes);
  },
  provide: (field) => EditorView.decorations.from(field),
});

/** Opens an editor of JSON. It is a part of its own, which is loaded when somebody wants to edit. */
export function openPropsEditor({ parent, text, styleNonce, onChange }: EditorOptions): PropsEditor {
  let schema: Record<string, unknown> | null = null;
  let isShowing = false;
  const editor = new EditorView({
    parent,
    state: EditorState.create({
      doc: text,
      extensions: [
        EditorView.cspNonce.of(styleNonce),
        lineNumbers(),
        history(),
        indentOnInput(),
        closeBrackets(),
        json(),
        autocompletion({ icons: false, override: [(context) => completeFrom(context, schema)] }),
        syntaxHighlighting(COLOURS),
        // Tab leaves the editor, as it must for those without a mouse.
        keymap.of([...closeBracketsKeymap, ...standardKeymap, ...historyKeymap, ...completionKeymap]),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ 'aria-label': 'Props as JSON' }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged && !isShowing) onChange(update.state.doc.toString());
        }),
        marks,
        LOOK,
      ],
    }),
  });
  return {
    show(next) {
      if (next === editor.state.doc.toString()) return;
      isShowing = true;
      editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: next } });
      isShowing = false;
    },
    update(hints, errors) {
      schema = hints;
      const { doc } = editor.state;
      const tree = ensureSyntaxTree(editor.state, doc.length);
      const ranges = errors.map(({ path }) => (tree ? findRange(doc, tree, path) : { from: 0, to: 0 }));
      editor.dispatch({ effects: setMarks.of(ranges.filter(({ from, to }) => to > from)) });
      return ranges.map(({ from }) => doc.lineAt(from).number);
    },
    goTo(line) {
      const { doc } = editor.state;
      const { from } = doc.line(Math.min(line, doc.lines));
      editor.dispatch({ selection: { anchor: from }, scrollIntoView: true });
      editor.focus();
    },
    close: () => editor.destroy(),
  };
}
