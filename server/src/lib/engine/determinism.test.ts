import { beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import type { TemplateSources } from './template-sources.ts';
import { readCorpus } from './fixtures/corpus.ts';
import { createInProcessRenderer } from './fixtures/in-process-renderer.ts';

// Some seconds of honest work, which a busy machine makes minutes.
setDefaultTimeout(240_000);

type Renderer = Awaited<ReturnType<typeof createInProcessRenderer>>;

let used: Renderer;

async function renderOn(renderer: Renderer, sources: TemplateSources, props: object = {}): Promise<string> {
  const render = await renderer.prepare(sources);
  return JSON.stringify(await render(JSON.stringify(props)));
}

function mail(body: string, head = ''): TemplateSources {
  const source = `
import { useId } from 'react';
import { Body, Head, Html, Tailwind } from 'react-email';
${head}
export default function Mail(props: { size?: number }) {
  return <Html><i>{Math.random()}</i><Tailwind><Head /><Body className="p-4"><b>{Math.random()}</b>${body}</Body></Tailwind></Html>;
}`;
  return { entry: 'index.tsx', files: { 'index.tsx': source } };
}

beforeAll(async () => {
  used = await createInProcessRenderer();
});

test('a runtime that has rendered much gives the bytes of a fresh one', async () => {
  const corpus = readCorpus();
  // 1,200 classes of its own: the compiler is replaced twice on the way
  const sized = await used.prepare(mail('<p className={`w-[${props.size}px] sm:p-[${props.size}px]`}>x</p>'));
  for (let size = 0; size < 600; size += 1) await sized(JSON.stringify({ size }));
  for (const { sources } of corpus.toReversed()) await renderOn(used, sources);
  const fresh = await createInProcessRenderer();
  for (const { name, sources } of corpus) {
    const expected = await renderOn(fresh, sources);
    expect(`${name}: ${await renderOn(used, sources)}`).toBe(`${name}: ${expected}`);
    expect(`${name}: ${await renderOn(used, sources)}`).toBe(`${name}: ${expected}`);
  }
});

test('a mail does not see the rules of another mail that share its classes', async () => {
  const alone = mail('<p className="group peer">alone</p>');
  await renderOn(used, mail('<p className="group"><i className="group-hover:underline">x</i></p>'));
  const fresh = await createInProcessRenderer();
  const expected = await renderOn(fresh, alone);
  expect(expected).not.toContain('hover');
  expect(await renderOn(used, alone)).toBe(expected);
});

test('a mail does not see the variables that another mail has brought', async () => {
  const alone = mail('<p className="p-[var(--tw-shadow)]">alone</p>');
  await renderOn(used, mail('<p className="shadow-md">x</p>'));
  const fresh = await createInProcessRenderer();
  expect(await renderOn(used, alone)).toBe(await renderOn(fresh, alone));
});

test('components are called once, so that the first render draws the numbers of the second', async () => {
  const sources = mail(
    '<Drawn className="mt-[77px]" />',
    'const Drawn = () => <u id={useId()}>{Math.random()}</u>;',
  );
  const fresh = await createInProcessRenderer();
  const render = await fresh.prepare(sources);
  const first = JSON.stringify(await render('{}'));
  expect(first).toContain('"status":"ok"');
  expect(JSON.stringify(await render('{}'))).toBe(first);
});

test('a class that the inliner cannot read fails its own mail only', async () => {
  const broken = await renderOn(used, mail('<p className="p-[var()]">x</p>'));
  const after = await renderOn(used, mail('<p className="p-[5px]">x</p>'));
  expect(JSON.parse(after)).toMatchObject({ status: 'ok' });
  expect(typeof JSON.parse(broken).status).toBe('string');
});

test('a render leaves nothing on the function around the code, which the next one shares', async () => {
  const source = `
function around() { return around.caller; }
const owner = around();
if (typeof owner === 'function') { owner.count = (owner.count ?? 0) + 1; owner.prototype.count = (owner.prototype.count ?? 0) + 1; }
export default () => <p>{String(owner?.count)} {String(owner?.prototype?.count)}</p>;`;
  const render = await used.prepare({ entry: 'index.jsx', files: { 'index.jsx': source } });
  const first = JSON.stringify(await render('{}'));
  await render('{}');
  expect(JSON.stringify(await render('{}'))).toBe(first);
});

test('half a character becomes what it becomes in the streaming renderer, whoever renders', async () => {
  const source = `export default ({ half }) => <p title={half}>{half}</p>;`;
  const render = await used.prepare({ entry: 'index.jsx', files: { 'index.jsx': source } });
  expect(await render('{"half":"\\ud83d"}')).toMatchObject({
    html: expect.stringContaining('<p title="\ufffd">\ufffd</p>'),
    text: '\ufffd',
  });
});
