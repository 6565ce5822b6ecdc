/**
 * Which classes of Tailwind set the same properties. Only what a name says for certain: `text-brand` may be a colour
 * or a size, so it is in no group.
 */
export type ClassGroup = {
  /** What it sets, in words for a warning. */
  name: string;
  pattern: RegExp;
  /** The groups whose properties it sets as well, as `p-4` does those of `px-2`. */
  covers: readonly string[];
};

const COLOR =
  '(?:inherit|current|transparent|black|white|[a-z]+-(?:50|[1-9]00|950)|\\[(?:#|rgb|hsl|ok|color:).*\\])(?:/.+)?';
const WIDTH = '(?:-(?:\\d+|\\[[\\d.].*\\]))?';
const RADIUS = '(?:-(?:none|xs|sm|md|lg|xl|[2-9]xl|full|\\[.+\\]))?';

function group(name: string, pattern: string, covers: readonly string[] = []): ClassGroup {
  return { name, pattern: new RegExp(`^(?:${pattern})$`), covers };
}

/** The four groups of sides that padding and margin have. */
function sides(name: string, letter: string): ClassGroup[] {
  const side = (direction: string): string => `${name}-${direction}`;
  return [
    group(name, `${letter}-.+`, ['x', 'y', 'top', 'right', 'bottom', 'left'].map(side)),
    group(side('x'), `${letter}x-.+`, ['right', 'left'].map(side)),
    group(side('y'), `${letter}y-.+`, ['top', 'bottom'].map(side)),
    group(side('top'), `${letter}t-.+`),
    group(side('right'), `${letter}r-.+`),
    group(side('bottom'), `${letter}b-.+`),
    group(side('left'), `${letter}l-.+`),
  ];
}

/** The groups of single properties. */
const SINGLE: readonly (readonly [name: string, pattern: string])[] = [
  ['width', 'w-.+'],
  ['height', 'h-.+'],
  ['min-width', 'min-w-.+'],
  ['max-width', 'max-w-.+'],
  ['min-height', 'min-h-.+'],
  ['max-height', 'max-h-.+'],
  ['color', `text-${COLOR}`],
  ['font-size', 'text-\\[(?:length:)?[\\d.]+(?:[a-z]+|%)\\]'],
  ['text-align', 'text-(?:left|center|right|justify|start|end)'],
  ['background-color', `bg-${COLOR}`],
  ['border-color', `border-${COLOR}`],
  ['border-style', 'border-(?:solid|dashed|dotted|double|hidden|none)'],
  ['font-weight', 'font-(?:thin|extralight|light|normal|medium|semibold|bold|extrabold|black|\\[\\d+\\])'],
  ['font-family', 'font-(?:sans|serif|mono)'],
  ['line-height', 'leading-.+'],
  ['letter-spacing', 'tracking-.+'],
  ['vertical-align', 'align-.+'],
  ['white-space', 'whitespace-.+'],
  ['opacity', 'opacity-.+'],
  ['display', 'block|inline|inline-block|hidden|contents|flex|inline-flex|grid|table|table-row|table-cell'],
  ['position', 'static|relative|absolute|fixed|sticky'],
  ['float', 'float-.+'],
  ['text-transform', 'uppercase|lowercase|capitalize|normal-case'],
  ['font-style', 'italic|not-italic'],
  ['text-decoration-line', 'underline|overline|line-through|no-underline'],
  ['list-style-type', 'list-(?:none|disc|decimal)'],
  ['border-collapse', 'border-collapse|border-separate'],
  ['table-layout', 'table-(?:auto|fixed)'],
  ['word-break', 'break-(?:normal|words|all|keep)'],
  ['overflow', 'overflow-(?:auto|hidden|clip|visible|scroll)'],
];

const CLASS_GROUPS: readonly ClassGroup[] = [
  ...sides('padding', 'p'),
  ...sides('margin', 'm'),
  ...SINGLE.map(([name, pattern]) => group(name, pattern)),
  // a named size brings its line height, one in brackets does not
  group('font-size', 'text-(?:xs|sm|base|lg|xl|[2-9]xl)(?:/.+)?', ['line-height']),
  group('width and height', 'size-.+', ['width', 'height']),
  group(
    'border-width',
    `border${WIDTH}`,
    ['x', 'y', 'top', 'right', 'bottom', 'left'].map((side) => `border-${side}-width`),
  ),
  group('border-x-width', `border-x${WIDTH}`, ['border-left-width', 'border-right-width']),
  group('border-y-width', `border-y${WIDTH}`, ['border-top-width', 'border-bottom-width']),
  group('border-top-width', `border-t${WIDTH}`),
  group('border-right-width', `border-r${WIDTH}`),
  group('border-bottom-width', `border-b${WIDTH}`),
  group('border-left-width', `border-l${WIDTH}`),
  group(
    'border-radius',
    `rounded${RADIUS}`,
    ['top', 'right', 'bottom', 'left'].map((side) => `border-${side}-radius`),
  ),
  group('border-top-radius', `rounded-t${RADIUS}`),
  group('border-right-radius', `rounded-r${RADIUS}`),
  group('border-bottom-radius', `rounded-b${RADIUS}`),
  group('border-left-radius', `rounded-l${RADIUS}`),
];

/** The group of a class without its variants; null when its name does not tell what it sets. */
export function groupOf(name: string): ClassGroup | null {
  return CLASS_GROUPS.find(({ pattern }) => pattern.test(name)) ?? null;
}
