import { createElement, type ReactNode } from 'react';
import { splitClasses, type ClassStyles } from './class-styles.ts';
import { expandTree, resolverOf, type Expansion, type Props, type StyleSite } from './expand-tree.ts';
import { configKey, dropCompiler, stylesFor, type TailwindConfig } from './tailwind-compilers.ts';

type TailwindProps = { children?: ReactNode; config?: unknown; theme?: string; utility?: string };

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
  const styles = stylesOf(shared, { key, setting, expansion, classes });
  const headClasses = new Set<string>();
  for (const className of expansion.classNames)
    for (const name of styles.resolve(className).headClasses) headClasses.add(name);
  for (const site of expansion.sites) applyStyles(site, styles);
  applyHead(expansion, styles, headClasses);
  return expansion.tree;
}

type Mail = { key: string; setting: TailwindConfig; expansion: Expansion; classes: readonly string[] };

/**
 * Most classes mean the same in any company. A mail whose classes share rules (`group`), or name Tailwind's own
 * variables, would see what other mails have left in a shared compiler: it gets one for exactly its set of classes.
 */
function stylesOf(shared: ClassStyles, mail: Mail): ClassStyles {
  const isOdd = mail.setting.utility !== undefined || mail.classes.some((name) => name.includes('--tw-'));
  if (!isOdd) {
    learn(shared, mail.key, mail.expansion);
    if (!shared.isEntangled(mail.classes)) return shared;
  }
  const key = `${mail.key}\n${mail.classes.toSorted().join(' ')}`;
  const own = stylesFor(key, mail.setting);
  learn(own, key, mail.expansion);
  return own;
}

function learn(styles: ClassStyles, key: string, { classNames }: Expansion): void {
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
  if (heads.length === 0) {
    if (classes.size === 0) return;
    throw new Error(
      `Tailwind: <head> not found inside <Tailwind>.\nMove <Head /> inside <Tailwind>, or remove these classes that require a <head>: ${[...classes].join(' ')}.`,
    );
  }
  const css = styles.headCss(classes);
  for (const head of heads) {
    const style = createElement('style', { dangerouslySetInnerHTML: { __html: css } });
    head.props = { ...head.props, children: [style, head.props['children']] };
  }
}
