import { parseSync } from 'oxc-parser';

/** One import, re-export, dynamic import, `require` or `new URL(..., import.meta.url)` of a module. */
export type ModuleImport = {
  specifier: string;
  /** Erased before anything runs: `import type`, `export type ... from`, `import('x').T`. */
  isTypeOnly: boolean;
  line: number;
};

/** What the boundary rules need to know about a source file. */
export type ModuleFacts = {
  /** From the root, with forward slashes. */
  path: string;
  imports: readonly ModuleImport[];
  /** Lines that read the environment. */
  environmentReads: readonly number[];
  /** Lines with an `import(...)` or `require(...)` whose target is computed, so that nobody can follow it. */
  computedImports: readonly number[];
};

type AstNode = { type: string; start: number; [key: string]: unknown };

function isNode(value: unknown): value is AstNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

function* nodesOf(value: unknown): Generator<AstNode> {
  if (Array.isArray(value)) {
    for (const item of value) yield* nodesOf(item);
    return;
  }
  if (!isNode(value)) return;
  yield value;
  for (const child of Object.values(value)) yield* nodesOf(child);
}

/** The text of a string literal, or of a template without holes. */
function textOf(value: unknown): string | null {
  if (!isNode(value)) return null;
  if (value.type === 'Literal') return typeof value['value'] === 'string' ? value['value'] : null;
  if (value.type === 'TSLiteralType') return textOf(value['literal']);
  if (value.type !== 'TemplateLiteral') return null;
  const { quasis } = value;
  const only: unknown = Array.isArray(quasis) && quasis.length === 1 ? quasis[0] : null;
  const text: unknown = isNode(only) ? only['value'] : null;
  if (typeof text !== 'object' || text === null || !('cooked' in text)) return null;
  return typeof text.cooked === 'string' ? text.cooked : null;
}

function nameOf(value: unknown): string | null {
  if (!isNode(value) || value.type !== 'Identifier') return null;
  return typeof value['name'] === 'string' ? value['name'] : null;
}

/** The property that a member expression or an object pattern's entry names: `a.env`, `a['env']`, `{ env }`. */
function propertyNameOf(holder: AstNode, key: 'property' | 'key'): string | null {
  return textOf(holder[key]) ?? nameOf(holder[key]);
}

function isImportMeta(value: unknown): boolean {
  return isNode(value) && value.type === 'MetaProperty';
}

/** `process`, `Bun`, `import.meta`, and the first two on `globalThis`. */
function holdsEnvironment(value: unknown): boolean {
  if (isImportMeta(value)) return true;
  const name = nameOf(value);
  if (name !== null) return name === 'process' || name === 'Bun';
  if (!isNode(value) || value.type !== 'MemberExpression') return false;
  const property = propertyNameOf(value, 'property');
  return nameOf(value['object']) === 'globalThis' && (property === 'process' || property === 'Bun');
}

function picksEnvironment(pattern: unknown): boolean {
  if (!isNode(pattern) || pattern.type !== 'ObjectPattern' || !Array.isArray(pattern['properties']))
    return false;
  return pattern['properties'].some((entry) => isNode(entry) && propertyNameOf(entry, 'key') === 'env');
}

const ENVIRONMENT_MODULES = new Set(['process', 'node:process', 'bun']);

function importsEnvironment(node: AstNode): boolean {
  const source = textOf(node['source']);
  if (source === null || !ENVIRONMENT_MODULES.has(source) || !Array.isArray(node['specifiers'])) return false;
  return node['specifiers'].some((one) => {
    if (!isNode(one)) return false;
    if (one.type === 'ImportSpecifier') return nameOf(one['imported']) === 'env';
    // The whole module under another name would go unseen where it is used.
    const name = nameOf(one['local']);
    return name !== 'process' && name !== 'Bun';
  });
}

