import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMailer, type Mailer } from '@org/mail-sdk';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { type RunningDev, startDev } from '../src/dev/start.ts';
import { openBrowser } from './support/browser.ts';
import { HOSTILE_HTML } from './support/hostile-mail.ts';
import { isMissing } from './support/requires.ts';
import { waitFor } from './support/wait-for.ts';

describe.skipIf(isMissing('chromium'))('the pages of the inbox', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mail-pages-'));
  let dev: RunningDev;
  let mailer: Mailer;
  let browser: Browser;
  let opened: { page: Page; errors: string[] };

  beforeAll(async () => {
    [dev, browser] = await Promise.all([
      startDev({
        overrides: {
          PORT: '0',
          MAILER_DIR: folder,
          LOG_LEVEL: 'error',
          DATABASE_URL: undefined,
          REDIS_URL: undefined,
          SMTP_HOST: undefined,
        },
        isQuiet: true,
        onProgress: () => {},
        onPush: () => {},
      }),
      openBrowser(),
    ]);
    mailer = createMailer({ baseUrl: dev.url, apiKey: dev.keys.apiKey });
  }, 120_000);

  afterAll(async () => {
    await browser.close();
    await dev.stop();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  beforeEach(async () => {
    await mailer.inbox.empty();
    for await (const { id } of mailer.messages.list({ status: 'scheduled' }))
      await mailer.messages.cancel(id);
    opened = await watch('light');
  }, 60_000);

  afterEach(async () => {
    const { errors } = opened;
    await opened.page.context().close();
    expect(errors).toEqual([]);
  });

  const watch = async (colorScheme: 'light' | 'dark') => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme });
    const page = await context.newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    return { page, errors };
  };
  const send = async (body: Parameters<Mailer['send']>[0]): Promise<string> =>
    (await mailer.send(body)).messageId;
  const arrive = async (body: Parameters<Mailer['send']>[0]): Promise<string> => {
    const id = await send(body);
    await mailer.messages.waitFor(id, 'delivered', { timeoutMs: 30_000 });
    return id;
  };
  const openInbox = async () => {
    await opened.page.goto(dev.pages.inbox);
    await opened.page.getByRole('search').waitFor();
    return opened.page;
  };
  const rows = () => opened.page.locator('.inbox-row');
  const subjects = () => opened.page.locator('.inbox-row .inbox-subject').allTextContents();

  test('a mail that the SDK sends is there without anybody asking, unread until it is opened', async () => {
    const page = await openInbox();
    await page.getByRole('heading', { name: 'No mail yet' }).waitFor();
    await send({
      to: 'ada@example.com',
      subject: 'It came',
      html: '<h2>Good morning</h2>',
      text: 'Good morning',
    });
    const row = page.getByRole('link', { name: /Unread.*ada@example\.com.*It came/ });
    await row.waitFor();
    expect(await page.title()).toBe('(1) Inbox');
    await row.click();
    await page.getByRole('heading', { name: 'It came' }).waitFor();
    await page.frameLocator('iframe').getByRole('heading', { name: 'Good morning' }).waitFor();
    await waitFor('the mail to be read', async () => ((await page.title()) === 'Inbox' ? true : null));
    expect((await mailer.inbox.list()).data[0]?.isRead).toBe(true);
  });

  test('what an empty inbox offers works', async () => {
    const page = await openInbox();
    expect(await page.locator('.snippet').allTextContents()).toEqual(
      expect.arrayContaining([expect.stringContaining(`curl ${dev.url}/v1/messages`)]),
    );
    await page.getByRole('button', { name: 'Send the first mail' }).click();
    await page.getByRole('link', { name: /Hello, inbox/ }).waitFor();
  });

  test('every side of a mail can be seen, and its bytes be had', async () => {
    await arrive({
      to: 'ada@example.com',
      subject: 'All sides',
      html: '<p>Seen <a href="https://example.com/way">way</a></p>',
      text: 'Plainly',
      headers: { 'X-Order': '42' },
      attachments: [
        { filename: 'page.html', content: btoa('<script>alert(1)</script>'), contentType: 'text/html' },
      ],
    });
    const page = await openInbox();
    await rows().first().click();
    const sides: [tab: string, text: string][] = [
      ['HTML', '<p>Seen <a href='],
      ['Text', 'Plainly'],
      ['Links', 'https://example.com/way'],
      ['Headers', 'X-Order'],
      ['Source', 'Content-Type: multipart/'],
      ['Attachments', 'page.html'],
      ['Timeline', 'handed over'],
    ];
    for (const [tab, text] of sides) {
      await page.getByRole('tab', { name: tab }).click();
      await page.getByRole('tabpanel').getByText(text).first().waitFor();
    }
    const mail = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download .eml' }).click();
    expect((await mail).suggestedFilename()).toBe('All sides.eml');
    await page.getByRole('tab', { name: 'Attachments' }).click();
    const file = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download page.html' }).click();
    expect(await Bun.file(await (await file).path()).text()).toBe('<script>alert(1)</script>');
  });

  test('search shows what fits, and new mail that does not fit stays away', async () => {
    await arrive({ to: 'ada@example.com', subject: 'Invoice 42', text: 'x' });
    await arrive({ to: 'bob@example.com', subject: 'Welcome', text: 'x' });
    const page = await openInbox();
    await rows().nth(1).waitFor();
    await page.getByRole('searchbox').fill('to:ada invoice');
    await waitFor('the list to hold one', async () => ((await subjects()).length === 1 ? true : null));
    expect(await subjects()).toEqual(['Invoice 42']);
    expect(page.url()).toContain('search=');
    await arrive({ to: 'bob@example.com', subject: 'Another', text: 'x' });
    await arrive({ to: 'ada@example.com', subject: 'Invoice 43', text: 'x' });
    await page.getByRole('link', { name: /Invoice 43/ }).waitFor();
    expect(await subjects()).toEqual(['Invoice 43', 'Invoice 42']);
  });

  test('a mail to bounce@test.mail bounces before the eyes of its sender', async () => {
    const page = await openInbox();
    const id = await send({ to: 'bounce+seen@test.mail', subject: 'Nobody there', text: 'x' });
    await page.locator(`.inbox-row[data-id="${id}"]`, { hasText: 'bounced' }).waitFor();
    await page.goto(`${dev.url}/messages/${id}`);
    await page.getByText('550 5.1.1 no such user').first().waitFor();
    expect((await mailer.suppressions.list({ email: 'bounce+seen@test.mail' })).data).toHaveLength(1);
  });

  test('the keyboard alone is enough', async () => {
    for (const subject of ['First', 'Second', 'Third'])
      await arrive({ to: 'ada@example.com', subject, text: subject });
    const page = await openInbox();
    await rows().nth(2).waitFor();
    const { keyboard } = page;
    const isOpen = (name: string) => page.getByRole('heading', { name, exact: true }).waitFor();
    await keyboard.press('j');
    await isOpen('Third');
    await keyboard.press('j');
    await isOpen('Second');
    await keyboard.press('k');
    await isOpen('Third');
    await keyboard.press('Enter');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('mail-subject');
    await page.locator('.inbox-row[data-read=true]', { hasText: 'Third' }).waitFor();
    await keyboard.press('r');
    await page.locator('.inbox-row[data-read=false]', { hasText: 'Third' }).waitFor();
    await keyboard.press('#');
    await isOpen('Second');
    await waitFor('the mail to be gone', async () => ((await subjects()).length === 2 ? true : null));
    expect(await subjects()).toEqual(['Second', 'First']);
    await keyboard.press('/');
    // Letters are letters in a field.
    await keyboard.type('first');
    await waitFor('the search to be done', async () => ((await subjects()).join() === 'First' ? true : null));
    expect(await page.getByRole('searchbox').inputValue()).toBe('first');
    await keyboard.press('Escape');
    await keyboard.press('j');
    await isOpen('First');
  });

  test('two windows show the same', async () => {
    const id = await arrive({ to: 'ada@example.com', subject: 'Shared', text: 'x' });
    const page = await openInbox();
    const other = await opened.page.context().newPage();
    await other.goto(`${dev.url}/inbox/${id}`);
    await other.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByText('No mail yet').first().waitFor();
  });

  test('a scheduled mail is had now', async () => {
    const id = await send({
      to: 'ada@example.com',
      subject: 'Tomorrow',
      text: 'x',
      scheduledAt: new Date(Date.now() + 86_400_000),
    });
    const page = await openInbox();
    await page.getByRole('button', { name: 'Deliver now' }).click();
    await page.locator(`.inbox-row[data-id="${id}"]`).waitFor();
    const later = await send({
      to: 'ada@example.com',
      subject: 'Next week',
      text: 'x',
      scheduledAt: new Date(Date.now() + 86_400_000),
    });
    await page.goto(`${dev.url}/messages/${later}`);
    await page.getByRole('button', { name: 'Deliver now' }).click();
    await page.locator('.message-head .status', { hasText: 'delivered' }).waitFor();
  });

  test("a message's page shows its life, and what was sent", async () => {
    const { messageId } = await mailer.send({
      to: 'ada@example.com',
      template: 'password-reset',
      props: await previewProps('password-reset'),
    });
    const page = opened.page;
    await page.goto(`${dev.pages.inbox.replace('/inbox', `/messages/${messageId}`)}`);
    await page.locator('.message-head .status', { hasText: 'delivered' }).waitFor();
    expect(await page.locator('.timeline-step strong').allTextContents()).toEqual([
      'accepted',
      'attempted',
      'rendered',
      'handed over',
      'delivered',
    ]);
    await page.getByText('password-reset@1').waitFor();
    await page.getByText('exactly as sent').waitFor();
    await page.frameLocator('iframe').getByRole('heading').first().waitFor();
  });

  test("a message's page shows its props, and of a secret only that there is one", async () => {
    const secret = 'hunter-2-in-the-garden';
    const source = 'export const subject = "Keys"; export default ({ name }) => <p>For {name}</p>;';
    await mailer.templates.push('keys', { entry: 'index.tsx', files: { 'index.tsx': source } });
    const { messageId } = await mailer.send({
      to: 'ada@example.com',
      template: 'keys',
      props: { name: 'Ada', access: { apiToken: secret } },
    });
    const page = opened.page;
    const answers: Promise<string>[] = [];
    page.on('response', (response) => {
      if (response.url().includes(messageId) && !response.url().includes('stream'))
        answers.push(response.text());
    });
    await page.goto(`${dev.pages.inbox.replace('/inbox', `/messages/${messageId}`)}`);
    await page.frameLocator('iframe').getByText('For Ada').waitFor();
    await page.getByRole('tab', { name: 'Props' }).click();
    const shown = page.getByRole('region', { name: 'Props' });
    await shown.getByText('[redacted]').waitFor();
    const lines = await shown.locator('.code-line code').allTextContents();
    expect(JSON.parse(lines.join(''))).toEqual({ name: 'Ada', access: { apiToken: '[redacted]' } });
    for (const frame of page.frames()) expect(await frame.content()).not.toContain(secret);
    // What the page does not show it was never told either.
    const told = await Promise.all(answers);
    expect(told.join('\n')).toContain('[redacted]');
    expect(told.join('\n')).not.toContain(secret);
  });

  test('a message of which nobody knows is resolved on its page', async () => {
    const id = await send({ to: 'timeout@test.mail', subject: 'Who knows', text: 'x' });
    const page = opened.page;
    await page.goto(`${dev.pages.inbox.replace('/inbox', `/messages/${id}`)}`);
    await page.getByRole('button', { name: 'It was sent' }).click();
    await page.locator('.message-head .status', { hasText: 'sent' }).waitFor();
  });

  test('a hostile mail does nothing: not in the page, not beside it, not by itself', async () => {
    const id = await arrive({
      to: 'ada@example.com',
      subject: '<img src=x onerror=alert(1)>',
      html: HOSTILE_HTML,
      text: '<script>alert(1)</script>',
    });
    const { page } = opened;
    const asked: string[] = [];
    const happened: string[] = [];
    page.context().on('page', (popup) => popup !== page && happened.push(`opened ${popup.url()}`));
    page.on('dialog', (dialog) => {
      happened.push(`said ${dialog.message()}`);
      void dialog.dismiss();
    });
    await openInbox();
    // The browser tells of a request also where the policy stops it before it leaves.
    page.on('response', (response) => asked.push(response.url()));
    page.on('requestfailed', (request) => {
      const why = request.failure()?.errorText ?? '';
      if (why !== 'csp') asked.push(`${request.url()} ${why}`);
    });
    await rows().first().click();
    const frame = page.frameLocator('iframe');
    await frame.getByText('The end of the mail').waitFor();
    await frame.getByRole('button', { name: 'Submit' }).click();
    for (const name of ['Script link', 'Top link', 'New window'])
      await frame.getByRole('link', { name }).click();
    for (const tab of ['HTML', 'Text', 'Links', 'Headers', 'Source'])
      await page.getByRole('tab', { name: tab }).click();
    await page.getByRole('tab', { name: 'Links' }).click();
    const followable = await page.getByRole('tabpanel').getByRole('link').allTextContents();
    expect(followable.filter((href) => !href.startsWith('http'))).toEqual([]);
    expect(happened).toEqual([]);
    expect(new URL(page.url()).pathname).toBe(`/inbox/${id}`);
    expect(await page.title()).not.toContain('ran');
    const own = [
      `/v1/inbox/${id}`,
      `/v1/inbox?`,
      `/v1/messages/${id}/events`,
      '/v1/messages?',
      '/v1/messages/stream',
      '/ui/inbox/frames',
      '/ui/frames/inbox/',
    ];
    expect(asked.filter((url) => !own.some((path) => url.startsWith(dev.url + path)))).toEqual([]);

    // Even where somebody opens the frame's document by itself.
    await page.getByRole('tab', { name: 'Mail' }).click();
    const source = await page.locator('iframe').getAttribute('src');
    await page.goto(`${dev.url}${source}`);
    await page.getByText('The end of the mail').waitFor();
    expect(happened).toEqual([]);
    expect(await page.title()).not.toContain('ran');
  });

  test('a browser without a key sees nothing, and gets in by the link alone', async () => {
    const id = await arrive({ to: 'ada@example.com', subject: 'Private', text: 'x' });
    const { page } = opened;
    await page.goto(`${dev.url}/inbox/${id}`);
    await page.getByRole('heading', { name: 'This browser has no key yet' }).waitFor();
    expect(await page.content()).not.toContain('Private');
    await page.goto(dev.pages.inbox);
    await page.getByRole('link', { name: /Private/ }).waitFor();
    // Neither the address nor a cookie holds it.
    expect(page.url()).toBe(`${dev.url}/inbox`);
    expect(await opened.page.context().cookies()).toEqual([]);
    // A key that was revoked is forgotten.
    await page.evaluate(() => localStorage.setItem('mail.key', `mk_live_aaaaaaaa_${'a'.repeat(43)}`));
    await page.goto(`${dev.url}/inbox`);
    await page.getByRole('heading', { name: 'This browser has no key yet' }).waitFor();
  });

  test("another origin's page reaches nothing, although this browser holds the key", async () => {
    const id = await arrive({ to: 'ada@example.com', subject: 'Not for others', text: 'SECRET-OF-ADA' });
    const { page } = await openInbox().then(() => opened);
    const evil = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: () =>
        new Response('<!doctype html><title>evil</title>', { headers: { 'content-type': 'text/html' } }),
    });
    try {
      await page.goto(`http://127.0.0.1:${evil.port}/`);
      const reached = await page.evaluate(attack, { url: dev.url, id });
      expect(reached).toEqual([]);
    } finally {
      await evil.stop(true);
    }
    expect((await mailer.inbox.list()).data.map((mail) => mail.id)).toEqual([id]);
  });

  test('a name that resolves to this machine is refused everywhere', async () => {
    for (const path of [
      '/inbox',
      '/messages/x',
      '/ui/inbox/frames',
      '/ui/frames/inbox/x',
      '/ui/assets/x',
      '/v1/inbox',
      '/v1/messages/stream',
    ]) {
      for (const headers of [
        { host: 'evil.example' },
        { host: new URL(dev.url).host, origin: 'http://evil.example' },
      ]) {
        const response = await fetch(`${dev.url}${path}`, {
          headers: { ...headers, 'x-api-key': dev.keys.apiKey, 'x-mail-pages': '1' },
        });
        expect([path, response.status]).toEqual([path, 403]);
      }
    }
  });

  test('another user of this machine gets neither mail nor a frame', async () => {
    const id = await arrive({ to: 'ada@example.com', subject: 'Mine', text: 'x' });
    for (const path of [
      `/v1/inbox/${id}`,
      `/v1/inbox/${id}/raw`,
      `/v1/inbox/${id}/attachments/0`,
      '/v1/messages/stream',
    ])
      expect((await fetch(`${dev.url}${path}`)).status).toBe(401);
    expect((await fetch(`${dev.url}/ui/frames/inbox/${id}`)).status).toBe(404);
    const page = await (await fetch(`${dev.url}/inbox`)).text();
    expect(page).not.toContain('mk_');
  });

  for (const scheme of ['light', 'dark'] as const) {
    test(`no serious fault for those who do not see or use a mouse (${scheme})`, async () => {
      const { page, errors } = await watch(scheme);
      await page.goto(`${dev.url}/inbox`);
      await page.getByRole('heading', { name: 'This browser has no key yet' }).waitFor();
      expect(await seriousFaults(page)).toEqual([]);
      await page.goto(dev.pages.inbox);
      await page.getByRole('heading', { name: 'No mail yet' }).waitFor();
      expect(await seriousFaults(page)).toEqual([]);
      const id = await arrive({
        to: 'ada@example.com',
        subject: 'Look',
        html: '<p lang="en">Look</p>',
        text: 'Look',
        attachments: [{ filename: 'a.txt', content: btoa('a') }],
      });
      await send({
        to: 'ada@example.com',
        subject: 'Later',
        text: 'x',
        scheduledAt: new Date(Date.now() + 86_400_000),
      });
      const bounced = await send({ to: `bounce+${scheme}@test.mail`, subject: 'Bounces', text: 'x' });
      await mailer.messages.waitFor(bounced, 'bounced', { timeoutMs: 30_000 });
      await page.goto(`${dev.url}/inbox/${id}`);
      for (const tab of ['Mail', 'HTML', 'Text', 'Headers', 'Source', 'Attachments', 'Timeline']) {
        await page.getByRole('tab', { name: tab }).click();
        expect([tab, await seriousFaults(page)]).toEqual([tab, []]);
      }
      await page.goto(`${dev.url}/messages/${bounced}`);
      await page.locator('.timeline-step').first().waitFor();
      expect(await seriousFaults(page)).toEqual([]);
      expect(errors).toEqual([]);
      await page.context().close();
    }, 120_000);
  }

  async function previewProps(name: string): Promise<Record<string, unknown>> {
    const { previewProps: props } = await mailer.templates.get(name);
    return props;
  }
});

