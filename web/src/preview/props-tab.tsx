import { useEffect, useRef, useState } from 'preact/hooks';
import { features } from '../shared/features.ts';
import { Icon } from '../shared/icon.tsx';
import type { Rendered, RenderAnswer } from './contract.ts';
import type { PropError, PropsEditor } from './props-editor.ts';
import { RenderError } from './render-error.tsx';
import { Stage } from './stage.tsx';
import { setView, view } from './view-state.ts';

/** The props in an editor, and the mail that they make beside it. */
export function PropsTab({ answer, good }: { answer: RenderAnswer; good: Rendered | null }) {
  const error = answer.ok ? null : answer;
  return (
    <div class="props-tab">
      <div class="props-side">
        <div class="text-tab-bar">
          <span class="soft">
            {answer.schema === null ? 'No schema: anything goes' : 'Checked by the schema'}
          </span>
          <button
            type="button"
            class="button quiet"
            disabled={view.value.propsText === null}
            onClick={() => setView({ propsText: null })}
          >
            <Icon name="reset" />
            Reset
          </button>
        </div>
        <Editor answer={answer} />
      </div>
      <div class="props-picture">
        {error && error.code !== 'invalid_props' ? <RenderError error={error} /> : null}
        {good ? <Stage mail={good} isStale={error !== null} /> : null}
      </div>
    </div>
  );
}

/** The editor keeps what is typed; what comes from outside (a reset, another fixture) replaces it. */
function Editor({ answer }: { answer: RenderAnswer }) {
  const holder = useRef<HTMLDivElement>(null);
  const [editor, setEditor] = useState<PropsEditor | null>(null);
  const [lines, setLines] = useState<readonly number[]>([]);
  const text = view.value.propsText ?? toText(answer.props);
  const wanted = useRef(text);
  wanted.current = text;
  const errors = findErrors(text, answer);
  useEffect(() => {
    let opened: PropsEditor | null = null;
    let isGone = false;
    const open = async (): Promise<void> => {
      const { openPropsEditor } = await import('./props-editor.ts');
      if (isGone || !holder.current) return;
      opened = openPropsEditor({
        parent: holder.current,
        text: wanted.current,
        styleNonce: features.styleNonce,
        onChange: (next) => setView({ propsText: next }),
      });
      setEditor(opened);
    };
    void open();
    return () => {
      isGone = true;
      opened?.close();
    };
  }, []);
  useEffect(() => editor?.show(text), [editor, text]);
  useEffect(() => {
    if (editor) setLines(editor.update(answer.hints, errors));
  }, [editor, answer, text]);
  return (
    <>
      <div class="props-editor" ref={holder} />
      <PropErrors errors={errors} lines={lines} onChoose={(line) => editor?.goTo(line)} />
    </>
  );
}

type PropErrorsProps = {
  errors: readonly PropError[];
  lines: readonly number[];
  onChoose: (line: number) => void;
};

function PropErrors({ errors, lines, onChoose }: PropErrorsProps) {
  return (
    <ul class="prop-errors" aria-label="Errors in the props" aria-live="polite">
      {errors.map(({ path, message }, index) => (
        <li key={path + message}>
          <button type="button" class="prop-error" onClick={() => onChoose(lineOf(message, lines[index]))}>
            <span class="mono">{lineOf(message, lines[index])}</span>
            {path === '' ? null : <code class="mono">{path}</code>}
            {message}
          </button>
        </li>
      ))}
    </ul>
  );
}

/** Browsers say in words where a text stops being JSON. */
function lineOf(message: string, found: number | undefined): number {
  return Number(/\bline (\d+)/.exec(message)?.[1] ?? found ?? 1);
}

/** What is no JSON comes first; then what the service itself would refuse. */
function findErrors(text: string, answer: RenderAnswer): readonly PropError[] {
  try {
    JSON.parse(text);
  } catch (error) {
    return [{ path: '', message: error instanceof Error ? error.message : String(error) }];
  }
  return answer.ok ? [] : answer.propErrors;
}

function toText(props: Record<string, unknown> | null): string {
  return JSON.stringify(props ?? {}, null, 2);
}
