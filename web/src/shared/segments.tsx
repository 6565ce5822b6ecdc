import type { ComponentChildren } from 'preact';
import { moveFocus } from './keyboard.ts';

type Segment<Value extends string> = { value: Value; label: string; content: ComponentChildren };

type SegmentsProps<Value extends string> = {
  label: string;
  segments: readonly Segment<Value>[];
  value: string;
  onChange: (value: Value) => void;
};

/** A choice of one among few, side by side. */
export function Segments<Value extends string>({ label, segments, value, onChange }: SegmentsProps<Value>) {
  const hasChoice = segments.some((segment) => segment.value === value);
  const move = (event: KeyboardEvent): void => {
    const chosen = moveFocus(event, '[role=radio]')?.dataset['value'];
    const segment = segments.find((candidate) => candidate.value === chosen);
    if (segment) onChange(segment.value);
  };
  return (
    <div class="segments" role="radiogroup" aria-label={label} onKeyDown={move}>
      {segments.map((segment, index) => (
        <button
          key={segment.value}
          type="button"
          role="radio"
          class="segment"
          data-value={segment.value}
          aria-checked={segment.value === value}
          aria-label={segment.label}
          title={segment.label}
          tabIndex={segment.value === value || (!hasChoice && index === 0) ? 0 : -1}
          onClick={() => onChange(segment.value)}
        >
          {segment.content}
        </button>
      ))}
    </div>
  );
}
