import { splitClasses, type ClassStyles, type ResolvedClasses } from './class-styles.ts';

/** The styles of the elements inside of one `<Tailwind>`, while they are written one after the other. */
export type StyleWalk = {
  /** What a className becomes; nothing, for now, when its classes have not been compiled. */
  resolve(className: string): ResolvedClasses;
  /** Every className string so far. */
  readonly classNames: ReadonlySet<string>;
  /** Whether there were classes that have not been compiled. */
  readonly hasUnknown: boolean;
  /** Whether a class names one of Tailwind's own variables. */
  readonly hasVariables: boolean;
  /** Every class once, those that have not been compiled included. */
  classes(): readonly string[];
  /** The classes that need rules in the head. */
  headClasses(): ReadonlySet<string>;
};

/** Where the names of Tailwind's own variables begin. */
export const OWN_VARIABLE = '--tw-';

/** For what is going to be written again. */
const NOTHING: ResolvedClasses = {
  style: {},
  className: undefined,
  classProperties: {},
  headClasses: [],
  classes: [],
  shells: new Map(),
};

/** Creates the walk with the styles that are used for all of it. */
export function createStyleWalk(styles: ClassStyles): StyleWalk {
  const seen = new Map<string, ResolvedClasses>();
  const classNames = new Set<string>();
  let hasUnknown = false;
  let hasVariables = false;
  return {
    classNames,
    get hasUnknown() {
      return hasUnknown;
    },
    get hasVariables() {
      return hasVariables;
    },
    resolve(className) {
      const found = seen.get(className);
      if (found !== undefined) return found;
      classNames.add(className);
      hasVariables ||= className.includes(OWN_VARIABLE);
      const resolved = styles.find(className);
      if (resolved === null) hasUnknown = true;
      const result = resolved ?? NOTHING;
      seen.set(className, result);
      return result;
    },
    classes() {
      const classes = new Set<string>();
      for (const [className, resolved] of seen)
        for (const name of resolved === NOTHING ? splitClasses(className) : resolved.classes)
          classes.add(name);
      return [...classes];
    },
    headClasses() {
      const classes = new Set<string>();
      for (const { headClasses } of seen.values()) for (const name of headClasses) classes.add(name);
      return classes;
    },
  };
}
