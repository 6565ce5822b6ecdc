import { expect, test } from 'bun:test';
import { behaviourOf, type TestBehaviour } from './test-address.ts';

const CASES: [address: string, behaviour: TestBehaviour | null][] = [
  ['bounce@test.mail', 'bounce'],
  ['Complaint+Ada@TEST.mail', 'complaint'],
  ['defer+a+b@test.mail', 'defer'],
  ['slow+@test.mail', 'slow'],
  ['timeout@test.mail', 'timeout'],
  ['ada@test.mail', null],
  ['bounce@example.com', null],
  ['bounces@test.mail', null],
  ['bounce@test.mail.example.com', null],
  ['bounce@sub.test.mail', null],
  ['x+bounce@test.mail', null],
];

test.each(CASES)('%s is %p', (address, behaviour) => {
  expect(behaviourOf(address)).toBe(behaviour);
});
