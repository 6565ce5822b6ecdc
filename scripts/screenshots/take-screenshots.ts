import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { startPreview } from '../../server/src/preview/start.ts';
import { openBrowser, openPage } from '../../server/test/support/browser.ts';

const ROOT = join(import.meta.dir, '../..');
const IMAGES = join(ROOT, 'docs/images');
const FRAME = '.mail-frame iframe[data-state=shown]';

type Shot = {
  name: string;
  path: string;
  colorScheme?: 'light' | 'dark';
  /** Until what the picture is about is there. */
  until: (page: Page) => Promise<unknown>;
};

const mailIsThere = (page: Page) => page.frameLocator(FRAME).locator('h1').waitFor();

const SHOTS: readonly Shot[] = [
  { name: 'preview', path: 'receipt?width=390', until: mailIsThere },
  { name: 'preview-dark', path: 'welcome', colorScheme: 'dark', until: mailIsThere },
  {
    name: 'preview-props',
    path: 'receipt?tab=props&width=390',
    until: async (page) => {
      await page.locator('.cm-content').getByText('shopName').waitFor();
      await mailIsThere(page);
    },
  },
  {
    name: 'preview-error',
    path: 'broken?width=390',
    until: (page) => page.getByRole('alert').waitFor(),
  },
  {
    name: 'preview-checks',
    path: 'unchecked?tab=checks',
    until: (page) => page.getByRole('heading', { name: 'Image without alt' }).waitFor(),
  },
];

/** Writes the pictures of docs/images anew, from the starter templates. */
export async function takeScreenshots(): Promise<void> {
  const base = mkdtempSync(join(tmpdir(), 'screenshots-'));
  const folder = join(base, 'templates');
  cpSync(join(ROOT, 'templates'), folder, { recursive: true });
  writeVariants(folder);
  const options = { folder, port: 0, cacheDir: join(base, 'cache'), service: null };
  const [browser, preview] = await Promise.all([openBrowser(), startPreview(options)]);
  try {
    for (const shot of SHOTS) await take(browser, preview.url, shot);
  } finally {
    await browser.close();
    await preview.stop();
    rmSync(base, { recursive: true, force: true });
  }
}

/** One template with an error, and one with something to find. */
function writeVariants(folder: string): void {
  const receipt = readFileSync(join(folder, 'receipt/index.tsx'), 'utf8');
  cpSync(join(folder, 'receipt'), join(folder, 'broken'), { recursive: true });
  const broken = receipt.replace(
    'const date = new Date',
    'const date = order.placedAt.toISOString();\n  new Date',
  );
  writeFileSync(join(folder, 'broken/index.tsx'), broken);
  cpSync(join(folder, 'welcome'), join(folder, 'unchecked'), { recursive: true });
  const welcome = readFileSync(join(folder, 'welcome/index.tsx'), 'utf8');
  const image = '<img src="http://example.com/logo.png" className="p-2 p-4 backdrop-blur" />';
  writeFileSync(join(folder, 'unchecked/index.tsx'), welcome.replace(/(<Heading)/, `${image}\n$1`));
}

async function take(browser: Browser, url: string, { name, path, colorScheme, until }: Shot): Promise<void> {
  const { page } = await openPage(browser, colorScheme ? { colorScheme } : {});
  await page.goto(`${url}/preview/${path}`);
  await until(page);
  // The names of folders that exist only for the pictures say nothing to anybody.
  await page.locator('.template-list-foot').evaluate((element) => {
    element.textContent = 'templates';
  });
  await page.screenshot({ path: join(IMAGES, `${name}.png`) });
  await page.close();
}
