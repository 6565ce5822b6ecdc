import { describe, expect, test } from 'bun:test';
import { checkTemplate } from './check-template.ts';

const FRAME = '<html lang="en"><body><div data-skip-in-text="true">preview</div>';

function check(body: string, files: Record<string, string> = {}) {
  return checkTemplate({ html: `${FRAME}${body}</body></html>`, sources: { entry: 'index.tsx', files } });
}

function codesOf(body: string, files: Record<string, string> = {}): string[] {
  return check(body, files).map(({ code }) => code);
}

describe('the checker', () => {
  test('has nothing to say about a mail that is in order', () => {
    const body = `<p style="color:red;padding:4px">Hi</p><img src="https://x.example/a.png" alt=""/>
      <a href="https://x.example">x</a><a href="mailto:a@x.example">write</a><img src="cid:logo" alt="logo"/>`;
    expect(check(body, { 'index.tsx': '<Html lang="de"><Img alt="" src={a}/></Html>' })).toEqual([]);
  });

  test('warns from 102 KB on, where Gmail clips', () => {
    const room = 102 * 1024 - `${FRAME}</body></html>`.length;
    expect(codesOf('x'.repeat(room))).toEqual([]);
    expect(check('x'.repeat(room + 1))).toMatchObject([{ code: 'html_too_large', file: null, line: null }]);
    expect(codesOf('ä'.repeat(60_000))).toEqual(['html_too_large']);
  });

  test.each([
    ['<img src="https://x.example/a.png">', ['image_without_alt']],
    ['<img src="/a.png" alt="a">', ['image_relative']],
    ['<img src="//x.example/a.png" alt="a">', ['image_relative']],
    ['<img alt="a">', ['image_relative']],
    ['<img src="http://x.example/a.png" alt="a">', ['insecure_url']],
    ['<a href="http://x.example">x</a>', ['insecure_url']],
    ['<a href="https://x.example"></a>', ['link_without_text']],
    ['<a href="https://x.example"> <b> </b></a>', ['link_without_text']],
    ['<a href="https://x.example"><img src="https://x.example/a" alt=""></a>', ['link_without_text']],
    ['<a href="https://x.example"><img src="https://x.example/a" alt="Home"></a>', []],
    ['<a href="https://x.example" aria-label="Home"></a>', []],
    ['<a href="https://x.example"><b>x</b></a>', []],
    ['<table><tr><td>x</td></tr></table>', ['table_without_role']],
    ['<table role="presentation"><tr><td>x</td></tr></table>', []],
    ['<table><tr><th>x</th></tr></table>', []],
    ['<table><tr><td><table><tr><th>x</th></tr></table></td></tr></table>', ['table_without_role']],
  ])('reads %s', (body, codes) => {
    expect(codesOf(body)).toEqual(codes);
  });

  test('wants a language and a preview text', () => {
    const html = '<html><body><p>x</p></body></html>';
    const files = { 'index.tsx': '\n<html>\n<body>' };
    expect(checkTemplate({ html, sources: { entry: 'index.tsx', files } })).toMatchObject([
      { code: 'lang_missing', file: 'index.tsx', line: 2 },
      { code: 'preview_missing', file: 'index.tsx', line: 3 },
    ]);
  });

  test('sees in the sources what components fill in by themselves', () => {
    const files = {
      'index.tsx': `<Html>\n<Img src={list.find((x) => x > 1)} />\n<Img src="a" alt="b"/><Img {...all}/></Html>`,
    };
    expect(check('', files)).toMatchObject([
      { code: 'lang_missing', file: 'index.tsx', line: 1 },
      { code: 'image_without_alt', file: 'index.tsx', line: 2 },
    ]);
  });

  test('names the file and line of what is written out in the sources', () => {
    const files = { 'index.tsx': 'a', 'parts/logo.tsx': 'a\nb\nsrc="/logo.png"' };
    expect(check('<img alt="" src="/logo.png">', files)).toMatchObject([
      { code: 'image_relative', file: 'parts/logo.tsx', line: 3 },
    ]);
    expect(check('<img alt="" src="/computed.png">', files)).toMatchObject([{ file: null, line: null }]);
  });

  test('names the clients that ignore a style, from the attribute and from the sheet', () => {
    const files = { 'index.tsx': '{\n position: "absolute" }' };
    expect(check('<p style="color:red; Position : absolute">x</p>', files)).toMatchObject([
      { code: 'css_unsupported', message: expect.stringContaining('Gmail'), file: 'index.tsx', line: 2 },
    ]);
    const sheet =
      '<style>@media (max-width:9px){.a{text-shadow:1px 1px red}} .b{width:clamp(1px,2px,3px)}</style>';
    expect(check(sheet).map(({ message }) => message.split(' ')[0])).toEqual(['clamp()', 'text-shadow']);
    expect(check('<p style="display:block;margin:0">x</p>')).toEqual([]);
  });

  test('names the key and the locale of a missing translation', () => {
    const files = {
      'index.tsx': `({ t }) => {\n t('title'); t('cta.label'); t('nowhere'); format('x'); }`,
      'messages/en.json': '{"title":"Title","cta":{"label":"Go"}}',
      'messages/de.json': '{"title":"Titel"}',
      'messages/de-AT.json': '{}',
    };
    expect(check('', files)).toEqual([
      {
        code: 'translation_missing',
        message: expect.stringContaining('"cta.label" is missing in de'),
        file: 'messages/de.json',
        line: null,
      },
      {
        code: 'translation_missing',
        message: expect.stringContaining('nowhere'),
        file: 'index.tsx',
        line: 2,
      },
    ]);
  });

  test('says nothing that a database could not keep', () => {
    const files = {
      'index.tsx': '',
      'messages/en.json': '{"a\\u0000\\ud800":"x"}',
      'messages/de.json': '{}',
    };
    const messages = check(`<img alt="" src="/\0${'x'.repeat(77)}😀">`, files).map(({ message }) => message);
    expect(messages).toHaveLength(2);
    for (const message of messages) expect(message.isWellFormed() && !message.includes('\0')).toBe(true);
  });

  test('says each thing once, and no more than a hundred', () => {
    expect(codesOf('<img alt="" src="/a">'.repeat(50))).toEqual(['image_relative']);
    const many = Array.from({ length: 500 }, (_, index) => `<img alt="" src="/${index}">`).join('');
    expect(codesOf(many)).toHaveLength(100);
  });
});
