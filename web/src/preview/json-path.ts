import type { Text } from '@codemirror/state';
import type { SyntaxNode, Tree } from '@lezer/common';

/** The names and indexes on the way to a place of a JSON text. */
export type JsonPath = readonly (string | number)[];

/** The part of a text that a JSON pointer names, or as far towards it as there is something. */
export function findRange(doc: Text, tree: Tree, pointer: string): { from: number; to: number } {
  const steps = pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  let node: SyntaxNode | null = tree.topNode.firstChild;
  for (const step of steps) {
    const next: SyntaxNode | null = node === null ? null : childOf(doc, node, step);
    if (next === null) break;
    node = next;
  }
  // An object that lacks something is marked where it begins, not from end to end.
  if (node === null) return { from: 0, to: 0 };
  return { from: node.from, to: isContainer(node) ? node.from + 1 : node.to };
}

/** The path to a node, outermost first. */
export function pathTo(doc: Text, node: SyntaxNode | null): JsonPath {
  const path: (string | number)[] = [];
  for (let inner = node; inner?.parent; inner = inner.parent) {
    const { parent } = inner;
    if (parent.name === 'Array') path.unshift(valuesOf(parent).findIndex(({ from }) => from === inner?.from));
    else if (inner.name === 'Property') path.unshift(nameOf(doc, inner));
  }
  return path;
}

/** The name of a `Property`. */
export function nameOf(doc: Text, property: SyntaxNode): string {
  const name = property.getChild('PropertyName');
  if (!name) return '';
  try {
    return String(JSON.parse(doc.sliceString(name.from, name.to)));
  } catch {
    return '';
  }
}

function childOf(doc: Text, node: SyntaxNode, step: string): SyntaxNode | null {
  if (node.name === 'Array') return valuesOf(node)[Number(step)] ?? null;
  const property = node.getChildren('Property').find((one) => nameOf(doc, one) === step);
  return property?.lastChild ?? null;
}

function valuesOf(array: SyntaxNode): SyntaxNode[] {
  const values: SyntaxNode[] = [];
  for (let child = array.firstChild; child; child = child.nextSibling) {
    if (!/^[[\],⚠]$/.test(child.name)) values.push(child);
  }
  return values;
}

function isContainer(node: SyntaxNode): boolean {
  return node.name === 'Object' || node.name === 'Array';
}
