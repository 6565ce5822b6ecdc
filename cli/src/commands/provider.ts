import { Command } from 'commander';
import { tellItems } from '../answers.ts';
import { withExamples } from '../examples.ts';
import { type ServiceFlags, withConnection } from '../options.ts';
import { toRecord } from '../record.ts';
import { serviceOf } from '../service.ts';

/** `mailctl provider ...`: the ways out. For admin keys. */
export function providerCommand(): Command {
  const provider = new Command('provider').description('the ways out of the service (admin keys)');
  const list = withConnection(new Command('list'))
    .description('list the providers, with their circuit breakers and counters')
    .action(listProviders);
  provider.addCommand(withExamples(list, ['provider list', 'provider list --json']));
  return provider;
}

async function listProviders(flags: ServiceFlags): Promise<void> {
  const service = await serviceOf(flags, { isAdmin: true });
  const { data } = await service.request('GET', '/v1/providers');
  const providers = Array.isArray(data) ? data.map(toRecord) : [];
  const fields = ['name', 'kind', 'state', 'breaker', 'order', 'weight', 'ratePerS', 'sent', 'failed'];
  tellItems(flags, providers, { fields, none: 'No provider is configured: all mail is kept in the inbox.' });
}
