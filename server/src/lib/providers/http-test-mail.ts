import type { MailParts, OutboundMail, Provider, SendOptions } from './provider.ts';

export const TEST_MESSAGE_ID = '01890a5d-ac96-774b-bcce-b302099a8057';

/** A mail in bytes and in fields, to one person unless told otherwise. */
export function createTestMail(
  parts: Partial<MailParts> = {},
  envelopeTo: readonly string[] = ['ada@example.com'],
): OutboundMail {
  return {
    messageId: TEST_MESSAGE_ID,
    envelope: { from: 'mail@acme.example', to: envelopeTo },
    mime: new TextEncoder().encode('Subject: x\r\n\r\nhello\r\n'),
    parts: () => ({
      from: { name: 'Acme', email: 'mail@acme.example' },
      to: [{ name: 'Ada, Countess', email: 'ada@example.com' }],
      cc: [],
      replyTo: [],
      subject: 'Grüße 👋',
      html: '<p>hello</p>',
      text: 'hello',
      headers: {},
      attachments: [],
      unsubscribeUrl: null,
      ...parts,
    }),
  };
}

/** Send options that count hand-overs. */
export function createTestOptions(
  change: Partial<SendOptions> = {},
): SendOptions & { readonly handOvers: number } {
  let handOvers = 0;
  return {
    signal: new AbortController().signal,
    async onHandOver() {
      handOvers += 1;
    },
    ...change,
    get handOvers() {
      return handOvers;
    },
  };
}

/** Sends one mail and closes the provider, which waits for whatever it might still have in mind. */
export async function sendOnce(
  provider: Provider,
  mail: OutboundMail = createTestMail(),
  options: SendOptions = createTestOptions(),
): ReturnType<Provider['send']> {
  try {
    return await provider.send(mail, options);
  } finally {
    await provider.close();
  }
}
