export { bootstrapAdminKey } from './admin/bootstrap.ts';
export { type Finding, inspectServer } from './admin/inspect.ts';
export { migrateDatabase } from './admin/migrate.ts';
