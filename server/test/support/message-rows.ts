import { insertMessage, type NewMessage } from '../../src/lib/db/messages.ts';
import type { TestSystem } from './system.ts';

export type RowOptions = Partial<NewMessage> & { to?: readonly string[] };

/** A message's row without a job: nobody but the test works on it for the seconds that the reconciler waits. */
export async function insertRow(
  { database, clientId }: Pick<TestSystem, 'database' | 'clientId'>,
  { to = ['a@example.net'], ...columns }: RowOptions = {},
): Promise<string> {
  const { id } = await insertMessage(
    database,
    {
      id: Bun.randomUUIDv7(),
      clientId,
      mode: 'live',
      traceId: '0'.repeat(32),
      text: 'x',
      subject: 'x',
      fromAddress: 'shop@example.com',
      recipient: to[0] ?? '',
      ...columns,
    },
    to.map((email) => ({ kind: 'to', email, name: null })),
  );
  return id;
}
