import { createLogger } from '../../src/lib/telemetry/logger.ts';
import { readConfig } from '../../src/config.ts';
import { startService } from '../../src/index.ts';

/**
 * The service as a process that dies by SIGKILL the moment a delivery reaches a step for the Nth time, as `KILL_AT=<step>:<n>` says:
 * a switch for tests, which the product itself does not have.
 */
const [step, nth] = (process.env['KILL_AT'] ?? '').split(':');
let reached = 0;
const logger = createLogger({ level: 'info' });
const service = await startService(readConfig(), logger, {
  onStep(current, messageId) {
    if (current !== step) return;
    reached += 1;
    if (reached !== Number(nth)) return;
    logger.info({ message_id: messageId }, 'killed');
    process.kill(process.pid, 'SIGKILL');
  },
});
logger.info({ url: service.url }, 'started');
