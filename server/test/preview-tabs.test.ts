import { describe, expect, test } from 'bun:test';
import type { Page } from 'playwright-core';
import { usePreviewPage } from './support/preview-page.ts';
import { asPage, GREETING, type PreviewStage } from './support/preview-stage.ts';
import { isMissing } from './support/requires.ts';

describe.skipIf(isMissing('chromium'))('the tabs of the preview', () => {
  let stage: PreviewStage;
  let page: Page;
  let complaints: string[];
  const { open, mail } = usePreviewPage((opened) => ({ stage, page, complaints } = opened));
  const source = GREETING['greeting/index.tsx'] ?? '';
  const render = async (name: string) => (await stage.call('/ui/preview/render', asPage({ name }))).json();

  test('what was saved is shown in the tab that was open', async () => {
    await open('greeting');
    await mail().getByText('Hello Ada').waitFor();
    await page.getByRole('tab', { name: 'Text' }).click();
    const text = page.getByRole('region', { name: 'Plain text of the mail' });
    await text.getByText('Hello Ada').waitFor();
    stage.save('greeting/messages/en.json', '{ "subject": "S", "hello": "Good day {name}" }');
    await text.getByText('Good day Ada').waitFor();
    expect(await page.getByRole('tab', { selected: true }).textContent()).toBe('Text');
    expect(new URL(page.url()).searchParams.get('tab')).toBe('text');
    await page.goBack();
    await mail().getByText('Good day Ada').waitFor();
    expect(complaints).toEqual([]);
  });

  test('the HTML is copied as it is sent, whichever way it is read', async () => {
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await open('greeting?tab=html');
    const { html } = await render('greeting');
    const shown = page.getByRole('region', { name: 'HTML of the mail' });
    await shown.getByText('Hello Ada').first().waitFor();
    const lines = await shown.locator('.code-line').count();
    await page.getByRole('button', { name: 'Copy' }).click();
    await page.getByText('Copied').waitFor({ state: 'attached' });
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(html);
    await page.getByRole('radio', { name: 'As it is sent' }).click();
    expect(lines).toBeGreaterThan(await shown.locator('.code-line').count());
    const texts = await shown.locator('.code-line code').allTextContents();
    expect(texts.join('').trim()).toBe(html.trim());
  });

  test('the text is what a reader without HTML gets', async () => {
    await open('greeting?tab=text');
    const { text } = await render('greeting');
    expect(text).toContain('https://example.com/start');
    const shown = page.getByRole('region', { name: 'Plain text of the mail' });
    await shown.getByText('https://example.com/start').waitFor();
    expect((await shown.locator('.code-line code').allTextContents()).join('').trim()).toBe(text.trim());
    await page
      .getByRole('tabpanel')
      .getByText(`${new TextEncoder().encode(text).length} bytes`)
      .waitFor();
  });

  test('the headers are those of the template, with what an inbox shows first', async () => {
    stage.save(
      'greeting/index.tsx',
      `export const from = 'Ada <ada@example.com>';\nexport const headers = { 'X-Campaign': 'spring' };\n${source}`,
    );
    await open('greeting?tab=headers');
    const panel = page.getByRole('tabpanel', { name: 'Headers' });
    await panel.getByText('X-Campaign').waitFor();
    const names = await panel.locator('dt').allTextContents();
    const values = await panel.locator('dd').allTextContents();
    const facts = Object.fromEntries(names.map((name, index) => [name, values[index]]));
    const { contentHash } = await render('greeting');
    expect(facts).toMatchObject({
      Subject: 'Hello Ada',
      From: 'Ada <ada@example.com>',
      'X-Campaign': 'spring',
      'First words in an inbox': 'Hello there Hello Ada Start',
      Locale: 'en',
      Content: contentHash.slice(0, 16),
    });
    stage.save('greeting/index.tsx', source);
    await panel.getByText('X-Campaign').waitFor({ state: 'detached' });
    await panel.getByText('from the request').waitFor();
  });

  test('tells where a template is broken, and goes on when it is mended', async () => {
    await open('greeting');
    await mail().getByText('Hello Ada').waitFor();
    stage.save(
      'greeting/index.tsx',
      source.replace('return (', "throw new Error('on purpose');\n  return ("),
    );
    const alert = page.getByRole('alert');
    await alert.getByText('on purpose').first().waitFor();
    const line = source.split('\n').findIndex((text) => text.includes('return (')) + 1;
    expect(await alert.locator('[data-marked=true]').textContent()).toContain("Error('on purpose')");
    await alert.getByRole('button', { name: `index.tsx:${line}` }).waitFor();
    stage.save('greeting/index.tsx', source);
    await alert.waitFor({ state: 'detached' });
    await mail().getByText('Hello Ada').waitFor();
  });

  test('tells from where the place of an error was reached, in the source', async () => {
    const broken = source
      .replace("{t('hello', { name })}", '{greet(name)}')
      .replace('import {', "import { greet } from './greet.ts';\nimport {");
    stage.save(
      'greeting/greet.ts',
      `export function greet(name: string): string {\n  throw new Error('on purpose');\n}\n`,
    );
    stage.save('greeting/index.tsx', broken);
    await open('greeting');
    const alert = page.getByRole('alert');
    await alert.getByRole('button', { name: /^greet\.ts:2:/ }).waitFor();
    const line = broken.split('\n').findIndex((text) => text.includes('greet(name)')) + 1;
    const trace = alert.getByRole('list', { name: 'Called from' });
    await trace.getByRole('button', { name: new RegExp(`^index\\.tsx:${line}:`) }).click();
    await page.getByRole('tabpanel', { name: 'Source' }).waitFor();
    expect(await page.getByRole('combobox', { name: 'File' }).inputValue()).toBe('index.tsx');
    expect(await page.locator('.code-line[data-marked=true]').textContent()).toContain('greet(name)');
  });
});
