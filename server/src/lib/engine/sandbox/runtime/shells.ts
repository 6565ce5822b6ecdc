import { CodeInline, Column, Container, Heading, Row, Section, Text } from 'react-email';
import type { Tag } from './html-scanner.ts';
import type { TextFollower } from './text-follower.ts';

/** What is written around the children of an element, for the html and for the text. */
export type Shell = {
  before: string;
  after: string;
  textBefore: readonly TextStep[];
  textAfter: readonly TextStep[];
};

type TextStep = (text: TextFollower) => void;

/** The shells of elements with the same classes, by type; they depend on nothing else. Null for a type without. */
export type Shells = Map<unknown, Shell | null>;

/** Whether nothing but its classes and its children say what an element is. */
export function hasShellProps(props: Readonly<Record<string, unknown>>): boolean {
  for (const name in props) if (name !== 'children' && name !== 'className') return false;
  return true;
}

const SHELL_TYPES = new Set<unknown>([CodeInline, Column, Container, Heading, Row, Section, Text]);

/** Whether it is a component that puts its children into one place, without a look at them. */
export function isShellType(type: unknown): boolean {
  return SHELL_TYPES.has(type);
}

/** Writes down what a text is told, to tell it again. */
export function createTextRecorder(): TextFollower & { take(): readonly TextStep[] } {
  let steps: TextStep[] = [];
  return {
    open: (tag: Tag | null) => void steps.push((text) => text.open(tag)),
    close: (name) => void steps.push((text) => text.close(name)),
    text: (value) => void steps.push((text) => text.text(value)),
    markup: (markup) => void steps.push((text) => text.markup(markup)),
    body: (props) => void steps.push((text) => text.body(props)),
    finish: () => null,
    take() {
      const taken = steps;
      steps = [];
      return taken;
    },
  };
}
