import {
  Body,
  Button,
  CodeBlock,
  CodeInline,
  Column,
  Container,
  Heading,
  Hr,
  Img,
  Link,
  Preview,
  Row,
  Section,
  Text,
} from 'react-email';

/**
 * The components of react-email that `<Tailwind>` leaves to React. They draw no random numbers and call nobody, so
 * that it makes no difference when they are called; and they hand their children on as they are.
 */
const LEFT_TO_REACT = new Set<unknown>([
  Body,
  Button,
  CodeBlock,
  CodeInline,
  Column,
  Container,
  Heading,
  Hr,
  Img,
  Link,
  Row,
  Section,
  Text,
]);

/** Whether a component takes a style like an element, and nothing of a template is called by it. */
export function isLeftToReact(type: unknown): boolean {
  return LEFT_TO_REACT.has(type);
}

/** The one that reads its children instead of handing them on. */
export function isPreview(type: unknown): boolean {
  return type === Preview;
}
