import { useEffect, useMemo, useRef } from 'preact/hooks';
import { type Language, toLines } from './highlight.ts';

type CodeViewProps = {
  label: string;
  text: string;
  language: Language;
  /** A line to bring into view and to mark; counts from 1. */
  line?: number | null;
  isWrapped?: boolean;
  /** What each line is in a comparison, by its index. */
  changes?: readonly string[] | undefined;
};

/** A text with line numbers and colours. */
export function CodeView({ label, text, language, line = null, isWrapped = false, changes }: CodeViewProps) {
  const lines = useMemo(() => toLines(text, language), [text, language]);
  const marked = useRef<HTMLDivElement>(null);
  useEffect(() => marked.current?.scrollIntoView({ block: 'center' }), [line, text]);
  return (
    <div class="code" data-wrapped={isWrapped} role="region" aria-label={label} tabIndex={0}>
      <pre>
        {lines.map((pieces, index) => (
          <div
            key={index}
            class="code-line"
            data-marked={index + 1 === line}
            data-change={changes?.[index]}
            ref={index + 1 === line ? marked : null}
          >
            <span class="code-number" aria-hidden="true">
              {index + 1}
            </span>
            <code>
              {pieces.map((piece, at) =>
                piece.kind === null ? (
                  piece.text
                ) : (
                  <span key={at} class={`code-${piece.kind}`}>
                    {piece.text}
                  </span>
                ),
              )}
              {'\n'}
            </code>
          </div>
        ))}
      </pre>
    </div>
  );
}
