import { Command } from 'commander';
import { tellDone, tellItem, tellItems } from '../answers.ts';
import { withExamples } from '../examples.ts';
import { type ServiceFlags, withConfirmation, withConnection } from '../options.ts';
import { bold } from '../output.ts';
import { definedOnly, parseDurationMs, parseTime } from '../parse-option.ts';
import { assertConfirmed } from '../prompt.ts';
import { pathOf, serviceOf } from '../service.ts';
import { idOfClient } from './client.ts';

type KeyFlags = ServiceFlags & { client: string; yes?: boolean };

const PATH = '/v1/clients';
const AS_ADMIN = { isAdmin: true };
const SHOWN_ONCE = 'This is the only time the key is shown: keep it in a safe place.';
const MS_PER_S = 1000;

/** `mailctl key ...`: what clients authenticate with. For admin keys. */
export function keyCommand(): Command {
  const key = new Command('key').description('the keys that clients authenticate with (admin keys)');
  for (const command of [createCommand(), listCommand(), rotateCommand(), revokeCommand()])
    key.addCommand(command);
  return key;
}

function withClient(command: Command): Command {
  return withConnection(command).requiredOption('--client <client>', 'id or name of the client');
}

function createCommand(): Command {
  const command = withClient(new Command('create'))
    .description('create a key, and show it this once')
    .argument('<name>', 'what it is for')
    .option('--mode <mode>', 'live, or test for mail that must not leave', 'live')
    .option('--scope <scope...>', 'send, read, templates (default: all of them)')
    .option('--expires <time>', 'when it ends: a time, or 30d from now')
    .action(create);
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
  const command = withConfirmation(withClient(new Command('rotate')))
    .description('make a new key in the place of another, which still works for a while')
    .argument('<key>', 'id of the key')
    .option('--overlap <duration>', 'how long both work', '1d')
    .action(rotate);
  return withExamples(command, [
    'key rotate 01a1fcb2-31de-7043-a58c-94c3f0a0d7ba --client shop --overlap 2h --yes',
  ]);
}

function revokeCommand(): Command {
  const command = withConfirmation(withClient(new Command('revoke')))
    .description('end a key at once')
    .argument('<key>', 'id of the key')
    .action(revoke);
  return withExamples(command, ['key revoke 01a1fcb2-31de-7043-a58c-94c3f0a0d7ba --client shop --yes']);
}

async function create(
  name: string,
  flags: KeyFlags & { mode: string; scope?: string[]; expires?: string },
): Promise<void> {
  const expiresAt = flags.expires === undefined ? undefined : parseTime(flags.expires, '--expires');
  const service = await serviceOf(flags, AS_ADMIN);
  const path = pathOf(PATH, await idOfClient(service, flags.client), 'keys');
  const body = definedOnly({ name, mode: flags.mode, scopes: flags.scope, expiresAt });
  tellItem(flags, await service.request('POST', path, { body }), bold(SHOWN_ONCE));
}

async function list(flags: KeyFlags): Promise<void> {
  const service = await serviceOf(flags, AS_ADMIN);
  const path = pathOf(PATH, await idOfClient(service, flags.client), 'keys');
  const fields = ['id', 'name', 'prefix', 'mode', 'scopes', 'lastUsedAt', 'expiresAt', 'revokedAt'];
  tellItems(flags, await service.list(path, { limit: 1000 }), { fields, none: 'No keys yet.' });
}

async function rotate(id: string, flags: KeyFlags & { overlap: string }): Promise<void> {
  const overlapS = parseDurationMs(flags.overlap, '--overlap') / MS_PER_S;
  const service = await serviceOf(flags, AS_ADMIN);
  const path = pathOf(PATH, await idOfClient(service, flags.client), 'keys', id, 'rotate');
  await assertConfirmed(flags, `Rotate ${id}? It works for ${flags.overlap} more.`);
  tellItem(flags, await service.request('POST', path, { body: { overlapS } }), bold(SHOWN_ONCE));
}

async function revoke(id: string, flags: KeyFlags): Promise<void> {
  const service = await serviceOf(flags, AS_ADMIN);
  const path = pathOf(PATH, await idOfClient(service, flags.client), 'keys', id);
  await assertConfirmed(flags, `Revoke ${id}? Whoever uses it is refused at once.`);
  await service.request('DELETE', path);
  tellDone(flags, { revoked: id }, `${id} is revoked.`);
}
