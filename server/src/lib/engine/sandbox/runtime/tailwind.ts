import { createElement, type ReactNode } from 'react';
import { splitClasses, type ClassStyles } from './class-styles.ts';
import { expandTree, resolverOf, type Expansion, type Props, type StyleSite } from './expand-tree.ts';
import { createStyleWalk, OWN_VARIABLE, type StyleWalk } from './style-walk.ts';
import {
  configKey,
  dropCompiler,
  requestAttempt,
  stylesFor,
  type TailwindConfig,
} from './tailwind-compilers.ts';

export type TailwindProps = { children?: ReactNode; config?: unknown; theme?: string; utility?: string };

/**
 * react-email's `<Tailwind>` with its results remembered: the inline style of each className string, the head's css
 * of each set of classes. A mail's bytes depend on its own classes only, whatever was rendered before.
 */
export function Tailwind({ children, config, theme, utility }: TailwindProps): ReactNode {
  const setting: TailwindConfig = { config, theme, utility };
  const key = configKey(setting);
  const shared = stylesFor(key, setting);
  const expansion = expandTree(children);
  const classes = [...new Set([...expansion.classNames].flatMap(splitClasses))];
  const styles = stylesOf(shared, { key, setting, classNames: expansion.classNames, classes });
  const headClasses = new Set<string>();
  for (const className of expansion.classNames)
    for (const name of styles.resolve(className).headClasses) headClasses.add(name);
  for (const site of expansion.sites) applyStyles(site, styles);
  applyHead(expansion, styles, headClasses);
  return expansion.tree;
}

type Mail = {
  key: string;
  setting: TailwindConfig;
  classNames: ReadonlySet<string>;
  classes: readonly string[];
};

/**
 * Most classes mean the same in any company. A mail whose classes share rules (`group`), or name Tailwind's own
 * variables, would see what other mails have left in a shared compiler: it gets one for exactly its set of classes.
 */
function stylesOf(shared: ClassStyles, mail: Mail): ClassStyles {
  const isOdd =
    mail.setting.utility !== undefined || mail.classes.some((name) => name.includes(OWN_VARIABLE));
  if (!isOdd) {
    learn(shared, mail.key, mail.classNames);
    if (!shared.isEntangled(mail.classes)) return shared;
  }
  const key = `${mail.key}\n${mail.classes.toSorted().join(' ')}`;
  const own = stylesFor(key, mail.setting);
  learn(own, key, mail.classNames);
  return own;
}

function learn(styles: ClassStyles, key: string, classNames: ReadonlySet<string>): void {
  try {
    styles.learn(classNames);
  } catch (error) {
    dropCompiler(key);
    throw error;
  }
}

function applyStyles({ element, className }: StyleSite, styles: ClassStyles): void {
  const { style, className: left, classProperties } = styles.resolve(className);
  const own: unknown = element.props['style'];
  // copied, so that a component that writes to its style writes to nobody else's
  const merged = { ...style, ...toProps(own) };
  const resolve = resolverOf(element.type);
  if (resolve !== null) {
    element.props = resolve(element.props, { style: merged, className: left, classProperties });
    return;
  }
  element.props['style'] = merged;
  element.props['className'] = left;
}

function toProps(value: unknown): Props {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function applyHead({ heads }: Expansion, styles: ClassStyles, classes: ReadonlySet<string>): void {
  const css = headCss(styles, classes, heads.length > 0);
  for (const head of heads) {
    const style = createElement('style', { dangerouslySetInnerHTML: { __html: css } });
    head.props = { ...head.props, children: [style, head.props['children']] };
  }
}

function headCss(styles: ClassStyles, classes: ReadonlySet<string>, hasHead: boolean): string {
  if (hasHead) return styles.headCss(classes);
  if (classes.size === 0) return '';
  throw new Error(
    `Tailwind: <head> not found inside <Tailwind>.\nMove <Head /> inside <Tailwind>, or remove these classes that require a <head>: ${[...classes].join(' ')}.`,
  );
}

/** Styles that earlier attempts at this mail have found to be the right ones, by the place of their `<Tailwind>`. */
const chosen = new Map<number, ClassStyles>();
let place = 0;

/** Forgets the choices for the mail before. */
export function beginMail(): void {
  chosen.clear();
}

/** Begins to count the `<Tailwind>`s of a mail. */
export function beginAttempt(): void {
  place = 0;
}

/** One `<Tailwind>` whose elements are written as they are met, without a tree of them. */
export type TailwindPass = {
  walk: StyleWalk;
  /** The head's css. Throws when the walk has to be made again, with what it has taught. */
  finish(hasHead: boolean): string;
};

/** Begins a pass. Throws a promise, as React wants it, while a compiler is being set up. */
export function beginPass({ config, theme, utility }: TailwindProps): TailwindPass {
  const setting: TailwindConfig = { config, theme, utility };
  const key = configKey(setting);
  const index = place;
  place += 1;
  const known = chosen.get(index);
  const styles = known ?? stylesFor(key, setting);
  const walk = createStyleWalk(styles);
  return {
    walk,
    finish(hasHead) {
      if (known === undefined && needsChoice(walk, styles, setting)) {
        const right = stylesOf(styles, {
          key,
          setting,
          classNames: walk.classNames,
          classes: walk.classes(),
        });
        if (right !== styles || walk.hasUnknown) {
          chosen.set(index, right);
          // oxlint-disable-next-line no-throw-literal -- a promise is how React is asked to come again
          throw requestAttempt();
        }
      }
      return headCss(styles, walk.headClasses(), hasHead);
    },
  };
}

/** False where the shared styles are known to be the right ones without a look at every class. */
function needsChoice(walk: StyleWalk, styles: ClassStyles, { utility }: TailwindConfig): boolean {
  return walk.hasUnknown || walk.hasVariables || styles.hasEntangled || utility !== undefined;
}
