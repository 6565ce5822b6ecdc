import { isValidElement, type ReactElement, type ReactNode } from 'react';

/** react-email's mark of components that take `style` and `className` like an element, instead of being called. */
const ELEMENT_MARK = Symbol.for('react-email.element');

export type Props = Record<string, unknown>;
export type Resolved = {
  style: object;
  className: string | undefined;
  classProperties: Readonly<Record<string, readonly string[]>>;
};
type ResolveTailwind = (props: Props, resolved: Resolved) => Props;

/** An element of ours whose props may still change: React has not seen it. */
export type StyleSite = { element: { type: unknown; props: Props }; className: string };

/** A tree with its components called, and the places in it that styles belong to. */
export type Expansion = {
  tree: ReactNode;
  sites: readonly StyleSite[];
  heads: readonly { props: Props }[];
  /** Every className string, those that only components got included. */
  classNames: ReadonlySet<string>;
};

type Work = { sites: StyleSite[]; heads: { props: Props }[]; classNames: Set<string> };

/**
 * Calls the components of a tree, each once and in react-email's order, because a second call would draw other
 * random numbers and ids. Everything else about the walk is `mapReactTree`'s, down to lists that lose their nulls.
 */
export function expandTree(children: ReactNode): Expansion {
  const work: Work = { sites: [], heads: [], classNames: new Set() };
  return { tree: expandChildren(children, work), ...work };
}

function expandChildren(children: unknown, work: Work): ReactNode {
  if (children === null || children === undefined) return children;
  const out: ReactNode[] = [];
  append(children, out, work);
  return out.length === 1 ? out[0] : out;
}

function append(node: unknown, out: ReactNode[], work: Work): void {
  if (node === null || node === undefined || typeof node === 'boolean') return;
  if (typeof node !== 'object') {
    if (typeof node === 'string' || typeof node === 'number' || typeof node === 'bigint') out.push(node);
    return;
  }
  if (isValidElement(node)) return appendElement(node, out, work);
  if (isIterable(node)) {
    for (const entry of node) append(entry, out, work);
    return;
  }
  throw invalidChild(node);
}

function isIterable(node: object): node is Iterable<unknown> {
  return Symbol.iterator in node && typeof node[Symbol.iterator] === 'function';
}

function invalidChild(node: object): Error {
  if (!('then' in node)) return new Error('Objects are not valid as a React child');
  return new Error(
    'An async component, or a promise, is inside of <Tailwind>, where components are called before rendering. Move it outside.',
  );
}

function appendElement(node: ReactElement, out: ReactNode[], work: Work): void {
  const props = propsOf(node);
  const { className } = props;
  if (isClassName(className)) work.classNames.add(className);
  const call = componentOf(node.type);
  if (call !== null) {
    // a component's result keeps its own list: React would number it on its own, too
    const result = expandChildren(
      call('children' in props ? props : { ...props, children: undefined }),
      work,
    );
    if (Array.isArray(result)) out.push(...result);
    else if (result !== null && result !== undefined) out.push(result);
    return;
  }
  const isTouched = props['children'] || isClassName(className) || node.type === 'head';
  if (!isTouched) {
    out.push(node);
    return;
  }
  const copy = { ...node, props: { ...props } };
  if (props['children']) copy.props['children'] = expandChildren(props['children'], work);
  if (isClassName(className)) work.sites.push({ element: copy, className });
  if (node.type === 'head') work.heads.push(copy);
  out.push(copy);
}

function propsOf(node: ReactElement): Props {
  return isProps(node.props) ? node.props : {};
}

function isProps(value: unknown): value is Props {
  return typeof value === 'object' && value !== null;
}

/** Whether it names classes; a value that cannot is an error there. */
export function isClassName(value: unknown): value is string {
  if (value === undefined || value === null || value === '' || value === false || value === 0) return false;
  if (typeof value === 'string') return true;
  throw new TypeError('className must be a string inside of <Tailwind>');
}

/** What calls a component; null for elements, and for what React alone can render, like `memo`. */
function componentOf(type: unknown): ((props: Props) => unknown) | null {
  if ((typeof type !== 'function' && typeof type !== 'object') || type === null) return null;
  if (ELEMENT_MARK in type) return null;
  const call: unknown = typeof type === 'function' ? type : 'render' in type ? type.render : undefined;
  if (typeof call !== 'function') return null;
  return (props) => Reflect.apply(call, undefined, [props]);
}

/** How a marked component wants its resolved classes; null for the usual way. */
export function resolverOf(type: unknown): ResolveTailwind | null {
  if ((typeof type !== 'function' && typeof type !== 'object') || type === null) return null;
  const options: unknown = Reflect.get(type, ELEMENT_MARK);
  if (!isProps(options)) return null;
  const { resolveTailwind } = options;
  if (typeof resolveTailwind !== 'function') return null;
  return (props, resolved) => {
    const result: unknown = Reflect.apply(resolveTailwind, options, [props, resolved]);
    return isProps(result) ? result : props;
  };
}
