import { join } from 'node:path';
import { toConfigurationMarkdown } from './configuration/page.ts';

await Bun.write(join(import.meta.dirname, '../docs/configuration.md'), toConfigurationMarkdown());
