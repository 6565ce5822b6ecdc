import { type Browser, chromium, type Page } from 'playwright-core';
import { findProgram } from './requires.ts';

/** A browser that asks nobody for updates, with a profile of its own that is gone when it is closed. */
export async function openBrowser(): Promise<Browser> {
  const executablePath = findProgram('chromium');
  if (executablePath === null) throw new Error('there is no Chromium');
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** A page, with what it complained about in its console. */
export async function openPage(
  browser: Browser,
  options: { width?: number; height?: number; colorScheme?: 'light' | 'dark' } = {},
): Promise<{ page: Page; complaints: string[] }> {
  const { width = 1280, height = 800, colorScheme = 'light' } = options;
  // A policy that let the tests' own helpers in would not be the one that is tested.
  const page = await browser.newPage({ viewport: { width, height }, colorScheme });
  // Below the limit of a test, so that what was waited for is told; at the test's own limit the browser is killed.
  page.setDefaultTimeout(15_000);
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  return { page, complaints };
}
