import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError } from '../../command-error.ts';
import { programName } from '../../environment.ts';
import { outputOf, type OutputFlags } from '../../options.ts';
import { bold, green } from '../../output.ts';
import { askText } from '../../prompt.ts';
import { writeWhole } from '../../write-file.ts';

const NAME = /^[a-z0-9][a-z0-9-]{0,63}$/;

/** `mailctl template new` */
export async function createTemplate(
  given: string | undefined,
  flags: OutputFlags & { dir: string },
): Promise<void> {
  const name = given ?? (await askName(flags));
  if (!NAME.test(name)) {
    throw new CommandError('usage', `"${name}" is not a name: use a-z, 0-9 and "-", as in "password-reset".`);
  }
  const folder = join(flags.dir, name);
  if (existsSync(folder) || existsSync(`${folder}.tsx`))
    throw new CommandError(
      'invalid',
      `${folder} is there already.`,
      'Choose another name, or edit that one.',
    );
  const path = join(folder, 'index.tsx');
  await writeWhole(path, toSource(name));
  outputOf(flags).answer(
    { name, path },
    () => `${green('created')} ${bold(path)}\nSee it: ${programName()} template render ${folder}`,
  );
}

function askName(flags: OutputFlags): Promise<string> {
  return askText(flags, {
    message: 'What is the template called?',
    placeholder: 'password-reset',
    missing: 'Name the template: mailctl template new password-reset',
  });
}

function toTitle(name: string): string {
  const words = name.replaceAll('-', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function toSource(name: string): string {
  const title = toTitle(name);
  return `import { Body, Button, Container, Head, Heading, Html, Preview, Tailwind, Text } from 'react-email';
import { type Static, Type } from '@sinclair/typebox';

/** What a sender passes; anything else is refused before the mail is accepted. */
export const schema = Type.Object({
  name: Type.String({ minLength: 1 }),
  url: Type.String({ format: 'uri' }),
});

type Props = Static<typeof schema>;

export const subject = ({ name }: Props) => \`${title}, \${name}\`;

/** What it is tried with when it is pushed, and shown with. */
export const PreviewProps: Props = { name: 'Ada', url: 'https://example.com' };

export default function Mail({ name, url }: Props) {
  return (
    <Html lang="en">
      <Head />
      <Preview>${title}</Preview>
      <Tailwind>
        <Body className="bg-gray-100 font-sans">
          <Container className="mx-auto max-w-xl bg-white p-8">
            <Heading className="text-2xl">Hello {name}</Heading>
            <Text>Write here what this mail is about.</Text>
            <Button href={url} className="rounded bg-black px-4 py-2 text-white">
              Go on
            </Button>
          </Container>
        </Body>
      </Tailwind>
    </Html>
  );
}
`;
}
