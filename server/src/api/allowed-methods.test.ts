import { describe, expect, test } from 'bun:test';
import { allowedMethods } from './allowed-methods.ts';

const ROUTES = [
  { method: 'POST', path: '/v1/messages/' },
  { method: 'GET', path: '/v1/messages/' },
  { method: 'GET', path: '/v1/messages/:id' },
  { method: 'PUT', path: '/v1/templates/:name' },
];

describe('allowed methods', () => {
  test.each([
    ['/v1/messages', ['GET', 'POST']],
    ['/v1/messages/', ['GET', 'POST']],
    ['/v1/messages/123', ['GET']],
    ['/v1/templates/welcome', ['PUT']],
    ['/v1/messages/1/2', []],
    ['/nope', []],
  ])('%s has %j', (path, methods) => {
    expect(allowedMethods(ROUTES, path)).toEqual(methods);
  });
});
