import { Command } from 'commander';
// A type only: the client is loaded by the commands that talk to a service.
import type { StatsQuery } from '@org/mail-sdk';
import { membersOf, withChoice } from '../choice.ts';
import { withExamples } from '../examples.ts';
import { lazily } from '../lazily.ts';
import { withConnection } from '../options.ts';

const BUCKETS = membersOf<NonNullable<StatsQuery['bucket']>>({ hour: true, day: true });
const MODES = membersOf<NonNullable<StatsQuery['mode']>>({ live: true, test: true });

/** `mailctl stats` */
export function statsCommand(): Command {
  const command = withConnection(new Command('stats'))
    .description('count messages by status, template, provider and time; an admin key counts those of all')
    .option(
      '--since <time>',
      'accepted since: a time, or 30m, 2h, 7d ago (default: a day, or a month of days)',
    )
    .option('--until <time>', 'accepted before')
    .action(lazily(async () => (await import('./stats/stats.ts')).stats));
  const size = 'how long each step of time is';
  withChoice(command, { flags: '--bucket <size>', description: size, choices: BUCKETS, preset: 'hour' });
  const mode = "for admin keys; any other counts its own mode's";
  withChoice(command, { flags: '--mode <mode>', description: mode, choices: MODES });
  return withExamples(command, ['stats', 'stats --bucket day --since 7d', "stats --json | jq '.byStatus'"]);
}
