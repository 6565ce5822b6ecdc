import { CommandError } from '../../command-error.ts';
import { assertUrl, DEFAULT_URL } from '../../connection.ts';
import { identify } from '../../identity.ts';
import { outputOf, type OutputFlags } from '../../options.ts';
import { bold, dim, green } from '../../output.ts';
import {
  chooseProfile,
  credentialsPath,
  findProfile,
  readProfiles,
  removeProfile,
  saveProfile,
} from '../../profiles.ts';
import { withSpinner } from '../../progress.ts';
import { askSecret, askText, assertConfirmed } from '../../prompt.ts';

type LoginFlags = OutputFlags & { url?: string; apiKey?: string; profile: string; verify: boolean };

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

/** `mailctl login` */
export async function login(flags: LoginFlags): Promise<void> {
  const output = outputOf(flags);
  if (!NAME.test(flags.profile))
    throw new CommandError('usage', `"${flags.profile}" is not a name for a login.`);
  const url = assertUrl(flags.url ?? (await askForUrl(flags)));
  const apiKey = await readApiKey(flags);
  const identity = flags.verify
    ? await withSpinner(output, `Asking ${url}`, () => identify({ baseUrl: url, apiKey }))
    : null;
  const { name, keyIn } = await saveProfile({ name: flags.profile, url, apiKey });
  const kept = keyIn === 'keychain' ? "the system's keychain" : credentialsPath();
  output.answer(
    { profile: name, url, keyIn, identity },
    () => `${green('logged in')}  ${bold(name)}  ${url}\n${dim(`The key is kept in ${kept}.`)}`,
  );
}

function askForUrl(flags: LoginFlags): Promise<string> {
  return askText(flags, {
    message: 'Where is the service?',
    placeholder: 'https://mail.example.com',
    initial: DEFAULT_URL,
    missing: 'Say where the service is: --url https://mail.example.com',
  });
}

async function readApiKey(flags: LoginFlags): Promise<string> {
  const given =
    flags.apiKey === '-'
      ? await Bun.stdin.text()
      : (flags.apiKey ??
        (await askSecret(flags, {
          message: 'API key?',
          missing: 'Pass the key: --api-key -, and the key on standard input',
        })));
  const apiKey = given.trim();
  if (/^[\x21-\x7e]+$/.test(apiKey)) return apiKey;
  throw new CommandError('invalid', 'That is not an API key.', 'Keys begin with mk_live_ or mk_test_.');
}

/** `mailctl logout` */
export async function logout(
  flags: OutputFlags & { profile?: string; all?: boolean; yes?: boolean },
): Promise<void> {
  const known = readProfiles();
  const name = flags.profile ?? known.current;
  if (!flags.all && name === null) throw new CommandError('not_found', 'Nobody is logged in here.');
  const leaving = flags.all ? known.profiles : [findProfile(known, name ?? '')];
  if (flags.all) await assertConfirmed(flags, `Forget ${leaving.length} logins and their keys?`);
  const keysLeft: string[] = [];
  for (const profile of leaving) {
    const { isKeyGone } = await removeProfile(profile);
    if (!isKeyGone) keysLeft.push(profile.name);
  }
  if (flags.all) await chooseProfile(null);
  const names = leaving.map((profile) => profile.name);
  const hint = `The system's keychain does not answer here, and still has the key of: ${keysLeft.join(', ')}. Revoke it, or delete it there.`;
  const left = keysLeft.length === 0 ? {} : { keysLeft, hint };
  outputOf(flags).answer({ loggedOut: names, ...left }, () =>
    [`${green('logged out')}  ${names.join(', ')}`, ...(keysLeft.length === 0 ? [] : [hint])].join('\n'),
  );
}
