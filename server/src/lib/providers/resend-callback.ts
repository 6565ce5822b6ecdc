import { type CallbackAdapter, parseFacts } from './callback.ts';
import { toResendEvents } from './resend-events.ts';
import { createSvixVerifier, type SvixOptions } from './svix-signature.ts';

/** Believes callbacks that Resend has signed, through Svix, with one of the secrets. */
export function createResendCallback(options: SvixOptions): CallbackAdapter {
  const verifier = createSvixVerifier(options);
  return {
    kind: 'resend',
    isLike: (headers) => headers.has('svix-id'),
    read({ body, headers }, { provider }) {
      const refusal = verifier.verify(body, headers);
      if (refusal !== null) return { kind: 'refused', code: refusal };
      const facts = parseFacts(body);
      if (!facts) return { kind: 'genuine', events: [], note: 'malformed' };
      return { kind: 'genuine', events: facts.flatMap((fact) => toResendEvents(fact, { provider })) };
    },
  };
}
