import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { createMailer, type Mailer } from '@org/mail-sdk';
import { type RunningDev, startDev } from '../../server/src/dev/start.ts';
import { openBrowser } from '../../server/test/support/browser.ts';

const IMAGES = fileURLToPath(new URL('../../docs/images', import.meta.url));
const SIZE = { width: 1280, height: 800 };

/** Writes the pictures of the inbox and of a message anew, from mails sent through everything. */
export async function takeInboxPictures(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'inbox-pictures-'));
  const dev = await startDev({
    overrides: {
      PORT: '0',
      MAILER_DIR: folder,
      LOG_LEVEL: 'error',
      MAIL_FROM: 'Northwind <hello@northwind.example>',
    },
    isQuiet: true,
    onProgress: () => {},
    onPush: () => {},
  });
  try {
    await takeAll(dev);
  } finally {
    await dev.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function takeAll({ url, keys, pages }: RunningDev): Promise<void> {
  const mailer = createMailer({ baseUrl: url, apiKey: keys.apiKey });
  const browser = await openBrowser();
  const open = async (colorScheme: 'light' | 'dark', size = SIZE) => {
    const context = await browser.newContext({ viewport: size, colorScheme });
    const page = await context.newPage();
    await page.goto(pages.inbox);
    return page;
  };
  try {
    const light = await open('light');
    await light.getByRole('heading', { name: 'No mail yet' }).waitFor();
    await take(light, 'inbox-empty');
    const { reset, bounced } = await fill(mailer);
    await light.goto(`${url}/inbox/${reset}`);
    await showFrame(light);
    await light.locator('.inbox-row', { hasText: 'spam' }).waitFor();
    await take(light, 'inbox-mail');
    await light.goto(`${url}/messages/${bounced}`);
    await showFrame(light);
    await take(light, 'message');
    const dark = await open('dark');
    await dark.goto(`${url}/inbox/${reset}?tab=source`);
    await dark.getByRole('tabpanel').waitFor();
    await take(dark, 'inbox-dark');
    const phone = await open('light', { width: 390, height: 780 });
    await phone.locator('.inbox-row').first().waitFor();
    await take(phone, 'inbox-phone');
  } finally {
    await browser.close();
  }
}

async function fill(mailer: Mailer): Promise<{ reset: string; bounced: string }> {
  const sendTemplate = async (template: string, to: string): Promise<string> => {
    const { previewProps } = await mailer.templates.get(template);
    return (await mailer.send({ to, template, props: previewProps })).messageId;
  };
  const text = 'Thank you for your order. It leaves our house today.';
  await sendTemplate('welcome', 'ada@example.com');
  await sendTemplate('receipt', 'grace@example.com');
  const tickets = btoa('%PDF-1.7');
  await mailer.send({
    to: ['ada@example.com', 'charles@example.com'],
    subject: 'Your tickets for Saturday',
    text: 'Doors open at seven.',
    attachments: [{ filename: 'tickets.pdf', content: tickets }],
  });
  await sendTemplate('digest', 'grace@example.com');
  await mailer.send({
    to: 'complaint@test.mail',
    subject: 'Ten new offers',
    text,
  });
  const bounced = await sendTemplate('receipt', 'bounce@test.mail');
  await mailer.messages.waitFor(bounced, 'bounced', { timeoutMs: 60_000 });
  const scheduledAt = new Date(Date.now() + 86_400_000);
  await mailer.send({ to: 'mary@example.com', subject: 'The workshop starts tomorrow', text, scheduledAt });
  const reset = await sendTemplate('password-reset', 'ada@example.com');
  await mailer.messages.waitFor(reset, 'delivered', { timeoutMs: 60_000 });
  return { reset, bounced };
}

async function showFrame(page: Page): Promise<void> {
  await page.frameLocator('iframe').getByRole('heading').first().waitFor();
}

async function take(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(IMAGES, `${name}.png`) });
}
