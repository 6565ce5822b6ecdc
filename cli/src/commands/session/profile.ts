import { outputOf, type OutputFlags } from '../../options.ts';
import { green, toList } from '../../output.ts';
import { programName } from '../../environment.ts';
import { chooseProfile, findProfile, readProfiles } from '../../profiles.ts';
import { askChoice } from '../../prompt.ts';

/** `mailctl profile list` */
export async function list(flags: OutputFlags): Promise<void> {
  const { current, profiles } = readProfiles();
  const data = profiles.map(({ name, url, keyIn }) => ({ name, url, keyIn, isCurrent: name === current }));
  outputOf(flags).answer({ data }, () =>
    data.length === 0
      ? `Nobody is logged in here yet: ${programName()} login`
      : toList(data, [
          { title: 'name', of: ({ name }) => name, isWhole: true },
          { title: '', of: ({ isCurrent }) => (isCurrent ? 'current' : ''), tint: green },
          { title: 'url', of: ({ url }) => url },
          { title: 'key in', of: ({ keyIn }) => keyIn },
        ]),
  );
}

/** `mailctl profile use` */
export async function use(given: string | undefined, flags: OutputFlags): Promise<void> {
  const known = readProfiles();
  const name =
    given ??
    (await askChoice(flags, {
      message: 'Which login?',
      choices: known.profiles.map((profile) => ({
        value: profile.name,
        label: profile.name,
        hint: profile.url,
      })),
      missing: `Name a login: ${programName()} profile list`,
    }));
  const profile = findProfile(known, name);
  await chooseProfile(profile.name);
  outputOf(flags).answer(
    { current: profile.name, url: profile.url },
    () => `${green('current')}  ${profile.name}  ${profile.url}`,
  );
}
