import { auditDependencies } from './audit/audit.ts';

process.exitCode = await auditDependencies();
