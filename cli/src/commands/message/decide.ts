import { CommandError } from '../../command-error.ts';
import { outputOf, type ServiceFlags } from '../../options.ts';
import { green } from '../../output.ts';
import { assertConfirmed } from '../../prompt.ts';
import { pathOf, type Service, serviceOf } from '../../service.ts';

type DecideFlags = ServiceFlags & { yes?: boolean };

/** `mailctl message cancel` */
export async function cancel(ids: readonly string[], flags: DecideFlags): Promise<void> {
  await assertConfirmed(flags, `Cancel ${ids.length === 1 ? ids[0] : `${ids.length} messages`}?`);
  await forEach(ids, flags, (service, id) => service.request('POST', pathOf('/v1/messages', id, 'cancel')));
}

/** `mailctl message retry` */
export async function retry(ids: readonly string[], flags: DecideFlags): Promise<void> {
  await forEach(ids, flags, (service, id) => service.request('POST', pathOf('/v1/messages', id, 'retry')));
}

const OUTCOMES = ['sent', 'failed', 'retry'];

/** `mailctl message resolve` */
export async function resolve(id: string, flags: DecideFlags & { as: string }): Promise<void> {
  if (!OUTCOMES.includes(flags.as))
    throw new CommandError('usage', `--as needs ${OUTCOMES.join(', ')}, not "${flags.as}".`);
  if (flags.as === 'retry')
    await assertConfirmed(flags, `The provider may have taken ${id} already: send it again?`);
  await forEach([id], flags, (service) =>
    service.request('POST', pathOf('/v1/messages', id, 'resolve'), { body: { as: flags.as } }),
  );
}

type Decide = (service: Service, id: string) => Promise<Record<string, unknown>>;

async function forEach(ids: readonly string[], flags: ServiceFlags, decide: Decide): Promise<void> {
  const service = await serviceOf(flags);
  const results: { messageId: string; status: string }[] = [];
  for (const id of ids) {
    const { status } = await decide(service, id);
    results.push({ messageId: id, status: String(status) });
  }
  outputOf(flags).answer({ data: results }, () =>
    results.map(({ messageId, status }) => `${green(status)}  ${messageId}`).join('\n'),
  );
}
