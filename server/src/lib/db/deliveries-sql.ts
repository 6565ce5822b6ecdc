import { PRECEDENCE, TRANSITIONS } from '../messages/status.ts';

/** Every allowed change as `from>to`, for `allowed` below; made from the one table of transitions. */
const CHANGES = Object.entries(TRANSITIONS).flatMap(([from, targets]) =>
  targets.map((to) => `${from}>${to}`),
);

/** SQL that is true where a row in state `from` may become `to`; both are expressions of type message_status. */
export function isAllowed(from: string, to: string): string {
  return `(${from}::text || '>' || ${to}::text) = any('{${CHANGES.join(',')}}'::text[])`;
}

/** SQL for the status of a message from those of its recipients: an aggregate over the expression `status`. */
export function derivedStatus(status: string): string {
  const ranked = `'{${PRECEDENCE.join(',')}}'::message_status[]`;
  return `(${ranked})[min(array_position(${ranked}, ${status}))]`;
}
