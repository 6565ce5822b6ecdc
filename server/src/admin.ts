export { bootstrapAdminKey } from './admin/bootstrap.ts';
export { type Finding, inspectServer } from './admin/inspect.ts';
export {
  createAdminKey,
  listAdminKeys,
  MAX_KEY_NAME,
  MAX_OVERLAP_S,
  revokeAdminKey,
  rotateAdminKey,
} from './admin/keys.ts';
export { migrateDatabase } from './admin/migrate.ts';
