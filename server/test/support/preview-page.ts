import { afterAll, afterEach, beforeAll, beforeEach } from 'bun:test';
import type { Browser, FrameLocator, Page } from 'playwright-core';
import { openBrowser, openPage } from './browser.ts';
import { GREETING, openPreviewStage, type PreviewStage } from './preview-stage.ts';

/** The frame in which a mail is in view. */
export const MAIL_FRAME = '.mail-frame iframe[data-state=shown]';

/** What a test has to itself, but for the browser and the preview, which its block shares. */
export type OpenedPage = {
  browser: Browser;
  stage: PreviewStage;
  page: Page;
  /** What the page complained of in its console. */
  complaints: string[];
};

/**
 * Opens a preview of {@link GREETING} for the block in which it is called, and a page for each of its tests; what a test saved is as it was for
 * the next.
 *
 * @param use told before each test
 */
export function usePreviewPage(use: (opened: OpenedPage) => void): {
  open(path: string): Promise<void>;
  mail(): FrameLocator;
} {
  let browser: Browser;
  let stage: PreviewStage;
  let page: Page;
  beforeAll(async () => {
    [browser, stage] = await Promise.all([openBrowser(), openPreviewStage(GREETING)]);
  });
  afterAll(async () => {
    await browser.close();
    await stage.close();
  });
  beforeEach(async () => {
    const opened = await openPage(browser);
    page = opened.page;
    use({ browser, stage, ...opened });
  });
  afterEach(async () => {
    for (const [path, text] of Object.entries(GREETING)) stage.save(path, text);
    await page.close();
  });
  return {
    async open(path) {
      await page.goto(`${stage.url}/preview/${path}`);
    },
    mail: () => page.frameLocator(MAIL_FRAME),
  };
}
