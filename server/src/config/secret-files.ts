/** A path in `NAME_FILE` stands for what that file says. */
const SUFFIX = '_FILE';

export type FromFiles = { env: Record<string, string | undefined>; problems: string[] };

/**
 * The environment with every setting that is kept in a file, as orchestrators mount secrets: `SMTP_PASS_FILE=/run/secrets/smtp`
 * stands for `SMTP_PASS`. A line break at the end belongs to the file, not to the value.
 */
export function withFiles(
  env: Readonly<Record<string, string | undefined>>,
  { names, readText }: { names: readonly string[]; readText: (path: string) => string },
): FromFiles {
  const problems: string[] = [];
  const read = names.flatMap((name) => {
    const path = env[name + SUFFIX];
    if (!path) return [];
    if (env[name]) {
      problems.push(`${name}${SUFFIX} and ${name} exclude each other: set one of them`);
      return [];
    }
    try {
      return [[name, readText(path).replace(/\r?\n$/, '')] as const];
    } catch (error) {
      const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
      problems.push(`${name}${SUFFIX} has a wrong value: the file cannot be read (${reason})`);
      return [];
    }
  });
  return { env: { ...env, ...Object.fromEntries(read) }, problems };
}
