import type { MessageStatus } from '../messages/status.ts';
import type { Database } from './database.ts';
import { createBatch } from './deliveries-batch.ts';
import { checkpointAll, type HandOver, revokeHandOver } from './deliveries-checkpoint.ts';
import { claimAll } from './deliveries-claim.ts';
import { type EndedAttempt, recordAll } from './deliveries-record.ts';
import type { ClaimResult, Lease } from './deliveries-types.ts';

/**
 * The three writes of an attempt. Each is one statement, shared by the attempts that ask at the same time; the change of state and the
 * lines that tell of it are in it together. All times are the database's, so that hosts need not agree.
 */
export type Deliveries = {
  /** Takes a message for one attempt, or says why not. */
  claim(messageId: string): Promise<ClaimResult>;
  /**
   * Commits that bytes are about to leave, with what they were rendered from.
   *
   * @throws LeaseLostError where the message is no longer ours, so that nothing is handed over
   */
  checkpoint(handOver: HandOver): Promise<void>;
  /**
   * Takes a checkpoint back: the provider answered that it took nothing.
   *
   * @throws LeaseLostError as above
   */
  revoke(lease: Lease): Promise<void>;
  /**
   * Writes what became of an attempt and gives the lease back.
   *
   * @returns the state that the message is in now: what a provider told in the meantime is never undone
   * @throws LeaseLostError where the message is no longer ours
   */
  record(ended: EndedAttempt): Promise<MessageStatus>;
};

/** Creates the writes of one worker; `leaseMs` is how long it may hold a message. */
export function createDeliveries(database: Database, { leaseMs }: { leaseMs: number }): Deliveries {
  return {
    claim: createBatch<string, ClaimResult>((ids) => claimAll(database, ids, leaseMs)),
    checkpoint: createBatch<HandOver, void>((items) => checkpointAll(database, items)),
    revoke: (lease) => revokeHandOver(database, lease),
    record: createBatch<EndedAttempt, MessageStatus>((items) => recordAll(database, items)),
  };
}
