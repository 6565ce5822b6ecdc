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
  const key = toShownKey(apiKey);
  const identity = await withSpinner(output, `Asking ${baseUrl}`, () =>
    whenAccepted(
      () => identify({ baseUrl, apiKey }),
      `${baseUrl} does not accept the key ${key} (from ${keyFrom}).`,
    ),
  );
  output.answer({ url: baseUrl, urlFrom, key, keyFrom, ...identity }, () =>
    toTable([
      [dim('url'), baseUrl, dim(`from ${urlFrom}`)],
      [dim('key'), key, dim(`from ${keyFrom}`)],
      [dim('kind'), identity.kind],
      [dim('may'), toCell(identity.scopes)],
      ...(identity.client === null ? [] : [[dim('client'), identity.client.name, dim(identity.client.id)]]),
    ]),
  );
}

/** A key that is refused is told by where it comes from, which is what somebody asks here. */
async function whenAccepted<T>(ask: () => Promise<T>, refusal: string): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    const isRefused = error instanceof Error && 'code' in error && error.code === 'unauthenticated';
    if (!isRefused) throw error;
    throw new CommandError('not_authenticated', refusal, `Log in with another: ${programName()} login`);
  }
}

/** Mode and prefix, by which operators know a key; never its secret. */
function toShownKey(apiKey: string): string {
  const [, shown] = /^(mk_(?:live|test)_[A-Za-z0-9]+)_/.exec(apiKey) ?? [];
  return shown === undefined ? '...' : `${shown}_...`;
}
