import { createApi } from '../../src/api/app.ts';
import { toOperationKey } from '../../src/api/openapi/operations.ts';
import { parseConfig } from '../../src/config.ts';
import type { Engine } from '../../src/lib/engine/engine.ts';
import { createLogger } from '../../src/lib/telemetry/logger.ts';
import { createSilentTelemetry } from '../../src/lib/telemetry/telemetry.ts';
import type { ApiStage } from './api-stage.ts';

/** Every route of the app itself, whatever is said of it elsewhere. */
export async function listRouteKeys({ system, sns }: ApiStage): Promise<string[]> {
  const api = createApi({
    config: parseConfig({
      SERVICE_ROLE: 'DEV',
      SMTP_HOST: '127.0.0.1',
      MAIL_FROM: 'shop@example.com',
      SES_SNS_TOPIC_ARNS: sns.topicArn,
    }),
    profile: system.profile,
    engine: NO_ENGINE,
    logger: createLogger({ level: 'error', destination: { write: () => undefined } }),
    telemetry: createSilentTelemetry(),
  });
  try {
    return api.app.routes.map(toOperationKey);
  } finally {
    await api.stopStreams();
    await api.stop();
  }
}

const unused = () => {
  throw new Error('nobody asks this app for anything');
};
/** For an app that nobody asks to render. */
export const NO_ENGINE: Engine = { version: 'none', check: unused, render: unused, close: unused };
