/** What an address of the test domain stands for. */
export type TestBehaviour = 'bounce' | 'complaint' | 'defer' | 'slow' | 'timeout';

const TEST_ADDRESS = /^(bounce|complaint|defer|slow|timeout)(?:\+[^@]*)?@test\.mail$/;

/**
 * What the inbox does with mail to this address: `bounce@test.mail` and its likes, with a tag too (`bounce+ada@test.mail`). Null for
 * every other address, whose mail simply arrives.
 */
export function behaviourOf(email: string): TestBehaviour | null {
  const name = TEST_ADDRESS.exec(email.toLowerCase())?.[1];
  switch (name) {
    case 'bounce':
    case 'complaint':
    case 'defer':
    case 'slow':
    case 'timeout':
      return name;
    default:
      return null;
  }
}
