import { findForeign } from '../../lib/http/local-request.ts';
import { ApiError } from '../problems/problem.ts';

const REFUSALS = {
  host_not_allowed: 'The DEV role answers for localhost, 127.0.0.1 and [::1] only.',
  origin_not_allowed: 'The DEV role refuses requests that a page of another origin makes.',
} as const;

/**
 * The DEV role holds keys and mail of the person at this machine, which no web page may reach.
 *
 * @throws ApiError `host_not_allowed` or `origin_not_allowed`
 */
export function assertLocal(request: Request): void {
  const foreign = findForeign(request);
  if (foreign !== null) throw new ApiError(foreign, REFUSALS[foreign]);
}
