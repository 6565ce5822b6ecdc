import { expect, test } from 'bun:test';
import { bundlePages } from './bundle.ts';

const MAX_COMPRESSED_BYTES = 150 * 1024;
/** What a page needs before it shows something; the editor comes when it is opened. */
const MAX_FIRST_BYTES = 45 * 1024;

test('all scripts and styles together stay small', async () => {
  const { files, script, style } = await bundlePages();
  const sizes = new Map([...files].map(([name, { gzipped }]) => [name, gzipped.length]));
  const all = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  expect(all).toBeGreaterThan(10_000);
  expect(all).toBeLessThan(MAX_COMPRESSED_BYTES);
  expect((sizes.get(script) ?? Infinity) + (sizes.get(style) ?? Infinity)).toBeLessThan(MAX_FIRST_BYTES);
});

test('nothing of it names another host to load from', async () => {
  const { files } = await bundlePages();
  for (const { body } of files.values()) {
    const text = new TextDecoder().decode(body);
    expect(text).not.toMatch(/(?:import|from|src|url)\s*\(?["'=]\s*["']?(?:https?:)?\/\//);
  }
});
