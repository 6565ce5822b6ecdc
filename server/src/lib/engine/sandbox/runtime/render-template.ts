import { createElement, type ElementType } from 'react';
import { render, toPlainText } from 'react-email';
import type { LocaleRequest } from '../render-request.ts';
import { createTranslation } from './translate.ts';

/** `messages` is set by what the compiler puts before a template's code. */
export type TemplateModule = { exports: unknown; messages?: unknown };

/** A compiled template: the body of a CommonJS module. */
export type TemplateFactory = (
  require: (specifier: string) => unknown,
  module: TemplateModule,
  exports: unknown,
) => void;

export type RenderTask = {
  factory: TemplateFactory;
  requireModule: (specifier: string) => unknown;
  /** `check` renders with the template's own `PreviewProps` and also reports its schema. */
  mode: 'render' | 'check';
  propsJson: string;
  maxOutputUnits: number;
  locale?: LocaleRequest | undefined;
};

export type RenderOutput = {
  status: 'ok';
  subject: string | null;
  html: string;
  text: string;
  schemaJson: string | null;
  previewPropsJson: string | null;
  /** The exports `from` and `headers`, when checking. */
  mailJson: string | null;
};

export type RenderProblem = { status: 'error' | 'too_large'; message: string };

/**
 * Evaluates the module afresh and renders it. A fresh evaluation each time keeps one render's module state out of
 * the next, so that the thousandth render gives the bytes of the first.
 */
export async function renderTemplate(task: RenderTask): Promise<RenderOutput | RenderProblem> {
  const { exported, messages } = evaluate(task);
  const component = exported['default'];
  if (!isComponent(component)) return problem('The template has no default export that is a component');
  const previewPropsJson =
    task.mode === 'check' ? jsonOf(exported['PreviewProps'] ?? {}, 'PreviewProps') : null;
  const given = parseProps(previewPropsJson ?? task.propsJson);
  if (given === null) return problem('The props of a template must be an object');
  const props = task.locale ? { ...given, ...createTranslation(messages, task.locale) } : given;
  const subject = await subjectOf(exported['subject'], props);
  // render is react-email's own, so that what we send is what its users know
  const html = await render(createElement(component, props));
  if (html.length > task.maxOutputUnits) return tooLarge(html.length);
  const text = toPlainText(html);
  if (html.length + text.length > task.maxOutputUnits) return tooLarge(html.length + text.length);
  const schema = task.mode === 'check' ? exported['schema'] : undefined;
  const schemaJson = schema === undefined || schema === null ? null : jsonOf(schema, 'schema');
  const { from = null, headers = {} } = exported;
  const mailJson = task.mode === 'check' ? jsonOf({ from, headers }, 'headers') : null;
  return { status: 'ok', subject, html, text, schemaJson, previewPropsJson, mailJson };
}

function evaluate({ factory, requireModule }: RenderTask): {
  exported: Record<string, unknown>;
  messages: unknown;
} {
  const module: TemplateModule = { exports: {} };
  factory(requireModule, module, module.exports);
  return { exported: isRecord(module.exports) ? module.exports : {}, messages: module.messages };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Functions, and what `memo` and `forwardRef` make; an element or a plain object is a mistake worth naming. */
function isComponent(value: unknown): value is ElementType<Record<string, unknown>> {
  if (typeof value === 'function') return true;
  if (!isRecord(value) || !('$$typeof' in value)) return false;
  return 'render' in value || 'type' in value ? !('props' in value) : false;
}

function parseProps(json: string): Record<string, unknown> | null {
  const value: unknown = JSON.parse(json);
  return isRecord(value) && !Array.isArray(value) ? value : null;
}

function jsonOf(value: unknown, name: string): string {
  const json: unknown = JSON.stringify(value);
  if (typeof json !== 'string') throw new TypeError(`The export "${name}" cannot be written as JSON`);
  return json;
}

async function subjectOf(subject: unknown, props: Record<string, unknown>): Promise<string | null> {
  if (subject === undefined || subject === null) return null;
  const value: unknown = typeof subject === 'function' ? await subject(props) : subject;
  if (typeof value !== 'string') throw new TypeError('The export "subject" must be a string or give one');
  return value;
}

function problem(message: string): RenderProblem {
  return { status: 'error', message };
}

function tooLarge(length: number): RenderProblem {
  return { status: 'too_large', message: `The rendered mail has ${length} characters` };
}
