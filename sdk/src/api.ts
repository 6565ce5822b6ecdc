import type { Treaty } from '@elysiajs/eden';
import type { App } from '@org/mail-server';

/** The API's client as Eden derives it from the server's routes; every public type here comes out of it. */
export type Api = Treaty.Create<App>;
