import * as react from 'react';
import { noteUnsure, unsure } from './unsure.ts';

type Dispatcher = Record<string, (...args: never[]) => unknown>;
type Internals = { H: unknown };

const CONTEXT_TYPE = Symbol.for('react.context');

/** Where React looks for the hooks of whoever renders; null in a React that keeps them elsewhere. */
const internals: Internals | null = findInternals(
  Reflect.get(react, '__CLIENT_INTERNALS_DO_NOT_USE_OR_WARN_USERS_THEY_CANNOT_UPGRADE'),
);

function findInternals(value: unknown): Internals | null {
  return typeof value === 'object' && value !== null && 'H' in value ? value : null;
}

/** A context of React's, with the value that its static renderer keeps in it. */
export type Context = { $$typeof: symbol; _currentValue2: unknown };

/** Whether it is a context, which also is its own provider. */
export function isContext(value: unknown): value is Context {
  if (typeof value !== 'object' || value === null || !('$$typeof' in value)) return false;
  return value.$$typeof === CONTEXT_TYPE && '_currentValue2' in value;
}

function valueOf(context: unknown): unknown {
  return isContext(context) ? context._currentValue2 : unsure();
}

const ignore = (): void => {};

/** As React's server renderer answers them on a first and only render. */
const HOOKS: Dispatcher = {
  readContext: valueOf,
  useContext: valueOf,
  use: valueOf,
  useMemo: (create: () => unknown) => create(),
  useCallback: (callback: unknown) => callback,
  useRef: (initial: unknown) => ({ current: initial }),
  useState: (initial: unknown) => [typeof initial === 'function' ? initial() : initial, noteUnsure],
  useReducer: (_reducer: unknown, initial: unknown, init?: (initial: unknown) => unknown) => [
    init === undefined ? initial : init(initial),
    noteUnsure,
  ],
  useEffect: ignore,
  useLayoutEffect: ignore,
  useInsertionEffect: ignore,
  useImperativeHandle: ignore,
  useDebugValue: ignore,
};

// ids count places in the tree, and the rest is for mails as unusual as they are: React's own business
const dispatcher = new Proxy(HOOKS, {
  get: (hooks, name) => (typeof name === 'string' && Object.hasOwn(hooks, name) ? hooks[name] : unsure),
});

/** Runs what calls components while their hooks are ours; null when React has no place for them. */
export function withServerHooks<Result>(render: () => Result): Result | null {
  if (internals === null) return null;
  const before = internals.H;
  internals.H = dispatcher;
  try {
    return render();
  } finally {
    internals.H = before;
  }
}
