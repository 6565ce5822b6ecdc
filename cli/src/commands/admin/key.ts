import {
  createAdminKey,
  listAdminKeys,
  MAX_KEY_NAME,
  MAX_OVERLAP_S,
  revokeAdminKey,
  rotateAdminKey,
} from '@org/mail-server/admin';
import { tellDone, tellItem, tellItems } from '../../answers.ts';
import { CommandError } from '../../command-error.ts';
import { programName } from '../../environment.ts';
import { askRevocation, askRotation, parseOverlapS, SHOWN_ONCE } from '../../key-options.ts';
import type { OutputFlags } from '../../options.ts';
import { parseTime } from '../../parse-option.ts';
import { assertConfirmed } from '../../prompt.ts';
import { onMigrated } from './migrated.ts';

type ConfirmedFlags = OutputFlags & { yes?: boolean };

const MAX_OVERLAP_DAYS = MAX_OVERLAP_S / 86_400;

export async function create(flags: OutputFlags & { name: string; expires?: string }): Promise<void> {
  const { name, expires } = flags;
  if (name === '' || name.length > MAX_KEY_NAME)
    throw new CommandError('usage', `--name needs 1 to ${MAX_KEY_NAME} characters.`);
  const expiresAt = expires === undefined ? null : new Date(parseTime(expires, '--expires'));
  tellItem(flags, await onMigrated(createAdminKey({ name, expiresAt })), SHOWN_ONCE);
}

export async function list(flags: OutputFlags): Promise<void> {
  const fields = ['id', 'name', 'prefix', 'lastUsedAt', 'expiresAt', 'revokedAt'] as const;
  const none = `No admin keys yet: "${programName()} admin bootstrap" makes the first.`;
  tellItems(flags, await onMigrated(listAdminKeys()), { fields, none });
}

export async function rotate(id: string, flags: ConfirmedFlags & { overlap: string }): Promise<void> {
  const overlapS = parseOverlapS(flags.overlap);
  if (overlapS > MAX_OVERLAP_S)
    throw new CommandError('usage', `--overlap takes ${MAX_OVERLAP_DAYS}d at most, not "${flags.overlap}".`);
  await assertConfirmed(flags, askRotation(id, flags.overlap));
  const rotated = await onMigrated(rotateAdminKey(id, { overlapS }));
  if (!rotated) throw noSuchKey(`There is no admin key ${id} that is still good.`);
  tellItem(flags, rotated, SHOWN_ONCE);
}

export async function revoke(id: string, flags: ConfirmedFlags): Promise<void> {
  await assertConfirmed(flags, askRevocation(id));
  const revoked = await onMigrated(revokeAdminKey(id));
  if (!revoked) throw noSuchKey(`There is no admin key ${id}.`);
  const { goodKeys } = revoked;
  if (goodKeys > 0) return tellDone(flags, { revoked: id, goodKeys }, `${id} is revoked.`);
  const hint = `No admin key in the database works any more: "${programName()} admin bootstrap" makes another.`;
  tellDone(flags, { revoked: id, goodKeys, hint }, `${id} is revoked.\n${hint}`);
}

function noSuchKey(message: string): CommandError {
  return new CommandError('not_found', message, `${programName()} admin key list`);
}