function readsEnvironment(node: AstNode): boolean {
  switch (node.type) {
    case 'MemberExpression':
      return propertyNameOf(node, 'property') === 'env' && holdsEnvironment(node['object']);
    case 'VariableDeclarator':
      return picksEnvironment(node['id']) && holdsEnvironment(node['init']);
    case 'ImportDeclaration':
      return importsEnvironment(node);
    default:
      return false;
  }
}

/** Where `process.env.X = ...` names the environment: that sets it for what the process itself does next. */
function writtenEnvironment(node: AstNode): number | null {
  if (node.type !== 'AssignmentExpression' || node['operator'] !== '=') return null;
  const { left } = node;
  if (!isNode(left) || left.type !== 'MemberExpression' || !isNode(left['object'])) return null;
  return readsEnvironment(left['object']) ? left['object'].start : null;
}

type Target = { value: unknown; isTypeOnly: boolean; isDynamic: boolean };

function firstArgument(node: AstNode): unknown {
  return Array.isArray(node['arguments']) ? node['arguments'][0] : null;
}

function callTarget(node: AstNode): Target | null {
  const { callee } = node;
  if (nameOf(callee) === 'require') return { value: firstArgument(node), isTypeOnly: false, isDynamic: true };
  if (!isNode(callee) || callee.type !== 'MemberExpression') return null;
  const isResolve = propertyNameOf(callee, 'property') === 'resolve' && isImportMeta(callee['object']);
  return isResolve ? { value: firstArgument(node), isTypeOnly: false, isDynamic: false } : null;
}

/** `new URL('./child.ts', import.meta.url)` is how a file to be spawned is named. */
function urlTarget(node: AstNode): Target | null {
  const name = nameOf(node['callee']);
  if (name !== 'URL' && name !== 'Worker') return null;
  const text = textOf(firstArgument(node));
  const isCode = text !== null && /^\.{1,2}\/.*\.[cm]?[jt]sx?$/.test(text);
  return isCode ? { value: firstArgument(node), isTypeOnly: false, isDynamic: false } : null;
}

function targetOf(node: AstNode): Target | null {
  switch (node.type) {
    case 'ImportDeclaration':
      return { value: node['source'], isTypeOnly: node['importKind'] === 'type', isDynamic: false };
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
      if (!isNode(node['source'])) return null;
      return { value: node['source'], isTypeOnly: node['exportKind'] === 'type', isDynamic: false };
    case 'ImportExpression':
      return { value: node['source'], isTypeOnly: false, isDynamic: true };
    case 'TSImportType':
      return { value: node['source'] ?? node['argument'], isTypeOnly: true, isDynamic: false };
    case 'CallExpression':
      return callTarget(node);
    case 'NewExpression':
      return urlTarget(node);
    default:
      return null;
  }
}

/**
 * Reads the facts off a file's syntax tree.
 *
 * A name that is only imported with an inline `type` (`import { type App } from 'x'`) counts as a value import:
 * under `verbatimModuleSyntax` the import of the module itself stays.
 *
 * @throws Error where the file does not parse, so that nothing passes by being unreadable.
 */
export function readModuleFacts(path: string, source: string): ModuleFacts {
  const { program, errors } = parseSync(path, source);
  const [problem] = errors;
  if (problem) throw new Error(`${path}: ${problem.message}`);
  const lineAt = (offset: number) => source.slice(0, offset).split('\n').length;
  const imports: ModuleImport[] = [];
  const environmentReads: number[] = [];
  const computedImports: number[] = [];
  const written = new Set<number>();
  for (const node of nodesOf(program)) {
    const writtenAt = writtenEnvironment(node);
    if (writtenAt !== null) written.add(writtenAt);
    if (readsEnvironment(node) && !written.has(node.start)) environmentReads.push(lineAt(node.start));
    const target = targetOf(node);
    if (!target) continue;
    const specifier = textOf(target.value);
    if (specifier !== null)
      imports.push({ specifier, isTypeOnly: target.isTypeOnly, line: lineAt(node.start) });
    else if (target.isDynamic) computedImports.push(lineAt(node.start));
  }
  return { path, imports, environmentReads, computedImports };
}
