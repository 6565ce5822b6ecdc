import { createMailer, type Mailer } from '@org/mail-sdk';
import { computed } from '@preact/signals';
import { connection } from './events.ts';
import { stored } from './stored.ts';

const HASH = /^#key=(mk_(?:live|test)_[\w-]+)$/;

/**
 * The key that this page calls the API with; null until somebody gave one. It is kept for this origin alone, its port included, and sent
 * in a header: unlike a cookie it goes nowhere by itself, so that no other page can act in its name.
 */
export const key = stored('key');

/** The API, for whoever holds the key. */
export const mailer = computed<Mailer | null>(() =>
  key.value === null
    ? null
    : createMailer({
        baseUrl: location.origin,
        apiKey: key.value,
        // A browser's own insists on being called as what it is.
        fetch: (url, init) => fetch(url, init),
        onResponse({ answer, error }) {
          if (error?.code !== 'aborted') connection.value = answer ? 'open' : 'lost';
        },
      }),
);

/** Takes a key out of the address, where `mailctl dev` put it: what is behind `#` was sent to nobody. */
export function startSession(): void {
  const take = (): void => {
    const given = HASH.exec(location.hash)?.[1];
    if (given === undefined) return;
    history.replaceState(null, '', location.pathname + location.search);
    key.value = given;
  };
  take();
  addEventListener('hashchange', take);
}
