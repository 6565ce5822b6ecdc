import type { Span } from '../telemetry/tracer.ts';
import type { Provider, SendResult } from './provider.ts';

/** Shows one hand-over as a client's span: whatever was not taken is a failure, by its kind. */
export async function sendInSpan(
  parent: Span | undefined,
  { name }: Pick<Provider, 'name'>,
  send: () => Promise<SendResult>,
): Promise<SendResult> {
  if (!parent) return send();
  const span = parent.child('mail.send', { role: 'client', attributes: { 'mail.provider': name } });
  try {
    const result = await send();
    span.end(result.kind === 'sent' ? null : result.kind);
    return result;
  } catch (error) {
    span.end(error instanceof Error ? error.name : 'error');
    throw error;
  }
}
