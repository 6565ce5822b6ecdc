import { describe, expect, test } from 'bun:test';
import type { Browser, Page, Request } from 'playwright-core';
import { expectNothingSerious } from './support/axe.ts';
import { openBrowser, openPage } from './support/browser.ts';
import { MAIL_FRAME, usePreviewPage } from './support/preview-page.ts';
import { openPreviewStage, type PreviewStage } from './support/preview-stage.ts';
import { isMissing } from './support/requires.ts';

describe.skipIf(isMissing('chromium'))('the page of the preview', () => {
  let browser: Browser;
  let stage: PreviewStage;
  let page: Page;
  let complaints: string[];
  const { open, mail } = usePreviewPage((opened) => ({ browser, stage, page, complaints } = opened));
  const scrollOf = () =>
    page.evaluate(
      (frame) => document.querySelector<HTMLIFrameElement>(frame)?.contentWindow?.scrollY ?? null,
      MAIL_FRAME,
    );

  test('shows a template, and the first one where none is named', async () => {
    await open('');
    await page.waitForURL('**/preview/greeting');
    await mail().getByText('Hello Ada').waitFor();
    expect(await page.getByRole('heading', { name: 'greeting' }).isVisible()).toBeTrue();
    expect(complaints).toEqual([]);
  });

  test('shows what was saved, scrolled as it was', async () => {
    await open('greeting?width=390');
    await mail().getByText('Hello Ada').waitFor();
    await page.evaluate(
      (frame) => document.querySelector<HTMLIFrameElement>(frame)?.contentWindow?.scrollTo(0, 700),
      MAIL_FRAME,
    );
    await page.locator(MAIL_FRAME).evaluate((frame) => frame.setAttribute('data-is', 'the first'));
    stage.save('greeting/messages/en.json', '{ "subject": "S", "hello": "Good day {name}" }');
    await mail().getByText('Good day Ada').waitFor({ state: 'attached' });
    expect(await scrollOf()).toBe(700);
    // A mail as any other is put into the frame that is there: that is what makes it quick.
    expect(await page.locator(MAIL_FRAME).getAttribute('data-is')).toBe('the first');
    expect(page.url()).toContain('width=390');
  });

  test('keeps the place where an image became another', async () => {
    const withImage = (heading: string, colour: string): string => {
      const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="10" height="3000"><rect width="10" height="3000" fill="${colour}"/></svg>`;
      return `export default () => <div><h1>${heading}</h1><img alt="" src="data:image/svg+xml,${encodeURIComponent(svg)}" /></div>;`;
    };
    stage.save('tall/index.tsx', withImage('One', 'red'));
    await open('tall?width=390');
    await mail().getByText('One').waitFor();
    await page.evaluate(
      (frame) => document.querySelector<HTMLIFrameElement>(frame)?.contentWindow?.scrollTo(0, 1500),
      MAIL_FRAME,
    );
    stage.save('tall/index.tsx', withImage('Two', 'blue'));
    await mail().getByText('Two').waitFor({ state: 'attached' });
    expect(await scrollOf()).toBe(1500);
  });

  test('shows a mail as it is, whatever the one before it had brought', async () => {
    const withHead = (heading: string, head: string): string =>
      `export default () => <html><head>${head}<style>{'h1 { color: rgb(1, 2, 3) }'}</style></head><body><h1>${heading}</h1></body></html>;`;
    const colour = () =>
      mail()
        .locator('h1')
        .evaluate((heading) => getComputedStyle(heading).color);
    stage.save('headed/index.tsx', withHead('One', ''));
    await open('headed');
    await mail().getByText('One').waitFor();
    expect(await colour()).toBe('rgb(1, 2, 3)');
    const policy = `<meta httpEquiv="Content-Security-Policy" content="style-src 'none'" />`;
    stage.save('headed/index.tsx', withHead('Two', policy));
    await mail().getByText('Two').waitFor();
    expect(await colour()).toBe('rgb(0, 0, 0)');
    stage.save('headed/index.tsx', withHead('Three', ''));
    await mail().getByText('Three').waitFor();
    expect(await colour()).toBe('rgb(1, 2, 3)');
  });

  test('shows the mail for other props, which the address keeps', async () => {
    await open('greeting?tab=props');
    const editor = page.locator('.cm-content');
    await editor.getByText('"Ada"').waitFor();
    await editor.fill('{ "name": "Grace" }');
    await mail().getByText('Hello Grace').waitFor();
    expect(new URL(page.url()).searchParams.get('props')).toBe('{ "name": "Grace" }');
    await page.reload();
    await mail().getByText('Hello Grace').waitFor();
    await page.getByRole('button', { name: 'Reset' }).click();
    await mail().getByText('Hello Ada').waitFor();
    expect(complaints).toEqual([]);
  });

  test('offers what the schema has, and tells what it refuses', async () => {
    await open('greeting?tab=props');
    const editor = page.locator('.cm-content');
    await editor.fill('{ "name": "Ada",  }');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.type('"');
    await page.locator('.cm-tooltip-autocomplete').getByText('plan').waitFor();
    await page.keyboard.press('Escape');
    await editor.fill('{\n  "name": "Ada",\n  "plan": "gold"\n}');
    const error = page.getByRole('list', { name: 'Errors in the props' }).getByRole('button');
    await error.filter({ hasText: '/plan' }).waitFor();
    expect(await error.textContent()).toStartWith('3');
    await page.locator('.cm-wrong').getByText('gold').waitFor();
  });

  test('shows a fixture and a locale', async () => {
    await open('greeting');
    await page.getByRole('combobox', { name: 'Props' }).selectOption('long-name');
    await page.getByRole('combobox', { name: 'Locale' }).selectOption('de');
    await mail().getByText('Hallo Hubert Blaine').waitFor();
    expect(page.url()).toContain('fixture=long-name');
    expect(page.url()).toContain('locale=de');
  });

  test('is itself dark where the system is, or where that is chosen', async () => {
    const ground = (shown: Page) => shown.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await open('greeting');
    const light = await ground(page);
    await page
      .getByRole('radiogroup', { name: 'Colours of this page' })
      .getByRole('radio', { name: 'Dark' })
      .click();
    const dark = await ground(page);
    expect(dark).not.toBe(light);
    const other = await openPage(browser, { colorScheme: 'dark' });
    await other.page.goto(`${stage.url}/preview/greeting`);
    await other.page.getByRole('tablist').waitFor();
    expect(await ground(other.page)).toBe(dark);
    await other.page.close();
  });

  test('can be used with the keyboard alone', async () => {
    await open('greeting');
    await page.getByRole('link', { name: 'plain' }).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('pla');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/preview/plain');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Tab');
    await page.keyboard.press('End');
    expect(await page.locator(':focus').textContent()).toBe('plain');
    await page.keyboard.press('Home');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/preview/greeting');
    await page.keyboard.press('2');
    await page.getByRole('tabpanel', { name: 'HTML' }).waitFor();
    await page.getByRole('tab', { selected: true }).focus();
    await page.keyboard.press('ArrowRight');
    await page.getByRole('tabpanel', { name: 'Text' }).waitFor();
    expect(await page.locator(':focus').textContent()).toBe('Text');
  });

  test('finds a template by a part of its folder or name', async () => {
    await open('greeting');
    await page.getByRole('searchbox').fill('acc');
    await page.getByRole('link', { name: 'greeting' }).waitFor({ state: 'detached' });
    expect(await page.getByRole('link', { name: 'plain' }).isVisible()).toBeTrue();
  });

  test('shows checks with their place, and the place', async () => {
    stage.save(
      'accounts/plain/index.tsx',
      'export default () => (\n  <img src="https://example.com/a.png" />\n);\n',
    );
    await open('plain?tab=checks');
    const check = page.getByRole('listitem').filter({ hasText: 'Image without alt' });
    await check.getByRole('button', { name: /index\.tsx:2/ }).click();
    await page.getByRole('tabpanel', { name: 'Source' }).waitFor();
    expect(await page.locator('.code-line[data-marked=true]').textContent()).toContain('<img');
  });

  test.each(['preview', 'html', 'text', 'source', 'headers', 'props', 'checks', 'versions'])(
    'has nothing in the tab %s that keeps people out',
    async (tab) => {
      await open(`greeting?tab=${tab}`);
      await page.getByRole('tabpanel').locator('*').first().waitFor();
      await expectNothingSerious(page);
    },
  );
});

/** What a mail might try: everything that a page may do and a mail may not. */
const HOSTILE = `export const subject = '<img src=x onerror="top.owned=1">';
const html = \`
<script>top.owned = 'script';</script>
<img src="x" onerror="top.owned = 'handler'">
<svg onload="top.owned = 'svg'"></svg>
<iframe src="javascript:top.owned='frame'"></iframe>
<iframe src="/preview"></iframe>
<object data="/v1/messages"></object><embed src="/v1/messages">
<link rel="stylesheet" href="/ui/preview/templates"><link rel="prefetch" href="/v1/prefetch">
<meta http-equiv="refresh" content="0;url=/refreshed">
<base href="https://evil.example/" target="_top">
<style>@import url('/v1/import'); html, body { position: fixed; inset: -500px; z-index: 2147483647; background: url('/v1/background') red }</style>
<div style="position:fixed;top:-300px;left:-300px;width:4000px;height:4000px;z-index:2147483647;background:red"></div>
<form action="/ui/preview/render" method="post" target="_top"><button id="submit" style="position:fixed;top:5px;left:5px;z-index:2147483647">Submit</button></form>
<a id="script" href="javascript:top.owned='link'" style="position:fixed;top:40px;left:5px;z-index:2147483647">Script</a>
<a id="top" href="/v1/top" target="_top" style="position:fixed;top:70px;left:5px;z-index:2147483647">Top</a>
<a id="blank" href="https://evil.example/blank" target="_blank" style="position:fixed;top:100px;left:5px;z-index:2147483647">Blank</a>
<img name="scrollingElement"><img name="documentElement"><img name="defaultView"><img name="compatMode">\`;
export default () => <div dangerouslySetInnerHTML={{ __html: html }} />;
`;

describe.skipIf(isMissing('chromium'))('a hostile mail', () => {
  // With the images that the hostile one has, and that without what a frame of its own is needed for: so that it is put into this one's frame.
  const CALM =
    'export default () => <p id="calm"><img src="x" alt="" /><img alt="" /><img alt="" /><img alt="" /><img alt="" />Calm</p>;\n';
  const SAVED = HOSTILE.replace(/<meta[^>]*>/, '');
  const WAYS = ['opened', 'put into the frame of another by a save'] as const;

  test.each(WAYS)('%s neither runs, nor leaves its frame, nor reaches the server', async (way) => {
    const isSaved = way !== 'opened';
    const [browser, stage] = await Promise.all([
      openBrowser(),
      openPreviewStage({ 'hostile/index.tsx': isSaved ? CALM : HOSTILE }),
    ]);
    const { page } = await openPage(browser);
    const asked: string[] = [];
    const note = (request: Request): void => void asked.push(request.url().replace(stage.url, ''));
    page.context().on('requestfinished', note);
    page.context().on('requestfailed', (request) => {
      // What the policy stops never leaves the browser.
      if (request.failure()?.errorText !== 'csp') note(request);
    });
    let popups = 0;
    page.on('popup', () => {
      popups += 1;
    });
    await page.goto(`${stage.url}/preview/hostile`);
    const mail = page.frameLocator(MAIL_FRAME);
    if (isSaved) {
      await mail.locator('#calm').waitFor();
      await page.locator(MAIL_FRAME).evaluate((frame) => frame.setAttribute('data-is', 'the first'));
      stage.save('hostile/index.tsx', SAVED);
      await mail.locator('#submit').waitFor();
      expect(await page.locator(MAIL_FRAME).getAttribute('data-is')).toBe('the first');
    }
    for (const id of ['submit', 'script', 'top', 'blank']) {
      await mail.locator(`#${id}`).click();
      // Where a link would have led is told; that also says that the click has been dealt with.
      if (id === 'blank') await page.locator('.link-bar').getByText('https://evil.example/blank').waitFor();
    }
    expect(await page.evaluate('window.owned ?? null')).toBeNull();
    expect(page.url()).toBe(`${stage.url}/preview/hostile`);
    expect(popups).toBe(0);
    // The list is ours still, and over it lies nothing of the mail.
    await page.getByRole('link', { name: 'hostile' }).click();
    const own = /^\/(preview|ui\/assets|ui\/frames\/preview|ui\/preview\/(render|templates|events)$)/;
    expect(asked.filter((url) => !own.test(url) && !url.startsWith('data:'))).toEqual([]);
    expect(asked.filter((url) => url === '/ui/preview/templates')).toHaveLength(1);
    // Whatever its parts are called, the next mail takes its place.
    stage.save('hostile/index.tsx', CALM);
    await mail.locator('#calm').waitFor();
    expect(await mail.locator('#submit').count()).toBe(0);
    await browser.close();
    await stage.close();
  });

  test('opened by itself is as powerless', async () => {
    const [browser, stage] = await Promise.all([
      openBrowser(),
      openPreviewStage({ 'hostile/index.tsx': HOSTILE }),
    ]);
    const { page } = await openPage(browser);
    await page.goto(`${stage.url}/preview/hostile`);
    const src = await page.locator(MAIL_FRAME).getAttribute('src');
    await page.goto(`${stage.url}${src}`);
    await page.locator('#script').click();
    expect(await page.evaluate('window.owned ?? null')).toBeNull();
    expect(page.url()).toBe(`${stage.url}${src}`);
    await browser.close();
    await stage.close();
  });
});
