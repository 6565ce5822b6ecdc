import type { GroupCommit, GroupCommitOptions } from '../../../server/src/lib/group-commit.ts';

/** As many as the service has connections to its database. */
const AT_ONCE = 10;

/** With the face of the group commit that it stands in for: each item is a flush of its own. */
export function createGroupCommit<I, O>({ flush }: GroupCommitOptions<I, O>): GroupCommit<I, O> {
  const waiting: (() => void)[] = [];
  let busy = 0;
  const enter = async (): Promise<void> => {
    if (busy >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
    else busy += 1;
  };
  /** Hands its place to whoever waits longest. */
  const leave = (): void => {
    const next = waiting.shift();
    if (next) next();
    else busy -= 1;
  };
  return {
    async add(item) {
      await enter();
      try {
        const [result] = await flush([item]);
        if (!result) throw new Error('the flush gave no result');
        if (!result.ok) throw result.error;
        return result.value;
      } finally {
        leave();
      }
    },
    get waiting() {
      return waiting.length;
    },
  };
}
