/** A block that is shown and not tried, by its page and its first line, and why. */
export type NotRun = { path: string; firstLine: string; reason: string };

export const NOT_RUN: readonly NotRun[] = [
  {
    path: 'docs/api.md',
    firstLine: 'export MAIL_BASE_URL=http://127.0.0.1:3025',
    reason: "the reader's own address and keys; the commands after it are run with those of the test",
  },
];

export function isNotRun({ path, code }: { path: string; code: string }): boolean {
  const [first = ''] = code.split('\n');
  return NOT_RUN.some((one) => one.path === path && one.firstLine === first.trim());
}
