import { CommandError } from '../../command-error.ts';
import { findConnection } from '../../connection.ts';
import { programName } from '../../environment.ts';
import { identify } from '../../identity.ts';
import { outputOf, type ServiceFlags } from '../../options.ts';
import { dim, toTable } from '../../output.ts';
import { withSpinner } from '../../progress.ts';
import { toCell } from '../../record.ts';

/** `mailctl whoami` */
export async function whoami(flags: ServiceFlags): Promise<void> {
  const output = outputOf(flags);
  const { baseUrl, apiKey, urlFrom, keyFrom } = await findConnection(flags);
  if (apiKey === null) {
    throw new CommandError(
      'not_authenticated',
      `There is no API key for ${baseUrl} (from ${urlFrom}).`,
      `Set MAIL_API_KEY, or log in: ${programName()} login`,
    );
  }
  const identity = await withSpinner(output, `Asking ${baseUrl}`, () => identify({ baseUrl, apiKey }));
  const key = toShownKey(apiKey);
  output.answer({ url: baseUrl, urlFrom, key, keyFrom, ...identity }, () =>
    toTable([
      [dim('url'), baseUrl, dim(`from ${urlFrom}`)],
      [dim('key'), key, dim(`from ${keyFrom}`)],
      ...Object.entries(identity).map(([name, value]) => [dim(name), toCell(value)]),
    ]),
  );
}

/** Mode and prefix, by which operators know a key; never its secret. */
function toShownKey(apiKey: string): string {
  const [, shown] = /^(mk_(?:live|test)_[A-Za-z0-9]+)_/.exec(apiKey) ?? [];
  return shown === undefined ? '...' : `${shown}_...`;
}
