import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import type { Browser, Page } from 'playwright-core';
import { expectNothingSerious } from './support/axe.ts';
import { openBrowser, openPage } from './support/browser.ts';
import { openPreviewStage, type PreviewStage } from './support/preview-stage.ts';
import { isMissing } from './support/requires.ts';
import { startSystem, type TestSystem } from './support/system.ts';

const noteOf = (words: string) =>
  `export const subject = "Note"; export const PreviewProps = { name: "Ada" };
export default ({ name }) => <html lang="en"><head><title>Note</title></head><body><p>${words} {name}</p><p>Yours</p></body></html>;`;

describe.skipIf(isMissing('chromium'))('the page of a preview with a service', () => {
  let browser: Browser;
  let system: TestSystem;
  let stage: PreviewStage;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    [browser, system] = await Promise.all([openBrowser(), startSystem('embedded')]);
    await system.pushTemplate('note', noteOf('Dear'));
    await system.pushTemplate('note', noteOf('Hello'));
    stage = await openPreviewStage(
      { 'note/index.tsx': noteOf('Hello'), 'draft/index.tsx': noteOf('Draft for') },
      { url: system.url, apiKey: system.keys.live },
    );
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await stage.close();
    await system.stop();
  }, 60_000);
  beforeEach(async () => {
    ({ page, complaints } = await openPage(browser));
  });
  afterEach(async () => {
    await page.close();
    expect(complaints).toEqual([]);
  });

  const open = async (path: string): Promise<void> => {
    await page.goto(`${stage.url}/preview/${path}`);
  };
  const side = (name: string) => page.getByRole('region', { name, exact: true });
  const picture = (name: string) => side(name).first().frameLocator('iframe[data-state=shown]');
  const linesOf = (name: string, change: string) =>
    side(name).last().locator(`.code-line[data-change=${change}] code`).allTextContents();

  describe('versions', () => {
    test('the newest is beside what is on disk, and the same is told to be the same', async () => {
      await open('note?tab=versions');
      await picture('Version 2').getByText('Hello Ada').waitFor();
      await picture('On disk').getByText('Hello Ada').waitFor();
      await page.getByText('The same mail, to the byte').waitFor();
    });

    test('one that is pinned is in the address, so that others see the same', async () => {
      await open('note?tab=versions');
      const versions = page.getByRole('combobox', { name: 'Version' });
      await versions.selectOption('1');
      await picture('Version 1').getByText('Dear Ada').waitFor();
      await picture('On disk').getByText('Hello Ada').waitFor();
      await page.getByText('They differ').waitFor();
      expect(new URL(page.url()).searchParams.get('version')).toBe('1');
      await page.reload();
      await picture('Version 1').getByText('Dear Ada').waitFor();
      expect(await versions.inputValue()).toBe('1');
      expect(await versions.getByRole('option', { name: /^Version 2, live/ }).count()).toBe(1);
    });

    test('what differs is marked on both sides, in the HTML and in the text', async () => {
      await open('note?tab=versions&version=1');
      for (const form of ['HTML', 'Text']) {
        await page.getByRole('radio', { name: form, exact: true }).click();
        await side('Version 1').last().getByText('Dear Ada').waitFor();
        await side('On disk').last().getByText('Hello Ada').waitFor();
        const [removed, added] = [await linesOf('Version 1', 'removed'), await linesOf('On disk', 'added')];
        expect(removed.join('')).toContain('Dear Ada');
        expect(added.join('')).toContain('Hello Ada');
        expect((await linesOf('On disk', 'same')).join('')).toContain('Yours');
        expect(removed.join('') + added.join('')).not.toContain('Yours');
      }
    });

    test('the same props are shown in both', async () => {
      await open(`note?tab=versions&version=1&props=${encodeURIComponent('{"name":"Grace"}')}`);
      await picture('Version 1').getByText('Dear Grace').waitFor();
      await picture('On disk').getByText('Hello Grace').waitFor();
    });

    test('what was never pushed has none', async () => {
      await open('draft?tab=versions');
      await page.getByRole('heading', { name: 'Not pushed yet' }).waitFor();
      await page.getByText(`The service at ${system.url} has no template`).waitFor();
    });

    test.each(['Picture', 'HTML', 'Text'])('nothing side by side as %s keeps people out', async (form) => {
      await open('note?tab=versions&version=1');
      await page.getByRole('radio', { name: form, exact: true }).click();
      await side('Version 1').first().waitFor();
      await expectNothingSerious(page);
    });
  });

  describe('a test', () => {
    const dialog = () => page.getByRole('dialog', { name: 'Send a test' });
    const openDialog = async (name: string): Promise<void> => {
      await open(name);
      await page.getByRole('button', { name: 'Send test' }).click();
      await dialog().getByText(`Through ${system.url}`).waitFor();
    };
    const send = async (to: string): Promise<void> => {
      await dialog().getByRole('textbox', { name: 'To' }).fill(to);
      await dialog().getByRole('button', { name: 'Send' }).click();
    };

    test('is sent as it is shown, and what becomes of it is told', async () => {
      await openDialog('draft');
      await send('ada@example.com');
      const told = dialog().getByRole('status');
      await told.locator('.test-status[data-good=true]').getByText('sent').waitFor();
      const events = await told.getByRole('listitem').locator('span').allTextContents();
      expect(events.join('\n')).toMatch(/^accepted/);
      expect(events.some((event) => event.startsWith('handed_over'))).toBeTrue();
      const { body } = await system.call('GET', '/v1/messages', { key: system.keys.live });
      expect(body).toMatchObject({
        data: [{ recipient: 'ada@example.com', subject: 'Note', status: 'sent' }],
      });
      await expectNothingSerious(page);
    });

    test('goes to the address of the last one, and closes', async () => {
      await openDialog('draft');
      await dialog().getByRole('textbox', { name: 'To' }).fill('grace@example.com');
      await dialog().getByRole('button', { name: 'Close' }).click();
      await dialog().waitFor({ state: 'hidden' });
      await openDialog('note');
      expect(await dialog().getByRole('textbox', { name: 'To' }).inputValue()).toBe('grace@example.com');
    });

    test('tells why it is refused', async () => {
      await openDialog('draft');
      // What a browser takes for an address, and no mail server does.
      await send('ada..b@example.com');
      await dialog().getByRole('alert').getByText('/to').waitFor();
    });
  });
});
