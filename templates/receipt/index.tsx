import { Type, type Static } from '@sinclair/typebox';
import {
  Body,
  Button,
  Column,
  Container,
  Head,
  Heading,
  Hr,
  Html,
  Preview,
  Row,
  Section,
  Tailwind,
  Text,
  pixelBasedPreset,
} from 'react-email';
import { createMoneyFormat } from './money.ts';

/** Amounts are whole numbers of the currency's smallest unit, so that no sum is ever a fraction of a cent off. */
const Amount = Type.Integer({ minimum: 0 });

export const schema = Type.Object(
  {
    shopName: Type.String({ minLength: 1, maxLength: 60 }),
    customerName: Type.String({ minLength: 1, maxLength: 100 }),
    orderNumber: Type.String({ minLength: 1, maxLength: 40 }),
    orderedAt: Type.String({ format: 'date' }),
    currency: Type.String({ pattern: '^[A-Z]{3}$' }),
    locale: Type.Optional(Type.String({ pattern: '^[a-z]{2}(-[A-Z]{2})?$' })),
    items: Type.Array(
      Type.Object({
        name: Type.String({ minLength: 1, maxLength: 200 }),
        note: Type.Optional(Type.String({ maxLength: 200 })),
        quantity: Type.Integer({ minimum: 1 }),
        price: Amount,
      }),
      { minItems: 1, maxItems: 200 },
    ),
    shipping: Type.Optional(Amount),
    tax: Type.Optional(Amount),
    address: Type.Optional(Type.Array(Type.String({ maxLength: 100 }), { maxItems: 6 })),
    orderUrl: Type.String({ format: 'uri' }),
  },
  { additionalProperties: false },
);

export type Props = Static<typeof schema>;

export const PreviewProps: Props = {
  shopName: 'Northwind Coffee',
  customerName: 'Ada',
  orderNumber: 'NW-20418',
  orderedAt: '2025-01-01',
  currency: 'EUR',
  items: [
    { name: 'House blend, whole beans', note: '1 kg', quantity: 2, price: 1890 },
    { name: 'Paper filters', note: 'Size 2, 100 pieces', quantity: 1, price: 450 },
    { name: 'Hand grinder', quantity: 1, price: 6900 },
  ],
  shipping: 490,
  tax: 1851,
  address: ['Ada Lovelace', '12 Analytical Row', '1010 Vienna'],
  orderUrl: 'https://example.com/orders/NW-20418',
};

export const subject = ({ shopName, orderNumber }: Props) => `Your ${shopName} receipt ${orderNumber}`;

const LABEL = 'm-0 text-[13px] leading-[20px] text-[#77736b]';
const VALUE = 'm-0 text-[15px] leading-[24px] text-[#1d1c1a]';

function Total({ label, value, isLast = false }: { label: string; value: string; isLast?: boolean }) {
  const weight = isLast ? 'font-semibold text-[17px]' : 'text-[15px]';
  return (
    <Row>
      <Column className="py-1">
        <Text className={`m-0 leading-[24px] text-[#1d1c1a] ${weight}`}>{label}</Text>
      </Column>
      <Column className="py-1 text-right">
        <Text className={`m-0 whitespace-nowrap leading-[24px] text-[#1d1c1a] ${weight}`}>{value}</Text>
      </Column>
    </Row>
  );
}

export default function Receipt({ currency, locale = 'en', items, shipping, tax, ...order }: Props) {
  const money = createMoneyFormat(currency, locale);
  const subtotal = items.reduce((sum, { price, quantity }) => sum + price * quantity, 0);
  const total = subtotal + (shipping ?? 0);
  const date = new Date(`${order.orderedAt}T00:00:00Z`).toLocaleDateString(locale, { dateStyle: 'long' });
  return (
    <Html lang={locale}>
      <Tailwind config={{ presets: [pixelBasedPreset] }}>
        <Head>
          <meta name="color-scheme" content="light" />
        </Head>
        <Preview>{`${money(total)} for order ${order.orderNumber}. Thank you, ${order.customerName}.`}</Preview>
        <Body className="m-0 bg-[#f4f3ef] px-3 py-10 font-sans sm:px-0">
          <Container className="mx-auto w-full max-w-[600px]">
            <Text className="m-0 px-2 pb-4 text-[15px] font-semibold tracking-tight text-[#1d1c1a]">
              {order.shopName}
            </Text>
            <Section className="rounded-2xl bg-white px-6 py-10 sm:px-12">
              <Heading className="m-0 text-[26px] font-semibold leading-[34px] tracking-tight text-[#1d1c1a]">
                Thank you, {order.customerName}.
              </Heading>
              <Text className="mb-8 mt-3 text-base leading-[26px] text-[#55524c]">
                We have your order and your payment. This is your receipt.
              </Text>
              <Row>
                <Column className="w-1/2 align-top">
                  <Text className={LABEL}>Order</Text>
                  <Text className={VALUE}>{order.orderNumber}</Text>
                </Column>
                <Column className="w-1/2 align-top">
                  <Text className={LABEL}>Date</Text>
                  <Text className={VALUE}>{date}</Text>
                </Column>
              </Row>
              <Hr className="my-6 border-[#e8e6e0]" />
              {items.map((item, index) => (
                <Row key={index}>
                  <Column className="py-2 pr-4 align-top">
                    <Text className={VALUE}>
                      {item.quantity > 1 ? `${item.quantity} × ` : ''}
                      {item.name}
                    </Text>
                    {item.note === undefined ? null : <Text className={LABEL}>{item.note}</Text>}
                  </Column>
                  <Column className="py-2 text-right align-top">
                    <Text className={`${VALUE} whitespace-nowrap`}>{money(item.price * item.quantity)}</Text>
                  </Column>
                </Row>
              ))}
              <Hr className="my-6 border-[#e8e6e0]" />
              <Total label="Subtotal" value={money(subtotal)} />
              {shipping === undefined ? null : <Total label="Shipping" value={money(shipping)} />}
              <Total label="Total" value={money(total)} isLast />
              {tax === undefined ? null : <Text className={LABEL}>Includes {money(tax)} of tax.</Text>}
              {order.address === undefined ? null : (
                <>
                  <Text className={`${LABEL} mt-8`}>Delivered to</Text>
                  {order.address.map((line) => (
                    <Text key={line} className={VALUE}>
                      {line}
                    </Text>
                  ))}
                </>
              )}
              <Button
                href={order.orderUrl}
                className="mt-8 rounded-lg bg-[#1f6f4a] px-7 py-[14px] text-base font-semibold leading-[20px] text-white"
              >
                View your order
              </Button>
            </Section>
            <Text className="m-0 px-2 pt-6 text-[13px] leading-[20px] text-[#8a867d]">
              Keep this mail as your receipt. Questions? Just reply to it.
            </Text>
          </Container>
        </Body>
      </Tailwind>
    </Html>
  );
}
