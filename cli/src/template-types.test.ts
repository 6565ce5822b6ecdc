import { describe, expect, test } from 'bun:test';
import { Type } from '@sinclair/typebox';
import ts from 'typescript59';
import { findPropTypes } from './prop-types.ts';
import { toTemplateTypes, type TypedTemplate } from './template-types.ts';

/** As much of the language's own declarations as props need: reading all of them is most of a compiler's work. */
const LANGUAGE = `
interface Array<T> { length: number; [index: number]: T }
interface Boolean {} interface CallableFunction {} interface Function {} interface IArguments {}
interface NewableFunction {} interface Number {} interface Object {} interface RegExp {} interface String {}
interface ReadonlyArray<T> { readonly length: number; readonly [index: number]: T }
type Exclude<T, U> = T extends U ? never : T;
type Omit<T, K extends string | number | symbol> = Pick<T, Exclude<keyof T, K>>;
type Partial<T> = { [P in keyof T]?: T[P] };
type Pick<T, K extends keyof T> = { [P in K]: T[P] };
type Readonly<T> = { readonly [P in keyof T]: T[P] };
type Record<K extends string | number | symbol, T> = { [P in K]: T };`;

type Typed = Omit<TypedTemplate, 'name'>;

/** The errors that a compiler finds in code beside the declaration, by line of the code. */
function errorsOf(typed: Typed, code: string): number[] {
  const files: Record<string, string> = {
    '/language.d.ts': LANGUAGE,
    '/templates.d.ts': toTemplateTypes([{ name: 'it', ...typed }]),
    '/sdk.d.ts': "declare module '@org/mail-sdk' { interface Templates {} }",
    '/code.ts': `import type { Templates } from '@org/mail-sdk';\nexport type It = Templates['it'];\n${code}`,
  };
  const options: ts.CompilerOptions = { strict: true, noEmit: true, types: [], noLib: true };
  const host = ts.createCompilerHost(options);
  host.getSourceFile = (name) => {
    const text = files[name];
    return text === undefined ? undefined : ts.createSourceFile(name, text, ts.ScriptTarget.ES2022);
  };
  host.fileExists = (name) => name in files;
  host.readFile = (name) => files[name];
  const program = ts.createProgram(Object.keys(files), options, host);
  return ts.getPreEmitDiagnostics(program).map(({ file, start }) => {
    // An error in the declaration itself is line -1.
    if (!file || file.fileName !== '/code.ts') return -1;
    return file.getLineAndCharacterOfPosition(start ?? 0).line - 1;
  });
}

const fits = (typed: Typed, props: unknown) =>
  errorsOf(typed, `export const it: It = ${JSON.stringify(props)};`).length === 0;
const accepts = (schema: Typed['schema'], props: unknown) => fits({ schema }, props);

