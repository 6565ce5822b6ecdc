import { readReceipt } from '../mails.ts';
import { measureDeliver } from './measure-deliver.ts';
import { startProduct } from './product.ts';
import { startBenchServers } from './servers.ts';

export type ScaleOutSample = { workers: number; messagesPerS: number };

/** A relay far away: a worker waits for it most of the time, and is held up by its places, not by the machine. */
const RELAY_DELAY_S = 1;
const PLACES = 50;
/** So many seconds' work: a relay that takes a second answers in bursts, of which the clock may catch one more or less. */
const MESSAGES_A_WORKER = PLACES * 20;

export const SCALE_OUT_CAPTION = `relay that takes ${RELAY_DELAY_S} s a mail, ${PLACES} places a worker`;

/** What 1 to `most` workers deliver side by side, from one PostgreSQL and one Redis. */
export async function measureScaleOut(most: number): Promise<ScaleOutSample[]> {
  const servers = await startBenchServers({ delayS: RELAY_DELAY_S });
  try {
    const env = { WORKER_NICE: '0', WORKER_CONCURRENCY: String(PLACES), SMTP_POOL_SIZE: String(PLACES) };
    const product = await startProduct(servers, { mail: readReceipt(), env });
    const samples: ScaleOutSample[] = [];
    for (let workers = 1; workers <= most; workers += 1) {
      const messages = MESSAGES_A_WORKER * workers;
      const { messagesPerS } = await measureDeliver(servers, product, { workers, messages });
      samples.push({ workers, messagesPerS });
    }
    await product.stop();
    return samples;
  } finally {
    await servers.stop();
  }
}
