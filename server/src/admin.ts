export { bootstrapAdminKey } from './admin/bootstrap.ts';
export { migrateDatabase } from './admin/migrate.ts';
