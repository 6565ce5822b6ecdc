import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'bun:test';
import type { Page } from 'playwright-core';

const AXE = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');

/** Looks at a page in both colours for what keeps people out, and proves that it would have seen something. */
export async function expectNothingSerious(page: Page): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    // Evaluated by the debugger, not by the page: its policy stays as it is.
    await page.evaluate(AXE);
    expect(await findSerious(page)).toEqual([]);
  }
  const plant = "document.querySelector('dialog[open], main')?.append(document.createElement('button'))";
  await page.evaluate(plant);
  expect(await findSerious(page)).not.toEqual([]);
}

/** What is serious or worse, with the elements that it is about. */
async function findSerious(page: Page): Promise<unknown[]> {
  return page.evaluate(
    `axe.run(document, { iframes: false, resultTypes: ['violations'] }).then(({ violations }) =>
      violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 160))]))`,
  );
}
