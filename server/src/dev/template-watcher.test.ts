import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LocalApi, PushResult } from './local-api.ts';
import { type PushReport, pushAll, watchTemplates } from './template-watcher.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'template-watcher-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const unused = () => Promise.reject(new Error('not part of a push'));

/** Keeps what was pushed, and knows the same content again. */
function createFakeApi(): LocalApi {
  const pushed = new Map<string, string>();
  return {
    send: unused,
    getMessage: unused,
    getContent: unused,
    getTimeline: unused,
    async pushTemplate(name, sources): Promise<PushResult> {
      const content = JSON.stringify(sources);
      const isNew = pushed.get(name) !== content;
      pushed.set(name, content);
      return { ok: true, version: 1, isNew, previewProps: {}, warnings: [] };
    },
  };
}

test('a shared partial that changes pushes the templates that import it, and only those', async () => {
  await Bun.write(join(folder, '_shared/button.tsx'), 'export const label = 1;');
  await Bun.write(join(folder, '_shared/other.tsx'), 'export const other = 1;');
  await Bun.write(join(folder, 'uses/index.tsx'), `import '../_shared/button.tsx'; export default 1;`);
  await Bun.write(join(folder, 'uses-other/index.tsx'), `import '../_shared/other.tsx'; export default 1;`);
  await Bun.write(join(folder, 'plain/index.tsx'), 'export default 1;');
  const api = createFakeApi();
  expect((await pushAll(folder, api)).map(({ name }) => name)).toEqual(['plain', 'uses', 'uses-other']);

  const reports: PushReport[] = [];
  const first = Promise.withResolvers<void>();
  const onPush = (report: PushReport) => {
    reports.push(report);
    first.resolve();
  };
  const watcher = await watchTemplates({ folder, api, onPush });
  await Bun.write(join(folder, '_shared/button.tsx'), 'export const label = 2;');
  await first.promise;
  // stopping waits for the push that is under way, with all of its templates
  await watcher.stop();
  // a save may be seen as two
  expect(new Set(reports.map(({ name }) => name))).toEqual(new Set(['uses']));
});
