import { expect, test } from 'bun:test';
import manifest from '../../../../package.json' with { type: 'json' };
import program from '../../../package.json' with { type: 'json' };
import { EDITOR_VERSIONS, PROJECT_VERSIONS } from './versions.ts';

test('a new project has the versions that templates are rendered and checked with here', () => {
  expect(manifest.devDependencies).toMatchObject(EDITOR_VERSIONS);
});

test('a new project has this program under its whole name', () => {
  expect(PROJECT_VERSIONS).toMatchObject({ [program.name]: program.version });
});
