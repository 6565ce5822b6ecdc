import { createElement, type ElementType } from 'react';
import type { LocaleRequest } from '../render-request.ts';
import { toPlainText } from './plain-text.ts';
import { renderHtml, type RenderPath } from './render-html.ts';
import { beginMail } from './tailwind.ts';
import { takeSetUps } from './tailwind-compilers.ts';
import { createTranslation } from './translate.ts';

/** `messages` is set by what the compiler puts before a template's code. */
export type TemplateModule = { exports: unknown; messages?: unknown };

/** A compiled template: the body of a CommonJS module. */
export type TemplateFactory = {
  (require: (specifier: string) => unknown, module: TemplateModule, exports: unknown): void;
  readonly prototype: object;
};

export type RenderTask = {
  factory: TemplateFactory;
  requireModule: (specifier: string) => unknown;
  /** Pins clock and randomness to the message again, for another attempt. */
  restart: () => void;
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
  /** Which way it took; any but `written` costs several times as much. */
  path: RenderPath;
  schemaJson: string | null;
  previewPropsJson: string | null;
  /** The exports `from` and `headers`, when checking. */
  mailJson: string | null;
};

export type RenderProblem = { status: 'error' | 'too_large'; message: string; stack?: string | undefined };

/** Every Tailwind configuration of a mail costs one attempt; no honest mail has as many. */
const MAX_ATTEMPTS = 50;

/**
 * Renders on the fast path where it can. An attempt during which a Tailwind compiler had to be set up, or that
 * something suspended, is thrown away and made again from the start: its components would have been called twice
 * otherwise, and would have drawn other random numbers than in a sandbox that has rendered before.
 */
export async function renderTemplate(task: RenderTask): Promise<RenderOutput | RenderProblem> {
  // with a boundary of its own a template renders its fallback instead of failing on the static path
  let path: RenderPath = mentionsSuspense(task.factory) ? 'stream' : 'written';
  takeSetUps();
  beginMail();
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await attemptRender(task, path);
    const setUps = takeSetUps();
    if (setUps.length > 0 && attempt < MAX_ATTEMPTS) await Promise.all(setUps);
    else if ('output' in outcome) return outcome.output;
    else if (path === 'stream') throw outcome.thrown;
    else path = path === 'written' ? 'static' : 'stream';
  }
}

const suspense = new WeakMap<TemplateFactory, boolean>();

function mentionsSuspense(factory: TemplateFactory): boolean {
  const known = suspense.get(factory);
  if (known !== undefined) return known;
  // it is the one object of a template that all of its renders share, and code can reach its own function
  Object.freeze(factory);
  Object.freeze(factory.prototype);
  const mentions = String(factory).includes('Suspense');
  suspense.set(factory, mentions);
  return mentions;
}

/** `thrown` by the template or by React, or undefined when our writer has given the mail up. */
type Attempt = { output: RenderOutput | RenderProblem } | { thrown: unknown };

async function attemptRender(task: RenderTask, path: RenderPath): Promise<Attempt> {
  task.restart();
  try {
    const output = await renderOnce(task, path);
    return output === null ? { thrown: undefined } : { output };
  } catch (thrown) {
    return { thrown };
  }
}

/**
 * Evaluates the module afresh and renders it. A fresh evaluation each time keeps one render's module state out of
 * the next, so that the thousandth render gives the bytes of the first.
 */
async function renderOnce(task: RenderTask, path: RenderPath): Promise<RenderOutput | RenderProblem | null> {
  const { exported, messages } = evaluate(task);
  const component = exported['default'];
  if (!isComponent(component)) return problem('The template has no default export that is a component');
  const previewPropsJson =
    task.mode === 'check' ? jsonOf(exported['PreviewProps'] ?? {}, 'PreviewProps') : null;
  const given = parseProps(previewPropsJson ?? task.propsJson);
  if (given === null) return problem('The props of a template must be an object');
  const props = task.locale ? { ...given, ...createTranslation(messages, task.locale) } : given;
  const subject = await subjectOf(exported['subject'], props);
  const rendered = await renderHtml(createElement(component, props), path);
  if (rendered === null) return null;
  // lone surrogates do not survive the pipe, nor the streaming renderer
  const html = rendered.html.toWellFormed();
  if (html.length > task.maxOutputUnits) return tooLarge(html.length);
  const text = rendered.text?.toWellFormed() ?? toPlainText(html);
  if (html.length + text.length > task.maxOutputUnits) return tooLarge(html.length + text.length);
  const schema = task.mode === 'check' ? exported['schema'] : undefined;
  const schemaJson = schema === undefined || schema === null ? null : jsonOf(schema, 'schema');
  const { from = null, headers = {} } = exported;
  const mailJson = task.mode === 'check' ? jsonOf({ from, headers }, 'headers') : null;
  return { status: 'ok', subject, html, text, path, schemaJson, previewPropsJson, mailJson };
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
