import { describe, expect, test } from 'bun:test';
import { findClassWarnings } from './class-warnings.ts';

function messagesOf(source: string): string[] {
  return findClassWarnings({ entry: 'index.tsx', files: { 'index.tsx': source } }).map(
    ({ message }) => message,
  );
}

describe('classes whose order changes the result', () => {
  test.each([
    ['p-2 p-4', 'padding'],
    ['px-4 p-2', 'padding-x'],
    ['pt-1 m-0 py-2', 'padding-top'],
    ['-mt-2 mt-4', 'margin-top'],
    ['text-red-500 font-bold text-blue-500', 'color'],
    ['text-[#fff] text-white/50', 'color'],
    ['bg-[#f4f3ef] bg-white', 'background-color'],
    ['text-sm text-[13px]', 'font-size'],
    ['leading-5 text-sm', 'line-height'],
    ['w-2 size-4', 'width'],
    ['border-t border-0', 'border-top-width'],
    ['rounded-t-lg rounded', 'border-top-radius'],
    ['font-bold font-medium', 'font-weight'],
    ['hidden block', 'display'],
    ['!p-4 p-2', 'padding'],
    ['sm:p-2 sm:p-4', 'padding'],
    ['sm:hover:w-1/2 sm:hover:w-full', 'width'],
  ])('warns of %s', (classes, property) => {
    expect(messagesOf(`<p className="${classes}">`)).toEqual([
      expect.stringContaining(`both set ${property}:`),
    ]);
  });

  test.each([
    'p-2 px-4',
    'p-2 px-4 pt-0',
    'sm:p-2 p-4',
    'sm:p-2 md:p-4',
    'dark:hover:p-2 hover:p-4',
    'text-red-500 text-sm text-center',
    'text-sm leading-5',
    'leading-5 text-[13px]',
    'border-2 border-solid border-red-500',
    'border-0 border-t',
    'size-4 w-2',
    'rounded rounded-t-lg',
    'font-sans font-bold',
    'p-2 p-2',
    'text-brand text-title',
    'data-[a:b]:p-2 p-4',
    'bg-[url(x)] bg-white',
    'w-full max-w-[600px] min-w-0',
  ])('says nothing of %s', (classes) => {
    expect(messagesOf(`<p className="${classes}">`)).toEqual([]);
  });

  test('reads every way to write them out, and names file and line', () => {
    const source = `<p className='p-1 p-2'>
<p className={"p-1 p-2"}><p className={'p-1 p-2'}>
<p className={\`m-0 p-1
  p-2 \${LABEL}\`}>`;
    const files = { 'index.tsx': '', 'parts/a.tsx': source };
    const found = findClassWarnings({ entry: 'index.tsx', files });
    expect(found.map(({ file, line }) => `${file}:${line}`)).toEqual([
      'parts/a.tsx:1',
      'parts/a.tsx:2',
      'parts/a.tsx:2',
      'parts/a.tsx:3',
    ]);
    expect(new Set(found.map(({ code }) => code))).toEqual(new Set(['class_order']));
  });

  test('leaves alone what only a render knows', () => {
    const dollar = '${size}';
    expect(messagesOf(`<p className={\`p-${dollar} p-4\`}>`)).toEqual([]);
    expect(messagesOf('<p className={isWide ? "p-1" : "p-2"}>')).toEqual([]);
    expect(messagesOf('<p className={clsx("p-1", "p-2")}>')).toEqual([]);
  });

  test('is not stalled by a hostile source', () => {
    const hostile = `<p className="${'[(!-:'.repeat(15_000)}">`;
    expect(messagesOf(hostile)).toEqual([]);
    expect(messagesOf(`<p className={\`${'${'.repeat(20_000)}\`}>`)).toEqual([]);
  });
});
