import { describe, expect, test } from 'bun:test';
import { buildModuleGraph } from './module-graph.ts';
import { readModuleFacts } from './module-facts.ts';
import { PLANTED_VIOLATIONS, proveRules } from './planted-violations.ts';
import { findViolations } from './rules.ts';

const graphOf = (sources: Record<string, string>) =>
  buildModuleGraph({ sources, hasFile: () => false, workspaces: {} });

describe('the boundary rules', () => {
  test('catch every planted violation and nothing in a healthy tree', () => {
    expect(proveRules()).toEqual([]);
    expect(PLANTED_VIOLATIONS.length).toBeGreaterThan(20);
  });

  test('show the whole chain, by its shortest way', () => {
    const violations = findViolations(
      graphOf({
        'server/src/api/a.ts': "import '../lib/long.ts'; import '../lib/short.ts';",
        'server/src/lib/long.ts': "import './short.ts';",
        'server/src/lib/short.ts': "import '../worker/w.ts';",
        'server/src/worker/w.ts': '',
      }),
    );
    const found = violations.find((one) => one.rule === 'api-never-reaches-worker');
    expect(found?.message).toBe('server/src/api/a.ts -> server/src/lib/short.ts -> server/src/worker/w.ts');
  });

  test('follow circles to their end', () => {
    const circle = { 'server/src/api/a.ts': "import './b.ts';", 'server/src/api/b.ts': "import './a.ts';" };
    expect(findViolations(graphOf(circle))).toEqual([]);
  });

  test('a file that does not parse is an error, not a pass', () => {
    expect(() => readModuleFacts('server/src/a.ts', 'import {')).toThrow();
  });

  test('text that only looks like an import is none', () => {
    const source =
      "// import '../worker/w.ts'\nexport const text = \"import '../worker/w.ts'; process.env\";";
    expect(readModuleFacts('server/src/api/a.ts', source)).toMatchObject({
      imports: [],
      environmentReads: [],
    });
  });

  test('know which line it is', () => {
    expect(readModuleFacts('a.ts', "\n\nimport type { A } from './b.ts';")).toMatchObject({
      imports: [{ specifier: './b.ts', isTypeOnly: true, line: 3 }],
    });
  });
});
