import * as typebox from '@sinclair/typebox';
import * as react from 'react';
import * as jsxRuntime from 'react/jsx-runtime';
import * as reactEmailOfficial from 'react-email';
import { Tailwind } from './tailwind.ts';

/** Sources need no change to be fast: they get our Tailwind by the same name. */
const reactEmail = Object.freeze({ ...reactEmailOfficial, Tailwind });

// The one copy of each library that every template of a sandbox shares. react-email 6 holds what used to be the
// separate @react-email packages.
const MODULES: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['react', react],
  ['react/jsx-runtime', jsxRuntime],
  ['react-email', reactEmail],
  ['@react-email/components', reactEmail],
  ['@react-email/render', reactEmail],
  ['@sinclair/typebox', typebox],
  ['typebox', typebox],
]);

/** What a template's `require` answers; the import guard lets nothing else be compiled in. */
export function requireModule(specifier: string): unknown {
  const found = MODULES.get(specifier);
  if (found === undefined) throw new Error(`"${specifier}" cannot be imported by a template`);
  return found;
}
