import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileTemplate } from '../engine/compiler.ts';
import { findTemplates, NoTemplateError, readTemplate } from './template-folder.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'template-folder-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function write(files: Record<string, string>): Promise<void> {
  for (const [path, source] of Object.entries(files)) await Bun.write(join(folder, path), source);
}

const SHARED = {
  '_shared/button.tsx': `import { accent } from './theme/colours.ts';
export const Cta = () => <a style={{ color: accent }}>go</a>;`,
  '_shared/theme/colours.ts': `export const accent = '#123456';`,
  '_shared/unused.tsx': `export default 1;`,
};

describe('shared partials', () => {
  test('come with the templates that import them, through one another, and no others', async () => {
    await write({
      ...SHARED,
      'welcome/index.tsx': `import { Body } from './parts/body.tsx'; export default () => <Body />;`,
      'welcome/parts/body.tsx': `import { Cta } from '../../_shared/button'; export const Body = () => <Cta />;`,
      'plain/index.tsx': `export default () => <p>plain</p>;`,
    });
    expect((await findTemplates(folder)).map(({ name }) => name)).toEqual(['plain', 'welcome']);
    const sources = await readTemplate(join(folder, 'welcome'));
    expect(Object.keys(sources.files).toSorted()).toEqual([
      '_shared/button.tsx',
      '_shared/theme/colours.ts',
      'index.tsx',
      'parts/body.tsx',
    ]);
    expect(await compileTemplate(sources)).toMatchObject({
      ok: true,
      code: expect.stringContaining('#123456'),
    });
    expect(Object.keys((await readTemplate(join(folder, 'plain'))).files)).toEqual(['index.tsx']);
  });

  test('are found from a template that is a single file', async () => {
    await write({
      ...SHARED,
      'note.tsx': `import { Cta } from './_shared/button.tsx'; export default () => <Cta />;`,
    });
    const sources = await readTemplate(join(folder, 'note.tsx'));
    expect(await compileTemplate(sources)).toMatchObject({ ok: true });
  });

  test('cannot import from the template that imports them', async () => {
    await write({
      '_shared/button.tsx': `import { secret } from '../index.tsx'; export const Cta = () => <p>{secret}</p>;`,
      'welcome/index.tsx': `import { Cta } from '../_shared/button.tsx';
export const secret = 1; export default () => <Cta />;`,
    });
    expect(await compileTemplate(await readTemplate(join(folder, 'welcome')))).toMatchObject({
      ok: false,
      errors: [{ file: '_shared/button.tsx', line: 1 }],
    });
  });

  test('that are missing are errors of the template that imports them', async () => {
    await write({ 'welcome/index.tsx': `import '../_shared/nowhere.tsx'; export default () => null;` });
    expect(await compileTemplate(await readTemplate(join(folder, 'welcome')))).toMatchObject({
      ok: false,
      errors: [{ file: 'index.tsx', line: 1 }],
    });
  });

  test('in a folder of a template are refused, for the two could not be told apart', async () => {
    await write({ 'welcome/index.tsx': 'export default 1;', 'welcome/_shared/a.tsx': 'export default 1;' });
    await expect(readTemplate(join(folder, 'welcome'))).rejects.toBeInstanceOf(NoTemplateError);
  });
});
