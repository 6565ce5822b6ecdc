import { describe, expect, test } from 'bun:test';
import { Type, type TSchema } from '@sinclair/typebox';
import { parseJsonObject } from './json-object.ts';
import { createPropsValidator, type PropsIssue } from './props-schema.ts';

function issuesOf(schema: unknown, props: unknown): PropsIssue[] {
  const validator = createPropsValidator(parseJsonObject(JSON.stringify(schema)) ?? {});
  if (!validator.ok) throw new Error(validator.message);
  return validator.validate(props);
}

function pathsOf(schema: unknown, props: unknown): string[] {
  return issuesOf(schema, props).map(({ path }) => path);
}

function isRefused(schema: unknown): boolean {
  return !createPropsValidator(parseJsonObject(JSON.stringify(schema)) ?? {}).ok;
}

describe('createPropsValidator', () => {
  const order = Type.Object(
    {
      name: Type.String({ minLength: 1 }),
      items: Type.Array(
        Type.Object({ price: Type.Integer({ minimum: 0 }), note: Type.Optional(Type.String()) }),
        {
          minItems: 1,
        },
      ),
      state: Type.Union([Type.Literal('new'), Type.Literal('paid')]),
    },
    { additionalProperties: false },
  );

  test('accepts props that fit', () => {
    expect(issuesOf(order, { name: 'a', items: [{ price: 1 }], state: 'new' })).toEqual([]);
  });

  test('points to every wrong place', () => {
    const props = { name: '', items: [{ price: 1.5 }, { price: 'x' }, {}], state: 'old', 'a/b~c': 1 };
    expect(pathsOf(order, props).toSorted()).toEqual(
      ['/a~1b~0c', '/items/0/price', '/items/1/price', '/items/2/price', '/name', '/state'].toSorted(),
    );
    expect(pathsOf(order, [])).toEqual(['']);
    expect(pathsOf(order, {})).toEqual(['/name', '/items', '/state']);
  });

  test('lists what a union of literals allows', () => {
    const [issue] = issuesOf(order, { name: 'a', items: [{ price: 1 }], state: 1 });
    expect(issue?.message).toContain('"new", "paid"');
  });

  const cases: readonly (readonly [name: string, schema: unknown, good: unknown, bad: unknown])[] = [
    ['string', Type.String(), 'a', 1],
    ['number', Type.Number(), 1.5, '1'],
    ['integer', Type.Integer(), 2, 2.5],
    ['boolean', Type.Boolean(), false, 0],
    ['null', Type.Null(), null, undefined],
    ['several types', { type: ['string', 'null'] }, null, 1],
    ['const', { const: { a: [1], b: 2 } }, { b: 2, a: [1] }, { a: [1] }],
    ['enum', { enum: [1, 'a', null] }, null, 'b'],
    ['minLength in characters', Type.String({ minLength: 2 }), '😀😀', '😀'],
    ['maxLength in characters', Type.String({ maxLength: 2 }), '😀😀', '😀😀😀'],
    ['pattern', Type.String({ pattern: '^[A-Z]{3}$' }), 'EUR', 'EURO'],
    ['pattern anywhere', Type.String({ pattern: '\\d' }), 'a1', 'a'],
    ['date', Type.String({ format: 'date' }), '2024-02-29', '2023-02-29'],
    ['date-time', Type.String({ format: 'date-time' }), '2024-02-29T10:00:00Z', '2024-02-29'],
    ['email', Type.String({ format: 'email' }), 'a@b.c', 'a b@c'],
    ['uri', Type.String({ format: 'uri' }), 'https://a.b/c?d', '/c'],
    ['uuid', Type.String({ format: 'uuid' }), '123e4567-e89b-42d3-a456-426614174000', '123'],
    ['minimum', Type.Number({ minimum: 1 }), 1, 0.9],
    ['maximum', Type.Number({ maximum: 1 }), 1, 1.1],
    ['exclusiveMinimum', Type.Number({ exclusiveMinimum: 1 }), 1.1, 1],
    ['exclusiveMaximum', Type.Number({ exclusiveMaximum: 1 }), 0.9, 1],
    ['multipleOf with fractions', Type.Number({ multipleOf: 0.01 }), 19.99, 19.995],
    ['maxItems', Type.Array(Type.Any(), { maxItems: 1 }), [1], [1, 2]],
    [
      'uniqueItems',
      Type.Array(Type.Any(), { uniqueItems: true }),
      [{ a: 1 }, { a: 2 }],
      [{ a: 1 }, { a: 1 }],
    ],
    ['contains', { contains: { const: 1 }, maxContains: 1 }, [1, 2], [1, 1]],
    ['tuple', Type.Tuple([Type.String(), Type.Number()]), ['a', 1], [1, 'a']],
    ['tuple length', Type.Tuple([Type.String()]), ['a'], ['a', 'b']],
    [
      'record',
      Type.Record(Type.String({ pattern: '^x' }), Type.Number(), { additionalProperties: false }),
      { x: 1 },
      { y: 1 },
    ],
    ['additionalProperties', Type.Object({}, { additionalProperties: Type.Number() }), { a: 1 }, { a: 'x' }],
    ['minProperties', { minProperties: 1 }, { a: 1 }, {}],
    ['maxProperties', { maxProperties: 1 }, { a: 1 }, { a: 1, b: 2 }],
    ['propertyNames', { propertyNames: { maxLength: 1 } }, { a: 1 }, { ab: 1 }],
    [
      'allOf',
      Type.Intersect([Type.Object({ a: Type.Number() }), Type.Object({ b: Type.Number() })]),
      { a: 1, b: 2 },
      { a: 1 },
    ],
    [
      'unevaluatedProperties',
      Type.Intersect([Type.Object({ a: Type.Number() })], { unevaluatedProperties: false }),
      { a: 1 },
      { a: 1, b: 2 },
    ],
    ['anyOf', Type.Union([Type.String(), Type.Object({ a: Type.Number() })]), { a: 1 }, { a: 'x' }],
    ['oneOf', { oneOf: [{ type: 'number' }, { minimum: 5 }] }, 4, 6],
    ['not', { not: { type: 'string' } }, 1, 'a'],
    ['if', JSON.parse('{"if":{"type":"number"},"then":{"minimum":5},"else":{"type":"string"}}'), 'a', 4],
    ['false', { properties: { a: false } }, {}, { a: 1 }],
    [
      '$ref',
      { $defs: { n: { type: 'number' } }, properties: { a: { $ref: '#/$defs/n' } } },
      { a: 1 },
      { a: 'x' },
    ],
    [
      'a TypeBox module',
      Type.Module({ N: Type.Number(), O: Type.Object({ n: Type.Ref('N') }) }).Import('O'),
      { n: 1 },
      { n: 'x' },
    ],
  ];
  test.each(cases)('%s', (_name, schema, good, bad) => {
    expect(issuesOf(schema, good)).toEqual([]);
    expect(issuesOf(schema, bad)).not.toEqual([]);
  });

  test('follows a recursive schema through the data', () => {
    const tree: TSchema = Type.Recursive((self) =>
      Type.Object({ n: Type.Number(), children: Type.Array(self) }),
    );
    expect(issuesOf(tree, { n: 1, children: [{ n: 2, children: [] }] })).toEqual([]);
    expect(pathsOf(tree, { n: 1, children: [{ n: 'x', children: [] }] })).toEqual(['/children/0/n']);
  });

  test('takes only own properties into account', () => {
    const schema = Type.Object({ toString: Type.String(), constructor: Type.Optional(Type.Number()) });
    expect(pathsOf(schema, {})).toEqual(['/toString']);
    const validator = createPropsValidator(
      parseJsonObject('{"properties":{"__proto__":{"type":"number"}},"required":["__proto__"]}') ?? {},
    );
    if (!validator.ok) throw new Error(validator.message);
    expect(validator.validate({}).map(({ path }) => path)).toEqual(['/__proto__']);
    expect(validator.validate(JSON.parse('{"__proto__":1}'))).toEqual([]);
    expect(validator.validate(JSON.parse('{"__proto__":"x"}'))).toHaveLength(1);
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });

  describe('with a hostile schema', () => {
    test.each(['(a+)+$', '^(a|a)*$', '(.*)*x', '^(([a-z])+.)+[A-Z]([a-z])+$'])(
      'ends quickly on the pattern %s',
      (pattern) => {
        expect(issuesOf({ type: 'string', pattern }, `${'a'.repeat(50_000)}!`)).toHaveLength(1);
      },
    );

    test.each(['(?=a)b', '(a)\\1', '[', `a{1000}${'{1000}'.repeat(3)}`, 'a'.repeat(1001)])(
      'refuses the pattern %s',
      (pattern) => {
        expect(isRefused({ type: 'string', pattern })).toBe(true);
        expect(isRefused({ patternProperties: { [pattern]: {} } })).toBe(true);
      },
    );

    test.each([
      'https://example.com/schema',
      'file:///etc/passwd',
      '#/$defs/missing',
      '#/properties/__proto__',
      'other',
    ])('refuses a reference to %s', (reference) => {
      expect(isRefused({ properties: { a: { $ref: reference } } })).toBe(true);
    });

    test('refuses one that is nested too deep or has too many parts', () => {
      let deep: unknown = {};
      for (let level = 0; level < 200; level += 1) deep = { properties: { a: deep } };
      expect(isRefused(deep)).toBe(true);
      const many = Object.fromEntries(
        Array.from({ length: 6000 }, (_, index) => [`p${index}`, { type: 'string' }]),
      );
      expect(isRefused({ properties: many })).toBe(true);
    });

    test('refuses types that JSON does not have and malformed keywords', () => {
      for (const schema of [
        { type: 'Date' },
        { type: 'constructor' },
        { anyOf: 1 },
        { required: [1] },
        { minimum: 'x' },
        { properties: [] },
      ]) {
        expect([schema, isRefused(schema)]).toEqual([schema, true]);
      }
    });

    test('ends when references turn in a circle without consuming data', () => {
      expect(issuesOf({ $ref: '#' }, {})).not.toEqual([]);
      const circle = { $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } }, $ref: '#/$defs/a' };
      expect(issuesOf(circle, {})).not.toEqual([]);
    });

    test('ends when branches multiply', () => {
      const schema = {
        $defs: { x: { anyOf: [{ $ref: '#/$defs/x' }, { $ref: '#/$defs/x' }] } },
        $ref: '#/$defs/x',
      };
      expect(issuesOf(schema, 1)).toHaveLength(1);
    });

    test('ends when large props meet many patterns', () => {
      const allOf = Array.from({ length: 500 }, (_, index) => ({ pattern: `[a-z]{0,${index % 30}}x$` }));
      expect(issuesOf({ allOf }, 'a'.repeat(200_000))).not.toEqual([]);
    });

    test('answers for props that nest without end', () => {
      const deep: unknown = JSON.parse(`${'['.repeat(5000)}${']'.repeat(5000)}`);
      expect(issuesOf({ type: 'array', items: { $ref: '#' } }, deep)).not.toEqual([]);
      expect(issuesOf({ uniqueItems: true }, [deep, deep])).not.toEqual([]);
      expect(issuesOf({ const: 1 }, deep)).toHaveLength(1);
    });
  });
});
