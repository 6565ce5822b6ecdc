import type { Props } from './expand-tree.ts';
import { unsure } from './unsure.ts';

const FORWARD_REF_TYPE = Symbol.for('react.forward_ref');
const MEMO_TYPE = Symbol.for('react.memo');

/** What React's static renderer gets from a component without state of its own. */
export function callInReact(type: unknown, props: Props): unknown {
  if (typeof type === 'function') return isClass(type) ? unsure() : Reflect.apply(type, undefined, [props]);
  if (!isRecord(type)) return unsure();
  if (type['$$typeof'] === MEMO_TYPE) return callInReact(type['type'], props);
  const render = type['$$typeof'] === FORWARD_REF_TYPE ? type['render'] : undefined;
  return typeof render === 'function' ? callForwardRef(render, props) : unsure();
}

/** What react-email's `<Tailwind>` gets from a component that it calls by itself. */
export function callInTailwind(type: unknown, props: Props): unknown {
  const given = 'children' in props ? props : { ...props, children: undefined };
  if (typeof type === 'function') return isClass(type) ? unsure() : Reflect.apply(type, undefined, [given]);
  // what has no `render` stays in the tree, and its components are called after all the others
  const render = isRecord(type) ? type['render'] : undefined;
  return typeof render === 'function' ? Reflect.apply(render, undefined, [given]) : unsure();
}

function isRecord(value: unknown): value is Props {
  return typeof value === 'object' && value !== null;
}

function isClass(type: object): boolean {
  const prototype: unknown = 'prototype' in type ? type.prototype : undefined;
  return isRecord(prototype) && Boolean(prototype['isReactComponent']);
}

// oxlint-disable-next-line typescript/no-unsafe-function-type -- nothing more is known of a template's component
function callForwardRef(render: Function, props: Props): unknown {
  if (!('ref' in props)) return Reflect.apply(render, undefined, [props, null]);
  const { ref = null, ...others } = props;
  return Reflect.apply(render, undefined, [others, ref]);
}
