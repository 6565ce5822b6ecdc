import type { ResolvedClasses } from './class-styles.ts';
import { callInReact } from './component-calls.ts';
import { isClassName, resolverOf, type Props } from './expand-tree.ts';
import { mergeStyle } from './host-elements.ts';
import { createTextRecorder, hasShellProps, isShellType, type Shell, type Shells } from './shells.ts';
import type { StyleWalk } from './style-walk.ts';
import type { Writing, WriteNode } from './writing.ts';

/**
 * The components of react-email inside of `<Tailwind>`: like elements, they get the styles of their classes. What
 * they write themselves is not styled again, but the children that they hand on are.
 */

/** Children of `<Tailwind>` on their way through a component. */
export class StyledChildren {
  readonly children: unknown;
  readonly walk: StyleWalk;

  constructor(children: unknown, walk: StyleWalk) {
    this.children = children;
    this.walk = walk;
  }
}

/** In the place of children, to see what is written before them. */
export class Split {
  readonly note: () => void;

  constructor(note: () => void) {
    this.note = note;
  }
}

/** The shells of components that have no classes. */
const shellsWithoutClasses: Shells = new Map();

/** Writes one of them. */
export function writeKnown(writing: Writing, type: unknown, props: Props, writeNode: WriteNode): void {
  const { walk } = writing;
  const { className } = props;
  if (walk === null) return writeNode(writing, callInReact(type, props));
  const resolved = isClassName(className) ? walk.resolve(className) : null;
  // with classes that have not been compiled, all of it is written again
  const shell = walk.hasUnknown ? null : shellOf(writing, type, { props, resolved, writeNode });
  if (shell !== null) return writeInShell(writing, shell, props['children'], writeNode);
  const given = resolved === null ? props : styledProps(type, props, resolved);
  writing.walk = null;
  writeNode(writing, callInReact(type, withCarrier(given, walk)));
  writing.walk = walk;
}

function withCarrier(props: Props, walk: StyleWalk): Props {
  const { children } = props;
  if (typeof children !== 'object' || children === null) return props;
  return { ...props, children: new StyledChildren(children, walk) };
}

function styledProps(type: unknown, props: Props, { style: ofClasses, ...resolved }: ResolvedClasses): Props {
  const { className, classProperties } = resolved;
  const style = mergeStyle(ofClasses, props['style']);
  const resolve = resolverOf(type);
  if (resolve !== null) return resolve(props, { style, className, classProperties });
  return { ...props, style, className };
}

function writeInShell(writing: Writing, shell: Shell, children: unknown, writeNode: WriteNode): void {
  const { text, place } = writing;
  writing.out += shell.before;
  if (text !== null) for (const step of shell.textBefore) step(text);
  writing.place = 'inside';
  writeNode(writing, children);
  writing.place = place;
  writing.out += shell.after;
  if (text !== null) for (const step of shell.textAfter) step(text);
}

type ShellOptions = { props: Props; resolved: ResolvedClasses | null; writeNode: WriteNode };

function shellOf(writing: Writing, type: unknown, options: ShellOptions): Shell | null {
  const { props, resolved, writeNode } = options;
  if (!isShellType(type) || !hasShellProps(props)) return null;
  const shells = resolved?.shells ?? shellsWithoutClasses;
  const found = shells.get(type);
  if (found !== undefined) return found;
  const shell = writeShell(writing, type, {
    props: resolved === null ? {} : styledProps(type, {}, resolved),
    writeNode,
  });
  shells.set(type, shell);
  return shell;
}

/** Writes a component around nothing, to see what comes before and after its children. */
function writeShell(
  { document }: Writing,
  type: unknown,
  { props, writeNode }: Pick<ShellOptions, 'props' | 'writeNode'>,
): Shell | null {
  const text = createTextRecorder();
  const writing: Writing = {
    document,
    out: '',
    place: 'inside',
    walk: null,
    text,
    hasForeignTags: false,
    isStyledHead: false,
  };
  const halves: Pick<Shell, 'before' | 'textBefore'>[] = [];
  const split = new Split(() => {
    halves.push({ before: writing.out, textBefore: text.take() });
    writing.out = '';
  });
  writeNode(writing, callInReact(type, { ...props, children: split }));
  const [first] = halves;
  if (first === undefined || halves.length > 1 || writing.hasForeignTags) return null;
  return { ...first, after: writing.out, textAfter: text.take() };
}
