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

/**
 * A condition that every uuid meets, and that the planner takes for one that next to none does: of a list that comes as JSON it expects a
 * hundred rows, for which it would read a small table, or an index of it, from end to end. Expecting one it looks each row up by its key.
 */
export const EXPECT_ONE = 'length(id::text) = 36';
