import { CommandError } from './command-error.ts';

/** `welcome`, or `welcome@3` for one version of it. @throws CommandError `usage` */
export function parsePinned(text: string): { name: string; version: number | null } {
  const [name = '', version, ...rest] = text.split('@');
  const isRight =
    name !== '' && rest.length === 0 && (version === undefined || /^[1-9]\d{0,8}$/.test(version));
  if (!isRight) throw new CommandError('usage', `"${text}" is not a template such as welcome or welcome@3.`);
  return { name, version: version === undefined ? null : Number(version) };
}
