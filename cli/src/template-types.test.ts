import { describe, expect, test } from 'bun:test';
import { Type } from '@sinclair/typebox';
import ts from 'typescript59';
import { toTemplateTypes } from './template-types.ts';

/** As much of the language's own declarations as props need: reading all of them is most of a compiler's work. */
const LANGUAGE = `
interface Array<T> { length: number; [index: number]: T }
interface Boolean {} interface CallableFunction {} interface Function {} interface IArguments {}
interface NewableFunction {} interface Number {} interface Object {} interface RegExp {} interface String {}
type Record<K extends string | number | symbol, T> = { [P in K]: T };`;

/** The errors that a compiler finds in code beside the declaration, by line of the code. */
function errorsOf(schema: Record<string, unknown> | null, code: string): number[] {
  const files: Record<string, string> = {
    '/language.d.ts': LANGUAGE,
    '/templates.d.ts': toTemplateTypes([{ name: 'it', schema }]),
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

const accepts = (schema: Record<string, unknown> | null, props: unknown) =>
  errorsOf(schema, `export const it: It = ${JSON.stringify(props)};`).length === 0;

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
    expect(errorsOf(schema, '')).toEqual([]);
    expect(
      errorsOf({ type: 'object', properties: { a: schema, b: { anyOf: [] }, c: true, d: false } }, ''),
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
