import { Command } from 'commander';
import { withExamples } from '../examples.ts';
import { lazily } from '../lazily.ts';
import { withConnection } from '../options.ts';

/** `mailctl doctor` */
export function doctorCommand(): Command {
  const command = withConnection(new Command('doctor'))
    .description('look at everything that sending needs, and say how to mend what is not well')
    .option('--domain <domain>', 'look at the DNS of this sending domain: SPF, DKIM, DMARC')
    .option('--dkim-selector <name...>', 'selectors of its DKIM keys')
    .action(lazily(async () => (await import('./doctor/doctor.ts')).doctor));
  return withExamples(command, [
    'doctor',
    'doctor --domain shop.example.com --dkim-selector mail2026',
    'doctor --json | jq \'.checks[] | select(.state != "ok")\'',
  ]);
}
