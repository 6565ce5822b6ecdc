// The order matters: React must find a hardened realm, pinned clocks and the web globals when it is evaluated.
import './harden.ts';
import './date-formats.ts';
import { parseRenderRequest } from '../render-request.ts';
import { pin } from './pins.ts';
import { timers } from './web-globals.ts';
import { requireModule } from './modules.ts';
import {
  renderTemplate,
  type RenderOutput,
  type RenderProblem,
  type TemplateFactory,
} from './render-template.ts';

// taken now, so that a template that replaces them spoils at most its own values, not the answer's envelope
const { stringify } = JSON;

let answer: string | undefined;

function settle(result: RenderOutput | RenderProblem): void {
  answer = result.status === 'ok' ? encodeOutput(result) : stringify(result);
}

/** One line of JSON, then html and text as they are: escaping them costs more than writing them. */
function encodeOutput({ html, text, ...others }: RenderOutput): string {
  return `${stringify({ ...others, htmlUnits: html.length })}\n${html}${text}`;
}

/** Text about whatever was thrown; the value may be hostile, so nothing about it is believed. */
function describe(thrown: unknown): string {
  try {
    if (typeof thrown !== 'object' || thrown === null) return `Thrown: ${String(thrown)}`.slice(0, 2000);
    const name: unknown = 'name' in thrown ? thrown.name : undefined;
    const message: unknown = 'message' in thrown ? thrown.message : undefined;
    return `${typeof name === 'string' ? name : 'Error'}: ${typeof message === 'string' ? message : ''}`.slice(
      0,
      2000,
    );
  } catch {
    return 'The template threw a value that cannot be described';
  }
}

/** Where it was thrown, as far as a hostile value lets itself be asked; the parent reads it as such. */
function stackOf(thrown: unknown): string | undefined {
  try {
    const stack: unknown =
      typeof thrown === 'object' && thrown !== null && 'stack' in thrown ? thrown.stack : null;
    return typeof stack === 'string' ? stack.slice(0, 4000) : undefined;
  } catch {
    return undefined;
  }
}

function settleThrown(thrown: unknown): void {
  settle({ status: 'error', message: describe(thrown), stack: stackOf(thrown) });
}

async function run(task: Parameters<typeof renderTemplate>[0]): Promise<void> {
  try {
    settle(await renderTemplate(task));
  } catch (error) {
    settleThrown(error);
  }
}

/**
 * What the child's host realm calls. Only primitives and realm values go in, only primitives come out, and nothing
 * throws: a value of this realm must never reach the host's `catch`.
 */
const api = {
  /**
   * Begins in a microtask, so that no frame of the host is on the stack while template code runs. `requestJson` is
   * the worker's, with the pins in it.
   */
  start(factory: TemplateFactory, requestJson: string, propsJson: string): void {
    answer = undefined;
    timers.reset();
    const { mode, now, seed, maxOutputUnits, locale } = parseRenderRequest(requestJson);
    const restart = (): void => {
      timers.reset();
      pin(now, seed);
    };
    queueMicrotask(() => {
      void run({ factory, requireModule, restart, mode, propsJson, maxOutputUnits, locale });
    });
  },

  /** The answer as JSON once there is one. */
  take(): string | undefined {
    return answer;
  },

  /** Runs the next timer; false when nothing is left that could ever give an answer. */
  step(): boolean {
    try {
      return timers.runNext();
    } catch (error) {
      settleThrown(error);
      return true;
    }
  },

  /** Gives up on a render that waits for something that will never happen. */
  stall(): void {
    settle({ status: 'error', message: 'The template waits for a promise that never settles' });
  },

  /** Drops what the render left scheduled. */
  finish(): void {
    answer = undefined;
    timers.reset();
  },
};

export type SandboxRuntime = typeof api;

Object.defineProperty(globalThis, '__runtime', { value: Object.freeze(api), configurable: true });