describe('a declaration of templates', () => {
  const receipt = Type.Object(
    {
      order: Type.Integer(),
      lines: Type.Array(Type.Object({ name: Type.String(), note: Type.Optional(Type.String()) })),
      state: Type.Union([Type.Literal('paid'), Type.Literal('open'), Type.Null()]),
      'odd key': Type.Optional(Type.Record(Type.String(), Type.Number())),
      pair: Type.Optional(Type.Tuple([Type.String(), Type.Number()])),
    },
    { additionalProperties: false },
  );
  const good = {
    order: 1,
    lines: [{ name: 'a' }, { name: 'b', note: 'c' }],
    state: 'paid',
    'odd key': { a: 1 },
  };

  test('accepts props that fit', () => {
    expect(accepts(receipt, good)).toBe(true);
    expect(accepts(receipt, { ...good, state: null, pair: ['a', 1] })).toBe(true);
  });

  test.each([
    ['a wrong type', { ...good, order: '1' }],
    ['a prop too few', { order: 1, lines: [] }],
    ['a prop too many', { ...good, ordr: 1 }],
    ['a wrong constant', { ...good, state: 'payed' }],
    ['a wrong item', { ...good, lines: [{ nme: 'a' }] }],
    ['a wrong value of a map', { ...good, 'odd key': { a: 'b' } }],
    ['a wrong tuple', { ...good, pair: [1, 'a'] }],
  ])('refuses %s', (_, props) => {
    expect(accepts(receipt, props)).toBe(false);
  });

  test('follows references, and leaves those open that have no end', () => {
    const node = { type: 'object', properties: { name: { type: 'string' }, next: { $ref: '#/$defs/node' } } };
    const schema = { $defs: { node }, type: 'object', properties: { first: { $ref: '#/$defs/node' } } };
    expect(accepts(schema, { first: { name: 'a', next: { name: 'b' } } })).toBe(true);
    expect(accepts(schema, { first: { name: 1 } })).toBe(false);
    expect(accepts({ $ref: '#' }, { any: 1 })).toBe(true);
    expect(accepts({ $ref: 'https://example.com/x' }, { any: 1 })).toBe(true);
  });

  test('joins parts, and takes lists of types', () => {
    const part = (name: string) => ({
      type: 'object',
      properties: { [name]: { type: 'string' } },
      required: [name],
    });
    const schema = { allOf: [part('a'), part('b')], properties: { c: { type: ['number', 'null'] } } };
    expect(accepts(schema, { a: 'x', b: 'y', c: null })).toBe(true);
    expect(accepts(schema, { a: 'x' })).toBe(false);
    expect(accepts(schema, { a: 'x', b: 'y', c: 'z' })).toBe(false);
    const list = { type: 'object', properties: { all: { type: 'array', items: { enum: ['a', 1, true] } } } };
    expect(accepts(list, { all: ['a', 1, true] })).toBe(true);
    expect(accepts(list, { all: ['b'] })).toBe(false);
  });

  test('accepts any props without a schema', () => {
    expect(accepts(null, { whatever: [1] })).toBe(true);
  });

  test('is valid whatever a schema holds', () => {
    const evil = '*/ } }\nexport const stolen = 1; /*\u2028`${x}"';
    const schema = {
      description: evil,
      type: 'object',
      properties: {
        [evil]: { type: 'string', description: evil },
        __proto__x: { const: evil },
        deep: { enum: [evil], type: evil, items: evil, required: evil },
      },
      required: [evil, 7],
    };
    expect(errorsOf({ schema }, '')).toEqual([]);
    expect(
      errorsOf(
        { schema: { type: 'object', properties: { a: schema, b: { anyOf: [] }, c: true, d: false } } },
        '',
      ),
    ).toEqual([]);
  });

  test('is the same in any order', () => {
    const [a, b] = [
      { name: 'a', schema: receipt },
      { name: 'b', schema: null },
    ];
    expect(toTemplateTypes([a, b])).toBe(toTemplateTypes([b, a]));
  });
});

