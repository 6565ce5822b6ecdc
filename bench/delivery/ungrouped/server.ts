/** The service's own entry in which nobody shares a commit, an enqueue or a statement with anybody: what group commit is worth. */
import { plugin } from 'bun';
import { join } from 'node:path';

const REPLACED = /[/\\]server[/\\]src[/\\]lib[/\\]group-commit\.ts$/;

plugin({
  name: 'without group commit',
  setup(build) {
    build.onLoad({ filter: REPLACED }, () => ({
      loader: 'ts',
      contents: `export * from ${JSON.stringify(join(import.meta.dir, 'one-by-one.ts'))};`,
    }));
  },
});

// Only now, so that the plugin sees what it loads.
const { readConfig } = await import('../../../server/src/config.ts');
const { startService } = await import('../../../server/src/index.ts');
const { createLogger } = await import('../../../server/src/lib/telemetry/logger.ts');

const logger = createLogger({ level: 'info' });
const service = await startService(readConfig(), logger);
logger.info({ url: service.url }, 'started');
process.once('SIGTERM', async () => {
  await service.stop();
  process.exit(0);
});
