export { createMailer as x } from './index.ts';
