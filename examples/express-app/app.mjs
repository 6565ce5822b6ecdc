// oxlint-disable oxc/no-async-endpoint-handlers -- Express 5 passes on what a handler rejects with
import express from 'express';
import { MailError, verifyWebhook } from '@org/mail-sdk';

/**
 * A shop that confirms orders by mail, and listens to what becomes of the mails.
 *
 * @param {{ mailer: import('@org/mail-sdk').Mailer, webhookSecret: string, onEvent: (event: import('@org/mail-sdk').WebhookEvent) => void }} options
 */
export function createShop({ mailer, webhookSecret, onEvent }) {
  const app = express();

  app.post('/orders', express.json(), async (request, response) => {
    const { orderId, email } = request.body;
    // The order's number as the key: whoever presses the button twice gets one mail.
    const { data, error } = await mailer.safe.send(
      { to: email, subject: `Your order ${orderId}`, text: `Thank you! We are packing order ${orderId}.` },
      { idempotencyKey: `order-${orderId}` },
    );
    if (!error) return response.status(201).json({ orderId, messageId: data.messageId });
    if (error.code === 'invalid_request') return response.status(422).json({ error: 'That is no address.' });
    // The shop goes on without its mail service; the mail is a matter for the log.
    console.error(`no mail for order ${orderId}: ${error.code} (${error.requestId})`);
    return response.status(201).json({ orderId, messageId: null });
  });

  // As bytes: a body that was parsed and written again is not the one that was signed.
  app.post('/webhooks/mail', express.raw({ type: () => true }), async (request, response) => {
    try {
      onEvent(await verifyWebhook(request.body, request.headers, webhookSecret));
      response.status(204).end();
    } catch (error) {
      if (!(error instanceof MailError)) throw error;
      response.status(400).json({ error: error.message });
    }
  });

  return app;
}
