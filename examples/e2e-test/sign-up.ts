import type { Mailer } from '@org/mail-sdk';

/** The program under test: people register, and confirm that the address is theirs. */
export function createSignUp(mailer: Mailer) {
  const tokens = new Map<string, string>();
  const confirmed = new Set<string>();
  return {
    async register(email: string): Promise<void> {
      const token = crypto.randomUUID();
      tokens.set(token, email);
      const link = `https://shop.example.com/confirm?token=${token}&from=mail`;
      await mailer.send({
        to: email,
        subject: 'Please confirm your address',
        html: `<p>Hello! <a href="${link.replaceAll('&', '&amp;')}">This is my address</a>.</p>`,
      });
    },
    confirm(link: URL): void {
      const email = tokens.get(link.searchParams.get('token') ?? '');
      if (email !== undefined) confirmed.add(email);
    },
    isConfirmed: (email: string) => confirmed.has(email),
  };
}
