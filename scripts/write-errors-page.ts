import { join } from 'node:path';
import { toErrorsMarkdown } from '../server/src/api/openapi/errors-page.ts';

await Bun.write(join(import.meta.dirname, '../docs/errors.md'), toErrorsMarkdown());
