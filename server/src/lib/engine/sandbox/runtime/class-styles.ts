import {
  downlevelForEmailClients,
  extractRulesPerClass,
  generate,
  getCustomProperties,
  List,
  makeInlineStylesFor,
  sanitizeClassName,
  sanitizeNonInlinableRules,
  sanitizeStyleSheet,
  separateAdjacentClosingBraces,
  walk,
  type CssNode,
  type Rules,
  type TailwindSetup,
} from '#react-email-css';
import { rememberStyle } from './host-attributes.ts';
import type { Shells } from './shells.ts';

/** What one className string becomes on an element. */
export type ResolvedClasses = {
  style: Readonly<Record<string, string>>;
  /** What is left for the head's rules or for other style sheets; undefined when nothing is. */
  className: string | undefined;
  /** The properties that the head's rules set for each class that is left. */
  classProperties: Readonly<Record<string, readonly string[]>>;
  /** The classes as written that need rules in the head. */
  headClasses: readonly string[];
  /** Every class in it, as written. */
  classes: readonly string[];
  /** What is written around the children of elements that have these classes and nothing else. */
  shells: Shells;
};

/** Styles of one Tailwind configuration, remembered by className string. */
export type ClassStyles = {
  /** How many classes its compiler has been given. */
  readonly size: number;
  /** Compiles what is new in these className strings. Throws what Tailwind or the inliner throws. */
  learn(classNames: Iterable<string>): void;
  /** Whether any two of its classes share a rule. */
  readonly hasEntangled: boolean;
  /** Whether a rule of one of these classes also names another class that was learned, perhaps by another mail. */
  isEntangled(classes: Iterable<string>): boolean;
  /** Styles of a className string whose classes were all learned; null for others. */
  find(className: string): ResolvedClasses | null;
  /** Styles of a learned className string. */
  resolve(className: string): ResolvedClasses;
  /** The head's css for these classes, all of them learned. */
  headCss(classes: ReadonlySet<string>): string;
};

/** Bounds of the memory that className strings made from data could otherwise fill. */
const MAX_RESOLVED = 5000;
const MAX_HEADS = 500;

/** The tokens of a className string, as react-email splits it. */
export function splitClasses(className: string): string[] {
  return className.split(/\s+/);
}

function styleSheetOf(rules: Rules): CssNode {
  const node = { type: 'StyleSheet', children: new List().fromArray([...rules.values()].flat()) };
  sanitizeNonInlinableRules(node);
  downlevelForEmailClients(node);
  return node;
}

/** Classes that share a rule with another one, as `group` and `group-hover:underline` do. */
function findEntangled(...maps: Rules[]): Set<string> {
  const owners = new Map<CssNode, string>();
  const entangled = new Set<string>();
  const note = (rule: CssNode, name: string): void => {
    const owner = owners.get(rule) ?? name;
    owners.set(rule, owner);
    if (owner !== name) entangled.add(owner).add(name);
  };
  for (const map of maps) for (const [name, rules] of map) for (const rule of rules) note(rule, name);
  return entangled;
}

function propertiesOf(rules: readonly CssNode[]): string[] {
  const properties: string[] = [];
  for (const rule of rules) {
    walk(rule, { visit: 'Declaration', enter: ({ property }) => void properties.push(property) });
  }
  return properties;
}

/** Creates the styles of one compiler, which nobody else may add classes to. */
export function createClassStyles(setup: TailwindSetup): ClassStyles {
  const known = new Set<string>();
  const resolved = new Map<string, ResolvedClasses>();
  const heads = new Map<string, string>();
  let sheet: CssNode = setup.getStyleSheet();
  let inlinable: Rules = new Map();
  let nonInlinable: Rules = new Map();
  let customProperties = getCustomProperties(sheet);
  let entangled = new Set<string>();

  const readSheet = (): void => {
    sheet = setup.getStyleSheet();
    sanitizeStyleSheet(sheet);
    ({ inlinable, nonInlinable } = extractRulesPerClass(sheet, [...known]));
    entangled = findEntangled(inlinable, nonInlinable);
    customProperties = getCustomProperties(sheet);
    // react-email looks at the properties of these rules after it has rewritten them for the head
    styleSheetOf(nonInlinable);
  };

  const compute = (className: string): ResolvedClasses => {
    const rules: CssNode[] = [];
    const left: string[] = [];
    const headClasses: string[] = [];
    const classProperties: Record<string, readonly string[]> = Object.create(null);
    for (const name of splitClasses(className.trim())) {
      const inlined = inlinable.get(name);
      const inHead = nonInlinable.get(name);
      if (inlined !== undefined) rules.push(...inlined);
      if (inHead !== undefined) {
        const sanitized = sanitizeClassName(name);
        left.push(sanitized);
        headClasses.push(name);
        classProperties[sanitized] = Object.freeze(propertiesOf(inHead));
      } else if (inlined === undefined) left.push(name);
    }
    return {
      style: rememberStyle(makeInlineStylesFor(rules, customProperties)),
      className: left.length > 0 ? left.join(' ') : undefined,
      classProperties: Object.freeze(classProperties),
      headClasses,
      classes: splitClasses(className),
      shells: new Map(),
    };
  };

  const resolve = (className: string): ResolvedClasses => {
    const found = resolved.get(className);
    if (found !== undefined) return found;
    const made = compute(className);
    if (resolved.size >= MAX_RESOLVED) resolved.clear();
    resolved.set(className, made);
    return made;
  };

  return {
    get size() {
      return known.size;
    },
    learn(classNames) {
      const fresh = new Set<string>();
      for (const className of classNames) {
        if (resolved.has(className)) continue;
        for (const name of splitClasses(className)) if (!known.has(name)) fresh.add(name);
      }
      if (fresh.size === 0) return;
      setup.addUtilities([...fresh]);
      for (const name of fresh) known.add(name);
      readSheet();
    },
    get hasEntangled() {
      return entangled.size > 0;
    },
    isEntangled(classes) {
      if (entangled.size === 0) return false;
      for (const name of classes) if (entangled.has(name)) return true;
      return false;
    },
    find(className) {
      const isKnown = resolved.has(className) || splitClasses(className).every((name) => known.has(name));
      return isKnown ? resolve(className) : null;
    },
    resolve,
    headCss(classes) {
      const names = [...classes].toSorted();
      const key = names.join(' ');
      const found = heads.get(key);
      if (found !== undefined) return found;
      // extracting clones the rules, so that writing one head does not spoil the next
      const rules = extractRulesPerClass(sheet, names).nonInlinable;
      const css = generate(styleSheetOf(rules), { decorator: separateAdjacentClosingBraces });
      if (heads.size >= MAX_HEADS) heads.clear();
      heads.set(key, css);
      return css;
    },
  };
}
