import type { messagePriority } from '../../db/schema.ts';

/** How urgent a message is: `high` never waits behind a backlog of the others, `low` lets them pass. */
export type MessagePriority = (typeof messagePriority.enumValues)[number];
