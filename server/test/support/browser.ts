import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { findProgram } from './requires.ts';

/** A page, and what it said to nobody. */
export type WatchedPage = { page: Page; context: BrowserContext; errors: string[]; close(): Promise<void> };

/** Debian's Chromium, which asks nobody on the network for anything. */
export async function launchBrowser(): Promise<Browser> {
  const executablePath = findProgram('chromium');
  if (executablePath === null) throw new Error('chromium is not installed');
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

/** Far beyond what anything here takes: only a broken promise runs into it. */
const GIVE_UP_MS = 30_000;

/** A page in a profile of its own, whose uncaught errors are kept. */
export async function openPage(
  browser: Browser,
  {
    width = 1280,
    height = 800,
    scheme = 'light',
  }: { width?: number; height?: number; scheme?: 'light' | 'dark' } = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme });
  const page = await context.newPage();
  page.setDefaultTimeout(GIVE_UP_MS);
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  return { page, context, errors, close: () => context.close() };
}
