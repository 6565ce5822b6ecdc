import { expect, test } from 'bun:test';
import { toConfigurationMarkdown } from './page.ts';

test('docs/configuration.md is what the settings are', async () => {
  const page = await Bun.file(new URL('../../docs/configuration.md', import.meta.url)).text();
  // Where this fails: bun scripts/write-configuration-page.ts
  expect(page).toBe(toConfigurationMarkdown());
});
