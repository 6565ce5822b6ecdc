import vm from 'node:vm';
import type { SandboxRuntime } from './runtime/entry.ts';
import { TEMPLATE_FILENAME, toTemplateScript } from './template-script.ts';

/**
 * The only place where the host's realm touches the sandbox's. Values of that realm are called with primitives and
 * asked for primitives; what it throws is never looked at, because reading a property of it would run its code.
 */
export type Realm = {
  /** Compiles a template's CommonJS body without running it. */
  addCode(hash: string, code: string): void;
  hasCode(hash: string): boolean;
  /** Begins a render; false when the code could not even be evaluated to a function. */
  start(task: RealmTask): boolean;
  /** The answer's JSON once there is one. */
  take(): string | null;
  /** Runs one timer; false when nothing is scheduled any more. */
  step(): boolean;
  /** Makes the render end with an error, for a promise that never settles. */
  stall(): void;
  /** Forgets what the render left behind. */
  finish(): void;
};

export type RealmTask = { codeHash: string; requestJson: string; propsJson: string };

/**
 * The function around a template's code is made once: the engine compiles a function to machine code only when it has
 * been called often. Each render calls it anew, so that each has modules of its own.
 */
type Template = { script: vm.Script; factory: unknown };

/** Beyond this a sandbox forgets the template that it was given first; the worker sends it again when needed. */
const MAX_TEMPLATES = 128;

function refuseImport(): never {
  // a primitive: an Error object would carry the host's Function constructor into the realm
  // oxlint-disable-next-line no-throw-literal
  throw 'import() is not available in a template';
}

function compileScript(body: string): vm.Script {
  try {
    return new vm.Script(body, { filename: TEMPLATE_FILENAME, importModuleDynamically: refuseImport });
  } catch {
    // not a function when it is started, which is reported as a module that is none
    return new vm.Script('null');
  }
}

/** Creates the realm and evaluates the runtime in it. Throws when the runtime does not evaluate. */
export function createRealm(runtimeCode: string): Realm {
  const context = vm.createContext(vm.constants.DONT_CONTEXTIFY, {
    codeGeneration: { strings: false, wasm: false },
  });
  const evaluate = (code: string, filename: string): unknown =>
    new vm.Script(code, { filename, importModuleDynamically: refuseImport }).runInContext(context);
  evaluate(runtimeCode, 'runtime.js');
  const runtime: unknown = evaluate('globalThis.__runtime', 'take-runtime.js');
  evaluate('delete globalThis.__runtime', 'hide-runtime.js');
  if (!isRuntime(runtime)) throw new Error('The sandbox runtime did not evaluate');
  const templates = new Map<string, Template>();

  return {
    hasCode: (hash) => templates.has(hash),
    addCode(hash, code) {
      const oldest = templates.keys().next();
      if (templates.size >= MAX_TEMPLATES && oldest.done !== true) templates.delete(oldest.value);
      templates.set(hash, { script: compileScript(toTemplateScript(code)), factory: undefined });
    },
    start({ codeHash, requestJson, propsJson }) {
      const template = templates.get(codeHash);
      if (template === undefined) return false;
      template.factory ??= template.script.runInContext(context);
      const { factory } = template;
      if (typeof factory !== 'function') return false;
      Reflect.apply(runtime.start, undefined, [factory, requestJson, propsJson]);
      return true;
    },
    take() {
      const answer: unknown = runtime.take();
      return typeof answer === 'string' ? answer : null;
    },
    step: () => runtime.step() === true,
    stall: () => runtime.stall(),
    finish: () => runtime.finish(),
  };
}

// Called only before any template has run, while the realm is still all ours.
function isRuntime(value: unknown): value is SandboxRuntime {
  return typeof value === 'object' && value !== null && 'start' in value && typeof value.start === 'function';
}