/** Runs in a page of another origin; whatever it gets hold of is in the answer. */
async function attack({ url, id }: { url: string; id: string }): Promise<string[]> {
  const reached: string[] = [];
  const paths = [
    `/v1/inbox/${id}`,
    '/v1/inbox',
    '/inbox',
    '/v1/messages/stream',
    '/ui/inbox/frames',
    '/ui/preview/templates',
  ];
  for (const path of paths) {
    for (const init of [
      {},
      { credentials: 'include' },
      { method: 'POST', body: 'x' },
      { headers: { 'x-mail-pages': '1' } },
    ] as RequestInit[]) {
      try {
        const response = await fetch(url + path, init);
        reached.push(`fetch ${path} ${response.status}`);
      } catch {
        // Refused, or unreadable: as it should be.
      }
    }
  }
  await fetch(`${url}/v1/inbox`, { method: 'DELETE' }).then(
    () => reached.push('delete'),
    () => {},
  );
  const settle = (name: string, target: EventTarget & { close?: () => void }, good: string, bad: string) =>
    new Promise<void>((resolve) => {
      target.addEventListener(good, () => {
        reached.push(name);
        resolve();
      });
      target.addEventListener(bad, () => resolve());
    });
  const image = new Image();
  const imageDone = settle('image', image, 'load', 'error');
  image.src = `${url}/v1/inbox/${id}/raw`;
  const script = document.createElement('script');
  const scriptDone = settle('script', script, 'load', 'error');
  script.src = `${url}/v1/inbox`;
  document.head.append(script);
  const source = new EventSource(`${url}/v1/messages/stream`, { withCredentials: true });
  const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/messages/stream`);
  await Promise.all([
    imageDone,
    scriptDone,
    settle('events', source, 'open', 'error'),
    settle('socket', socket, 'open', 'error'),
  ]);
  source.close();
  // A frame of the inbox, to click-jack or to read from.
  const frame = document.createElement('iframe');
  const frameDone = new Promise((resolve) => frame.addEventListener('load', resolve));
  frame.src = `${url}/inbox`;
  document.body.append(frame);
  await frameDone;
  try {
    if (frame.contentDocument?.body.textContent) reached.push('frame');
  } catch {
    // Another origin's, or the browser's own page that says no.
  }
  return reached;
}

type Fault = { id: string; impact: string | null; nodes: string[] };

async function seriousFaults(page: Page): Promise<Fault[]> {
  // The page allows no script from elsewhere, so it is told what to run by the browser itself.
  await page.evaluate(`${axe.source}; void 0`);
  const found: unknown = await page.evaluate(
    `axe.run(document, { iframes: false }).then(({ violations }) => violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.map(({ html }) => html.slice(0, 200)) })))`,
  );
  if (!Array.isArray(found)) throw new Error('axe gave no answer');
  return found;
}
