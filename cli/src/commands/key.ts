// Types only: the client is loaded by the commands that talk to a service.
import type { KeyInput, Mailer } from '@org/mail-sdk';
import { Command } from 'commander';
import { tellDone, tellItem, tellItems } from '../answers.ts';
import { membersOf, withChoice } from '../choice.ts';
import { CommandError } from '../command-error.ts';
import { programName } from '../environment.ts';
import { withExamples } from '../examples.ts';
import {
  askRevocation,
  askRotation,
  parseOverlapS,
  SHOWN_ONCE,
  withKeyExpiry,
  withKeyId,
  withOverlap,
} from '../key-options.ts';
import { mailerOf, type ServiceFlags, withConfirmation, withConnection } from '../options.ts';
import { allOf } from '../pages.ts';
import { definedOnly, parseTime } from '../parse-option.ts';
import { askChoice, assertConfirmed, isInteractive } from '../prompt.ts';
import { idOfClient } from './client.ts';

type Mode = NonNullable<KeyInput['mode']>;
type Scope = NonNullable<KeyInput['scopes']>[number];
type KeyFlags = ServiceFlags & { client?: string; yes?: boolean };

const AS_ADMIN = { isAdmin: true };
const MODES = membersOf<Mode>({ live: true, test: true });
const SCOPES = membersOf<Scope>({ send: true, read: true, templates: true });

/** `mailctl key ...`: what clients authenticate with. For admin keys. */
export function keyCommand(): Command {
  const key = new Command('key').description('the keys that clients authenticate with (admin keys)');
  for (const command of [createCommand(), listCommand(), rotateCommand(), revokeCommand()])
    key.addCommand(command);
  return key;
}

function withClient(command: Command): Command {
  return withConnection(command).option('--client <client>', 'id or name of the client');
}

function createCommand(): Command {
  const command = withKeyExpiry(withClient(new Command('create')))
    .description('create a key, and show it this once')
    .argument('<name>', 'what it is for')
    .action(create);
  const mode = 'whether its mail goes out, or is kept';
  withChoice(command, { flags: '--mode <mode>', description: mode, choices: MODES, preset: 'live' });
  const scope = 'what it may do; all of these otherwise';
  withChoice(command, { flags: '--scope <scope...>', description: scope, choices: SCOPES });
  return withExamples(command, [
    'key create ci --client shop --scope templates',
    'key create trial --client shop --mode test --expires 30d',
  ]);
}

function listCommand(): Command {
  const command = withClient(new Command('list'))
    .description("list a client's keys, never their secrets")
    .action(list);
  return withExamples(command, ['key list --client shop']);
}

function rotateCommand(): Command {
  const command = withOverlap(withConfirmation(withClient(new Command('rotate'))))
    .description('make a new key in the place of another, which still works for a while')
    .action(rotate);
  return withExamples(command, [
    'key rotate 01a1fcb2-31de-7043-a58c-94c3f0a0d7ba --client shop --overlap 2h --yes',
  ]);
}

function revokeCommand(): Command {
  const command = withKeyId(withConfirmation(withClient(new Command('revoke'))))
    .description('end a key at once')
    .action(revoke);
  return withExamples(command, ['key revoke 01a1fcb2-31de-7043-a58c-94c3f0a0d7ba --client shop --yes']);
}

/** A person who has not said whose keys chooses. @throws CommandError `usage` where nobody can */
async function clientOf(mailer: Mailer, flags: KeyFlags): Promise<string> {
  if (flags.client !== undefined) return idOfClient(mailer, flags.client);
  const missing = 'Say whose keys: --client <id or name>';
  if (!isInteractive(flags)) throw new CommandError('usage', missing, `${programName()} client list`);
  const clients = await allOf((page) => mailer.clients.list(page));
  const choices = clients.map(({ id, name }) => ({ value: id, label: name }));
  if (choices.length === 0) throw new CommandError('not_found', 'There are no clients yet.');
  return askChoice(flags, { message: 'Which client?', choices, missing });
}

async function create(
  name: string,
  flags: KeyFlags & { mode: Mode; scope?: Scope[]; expires?: string },
): Promise<void> {
  const settings = definedOnly({
    mode: flags.mode,
    scopes: flags.scope,
    expiresAt: flags.expires === undefined ? undefined : parseTime(flags.expires, '--expires'),
  });
  const mailer = await mailerOf(flags, AS_ADMIN);
  const clientId = await clientOf(mailer, flags);
  tellItem(flags, await mailer.keys.create(clientId, { name, ...settings }), SHOWN_ONCE);
}

async function list(flags: KeyFlags): Promise<void> {
  const mailer = await mailerOf(flags, AS_ADMIN);
  const clientId = await clientOf(mailer, flags);
  const fields = ['id', 'name', 'prefix', 'mode', 'scopes', 'lastUsedAt', 'expiresAt', 'revokedAt'] as const;
  const keys = await allOf((page) => mailer.keys.list(clientId, page));
  tellItems(flags, keys, { fields, none: 'No keys yet.' });
}

async function rotate(id: string, flags: KeyFlags & { overlap: string }): Promise<void> {
  const overlapS = parseOverlapS(flags.overlap);
  const mailer = await mailerOf(flags, AS_ADMIN);
  const clientId = await clientOf(mailer, flags);
  await assertConfirmed(flags, askRotation(id, flags.overlap));
  tellItem(flags, await mailer.keys.rotate(clientId, id, { overlapS }), SHOWN_ONCE);
}

async function revoke(id: string, flags: KeyFlags): Promise<void> {
  const mailer = await mailerOf(flags, AS_ADMIN);
  const clientId = await clientOf(mailer, flags);
  await assertConfirmed(flags, askRevocation(id));
  await mailer.keys.revoke(clientId, id);
  tellDone(flags, { revoked: id }, `${id} is revoked.`);
}
