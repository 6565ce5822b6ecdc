import { toLines } from '../shared/highlight.ts';
import type { NotRendered, Place, SourceFile } from './contract.ts';
import { setView } from './view-state.ts';

const TITLES: Readonly<Record<string, string>> = {
  template_build_failed: 'This template does not compile',
  template_error: 'This template threw an error',
  template_timeout: 'This template takes too long',
  template_memory: 'This template uses too much memory',
  template_output_too_large: 'This mail is too large',
  invalid_props: 'These props do not fit',
};

/** Why there is no mail: where in which file, and what to do. It goes when the template is saved and works. */
export function RenderError({ error }: { error: NotRendered }) {
  const { code, message, places, propErrors, facts } = error;
  return (
    <section class="render-error" role="alert">
      <h2>{TITLES[code] ?? 'There is no mail'}</h2>
      {places.length === 0 && propErrors.length === 0 ? <pre class="render-error-text">{message}</pre> : null}
      {places.map((place, index) => (
        <PlaceView key={index} place={place} files={facts?.files ?? []} />
      ))}
      {propErrors.length === 0 ? null : <PropErrors errors={propErrors} />}
      <p class="soft">The page goes on by itself when the file is saved.</p>
    </section>
  );
}

function PropErrors({ errors }: { errors: NotRendered['propErrors'] }) {
  return (
    <>
      <ul class="render-error-props">
        {errors.map(({ path, message }) => (
          <li key={path + message}>
            <code class="mono">{path === '' ? 'props' : path}</code> {message}
          </li>
        ))}
      </ul>
      <div>
        <button type="button" class="button" onClick={() => setView({ tab: 'props' })}>
          Edit the props
        </button>
      </div>
    </>
  );
}

const LINES_AROUND = 4;

function PlaceView({ place, files }: { place: Place; files: readonly SourceFile[] }) {
  const { file, line, column, message, hint, trace = [] } = place;
  const source = files.find(({ path }) => path === file);
  return (
    <div class="place">
      <p class="place-message">{message}</p>
      {file === null ? null : (
        <button
          type="button"
          class="place-where mono"
          disabled={!source}
          onClick={() => setView({ tab: 'source', file, line })}
        >
          {[file, line, line === null ? null : column].filter((part) => part !== null).join(':')}
        </button>
      )}
      {source && line !== null ? <CodeFrame text={source.text} line={line} column={column} /> : null}
      {hint === null ? null : <p class="place-hint">{hint}</p>}
      {trace.length === 0 ? null : <Trace trace={trace} />}
    </div>
  );
}

function Trace({ trace }: { trace: NonNullable<Place['trace']> }) {
  return (
    <ol class="place-trace" aria-label="Called from">
      {trace.map(({ file, line, column }, index) => (
        <li key={index}>
          <span class="soft">from </span>
          <button
            type="button"
            class="place-where mono"
            onClick={() => setView({ tab: 'source', file, line })}
          >{`${file}:${line}:${column}`}</button>
        </li>
      ))}
    </ol>
  );
}

function CodeFrame({ text, line, column }: { text: string; line: number; column: number | null }) {
  const first = Math.max(0, line - 1 - LINES_AROUND);
  const lines = toLines(text, 'ts').slice(first, line + LINES_AROUND);
  return (
    <pre class="code-frame" aria-label="The source there">
      {lines.map((pieces, index) => {
        const number = first + index + 1;
        return (
          <div key={number} class="code-line" data-marked={number === line}>
            <span class="code-number" aria-hidden="true">
              {number}
            </span>
            <code>
              {pieces.map((piece, at) => (
                <span key={at} class={piece.kind === null ? undefined : `code-${piece.kind}`}>
                  {piece.text}
                </span>
              ))}
              {number === line && column !== null ? (
                <span class="code-caret" aria-hidden="true">{`\n${' '.repeat(column - 1)}^`}</span>
              ) : null}
              {'\n'}
            </code>
          </div>
        );
      })}
    </pre>
  );
}
