// MAIL_BASE_URL=... MAIL_API_KEY=... MAIL_WEBHOOK_SECRET=whsec_... PORT=8080 node server.mjs
import { createMailer } from '@org/mail-sdk';
import { createShop } from './app.mjs';

const shop = createShop({
  mailer: createMailer(),
  webhookSecret: process.env.MAIL_WEBHOOK_SECRET ?? '',
  onEvent: ({ type, data }) => console.log(`${type} ${data.messageId}`),
});
const server = shop.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});
