import type { StreamEvent } from '@org/mail-sdk';

/** A request as the service would make it for an event. */
export type Webhook = { type: string; headers: Record<string, string>; body: string };

const MS_PER_S = 1000;

/**
 * An event in the form and with the signature of a webhook (Standard Webhooks 1.0), so that a receiver cannot tell which way it
 * came.
 */
export async function toWebhook(
  event: StreamEvent,
  { secret, nowMs }: { secret: string; nowMs: number },
): Promise<Webhook> {
  const {
    id,
    at,
    type: what,
    messageId,
    status,
    recipient,
    attempt,
    provider,
    detail,
    template,
    tags,
  } = event;
  const type = `message.${what}`;
  const data = { messageId, status, recipient, attempt, provider, detail, template, tags };
  const body = JSON.stringify({ type, timestamp: at, data });
  const timestamp = String(Math.floor(nowMs / MS_PER_S));
  const webhookId = `evt_${id}`;
  const signature = await sign(`${webhookId}.${timestamp}.${body}`, secret);
  const headers = {
    'content-type': 'application/json',
    'webhook-id': webhookId,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${signature}`,
  };
  return { type, headers, body };
}

async function sign(text: string, secret: string): Promise<string> {
  const bytes = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const key = await crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  return Buffer.from(await crypto.subtle.sign('HMAC', key, new TextEncoder().encode(text))).toString(
    'base64',
  );
}
