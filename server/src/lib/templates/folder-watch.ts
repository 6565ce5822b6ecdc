import { relative, sep } from 'node:path';
import { watch } from 'chokidar';

export type FolderWatch = { stop(): Promise<void> };

/**
 * Tells each change below a folder of templates by its path from there, with `/`. What is hidden or installed is left out.
 * Resolves when the folder is being watched.
 */
export async function watchFolder(folder: string, onChange: (path: string) => void): Promise<FolderWatch> {
  const watcher = watch(folder, {
    ignoreInitial: true,
    ignored: (path) => /(^|[/\\])(\.|node_modules)/.test(relative(folder, path)),
  });
  watcher.on('all', (_event, path) => {
    const changed = relative(folder, path).split(sep).join('/');
    if (changed !== '') onChange(changed);
  });
  // What cannot be watched (a folder that went away) is watched again when it is back; the server goes on either way.
  watcher.on('error', () => {});
  await new Promise<void>((resolve) => watcher.once('ready', resolve));
  return { stop: () => watcher.close() };
}
