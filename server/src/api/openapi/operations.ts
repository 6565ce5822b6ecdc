import type { Operations } from './operation.ts';
import { CLIENT_OPERATIONS } from './operations/clients.ts';
import { MESSAGE_OPERATIONS } from './operations/messages.ts';
import { RECORD_OPERATIONS } from './operations/records.ts';
import { SERVICE_OPERATIONS } from './operations/service.ts';
import { TEMPLATE_OPERATIONS } from './operations/templates.ts';
import { WEBHOOK_OPERATIONS } from './operations/webhooks.ts';

/** Every operation of the API. A route without one here fails the test of the document. */
export const OPERATIONS: Operations = {
  ...MESSAGE_OPERATIONS,
  ...TEMPLATE_OPERATIONS,
  ...RECORD_OPERATIONS,
  ...WEBHOOK_OPERATIONS,
  ...CLIENT_OPERATIONS,
  ...SERVICE_OPERATIONS,
};

/** A route's key in {@link OPERATIONS}: its path without the slash that the framework puts at the end of a prefix. */
export function toOperationKey({ method, path }: { method: string; path: string }): string {
  return `${method} ${path.length > 1 ? path.replace(/\/$/, '') : path}`;
}
