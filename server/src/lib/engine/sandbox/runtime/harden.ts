/**
 * Runs first inside the sandbox's realm, before React or any template: takes away what would let template code
 * reach another realm, run code made from strings, share memory, or observe time and garbage collection.
 */

const REMOVED_GLOBALS = [
  // exposes the host's realm
  'ShadowRealm',
  // compiles code, allocates outside of the watched heap's pace, gives high-resolution clocks
  'WebAssembly',
  'SharedArrayBuffer',
  'Atomics',
  // callbacks that run after a render has ended, at a time that no seed pins
  'FinalizationRegistry',
  'WeakRef',
  // its clock cannot be pinned without wrapping every class
  'Temporal',
  // the host's inspector console writes to the pipe that answers travel on
  'console',
  'gc',
  'Loader',
];

const ERROR_CLASSES = [
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
  AggregateError,
];

function fix(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: false, configurable: false, enumerable: false });
}

for (const name of REMOVED_GLOBALS) {
  Reflect.deleteProperty(globalThis, name);
  if (name in globalThis) fix(globalThis, name, undefined);
}

// A hook on prepareStackTrace would be handed call-site objects, and those come from the host's realm in Bun.
for (const errorClass of ERROR_CLASSES) fix(errorClass, 'prepareStackTrace', undefined);
fix(Error, 'captureStackTrace', function captureStackTrace() {});
fix(Error, 'stackTraceLimit', 10);

// A template that logs while it is being written should not fail in production; its lines go nowhere.
const ignore = (): void => {};
fix(
  globalThis,
  'console',
  Object.freeze({ debug: ignore, error: ignore, info: ignore, log: ignore, trace: ignore, warn: ignore }),
);
