import { expect, test } from 'bun:test';
import manifest from '../../../../package.json' with { type: 'json' };
import { PROJECT_VERSIONS } from './versions.ts';

test('a new project has the versions that templates are rendered and checked with here', () => {
  expect(manifest.devDependencies).toMatchObject(PROJECT_VERSIONS);
});
