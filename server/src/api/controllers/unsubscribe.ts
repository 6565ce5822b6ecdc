import { Elysia } from 'elysia';
import type { Database } from '../../lib/db/database.ts';
import { unsubscribeRecipient } from '../../lib/db/messages-change.ts';
import { findUnsubscribable } from '../../lib/db/messages.ts';
import { isUnsubscribeSecret, parseUnsubscribeToken } from '../../lib/messages/unsubscribe.ts';
import { ApiError } from '../problems/problem.ts';
import { parseOneClick } from '../unsubscribe/form.ts';
import { toUnsubscribePage, UNSUBSCRIBED_PAGE } from '../unsubscribe/page.ts';

/** Held against the secret where there is no message, so that both take as long. */
const NOBODY = 'A'.repeat(22);

/**
 * `/u/:token`: what a recipient's mail client or browser reaches without a key. Only POST changes anything (RFC 8058 section 3.2):
 * mail scanners follow every link in a mail.
 */
export function unsubscribeController({ database }: { database: Database }) {
  return new Elysia({ prefix: '/u', normalize: false })
    .get('/:token', async ({ params }) => {
      await findByToken(database, params.token);
      return toPage(toUnsubscribePage());
    })
    .post('/:token', async ({ params, body }) => {
      const { id } = await findByToken(database, params.token);
      if (!parseOneClick(body)) {
        throw new ApiError('invalid_request', 'Send the form field List-Unsubscribe=One-Click.', {
          errors: [{ path: '/List-Unsubscribe', message: 'must be One-Click' }],
        });
      }
      await unsubscribeRecipient(database.db, id);
      return toPage(UNSUBSCRIBED_PAGE);
    });
}

async function findByToken({ db }: Database, text: string) {
  const token = parseUnsubscribeToken(text);
  const message = token && (await findUnsubscribable(db, token.messageId));
  const isRight = isUnsubscribeSecret(message?.unsubscribeSecret ?? NOBODY, token?.secret ?? '');
  if (message?.unsubscribeSecret && isRight) return message;
  throw new ApiError('not_found', 'This link is not one of ours, or its message is no longer kept.');
}

function toPage(html: string): Response {
  return new Response(html, {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy':
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    },
  });
}
