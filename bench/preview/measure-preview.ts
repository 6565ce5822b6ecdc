import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { type Browser, chromium, type Page } from 'playwright-core';
import { findProgram } from '../../server/test/support/requires.ts';
import { percentile } from '../report.ts';
import { type StartedPreview, startOurs, startTheirs } from './previews.ts';

export type PreviewTimes = {
  readyMs: number;
  /** From the save until a browser shows the new mail. */
  pictureP50Ms: number;
  pictureWorstMs: number;
  /** Of the program and all below it, shared pages counted once. */
  memoryMb: number;
};

const SAVES = 15;
const WITHIN_MS = 20_000;
const PAUSE_MS = 250;
const MARKED = 'Good to have you';

/** Both previews, one after the other; the other one's null where it cannot be installed. Null without a browser. */
export async function measurePreviews(): Promise<{ ours: PreviewTimes; theirs: PreviewTimes | null } | null> {
  const executablePath = findProgram('chromium');
  if (executablePath === null) return null;
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
  try {
    const ours = await measure(browser, await startOurs());
    const other = await startTheirs();
    return { ours, theirs: other === null ? null : await measure(browser, other) };
  } finally {
    await browser.close();
  }
}

async function measure(browser: Browser, preview: StartedPreview): Promise<PreviewTimes> {
  const { url, file, source, readyMs, pid } = preview;
  try {
    const page = await browser.newPage();
    await page.goto(url);
    await untilShown(page, MARKED);
    const times: number[] = [];
    for (let save = 0; save < SAVES; save += 1) {
      await Bun.sleep(PAUSE_MS);
      const marker = `Save ${save} of it`;
      const startedAt = performance.now();
      await writeFile(file, source.replace(MARKED, marker));
      await untilShown(page, marker);
      times.push(performance.now() - startedAt);
    }
    const memoryMb = memoryOf(pid) / 1024;
    await page.close();
    // The first save warms what later ones use, in both.
    const warm = times.slice(1);
    return {
      readyMs,
      pictureP50Ms: percentile(warm, 0.5),
      pictureWorstMs: Math.max(...warm),
      memoryMb,
    };
  } finally {
    await preview.stop();
  }
}

/** In whichever frame the mail is. */
async function untilShown(page: Page, text: string): Promise<void> {
  const deadline = performance.now() + WITHIN_MS;
  while (performance.now() < deadline) {
    for (const frame of page.frames()) if (await hasText(frame, text)) return;
    await Bun.sleep(1);
  }
  throw new Error(`"${text}" was not shown within ${WITHIN_MS} ms`);
}

async function hasText(frame: ReturnType<Page['mainFrame']>, text: string): Promise<boolean> {
  try {
    return await frame.evaluate(
      (wanted) =>
        // Of a frame that is not in view yet there is nothing to see.
        (window.frameElement === null || getComputedStyle(window.frameElement).visibility === 'visible') &&
        (document.querySelector('h1')?.textContent ?? '').includes(wanted),
      text,
    );
  } catch {
    // The frame went while it was asked.
    return false;
  }
}

/** Proportional set size in KB of a process and all below it. */
function memoryOf(pid: number): number {
  const below = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && parentOf(name) === pid)
    .map(Number);
  const own = /^Pss:\s+(\d+)/m.exec(readText(`/proc/${pid}/smaps_rollup`))?.[1] ?? '0';
  return below.reduce((sum, child) => sum + memoryOf(child), Number(own));
}

function parentOf(pid: string): number {
  const text = readText(`/proc/${pid}/stat`);
  return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
