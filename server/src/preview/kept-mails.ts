import { createByteLru } from '../lib/engine/byte-lru.ts';

/** Rendered mails until a page has shown them in a frame. */
export type KeptMails = {
  /** Returns the name to fetch it by. */
  keep(html: string): string;
  find(name: string): string | null;
};

const MAX_BYTES = 32 * 1024 * 1024;

/** The latest mails within a bound: a frame asks for one right after it was rendered. */
export function createKeptMails(newName: () => string = () => crypto.randomUUID()): KeptMails {
  const mails = createByteLru<string>({ maxBytes: MAX_BYTES, sizeOf: (html) => html.length * 2 });
  return {
    keep(html) {
      const name = newName();
      mails.set(name, html);
      return name;
    },
    find: (name) => mails.get(name) ?? null,
  };
}
