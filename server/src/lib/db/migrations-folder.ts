import { fileURLToPath } from 'node:url';

/** Where drizzle-kit writes migrations and both drivers' migrators read them. */
export const MIGRATIONS_FOLDER = fileURLToPath(new URL('../../db/migrations', import.meta.url));
