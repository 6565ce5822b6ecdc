import { describe, expect, test } from 'bun:test';
import { findAddresses, findLooseVersions, findSplitVersions, findUnexplained } from './dependencies.ts';
import { parseManifest } from './manifests.ts';

const manifestWith = (dependencies: Record<string, string>, path = 'package.json') =>
  parseManifest(path, JSON.stringify({ name: 'x', devDependencies: dependencies }));

describe('the dependency checks', () => {
  test('find an address in the lockfile, whatever kind', () => {
    const lockfile = [
      '"a": ["a@1.0.0", "", {}],',
      '"b": ["b@1.0.0", "https://r.test/b.tgz", {}],',
      '"c@github:x/y"',
    ];
    expect(findAddresses(lockfile.join('\n'))).toEqual(['bun.lock:2: an address', 'bun.lock:3: an address']);
  });

  test.each(['^1.2.3', '~1.2.3', '1.x', '*', 'latest', '>=1.0.0', 'npm:other@^1.0.0', 'workspace:^'])(
    'refuse the version %s',
    (version) => {
      expect(findLooseVersions([manifestWith({ a: version })])).toHaveLength(1);
    },
  );

  test('accept exact versions and the workspaces of this repository', () => {
    const manifest = manifestWith({ a: '1.2.3', b: '1.0.0-rc.1', c: 'workspace:*', d: 'npm:a@1.2.3' });
    expect(findLooseVersions([manifest])).toEqual([]);
  });

  test('find a package in two versions', () => {
    const manifests = [manifestWith({ a: '1.0.0' }), manifestWith({ a: '1.0.1' }, 'server/package.json')];
    expect(findSplitVersions(manifests)).toHaveLength(1);
    expect(findSplitVersions([manifestWith({ a: '1.0.0' }), manifestWith({ a: '1.0.0' })])).toEqual([]);
  });

  test('find a package that no line explains, by its whole name', () => {
    const manifest = manifestWith({ react: '1.0.0', 'react-email': '1.0.0', c: 'workspace:*' });
    expect(findUnexplained([manifest], '- `react-email`: components')).toHaveLength(1);
    expect(findUnexplained([manifest], '- `react-email`, `react`: components')).toEqual([]);
  });
});

test('entries of a package are paths from the root, with or without conditions', () => {
  const exports = { '.': { types: './src/app.ts', default: './other.ts' }, './dev': './src/dev.ts' };
  const manifest = parseManifest('server/package.json', JSON.stringify({ name: 'x', exports }));
  expect(manifest.entries).toEqual({ '.': 'server/src/app.ts', './dev': 'server/src/dev.ts' });
});
