import { setDefaultTimeout } from 'bun:test';

// Bun's default of 5 s is too close to what starting a database costs on a busy machine. A test that hangs still
// ends, with its name.
setDefaultTimeout(30_000);