describe('a declaration from what a source says of its props', () => {
  const typed = (source: string, given: string[] = []): Typed => ({
    schema: null,
    props: findPropTypes('index.tsx', source),
    given,
  });
  const IMPORTS = `import React, { type FC } from 'react';\nimport type { Foreign } from './foreign.ts';\n`;

  test.each([
    'export default function It({ name, age }: { name: string; age?: number }) { return <p>{name}{age}</p>; }',
    'export default async ({ name }: { name: string; age?: number } = { name: "x" }) => <p>{name}</p>;',
    'type P = { name: string; age?: number };\nconst It = (props: P) => <p>{props.name}</p>;\nexport default It;',
    'export interface Props { name: Name; age?: number }\nexport type Name = string;\nfunction It(props: Props) { return null; }\nexport { It as default };',
    'declare type Props = { name: string } & Partial<Age>;\ninterface Age { age: number }\nconst It: FC<Props> = (props) => null;\nexport default It;',
    'const It: React.FunctionComponent<{ name: string; age?: number }> = () => null; export default It;',
    'interface P { name: string }\ninterface P { age?: number }\nexport default function (props: Readonly<P>) { return null; }',
    'type With<T> = T & { [K in "name"]: string };\nexport default (props: With<{ age?: number }>) => null;',
    'type Props = { /* é😀 */ name: string; age?: number };\nexport default (props: Props) => <p>é😀</p>;',
  ])('knows those of %j', (source) => {
    const it = typed(`\uFEFF${IMPORTS}${source}`);
    expect(fits(it, { name: 'Ada', age: 36 })).toBe(true);
    expect(fits(it, { name: 'Ada' })).toBe(true);
    expect([fits(it, { name: 1 }), fits(it, {}), fits(it, { name: 'Ada', aeg: 36 })]).not.toContain(true);
  });

  test.each([
    'export default function It() { return null; }',
    'export default function It(props) { return null; }',
    'export default function It(props: Foreign) { return null; }',
    'type Props = { one: Foreign };\nexport default function It(props: Props) { return null; }',
    'type Props = { children: React.ReactNode };\nexport default function It(props: Props) { return null; }',
    'const EXAMPLE = { a: 1 };\nexport default function It(props: typeof EXAMPLE) { return null; }',
    'const key = "a";\nexport default function It(props: { [key]: string }) { return null; }',
    'enum Kind { a }\nexport default function It(props: { kind: Kind }) { return null; }',
    'interface Props extends Foreign { a: 1 }\nexport default function It(props: Props) { return null; }',
    'export default function It(props: import("./foreign.ts").Foreign) { return null; }',
    'export default function It<T>(props: { it: T }) { return null; }',
    'export default function It(props: { at: Date }) { return null; }',
    'type FC<T> = (one: T) => null;\nexport default class {}',
    'const It = It2; const It2 = It; export default It;',
    'const It: Foreign<{ name: string }> = () => null; export default It;',
    'export { It as default } from "./it.tsx";',
    'export default function It(props: { ',
  ])('leaves those of %j open', (source) => {
    const it = typed(IMPORTS + source);
    expect(it.props).toBeNull();
    expect(fits(it, { whatever: [1] })).toBe(true);
  });

  test('keeps types of one name apart, from those of other templates and of the SDK', () => {
    const toSource = (type: string) =>
      `type Templates = ${type}; interface Props { it: Templates }\nexport default (props: Props) => null;`;
    const others: Record<string, string> = { 'an-other': 'string', an_other: 'boolean', it: 'number' };
    const all = Object.entries(others).map(([name, type]) => Object.assign(typed(toSource(type)), { name }));
    const namespaces = [...toTemplateTypes(all).matchAll(/namespace (\S+)/g)].map(([, name]) => name);
    expect(new Set(namespaces).size).toBe(3);
    expect(fits(typed(toSource('number')), { it: 1 })).toBe(true);
    expect(fits(typed(toSource('number')), { it: '1' })).toBe(false);
  });

  test('asks nobody for what the service gives', () => {
    const source = `type Own = { kind: 'a'; a: string } | { kind: 'b'; b: string };
      export default (props: Own & { locale: string; t: (key: string) => string }) => null;`;
    const localised = typed(source, ['locale', 't']);
    expect(fits(localised, { kind: 'a', a: 'x' })).toBe(true);
    expect(fits(localised, { kind: 'b', b: 'x', locale: 'de' })).toBe(true);
    expect(fits(localised, { kind: 'b', a: 'x' })).toBe(false);
    expect(fits(typed(source, ['locale']), { kind: 'a', a: 'x' })).toBe(false);
  });

  test('is not asked for where there is a schema', () => {
    const props = findPropTypes('index.tsx', 'export default (props: { a: string }) => null;');
    expect(fits({ schema: Type.Object({ b: Type.String() }), props }, { b: 'x' })).toBe(true);
    expect(toTemplateTypes([{ name: 'it', schema: {}, props }])).not.toContain('namespace');
  });
});
