import { expect, test } from 'bun:test';
import { deriveSchema } from './derived-schema.ts';

test('describes props by their types, with the example in it', () => {
  expect(deriveSchema({ name: 'Ada', lines: [{ price: 2.5 }, 1], none: [], gone: null, paid: true })).toEqual(
    {
      type: 'object',
      properties: {
        name: { type: 'string', examples: ['Ada'] },
        lines: {
          type: 'array',
          items: { type: 'object', properties: { price: { type: 'number', examples: [2.5] } } },
        },
        none: { type: 'array' },
        gone: { type: 'null' },
        paid: { type: 'boolean', examples: [true] },
      },
    },
  );
});

test('ends where the props are deep', () => {
  const props = JSON.parse(`${'{"a":'.repeat(1000)}1${'}'.repeat(1000)}`);
  expect(JSON.stringify(deriveSchema(props)).length).toBeLessThan(2000);
});
