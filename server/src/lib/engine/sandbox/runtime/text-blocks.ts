/** Where text is collected until its block ends; html-to-text's stack item and inline builder in one. */
type Block = {
  parent: Block | null;
  leadingBreaks: number;
  trailingBreaks: number;
  /** Finished text, then the lines that are still being written. */
  done: string;
  inline: string;
  isLineStart: boolean;
  hasSpace: boolean;
  stashedBreaks: number;
  isPre: boolean;
  /** What becomes of the text when the block ends. */
  finish: ((text: string) => string) | null;
  /** Of a list: its items, which wait for the longest prefix. */
  items: Item[];
  /** Of an item. */
  prefix: string | null;
};

type Item = { prefix: string; text: string; leadingBreaks: number; trailingBreaks: number };

/** Changes words as they are written, or listens to them. */
type WordTransform = (word: string) => string;

/** Writes text with html-to-text's rules about blank lines and spaces, without wrapping. */
export type TextBlocks = {
  open(options: {
    leadingBreaks: number;
    trailingBreaks: number;
    isPre?: boolean;
    finish?: (text: string) => string;
  }): void;
  close(): void;
  /** Opens a list, in which only items may be opened. */
  openList(options: { leadingBreaks: number; trailingBreaks: number }): void;
  closeList(): void;
  /** Opens an item, which `close` closes. */
  openItem(prefix: string): void;
  write(text: string, isTransformed: boolean): void;
  lineBreak(): void;
  pushTransform(transform: WordTransform): void;
  popTransform(): void;
  toString(): string;
};

function isSpace(unit: number): boolean {
  return unit === 32 || (unit >= 9 && unit <= 13 && unit !== 11) || unit === 0x200b;
}

/** Where the next word begins, or the text's end. */
function wordStart(text: string, from: number): number {
  let at = from;
  while (at < text.length && isSpace(text.charCodeAt(at))) at += 1;
  return at;
}

function wordEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && !isSpace(text.charCodeAt(at))) at += 1;
  return at;
}

function createBlock(parent: Block | null): Block {
  return {
    parent,
    leadingBreaks: 1,
    trailingBreaks: 1,
    done: '',
    inline: '',
    isLineStart: true,
    hasSpace: false,
    stashedBreaks: 0,
    isPre: parent?.isPre ?? false,
    finish: null,
    items: [],
    prefix: null,
  };
}

/** Appends a finished block; the first one hands its leading breaks to the block that it is in. */
function addBlock(into: Block, text: string, leadingBreaks: number, trailingBreaks: number): void {
  const before = into.done + into.inline;
  const breaks = Math.max(into.stashedBreaks, leadingBreaks);
  into.inline = '';
  into.isLineStart = true;
  if (before === '') {
    into.done = text;
    into.leadingBreaks = breaks;
  } else into.done = before + '\n'.repeat(breaks) + text;
  into.stashedBreaks = trailingBreaks;
}

/** Appends a list's items, each indented by the longest prefix. */
function addItems(list: Block): void {
  const width = Math.max(0, ...list.items.map(({ prefix }) => prefix.length));
  const indent = `\n${' '.repeat(width)}`;
  for (const { prefix, text, leadingBreaks, trailingBreaks } of list.items) {
    addBlock(list, prefix.padEnd(width) + text.replaceAll('\n', indent), leadingBreaks, trailingBreaks);
  }
}

/** Creates an empty text. */
export function createTextBlocks(): TextBlocks {
  const transforms: WordTransform[] = [];
  let block = createBlock(null);

  const transform = (word: string): string => {
    let result = word;
    for (let index = transforms.length - 1; index >= 0; index -= 1)
      result = transforms[index]?.(result) ?? result;
    return result;
  };

  const writeWords = (text: string, isTransformed: boolean): void => {
    let hasSpace = block.hasSpace || isSpace(text.charCodeAt(0));
    let hasWord = false;
    for (let at = wordStart(text, 0); at < text.length;) {
      const end = wordEnd(text, at);
      const word = text.slice(at, end);
      if (hasSpace && !block.isLineStart) block.inline += ' ';
      block.inline += isTransformed && transforms.length > 0 ? transform(word) : word;
      block.isLineStart = false;
      hasSpace = true;
      hasWord = true;
      at = wordStart(text, end);
    }
    block.hasSpace = (block.hasSpace && !hasWord) || isSpace(text.charCodeAt(text.length - 1));
  };

  return {
    open({ leadingBreaks, trailingBreaks, isPre = false, finish }) {
      block = createBlock(block);
      block.leadingBreaks = leadingBreaks;
      block.trailingBreaks = trailingBreaks;
      if (isPre) block.isPre = true;
      block.finish = finish ?? null;
    },
    close() {
      const { parent, finish, prefix, leadingBreaks } = block;
      if (parent === null) return;
      const text = block.done + block.inline;
      const trailingBreaks = Math.max(block.stashedBreaks, block.trailingBreaks);
      if (prefix !== null) parent.items.push({ prefix, text, leadingBreaks, trailingBreaks });
      else addBlock(parent, finish === null ? text : finish(text), leadingBreaks, trailingBreaks);
      block = parent;
    },
    openList({ leadingBreaks, trailingBreaks }) {
      block = createBlock(block);
      block.leadingBreaks = leadingBreaks;
      block.trailingBreaks = trailingBreaks;
    },
    closeList() {
      const { parent } = block;
      if (parent === null) return;
      addItems(block);
      // unlike other blocks, a list hands nothing on of what its last item asked for
      addBlock(parent, block.done, block.leadingBreaks, block.trailingBreaks);
      block = parent;
    },
    openItem(prefix) {
      block = createBlock(block);
      block.prefix = prefix;
    },
    write(text, isTransformed) {
      if (block.isPre) {
        block.done += text;
        return;
      }
      if (text === '' || (block.stashedBreaks > 0 && wordStart(text, 0) === text.length)) return;
      if (block.stashedBreaks > 0) {
        block.inline += '\n'.repeat(block.stashedBreaks);
        block.isLineStart = true;
      }
      writeWords(text, isTransformed);
      block.stashedBreaks = 0;
    },
    lineBreak() {
      if (block.isPre) {
        block.done += '\n';
        return;
      }
      block.inline += '\n';
      block.isLineStart = true;
    },
    pushTransform: (added) => void transforms.push(added),
    popTransform: () => void transforms.pop(),
    toString: () => block.done + block.inline,
  };
}
