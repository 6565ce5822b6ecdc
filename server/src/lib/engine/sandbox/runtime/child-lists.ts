import { isValidElement } from 'react';
import { unsure } from './unsure.ts';

/**
 * The children of an element whose text counts as a whole, as `<Tailwind>` leaves them: lists are flat and have lost
 * what is not shown. Not certain when there are elements among them.
 */
export function textChildren(children: unknown): unknown {
  if (children === null || children === undefined || typeof children === 'string') return children;
  const shown: (string | number)[] = [];
  collect(children, shown);
  return shown.length === 1 ? shown[0] : shown;
}

function collect(child: unknown, shown: (string | number)[]): void {
  if (typeof child === 'string' || typeof child === 'number') shown.push(child);
  else if (Array.isArray(child)) for (const entry of child) collect(entry, shown);
  else if (child !== null && child !== undefined && typeof child !== 'boolean') unsure();
}

/** Whether React would see these children as one text, or might. */
export function isMaybeText(children: unknown): boolean {
  if (!Array.isArray(children)) return !isValidElement(children) || typeof children.type !== 'string';
  return (
    children.length > 0 && children.every((child) => !isValidElement(child) || typeof child.type !== 'string')
  );
}
