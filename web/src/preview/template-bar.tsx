import type { ComponentChildren } from 'preact';
import type { Rendered, TemplateFacts } from './contract.ts';
import { setView, view } from './view-state.ts';

type TemplateBarProps = {
  name: string;
  facts: TemplateFacts | null;
  mail: Rendered | null;
  children: ComponentChildren;
};

/** The template's name and subject, and what it is rendered with. */
export function TemplateBar({ name, facts, mail, children }: TemplateBarProps) {
  const { fixture, locale, propsText } = view.value;
  return (
    <header class="template-bar">
      <div class="template-title">
        <h1>{name}</h1>
        <p class="soft">{mail?.subject ?? ''}</p>
      </div>
      {facts && facts.locales.length > 0 ? (
        <Choice
          label="Locale"
          value={locale ?? ''}
          options={[['', 'Default locale'], ...facts.locales.map((tag): [string, string] => [tag, tag])]}
          onChange={(value) => setView({ locale: value === '' ? null : value })}
        />
      ) : null}
      {facts ? (
        <Choice
          label="Props"
          value={propsText === null ? (fixture ?? '') : EDITED}
          options={[
            ['', 'PreviewProps'],
            ...facts.fixtures.map((one): [string, string] => [one.name, one.name]),
            ...(propsText === null ? [] : [[EDITED, 'Edited here'] as [string, string]]),
          ]}
          onChange={(value) => setView({ fixture: value === '' ? null : value, propsText: null })}
        />
      ) : null}
      {children}
    </header>
  );
}

/** No file can have this name. */
const EDITED = '/';

type ChoiceProps = {
  label: string;
  value: string;
  options: readonly [string, string][];
  onChange: (value: string) => void;
};

function Choice({ label, value, options, onChange }: ChoiceProps) {
  return (
    <select
      class="select"
      aria-label={label}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    >
      {options.map(([id, text]) => (
        <option key={id} value={id}>
          {text}
        </option>
      ))}
    </select>
  );
}
