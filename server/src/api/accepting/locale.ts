import { canonicalLocale } from '../../lib/engine/locales.ts';
import { ApiError } from '../problems/problem.ts';

/**
 * The canonical form of the `locale` of a request; null where it has none.
 *
 * @throws ApiError `invalid_request`
 */
export function toLocale(tag: string | undefined): string | null {
  if (tag === undefined) return null;
  const locale = canonicalLocale(tag);
  if (locale !== null) return locale;
  throw new ApiError('invalid_request', 'The locale is not a language tag.', {
    errors: [{ path: '/locale', message: 'must be a language tag such as "de" or "de-AT"' }],
  });
}
