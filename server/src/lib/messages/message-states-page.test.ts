import { expect, test } from 'bun:test';
import { TRANSITIONS } from './status.ts';

const PAGE = new URL('../../../../docs/message-states.md', import.meta.url);

const wordsIn = (text: string) => [...text.matchAll(/`([a-z]+)`/g)].map(([, word]) => word ?? '').sort();

test('docs/message-states.md says of every state what it may become', async () => {
  const rows = (await Bun.file(PAGE).text()).split('\n').filter((line) => line.startsWith('| `'));
  const told = rows.map((row) => {
    const [, state = '', , targets = ''] = row.split('|');
    return [wordsIn(state)[0] ?? '', wordsIn(targets)];
  });
  const actual = Object.entries(TRANSITIONS).map(([state, targets]) => [state, [...targets].sort()]);
  expect(told).toEqual(actual);
});
