import { describe, expect, test } from 'bun:test';
import type { Page } from 'playwright-core';
import { MAIL_FRAME, usePreviewPage } from './support/preview-page.ts';
import { type PreviewStage } from './support/preview-stage.ts';
import { isMissing } from './support/requires.ts';
import { waitFor } from './support/wait-for.ts';

/** One pixel. */
const PIXEL = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7';

describe.skipIf(isMissing('chromium'))('how the preview shows a mail', () => {
  let stage: PreviewStage;
  let page: Page;
  let complaints: string[];
  const { open, mail } = usePreviewPage((opened) => ({ stage, page, complaints } = opened));
  const untilWide = (px: number) =>
    waitFor(`a mail ${px} pixels wide`, async () => {
      const box = await page.locator(MAIL_FRAME).boundingBox();
      return box && Math.round(box.width) === px ? box : null;
    });

  test('shows the mail as wide as a phone, and as wide as it is dragged', async () => {
    await open('greeting');
    await page.getByRole('radio', { name: /Phone/ }).click();
    await untilWide(390);
    const handle = page.getByRole('separator', { name: 'Width of the mail' });
    const box = await handle.boundingBox();
    if (!box) throw new Error('the handle is not there');
    await page.mouse.move(box.x + 5, box.y + 20);
    await page.mouse.down();
    await page.mouse.move(box.x + 55, box.y + 20, { steps: 4 });
    await page.mouse.up();
    await untilWide(490);
    expect(page.url()).toContain('width=490');
    await handle.press('ArrowLeft');
    await untilWide(480);
  });

  test('shows the mail as wide as a tablet, and as wide as there is room', async () => {
    await open('greeting');
    await page.getByRole('radio', { name: /Tablet/ }).click();
    await untilWide(768);
    await page.getByRole('radio', { name: /Desktop/ }).click();
    await page.locator('.stage-width').getByText('auto').waitFor();
    expect(new URL(page.url()).searchParams.has('width')).toBeFalse();
    const room = async () => (await page.locator('.stage').boundingBox())?.width ?? 0;
    const before = await room();
    await page.setViewportSize({ width: 1600, height: 800 });
    await waitFor('more room', async () => ((await room()) > before ? true : null));
    const gap = await page.locator('.stage').evaluate((element) => {
      const { paddingLeft, paddingRight } = getComputedStyle(element);
      return Number.parseFloat(paddingLeft) + Number.parseFloat(paddingRight);
    });
    await untilWide(Math.round((await room()) - gap));
  });

  test('shows the mail smaller and larger, which its own width does not notice', async () => {
    await open('greeting?width=390');
    await untilWide(390);
    await page.getByRole('combobox', { name: 'Zoom' }).selectOption('50 %');
    await untilWide(195);
    expect(page.url()).toContain('zoom=50');
    const inside = () =>
      mail()
        .locator('html')
        .evaluate((root) => root.ownerDocument.defaultView?.innerWidth);
    expect(await inside()).toBe(390);
    await page.getByRole('combobox', { name: 'Zoom' }).selectOption('150 %');
    await untilWide(585);
    expect(await inside()).toBe(390);
  });

  test('loads images of the network only while that is asked for', async () => {
    const asked: string[] = [];
    await page.route('https://images.example/**', async (route) => {
      asked.push(route.request().url());
      await route.fulfill({
        contentType: 'image/gif',
        body: Buffer.from(PIXEL.split(',')[1] ?? '', 'base64'),
      });
    });
    stage.save(
      'accounts/plain/index.tsx',
      `export default () => <p><img alt="far" src="https://images.example/a.gif" /><img alt="near" src="${PIXEL}" /></p>;`,
    );
    await open('plain');
    const widthOf = (alt: string) =>
      mail()
        .getByAltText(alt)
        .evaluate((image: HTMLImageElement) => image.naturalWidth);
    await page.locator(`${MAIL_FRAME}[src*="images=0"]`).waitFor();
    expect([await widthOf('near'), await widthOf('far')]).toEqual([1, 0]);
    expect(asked).toEqual([]);
    const button = page.getByRole('button', { name: 'Images', pressed: false });
    await button.click();
    await page.locator(`${MAIL_FRAME}[src*="images=1"]`).waitFor();
    expect([await widthOf('near'), await widthOf('far')]).toEqual([1, 1]);
    expect(asked).toEqual(['https://images.example/a.gif']);
    await page.getByRole('button', { name: 'Images', pressed: true }).click();
    await page.locator(`${MAIL_FRAME}[src*="images=0"]`).waitFor();
    expect(await widthOf('far')).toBe(0);
  });

  test('answers the media queries of a mail for a dark scheme', async () => {
    stage.save(
      'accounts/plain/index.tsx',
      `export default () => <html><head><style>{'p{color:rgb(1,2,3)}@media (prefers-color-scheme: dark){p{color:rgb(9,8,7)}}'}</style></head><body><p>Plain mail</p></body></html>;`,
    );
    await open('plain');
    const colour = () =>
      mail()
        .locator('p')
        .evaluate((element) => getComputedStyle(element).color);
    await mail().getByText('Plain mail').waitFor();
    expect(await colour()).toBe('rgb(1, 2, 3)');
    await page.getByRole('radio', { name: 'Dark, by the rules of the mail' }).click();
    await page.locator(`${MAIL_FRAME}[src*="scheme=dark"]`).waitFor();
    expect(await colour()).toBe('rgb(9, 8, 7)');
  });

  test('turns the colours of a mail without rules for the dark, and those of its images back', async () => {
    stage.save(
      'accounts/plain/index.tsx',
      `export default () => <html><head><style>{'p{color:rgb(1,2,3)}@media (prefers-color-scheme: dark){p{color:rgb(9,8,7)}}'}</style></head><body><p>Plain mail<img alt="near" src="${PIXEL}" /></p></body></html>;`,
    );
    await open('plain');
    await page.getByRole('radio', { name: 'Dark, colours turned as some clients do' }).click();
    await page.locator(`${MAIL_FRAME}[src*="scheme=forced"]`).waitFor();
    const styleOf = (selector: string) =>
      mail()
        .locator(selector)
        .evaluate((element) => {
          const { filter, color } = getComputedStyle(element);
          return { filter, color };
        });
    const turned = 'invert(1) hue-rotate(180deg)';
    expect((await styleOf('html')).filter).toBe(turned);
    expect((await styleOf('img')).filter).toBe(turned);
    // Such clients do not ask the mail.
    expect((await styleOf('p')).color).toBe('rgb(1, 2, 3)');
    expect(complaints).toEqual([]);
  });
});
