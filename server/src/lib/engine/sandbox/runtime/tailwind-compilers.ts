import { pixelBasedPreset } from 'react-email';
import { setupTailwind } from '#react-email-css';
import { createClassStyles, type ClassStyles } from './class-styles.ts';

/** What a `<Tailwind>` element is configured with. */
export type TailwindConfig = { config: unknown; theme: string | undefined; utility: string | undefined };

type Compiler = { promise: Promise<void>; styles: ClassStyles | null; error: unknown; isFailed: boolean };

/** A compiler only grows, and every new class makes it read all of its css again. */
const MAX_CLASSES = 500;
const MAX_COMPILERS = 32;

const compilers = new Map<string, Compiler>();
let setUps: Promise<void>[] = [];

/** What `<Tailwind>` is waiting for since the last call. A render during which something was set up does not count. */
export function takeSetUps(): Promise<void>[] {
  const taken = setUps;
  setUps = [];
  return taken;
}

/** Asks for another attempt without a wait; what is returned is to be thrown. */
export function requestAttempt(): Promise<void> {
  const ready = Promise.resolve();
  setUps.push(ready);
  return ready;
}

/**
 * The key of a configuration. As in react-email, functions count by their source, so a plugin must not depend on
 * anything else.
 */
export function configKey(config: TailwindConfig): string {
  return JSON.stringify(config, (_key, value: unknown) => {
    if (value === pixelBasedPreset) return PRESET_KEY;
    return typeof value === 'function' ? String(value) : value;
  });
}

/** Stands for the preset that nearly every mail has, and that nothing can change: it is a page of JSON. */
const PRESET_KEY = '\u0000pixelBasedPreset';

function freezeDeeply(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  Object.freeze(value);
  for (const member of Object.values(value)) freezeDeeply(member);
}

freezeDeeply(pixelBasedPreset);

/** The styles for a key. Throws a promise while its compiler is being set up, as React wants it. */
export function stylesFor(key: string, config: TailwindConfig): ClassStyles {
  const found = compilers.get(key);
  if (found?.isFailed === true) throw found.error;
  if (found !== undefined && found.styles === null) throw found.promise;
  if (found === undefined || found.styles === null || found.styles.size > MAX_CLASSES) {
    throw startCompiler(key, config);
  }
  // the one that was used last goes last
  compilers.delete(key);
  compilers.set(key, found);
  return found.styles;
}

/** Forgets a compiler that a broken class has spoilt for everybody. */
export function dropCompiler(key: string): void {
  compilers.delete(key);
}

function startCompiler(key: string, { config, theme, utility }: TailwindConfig): Promise<void> {
  const compiler: Compiler = { promise: Promise.resolve(), styles: null, error: null, isFailed: false };
  const setUp = async (): Promise<void> => {
    try {
      compiler.styles = createClassStyles(await setupTailwind({ config, cssConfigs: { theme, utility } }));
    } catch (error) {
      compiler.isFailed = true;
      compiler.error = error;
    }
  };
  compilers.delete(key);
  const oldest = compilers.keys().next();
  if (compilers.size >= MAX_COMPILERS && oldest.done !== true) compilers.delete(oldest.value);
  compilers.set(key, compiler);
  compiler.promise = setUp();
  setUps.push(compiler.promise);
  return compiler.promise;
}
