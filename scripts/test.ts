import { runTests } from './test-run/run.ts';

process.exitCode = await runTests(process.argv.slice(2));
